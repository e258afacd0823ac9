/**
 * How one gets into a double barrier: all of a round, or none.
 *
 * 1. **Join**, one transaction: put the own key, and read the round and the oldest keys.
 * 2. **Judge** what was read.
 *    - The round reaches our key: we are in.
 *    - Somebody of a round before is still in, or as many as are needed stand before us: we
 *      are one too many, back out (5) and fail.
 *    - As many as are needed are here: let them in (3). That is up to whoever sees it, which
 *      is the one who completes them.
 *    - Else wait (4).
 * 3. **Open**, one transaction: if our key is still the one that we put, and the round was not
 *    put since we looked, put the create revision of the last one who is let in. Else judge
 *    what it reads.
 * 4. **Wait** until the round reaches us, or our own key is deleted; then read both, the own key
 *    too: it may have ended with its lease before the others were let in.
 * 5. **Back out** when the wait is over or fails, one transaction: if our key is the one that
 *    we put, and the round was not put since we looked, delete the key *and put the round as
 *    it was*. That makes whoever is about to open look again, so that nobody is let in on the
 *    strength of one who fails. If the round reaches us instead, we are in, and say so: what
 *    `enter` tells, the others are told, too (Curator #838).
 *
 * A join with an unknown outcome is called off: a key that our lease holds, whose absence is a
 * condition of the join, is put, and the own key read. There, and we stand in line; missing,
 * and that join never will be done. A stray key would let the others in without us.
 */

import { ConclaveError, compare, type KeyValue, op, randomId } from '../client/index.js'
import { cardOf, type Look, type Room } from './double-barrier-room.js'
import { isTransient, LostError } from './errors.js'
import { insist } from './insist.js'
import { ask, nextChange } from './looking.js'
import { deleteKey } from './own-key.js'
import { pause } from './pause.js'
import type { Session } from './session.js'
import type { Waiting } from './waiting.js'

/** As many as a double barrier has room for are in, or wait; come back when they have left. */
export class BarrierFullError extends Error {
  override readonly name = 'BarrierFullError'
  readonly code = 'barrier-full'

  constructor(name: string, count: number) {
    super(`The double barrier '${name}' has room for ${count}, who are there; we are one too many.`)
  }
}

/** Who is in. */
export interface Entered {
  /** Create revision of the own key. */
  readonly token: number
  /** The round: the same for all who are in it, greater than those before. */
  readonly round: number
}

/** Pause before a join that failed is tried again, in milliseconds. */
const RETRY_MS = 100

/** One attempt; see the head of the file. */
export class Entrance {
  readonly #room: Room
  readonly #session: Session
  readonly #waiting: Waiting
  readonly #key: string
  /** Create revision of our key, as long as we know that we have one. */
  #token: number | undefined
  /** The newest that we know. */
  #look: Look | undefined

  constructor(room: Room, session: Session, waiting: Waiting) {
    this.#room = room
    this.#session = session
    this.#waiting = waiting
    this.#key = `${room.waiters.prefix}${session.id.toString(16)}`
  }

