/** What tests of mutexes share: processes with a session and a mutex each, in one world. */

import { type Lock, Mutex, type MutexOptions, Session } from '../../recipes/index.js'
import { RecipeWorld, type Worker } from './recipe-world.js'

/** A process with a session, and a mutex on it. */
export interface Contestant {
  readonly worker: Worker
  readonly session: Session
  readonly mutex: Mutex
}

/** See the head of the file. */
export class MutexWorld extends RecipeWorld {
  /** A process that wants the mutex `m`. */
  async one(owner: string, options: MutexOptions = {}): Promise<Contestant> {
    const worker = this.worker(owner)
    const session = await this.settle(Session.create(worker.client, { owner }))
    return { worker, session, mutex: new Mutex(session, 'm', options) }
  }

  /** So many processes, `w0`, `w1`, …. */
  async several(count: number): Promise<Contestant[]> {
    const all = []
    for (let i = 0; i < count; i++) all.push(await this.one(`w${i}`))
    return all
  }

  acquire(mutex: Mutex, options = {}): Promise<Lock> {
    return this.settle(mutex.acquire(options))
  }

  release(lock: Lock): Promise<void> {
    return this.settle(lock.release())
  }

  /** Waits until so many stand in the queue on the server. */
  async queued(mutex: Mutex, count: number): Promise<void> {
    for (let i = 0; i < 1_000; i++) {
      if ((await this.settle(mutex.participants())).length === count) return
      await this.run(10)
    }
    throw new Error(`never ${count} in the queue`)
  }
}

/** How many unary calls and streams a process has begun. */
export function calls(worker: Worker): number {
  return [...worker.calls.values()].reduce((sum, n) => sum + n, 0)
}
