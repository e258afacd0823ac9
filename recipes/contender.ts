/** Somebody on a session who wants to hold; the algorithm is in contention.ts. */

import type { Compare } from '../client/index.js'
import { Contention, type Entry } from './contention.js'
import { Held } from './held.js'
import type { KeyQueue } from './key-queue.js'
import type { Line } from './line.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'
import { type Waiting, type WaitOptions, waitingFor } from './waiting.js'

/** See the head of the file. */
export class Contender {
  readonly session: Session
  readonly #what: string
  readonly #seat: () => Seat

  /**
   * @param what names it in errors, as in "The lock a".
   * @param seat where to take place, each time.
   */
  constructor(session: Session, what: string, seat: () => Seat) {
    this.session = session
    this.#what = what
    this.#seat = seat
  }

  /** Waits until we hold. */
  enter(line: Line, entry: Entry, options: WaitOptions): Promise<Held> {
    return this.#seated(options, async (seat, waiting) => {
      const shared = await seat.enter(waiting, entry.shareAs)
      if (shared !== undefined) return shared
      const held = await new Contention(line, seat, waiting, this.#what, entry).run()
      return held!
    })
  }

  /** Holds at once, or not: undefined. @param free that nothing would be before us. */
  tryEnter(
    line: Line,
    free: readonly Compare[],
    entry: Entry,
    options: WaitOptions,
  ): Promise<Held | undefined> {
    return this.#seated(options, async (seat, waiting) => {
      const shared = seat.shared(entry.shareAs)
      if (shared !== undefined || seat.wanted) return shared
      await seat.enter(waiting)
      return new Contention(line, seat, waiting, this.#what, entry, free).run()
    })
  }

  /** Takes up what the lease of the session holds from an earlier life, as the first of a queue. */
  resume(queue: KeyQueue, options: WaitOptions): Promise<Held | undefined> {
    return this.#seated(options, async (seat, waiting) => {
      await seat.enter(waiting)
      let held: Held | undefined
      try {
        const { kv } = await queue.first({ signal: waiting.signal })
        waiting.check()
        if (kv?.keyString === seat.key) held = new Held(seat, this.#what, kv.createRevision)
        return held
      } finally {
        if (held === undefined) seat.leave()
      }
    })
  }

  #seated<T>(options: WaitOptions, run: (seat: Seat, waiting: Waiting) => Promise<T>): Promise<T> {
    return waitingFor(this.session, options, this.#what, (waiting) => run(this.#seat(), waiting))
  }
}
