/** A session that wants to hold the first key of a queue; the algorithm is in contention.ts. */

import { compare } from '../client/index.js'
import { Contention, type Entry } from './contention.js'
import { Held } from './held.js'
import type { KeyQueue } from './key-queue.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** A wait that is over rejects when the own key is gone, but no later than this, in milliseconds. */
const WITHDRAW_MS = 1_000

/** See the head of the file. */
export class Contender {
  readonly session: Session
  readonly #queue: KeyQueue
  readonly #what: string
  readonly #key: string

  /** @param what names it in errors, as in "The lock a". */
  constructor(session: Session, queue: KeyQueue, what: string) {
    this.session = session
    this.#queue = queue
    this.#what = what
    this.#key = session.keyUnder(queue.name)
  }

  /** Waits until we hold. */
  enter(entry: Entry, options: WaitOptions): Promise<Held> {
    return this.#seated(options, async (seat, waiting) => {
      const shared = await seat.enter(waiting, entry.shareAs)
      if (shared !== undefined) return shared
      const held = await this.#contend(seat, waiting, entry, false)
      return held!
    })
  }

  /** Holds at once, or not: undefined. */
  tryEnter(entry: Entry, options: WaitOptions): Promise<Held | undefined> {
    return this.#seated(options, async (seat, waiting) => {
      const shared = seat.shared(entry.shareAs)
      if (shared !== undefined || seat.taken) return shared
      await seat.enter(waiting)
      return this.#contend(seat, waiting, entry, true)
    })
  }

  /** Takes up what the lease of the session holds from an earlier life. */
  resume(options: WaitOptions): Promise<Held | undefined> {
    return this.#seated(options, async (seat, waiting) => {
      await seat.enter(waiting)
      let held: Held | undefined
      try {
        const { kv } = await this.#queue.first({ signal: waiting.signal })
        waiting.check()
        if (kv?.keyString === this.#key) held = new Held(seat, this.#what, kv.createRevision)
        return held
      } finally {
        if (held === undefined) seat.leave()
      }
    })
  }

  #contend(
    seat: Seat,
    waiting: Waiting,
    entry: Entry,
    onlyIfEmpty: boolean,
  ): Promise<Held | undefined> {
    const condition = compare(onlyIfEmpty ? this.#queue.range : this.#key).missing()
    return new Contention(this.#queue, seat, waiting, this.#what, entry, condition).run()
  }

  /** Runs one wait, and rejects soon after it is over although its end goes on. */
  async #seated<T>(
    options: WaitOptions,
    run: (seat: Seat, waiting: Waiting) => Promise<T>,
  ): Promise<T> {
    const waiting = new Waiting(this.session, options, this.#what)
    try {
      const running = run(this.session.seat(this.#key), waiting)
      return await Promise.race([running, waiting.overdue(WITHDRAW_MS)])
    } catch (error) {
      throw waiting.over ? waiting.signal.reason : error
    } finally {
      waiting.close()
    }
  }
}
