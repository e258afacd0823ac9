/**
 * A double barrier: so many begin together, and end together.
 *
 * Promise: **nobody's `enter` returns before so many had come, all of a round are told the
 * same, and nobody's `leave` returns before all of the round have left or were lost.**
 *
 * Entering is in double-barrier-entrance.ts: the create revisions of the participants' keys
 * are their places, and the one who completes a round lets it in by one put, which is
 * what the others watch.
 *
 * Leaving goes without a herd, as in etcd's recipe, among those of the round only:
 *
 * 1. Read the oldest and the newest key of the round.
 * 2. We are the oldest, and not alone: watch the newest until it is deleted; back to 1.
 * 3. We are the oldest and alone: delete our key, and we have left, as the last one.
 * 4. Else delete our key, and watch the oldest until it is deleted; back to 1. None is left: done.
 *    If the oldest was lost, there is another one now.
 *
 * So all but the oldest leave as they come, and wait for one key; its deletion lets them go.
 *
 * | | round trips |
 * | --- | --- |
 * | `enter` | 1 to join; the one who completes the round 1 more, the others a watch on two keys, and 1 |
 * | `leave` | 2, then a watch on one key, and 1; the oldest a watch for each one that it sees go |
 *
 * Lease lost or crash *before* the round is complete: the place is free when the lease ends,
 * and the others wait for somebody else. *After*: the others are let in all the same, and
 * leave when its lease has ended. Partition: as a loss, at the session's deadline.
 */

import {
  ConclaveError,
  compare,
  type GetOpResult,
  op,
  type RequestOptions,
} from '../client/index.js'
import { type Entered, Entrance } from './double-barrier-entrance.js'
import { cardOf, Room } from './double-barrier-room.js'
import { LostError, NotHeldError } from './errors.js'
import { ask, nextChange } from './looking.js'
import { checkSession } from './names.js'
import { checkWhole } from './numbers.js'
import { deleteKey } from './own-key.js'
import type { Session } from './session.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** Somebody at a double barrier. */
export interface BarrierParticipant {
  /** `inside`: was let in and has not left. */
  readonly state: 'waiting' | 'inside'
  readonly owner: string
  readonly leaseId: bigint
  readonly key: string
}

const COUNT_MAX = 10_000
/** A wait that is over rejects when the own key is gone, but no later than this, in milliseconds. */
const WITHDRAW_MS = 1_000

/**
 * A double barrier by name, on a session, which is one participant; see the head of the file.
 * It can be used again and again.
 *
 * @example
 * const barrier = new DoubleBarrier(session, 'load-test', 3)
 * const round = await barrier.enter({ timeoutMs: 60_000 })
 * console.log(`all three are here, in round ${round}`)
 * await barrier.leave()
 */
