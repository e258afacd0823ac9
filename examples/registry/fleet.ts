/** The instances of the example: processes that are started, drained and killed. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./instance.js', import.meta.url))

/** See the head of the file. */
export class Fleet {
  readonly #endpoints: readonly string[]
  readonly #running = new Map<string, ChildProcess>()

  constructor(endpoints: readonly string[]) {
    this.#endpoints = endpoints
  }

  get names(): string[] {
    return [...this.#running.keys()]
  }

  /** Starts one; resolves when it is registered. */
  async start(name: string): Promise<void> {
    const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const
    const child = fork(program, [this.#endpoints.join(','), name], { stdio: [...stdio] })
    this.#running.set(name, child)
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${name} ended with ${code} before it was registered`)
    })
    ended.catch(() => {})
    await Promise.race([once(child.stdout!, 'data'), ended])
  }

  /** Ends one: with SIGTERM it drains, with SIGKILL it just dies. */
  async end(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#running.get(name)
    this.#running.delete(name)
    if (child === undefined || child.exitCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  /** Ends all that are left. */
  async close(): Promise<void> {
    await Promise.all(this.names.map((name) => this.end(name, 'SIGKILL')))
  }
}
