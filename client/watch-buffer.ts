/** What a watch has for a reader who is not there yet, counted in events and in bytes. */

import type { WatchBatch } from './watch-event.js'

/** How much may wait for a reader. */
export interface BufferLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

/** Batches in order. Always takes one more: whoever fills it asks {@link isFull} and stops. */
export class WatchBuffer {
  readonly #limits: BufferLimits
  #batches: { readonly batch: WatchBatch; readonly bytes: number }[] = []
  /** Batches before it are taken. */
  #start = 0
  #events = 0
  #bytes = 0

  constructor(limits: BufferLimits) {
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#start === this.#batches.length
  }

  /** Is one of the limits reached? A batch without events counts as one event. */
  get isFull(): boolean {
    return this.#events >= this.#limits.eventsMax || this.#bytes >= this.#limits.bytesMax
  }

  push(batch: WatchBatch, bytes: number): void {
    this.#batches.push({ batch, bytes })
    this.#events += Math.max(1, batch.events.length)
    this.#bytes += bytes
  }

  take(): WatchBatch | undefined {
    const next = this.#batches[this.#start]
    if (next === undefined) return undefined
    this.#start++
    if (this.#start * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#start)
      this.#start = 0
    }
    this.#events -= Math.max(1, next.batch.events.length)
    this.#bytes -= next.bytes
    return next.batch
  }

  clear(): void {
    this.#batches = []
    this.#start = 0
    this.#events = 0
    this.#bytes = 0
  }
}
