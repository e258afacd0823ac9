/**
 * The keys of one session under a name, where it may hold several at the same time.
 *
 * Each handle has a key of its own, so handles of one session stand in the same line on
 * the server as everybody else, each in its place. The first is `<name>/<lease>`, like the
 * only one of a mutex; those beside it are `<name>/<lease>-1`, `<name>/<lease>-2`, …. The
 * lowest free number is taken, so that few are ever used: a join that arrives late, after
 * its sender gave up, finds the seat of its number watching (see seat.ts).
 *
 * To resume what an earlier life of the lease left: keys under these names that no seat of
 * this process has taken are looked at again. Those that hold are given out; those that
 * only waited are deleted, since nobody waits with them.
 */

import { ConclaveError, type KeyValue } from '../client/index.js'
import { Contention } from './contention.js'
import type { Held } from './held.js'
import type { Line } from './line.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** Most handles of one session under one name. */
const SLOTS_MAX = 10_000

/** See the head of the file. */
export class Slots {
  readonly #session: Session
  readonly #first: string

  constructor(session: Session, name: string) {
    this.#session = session
    this.#first = session.keyUnder(name)
  }

  /**
   * A seat that nobody has taken. Enter it before anything else is awaited.
   *
   * @throws {ConclaveError} `too-many-requests`.
   */
  free(): Seat {
    for (let n = 0; n < SLOTS_MAX; n++) {
      const seat = this.#session.seat(n === 0 ? this.#first : `${this.#first}-${n}`)
      if (!seat.taken) return seat
    }
    const text = `More than ${SLOTS_MAX} of one session hold or wait for ${this.#first}.`
    throw new ConclaveError('too-many-requests', text)
  }

  /**
   * The oldest of these keys that an earlier life of the lease holds and nobody has taken up.
   *
   * @param read reads the keys that may be ours, oldest first.
   * @param lineOf where such a key stands; undefined: it is none of these.
   */
  async resume(
    what: string,
    read: (signal: AbortSignal) => Promise<KeyValue[]>,
    lineOf: (kv: KeyValue) => Line | undefined,
    options: WaitOptions,
  ): Promise<Held | undefined> {
    const waiting = new Waiting(this.#session, options, what)
    try {
      const kvs = await read(waiting.signal)
      waiting.check()
      for (const kv of kvs) {
        const line = kv.lease === this.#session.id ? lineOf(kv) : undefined
        const seat = line && this.#session.seat(kv.keyString)
        if (seat === undefined || seat.taken) continue
        await seat.enter(waiting)
        const held = await new Contention(line!, seat, waiting, what, { value: '' }).resume(
          kv.createRevision,
        )
        if (held !== undefined) return held
      }
      return undefined
    } finally {
      waiting.close()
    }
  }
}