  /**
   * Steps 1 to 5.
   *
   * @throws {BarrierFullError | LostError | ConclaveError} no key is left behind, unless nobody answers.
   */
  async run(): Promise<Entered> {
    try {
      this.#look = await this.#join()
      for (;;) {
        const { round, oldest, revision } = this.#look
        // Known after a join.
        const token = this.#token!
        if (round >= token) return { token, round }
        this.#assertRoom(this.#look, token)
        if (oldest.length === this.#room.count) this.#look = await this.#open(this.#look, token)
        else {
          await this.#change(token, revision)
          this.#look = await this.#again(token)
        }
      }
    } catch (error) {
      const entered = await this.#backOut().catch(() => undefined)
      if (entered === undefined) throw error
      return entered
    }
  }

  /** Step 1. */
  async #join(): Promise<Look> {
    const room = this.#room
    const { client, id, owner } = this.#session
    for (;;) {
      this.#waiting.check()
      const off = `${room.name}/off/${id.toString(16)}-${randomId(client.random).toString(16)}`
      try {
        const result = await client
          .txn()
          .if(compare(this.#key).missing(), compare(off).missing())
          .then(op.put(this.#key, room.card(owner), { lease: id }), ...room.reads())
          .else(op.get(this.#key))
          .commit()
        const { revision } = result
        if (result.succeeded) {
          this.#token = revision
          return room.look(result.responses.slice(1), revision)
        }
        // What an earlier life of our lease left: it has left with it.
        const left = result.responses[0].kvs[0]
        if (left !== undefined) await deleteKey(this.#session, this.#key, left.createRevision)
      } catch (error) {
        const own = await this.#afterFailure(error, off)
        if (own !== undefined) {
          this.#token = own.createRevision
          return this.#again(this.#token)
        }
      }
    }
  }

  /** Our key, if the join was done all the same; throws when there is no point in another. */
  async #afterFailure(error: unknown, off: string): Promise<KeyValue | undefined> {
    if (!(error instanceof ConclaveError)) throw error
    const { client, id } = this.#session
    if (error.code === 'lease-not-found') this.#session.lose('expired', error)
    this.#session.check()
    if (error.outcomeUnknown) {
      const callOff = () =>
        client
          .txn()
          .then(op.put(off, '', { lease: id }), op.get(this.#key))
          .commit()
      const over = () => !this.#session.alive
      const answer = await insist(client, over, callOff, this.#session.signal)
      this.#session.check()
      const own = answer?.responses[1]?.kvs[0]
      if (own !== undefined) return own
    }
    if (!isTransient(error)) throw error
    await pause(client, RETRY_MS, this.#waiting.signal)
    return undefined
  }

  /** Step 2, as far as it fails. */
  #assertRoom(look: Look, token: number): void {
    const { name, count } = this.#room
    const first = look.oldest[0]
    const theirs = first && cardOf(first).count
    if (theirs !== undefined && theirs !== count) {
      const text = `The double barrier '${name}' waits for ${theirs}, not for ${count}; all must give the same.`
      throw new ConclaveError('failed-precondition', text)
    }
    const isAmong = look.oldest.some(({ createRevision }) => createRevision === token)
    if (this.#room.isBusy(look, token) || !isAmong) throw new BarrierFullError(name, count)
  }

  /** Step 3. */
  async #open({ roundRevision, oldest }: Look, token: number): Promise<Look> {
    const round = oldest.at(-1)!.createRevision
    const { roundKey } = this.#room
    const result = await ask(this.#waiting, () =>
      this.#session.client
        .txn()
        .if(this.#own(token), compare(roundKey).modRevision('=', roundRevision))
        .then(op.put(roundKey, String(round)))
        .else(...this.#reads())
        .commit({ signal: this.#waiting.signal }),
    )
    const { revision } = result
    if (result.succeeded) return { revision, round, roundRevision: revision, oldest }
    return this.#found(result.responses, token, revision)
  }

  /** Step 4, the wait. */
  #change(token: number, revision: number): Promise<void> {
    const reachesUs = {
      keyOrRange: this.#room.roundKey,
      filters: ['noDelete'] as const,
      matters: ({ kv }: { readonly kv: KeyValue }) => Number(kv.text()) >= token,
    }
    const ownDeleted = { keyOrRange: this.#key, filters: ['noPut'] as const }
    return nextChange(this.#waiting, [reachesUs, ownDeleted], revision)
  }

  /** Step 4, the look. */
  async #again(token: number): Promise<Look> {
    const { signal } = this.#waiting
    const { responses, revision } = await ask(this.#waiting, () =>
      this.#session.client
        .txn()
        .then(...this.#reads())
        .commit({ signal }),
    )
    return this.#found(responses, token, revision)
  }

  /** Step 5: in all the same, or out and undefined. */
  async #backOut(): Promise<Entered | undefined> {
    const token = this.#token
    if (token === undefined) return undefined
    const { client } = this.#session
    const over = () => !this.#session.alive
    for (;;) {
      const { round = 0, roundRevision = 0 } = this.#look ?? {}
      if (round >= token) return { token, round }
      const leave = () =>
        client
          .txn()
          .if(this.#own(token), compare(this.#room.roundKey).modRevision('=', roundRevision))
          .then(op.delete(this.#key), op.put(this.#room.roundKey, String(round)))
          .else(...this.#reads())
          .commit()
      const result = await insist(client, over, leave, this.#session.signal)
      if (result === undefined || result.succeeded) return undefined
      this.#look = this.#found(result.responses, token, result.revision)
    }
  }

  #own(token: number) {
    return compare(this.#key).createRevision('=', token)
  }

  #reads() {
    return [op.get(this.#key), ...this.#room.reads()] as const
  }

  /** @throws {LostError} our key is gone. */
  #found(responses: readonly unknown[], token: number, revision: number): Look {
    const [own, ...rest] = responses as Parameters<Room['look']>[0]
    const kv = own?.type === 'get' ? own.kvs[0] : undefined
    if (kv?.createRevision === token) return this.#room.look(rest, revision)
    this.#token = undefined
    this.#session.check()
    throw new LostError(`The place in '${this.#room.name}'`, 'deleted')
  }
}