export class DoubleBarrier {
  readonly session: Session
  readonly name: string
  /** Participants of a round. */
  readonly count: number
  readonly #room: Room
  readonly #key: string
  #entered: Entered | undefined

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the barrier's.
   * @param count participants of a round, from 1 on. All must give the same.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, name: string, count: number) {
    checkSession(session)
    checkWhole(count, 'A count', 1, COUNT_MAX)
    this.#room = new Room(name, count)
    this.session = session
    this.name = name
    this.count = count
    this.#key = session.keyUnder(`${name}/waiters`)
  }

  /** The round that we are in; undefined when we are in none. */
  get round(): number | undefined {
    return this.session.alive ? this.#entered?.round : undefined
  }

  /**
   * Waits until so many have come. When it fails we are not in; a wait that ends just when
   * the round was let in succeeds.
   *
   * @returns the number of the round: the same for all who are in it, greater than those before.
   * @throws {BarrierFullError} so many are there without us.
   * @throws {LostError} the session was lost, or the key deleted, while we waited.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded` (after `timeoutMs`),
   *   `failed-precondition`: others wait for another count, or this session is here already.
   */
  async enter(options: WaitOptions = {}): Promise<number> {
    const seat = this.session.seat(this.#key)
    const waiting = new Waiting(this.session, options, this.#what)
    if (seat.taken) {
      waiting.close()
      throw new ConclaveError('failed-precondition', `${this.#what} has this session already.`)
    }
    await seat.enter(undefined)
    const entering = new Entrance(this.#room, this.session, waiting).run()
    entering.catch(() => seat.leave())
    try {
      this.#entered = await Promise.race([entering, waiting.overdue(WITHDRAW_MS)])
      return this.#entered.round
    } catch (error) {
      // Let in after all, when nobody waits for it any more.
      if (error === waiting.signal.reason)
        void entering.then(({ token }) => this.#vanish(token)).catch(() => {})
      throw error
    } finally {
      waiting.close()
    }
  }

  /**
   * Leaves, and waits until all of the round have left or were lost. When the wait fails we
   * have left all the same, but for a cluster that cannot be reached.
   *
   * @throws {NotHeldError} we are not in.
   * @throws {LostError} the session was lost, or the key deleted: the others do not wait for us.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`.
   */
  async leave(options: WaitOptions = {}): Promise<void> {
    const entered = this.#entered
    if (entered === undefined) throw new NotHeldError(this.#what)
    const waiting = new Waiting(this.session, options, this.#what)
    this.#entered = undefined
    try {
      await Promise.race([this.#leave(entered, waiting), waiting.overdue(WITHDRAW_MS)])
    } finally {
      waiting.close()
    }
  }

  /** Who is in and who waits, in order. */
  async participants(options: RequestOptions = {}): Promise<BarrierParticipant[]> {
    const oldest = { sort: 'createRevision', order: 'ascending' } as const
    const { responses } = await this.session.client
      .txn()
      .then(op.get(this.#room.roundKey), op.get(this.#room.waiters, oldest))
      .commit(options)
    const [round, waiters] = responses
    const letIn = Number(round?.kvs[0]?.text() ?? 0)
    return (waiters?.kvs ?? []).map((kv) => ({
      state: kv.createRevision <= letIn ? 'inside' : 'waiting',
      owner: cardOf(kv).owner,
      leaseId: kv.lease,
      key: kv.keyString,
    }))
  }

  get #what(): string {
    return `The double barrier '${this.name}'`
  }

  /** Steps 1 to 4. Our key is gone in any case. */
  async #leave({ token, round }: Entered, waiting: Waiting): Promise<void> {
    let isIn = true
    try {
      for (;;) {
        const { oldest, newest, own, revision } = await this.#ends(round, waiting)
        if (isIn && own?.createRevision !== token) throw new LostError(this.#what, 'deleted')
        if (oldest === undefined || newest === undefined) return
        if (isIn && oldest.keyString === this.#key && newest.keyString !== this.#key) {
          await this.#deleted(newest.key, revision, waiting)
          continue
        }
        if (isIn) {
          await deleteKey(this.session, this.#key, token)
          isIn = false
        }
        if (oldest.keyString === this.#key) return await this.#tidy(round)
        await this.#deleted(oldest.key, revision, waiting)
      }
    } finally {
      if (isIn) await this.#vanish(token)
      else this.session.seat(this.#key).leave()
    }
  }

  /** Step 1, and our own key. */
  async #ends(round: number, waiting: Waiting) {
    const first = { sort: 'createRevision', limit: 1, maxCreateRevision: round } as const
    const { waiters } = this.#room
    const { responses, revision } = await ask(waiting, () =>
      this.session.client
        .txn()
        .then(
          op.get(waiters, { ...first, order: 'ascending', keysOnly: true }),
          op.get(waiters, { ...first, order: 'descending', keysOnly: true }),
          op.get(this.#key, { keysOnly: true }),
        )
        .commit({ signal: waiting.signal }),
    )
    const [oldest, newest, own] = (responses as readonly GetOpResult[]).map(({ kvs }) => kvs[0])
    return { oldest, newest, own, revision }
  }

  #deleted(keyOrRange: Uint8Array, revision: number, waiting: Waiting): Promise<void> {
    return nextChange(waiting, [{ keyOrRange, filters: ['noPut'] }], revision)
  }

  /** Leaves without waiting for anybody. */
  async #vanish(token: number): Promise<void> {
    try {
      await deleteKey(this.session, this.#key, token)
    } catch {
      // It ends with the session.
    } finally {
      this.session.seat(this.#key).leave()
    }
  }

  /** The round says nothing any more; it goes, if nobody has come meanwhile. */
  async #tidy(round: number): Promise<void> {
    const { roundKey, waiters } = this.#room
    await this.session.client
      .txn()
      .if(compare(waiters).missing(), compare(roundKey).value('=', String(round)))
      .then(op.delete(roundKey))
      .commit()
      .catch(() => {})
  }
}
