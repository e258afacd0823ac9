/**
 * One direction of a connection: what is put in comes out later and in order.
 *
 * Only the head of the queue has a timer. At a cut link the head waits until the link is
 * healed, at a clogged one until the time that was set or the link is healed, and what a slow
 * link would bring much later comes soon when it is healed.
 */

import type { Timer } from '../../../client/host/clock.js'
import type { VirtualClock } from '../virtual-clock.js'
import type { Held, Link } from './link.js'

interface Item {
  readonly dueMs: number
  readonly arrive: () => void
}

/** What would wait for longer comes sooner when its link is healed. */
const PATIENCE_MS = 200
/** Items that came out and are still in the list, at most. */
const SPENT_MAX = 1_000

/** See the head of the file. */
export class Pipe implements Held {
  readonly link: Link
  readonly #clock: VirtualClock
  readonly #onHeld: () => void
  /** Invariant: due times never decrease. */
  #items: Item[] = []
  #head = 0
  #lastDueMs = 0
  #timer: Timer | undefined
  #held = false
  #flowing = false
  #closed = false

  /** @param onHeld told each time when the head meets a cut link. */
  constructor(link: Link, clock: VirtualClock, onHeld: () => void) {
    this.link = link
    this.#clock = clock
    this.#onHeld = onHeld
  }

  /** The head waits at a cut link. */
  get isHeld(): boolean {
    return this.#held
  }

  /** Puts something in; nothing happens after {@link close}. */
  send(arrive: () => void): void {
    if (this.#closed) return
    const dueMs = Math.max(this.#lastDueMs, this.#clock.now() + this.link.drawLatencyMs())
    this.#lastDueMs = dueMs
    this.#items.push({ dueMs, arrive })
    if (this.#timer === undefined && !this.#held && !this.#flowing) this.#arm(dueMs)
  }

  /** Takes nothing more, and loses what is inside unless told otherwise. */
  close(last?: () => void): void {
    if (last === undefined) {
      this.#items = []
      this.#head = 0
      this.#timer?.cancel()
      this.link.forget(this)
    } else this.send(last)
    this.#closed = true
  }

  released(afterMs: number): void {
    const dueMs = this.#clock.now() + afterMs
    this.#held = false
    this.#items = this.#items.slice(this.#head).map(({ dueMs: drawnMs, arrive }) => {
      return { dueMs: Math.min(drawnMs, dueMs), arrive }
    })
    this.#head = 0
    this.#lastDueMs = Math.min(this.#lastDueMs, dueMs)
    this.#timer?.cancel()
    this.#arm(dueMs)
  }

  #arm(dueMs: number): void {
    if (dueMs - this.#clock.now() > PATIENCE_MS) this.link.hold(this)
    this.#timer = this.#clock.after(dueMs - this.#clock.now(), () => {
      this.#timer = undefined
      this.#flowing = true
      this.#flow()
      this.#flowing = false
    })
  }

  #flow(): void {
    const { link } = this
    const nowMs = this.#clock.now()
    link.forget(this)
    if (this.#head > SPENT_MAX) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    while (this.#head < this.#items.length) {
      if (link.cut) {
        this.#held = true
        link.hold(this)
        this.#onHeld()
        return
      }
      const item = this.#items[this.#head]!
      const dueMs = Math.max(item.dueMs, link.clogUntilMs)
      // A due time that the clock cannot tell from now counts as now.
      if (dueMs > nowMs + 1e-6) {
        this.#arm(dueMs)
        return
      }
      this.#head++
      item.arrive()
    }
    this.#items = []
    this.#head = 0
  }
}
