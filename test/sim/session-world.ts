/** What tests of recipes that hold something share: processes with a session each, in one world. */

import { Session, type SessionOptions } from '../../recipes/index.js'
import { RecipeWorld, type Worker } from './recipe-world.js'

/** A process with a session. */
export interface Party {
  readonly worker: Worker
  readonly session: Session
}

/** Something whose queue can be looked at. */
interface Queue {
  participants(): Promise<readonly unknown[]>
}

/** See the head of the file. */
export class SessionWorld extends RecipeWorld {
  /** A process with a session of this owner. */
  async party(owner: string, options: SessionOptions = {}): Promise<Party> {
    const worker = this.worker(owner)
    const session = await this.settle(Session.create(worker.client, { owner, ...options }))
    return { worker, session }
  }

  /** Another process that takes up the session of one that let it go. */
  async heir({ session }: Party): Promise<Party> {
    session.orphan()
    const worker = this.worker(`heir of ${session.owner}`)
    return { worker, session: await this.settle(Session.resume(worker.client, session.id)) }
  }

  /** Waits until so many stand in the queue on the server. */
  async queued(queue: Queue, count: number): Promise<void> {
    for (let i = 0; i < 1_000; i++) {
      if ((await this.settle(queue.participants())).length === count) return
      await this.run(10)
    }
    throw new Error(`never ${count} in the queue`)
  }

  /** Whether it is still pending after a while. */
  async waits(promise: Promise<unknown>, ms = 500): Promise<boolean> {
    let pending = true
    const over = () => {
      pending = false
    }
    promise.then(over, over)
    await this.run(ms)
    return pending
  }
}

/** How many unary calls and streams a process has begun. */
export function calls(worker: Worker): number {
  return [...worker.calls.values()].reduce((sum, n) => sum + n, 0)
}
