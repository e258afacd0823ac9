/** Workers that are processes, and what they say as it comes in. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { dismissed } from '../dismissed.js'
import type { WorkerMessage, WriteAnswer } from './messages.js'

const PROGRAM = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Longest wait for something that has to come. */
const PATIENCE_MS = 30_000

/** Something that a worker said, and what became of it if it was a write. */
export interface Report {
  readonly worker: string
  readonly kind: 'taken' | 'refused' | 'lost'
  readonly token: number
}

/** How to run a {@link Crew}. */
export interface CrewOptions {
  readonly endpoints: readonly string[]
  readonly ttlSeconds: number
  /** The resource: takes a write with this token, or refuses it. */
  readonly write: (token: number) => boolean
  /** Where the program of the workers is. Default beside this file. */
  readonly program?: string
}

/** See the head of the file. */
export class Crew {
  readonly #options: CrewOptions
  readonly #processes = new Map<string, ChildProcess>()
  readonly #listeners = new Set<(report: Report) => void>()
  #closing = false

  constructor(options: CrewOptions) {
    this.#options = options
  }

  /** Starts a worker. */
  start(worker: string): void {
    const { endpoints, ttlSeconds, write, program = PROGRAM } = this.#options
    const env = {
      ...process.env,
      WORKER_NAME: worker,
      WORKER_ENDPOINTS: endpoints.join(','),
      WORKER_TTL_SECONDS: String(ttlSeconds),
    }
    const child = fork(program, { env })
    this.#processes.set(worker, child)
    child.on('message', (message: WorkerMessage) => {
      if (this.#closing) return
      const { token } = message
      if (message.kind === 'lost') return this.#report({ worker, kind: 'lost', token })
      const accepted = write(token)
      child.send({ id: message.id, accepted } satisfies WriteAnswer)
      this.#report({ worker, kind: accepted ? 'taken' : 'refused', token })
    })
  }

  /** The next report that is wanted. Rejects when there is none for too long. */
  next(wanted: (report: Report) => boolean): Promise<Report> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('waited in vain')), PATIENCE_MS)
      timer.unref()
      const listener = (report: Report) => {
        if (!wanted(report)) return
        clearTimeout(timer)
        this.#listeners.delete(listener)
        resolve(report)
      }
      this.#listeners.add(listener)
    })
  }

  /** Stops a worker where it is, as a debugger does, or a machine that swaps: SIGSTOP. */
  pause(worker: string): void {
    this.#processes.get(worker)?.kill('SIGSTOP')
  }

  /** Lets it go on: SIGCONT. */
  resume(worker: string): void {
    this.#processes.get(worker)?.kill('SIGCONT')
  }

  /** Ends all of them; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#processes.values()].map(dismissed))
  }

  #report(report: Report): void {
    for (const listener of [...this.#listeners]) listener(report)
  }
}
