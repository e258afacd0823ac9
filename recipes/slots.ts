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
import { type WaitOptions, waitingFor } from './waiting.js'

/** Most handles of one session under one name. */
const SLOTS_MAX = 10_000

/** Something that an earlier life of the lease left, and that holds. */
export interface Resumed<L extends Line> {
  readonly held: Held
  readonly line: L
  /** Its key as it was found. */
  readonly kv: KeyValue
}

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
   * @param what names it in errors, as in "The lock a".
   * @param read reads the keys that may be ours, oldest first.
   * @param lineOf where such a key stands; undefined: it is none of these.
   */
  resume<L extends Line>(
    what: string,
    read: (signal: AbortSignal) => Promise<KeyValue[]>,
    lineOf: (kv: KeyValue) => L | undefined,
    options: WaitOptions,
  ): Promise<Resumed<L> | undefined> {
    return waitingFor(this.#session, options, what, async (waiting) => {
      for (const kv of await read(waiting.signal)) {
        waiting.check()
        const line = kv.lease === this.#session.id ? lineOf(kv) : undefined
        const seat = line && this.#session.seat(kv.keyString)
        if (line === undefined || seat === undefined || seat.taken) continue
        await seat.enter(waiting)
        const contention = new Contention(line, seat, waiting, what, { value: '' })
        const held = await contention.resume(kv.createRevision)
        if (held !== undefined) return { held, line, kv }
      }
      return undefined
    })
  }
}
