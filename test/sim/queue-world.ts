/** What tests of queues share: processes with a queue each, in one world. */

import { Queue, type QueueItem, type QueueOptions } from '../../recipes/index.js'
import { RecipeWorld, type Worker } from './recipe-world.js'

/** A process with the queue `q` of texts. */
export interface QueueUser {
  readonly worker: Worker
  readonly queue: Queue<string>
}

/** See the head of the file. */
export class QueueWorld extends RecipeWorld {
  /** A process that uses the queue. */
  user(owner: string, options: QueueOptions<string> = {}): QueueUser {
    const worker = this.worker(owner)
    return { worker, queue: new Queue<string>(worker.client, 'q', { owner, ...options }) }
  }

  /** Claims one item. */
  receive({ queue }: QueueUser, options = {}): Promise<QueueItem<string>> {
    return this.settle(queue.receive(options))
  }

  /** Enqueues values one after the other; returns their ids. */
  async enqueue({ queue }: QueueUser, ...values: string[]): Promise<string[]> {
    const ids = []
    for (const value of values) ids.push(await this.settle(queue.enqueue(value)))
    return ids
  }

  /** Keys of the queue without markers, tails and consumers: what must be gone when all is done. */
  async leftovers(): Promise<string[]> {
    return (await this.keys()).filter((key) => !/\/(seen|consumer)\/|\/tail$/.test(key))
  }
}
