/**
 * One run of a handler: its signal fires when the item is lost, its time is over, or a drain
 * ends. The last two also end the attempt, whatever the handler does.
 */

import { setMaxListeners } from 'node:events'
import { ConclaveError, type Keyspace } from '../../client/index.js'
import type { ItemHandler } from './consumer.js'
import type { QueueItem } from './item.js'

/** See the head of the file. */
export class Attempt<T> {
  /** The drain has ended it. */
  isDrained = false
  readonly #client: Keyspace
  readonly #item: QueueItem<T>
  readonly #stopping: AbortSignal
  readonly #timeoutMs: number

  constructor(client: Keyspace, item: QueueItem<T>, stopping: AbortSignal, timeoutMs: number) {
    this.#client = client
    this.#item = item
    this.#stopping = stopping
    this.#timeoutMs = timeoutMs
  }

  /** Settles with the handler, or before it when its time is over; rejects as it does. */
  async run(handler: ItemHandler<T>): Promise<void> {
    const controller = new AbortController()
    // A handler gives its signal to as much as it likes.
    setMaxListeners(0, controller.signal)
    let cut = (_reason: unknown) => {}
    const ended = new Promise<never>((_resolve, reject) => {
      cut = (reason) => {
        controller.abort(reason)
        reject(reason)
      }
    })
    ended.catch(() => {})
    const { signal: lost } = this.#item
    const onLost = () => controller.abort(lost.reason)
    const onStop = () => {
      this.isDrained = true
      cut(new ConclaveError('cancelled', 'The consumer was closed before the attempt ended.'))
    }
    const isTimed = Number.isFinite(this.#timeoutMs)
    const late = () =>
      cut(new ConclaveError('deadline-exceeded', `The attempt took over ${this.#timeoutMs} ms.`))
    const timer = isTimed ? this.#client.clock.after(this.#timeoutMs, late) : undefined
    lost.addEventListener('abort', onLost, { once: true })
    this.#stopping.addEventListener('abort', onStop, { once: true })
    try {
      const run = async () => handler(this.#item, controller.signal)
      await Promise.race([run(), ended])
    } finally {
      timer?.cancel()
      lost.removeEventListener('abort', onLost)
      this.#stopping.removeEventListener('abort', onStop)
    }
  }
}
