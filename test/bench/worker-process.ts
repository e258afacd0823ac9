/**
 * A process that does one contender's part of a benchmark, so that its CPU time and memory
 * are its own. It answers one question at a time, over the channel that Node gives a child.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Question {
  readonly name: string
  readonly argument: unknown
}

type Answer = { readonly value: unknown } | { readonly error: string }

/** What a worker can be asked, by name. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>

/** The worker, as its parent sees it. */
export class WorkerProcess {
  readonly #child: ChildProcess

  /** Starts a module of this directory. */
  constructor(module: string) {
    const path = fileURLToPath(new URL(module, import.meta.url))
    this.#child = fork(path, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Asks; the worker is killed when no answer comes in time. @throws what went wrong over there. */
  async ask<T>(name: string, argument: unknown, timeoutMs: number): Promise<T> {
    const child = this.#child
    const question: Question = { name, argument }
    const answer = await new Promise<Answer>((resolve) => {
      const settle = (given: Answer) => {
        clearTimeout(timer)
        child.off('message', settle)
        child.off('exit', onExit)
        resolve(given)
      }
      const onExit = () => settle({ error: `the worker ended during "${name}"` })
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        settle({ error: `no answer to "${name}" within ${timeoutMs} ms` })
      }, timeoutMs)
      child.on('message', settle)
      child.once('exit', onExit)
      if (child.connected) child.send(question)
      else onExit()
    })
    if ('error' in answer) throw new Error(answer.error)
    return answer.value as T
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** The worker's side: answers its parent, and ends with it. */
export function serveParent(handlers: Handlers): void {
  process.on('message', ({ name, argument }: Question) => {
    const handler = handlers[name] as ((argument: unknown) => unknown) | undefined
    Promise.resolve()
      .then(() => {
        if (handler === undefined) throw new Error(`a worker cannot ${name}`)
        return handler(argument)
      })
      .then((value) => reply({ value: value ?? null }))
      .catch((error: Error) => reply({ error: error.stack ?? error.message }))
  })
  process.once('disconnect', () => process.exit(0))
}

function reply(answer: Answer): void {
  process.send?.(answer)
}
