/**
 * How a session gets to hold: the algorithm of all locks and elections, once through.
 *
 * What stands before a key is the business of the line (line.ts). For a mutex it is every
 * older key, and the newest of those is watched:
 *
 * 1. **Join**, one transaction: if the own key is missing, put it and read what is before
 *    it. Nothing: we hold.
 * 2. **Wait** until what is before us changes, by a watch from the revision of the last
 *    read on. With one key to watch, one deletion wakes one waiter.
 * 3. **Decide**, one transaction: if the own key is still the one that we put, read what
 *    is before it. Nothing: we hold. Something (the one before us gave up, but others
 *    stand before it): back to 2. The own key is gone: there is nothing to hold with. To
 *    skip this check is etcd's bug #11456: a lock returned by a lease that has ended.
 * 4. **Withdraw** when the wait is over or fails: delete the own key, if it is ours.
 *
 * The create revision of the key is the fencing token: it grows with every grant, since
 * keys are granted in the order of their creation.
 *
 * What if the outcome of a join is unknown? The own key is read back: there, and we stand
 * in the queue; missing, and we join again, which does nothing should the first join
 * arrive in between. One that arrives even later is the business of the seat.
 *
 * A key that is there before we join is what an earlier life of the lease left. It may
 * have been granted then, so it is cleared: every grant has a token of its own.
 *
 * To *try*, the join has one more condition, that nothing would be before the own key: one
 * round trip either way, and no key to withdraw.
 */

import { type Compare, ConclaveError, compare, op, type TxnResult } from '../client/index.js'
import { isTransient, LostError } from './errors.js'
import { Held } from './held.js'
import type { Ahead, Line } from './line.js'
import { nextChange } from './looking.js'
import { deleteKey, readKey } from './own-key.js'
import { pause } from './pause.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'
import type { Waiting } from './waiting.js'

/** What one contends with. */
export interface Entry {
  /** The value of the key. */
  readonly value: Uint8Array | string
  /** Share what the session holds already under this owner. */
  readonly shareAs?: string | undefined
}

/** Pause before a request or a watch that failed is tried again, in milliseconds. */
const RETRY_MS = 100

/** Where we stand. */
interface Standing {
  /** Undefined when we hold. */
  readonly ahead: Ahead | undefined
  /** Revision at which this was so. */
  readonly revision: number
}

/** One attempt, by whoever is in front at the seat. Leaves the seat unless it ends in holding. */
export class Contention {
  readonly #line: Line
  readonly #session: Session
  readonly #seat: Seat
  readonly #waiting: Waiting
  readonly #what: string
  readonly #entry: Entry
  /** Under which we join, beside that our key is missing. */
  readonly #free: readonly Compare[]
  /** Create revision of our key, as soon as we know that we have one. */
  #token: number | undefined

  /** @param free conditions of a try: that nothing is before us. */
  constructor(
    line: Line,
    seat: Seat,
    waiting: Waiting,
    what: string,
    entry: Entry,
    free: readonly Compare[] = [],
  ) {
    this.#line = line
    this.#session = seat.session
    this.#seat = seat
    this.#waiting = waiting
    this.#what = what
    this.#entry = entry
    this.#free = free
  }

  /** Steps 1 to 4; undefined when the conditions did not hold. */
  async run(): Promise<Held | undefined> {
    let held: Held | undefined
    try {
      let standing = await this.#join()
      while (standing?.ahead !== undefined) {
        await this.#changed(standing.ahead, standing.revision)
        standing = await this.#decide()
      }
      this.#waiting.check()
      if (this.#token === undefined) return undefined
      held = new Held(this.#seat, this.#what, this.#token)
      const { shareAs } = this.#entry
      if (shareAs !== undefined) this.#seat.share(held, shareAs)
      return held
    } finally {
      if (held === undefined) {
        await this.#withdraw()
        this.#seat.leave()
      }
    }
  }

  /**
   * Takes up a key that our lease has from an earlier life, if it holds; undefined if not.
   * One that only waited is deleted, since nobody waits with it.
   */
  async resume(token: number): Promise<Held | undefined> {
    let held: Held | undefined
    try {
      this.#token = token
      const { ahead } = await this.#decide()
      // What holds is not ours to withdraw.
      if (ahead === undefined) this.#token = undefined
      this.#waiting.check()
      if (ahead === undefined) held = new Held(this.#seat, this.#what, token)
      return held
    } catch (error) {
      this.#token = undefined
      if (error instanceof LostError && error.reason === 'deleted') return undefined
      throw error
    } finally {
      if (held === undefined) {
        await this.#withdraw()
        this.#seat.leave()
      }
    }
  }

  /** Step 1. It is not cut short when the wait ends: a join that was answered leaves no doubt. */
  async #join(): Promise<Standing | undefined> {
    const { key, session } = this.#seat
    const line = this.#line
    for (let inDoubt = false; ; ) {
      this.#waiting.check()
      let result: TxnResult
      try {
        result = await session.client
          .txn()
          .if(compare(key).missing(), ...this.#free, ...(line.conditions?.() ?? []))
          .then(op.put(key, this.#entry.value, { lease: session.id }), ...line.reads(undefined))
          .else(op.get(key))
          .commit()
      } catch (error) {
        if (await this.#stands(error)) return this.#decide()
        inDoubt = true
        continue
      }
      if (result.succeeded) return this.#joined(result)
      const own = result.responses[0]
      const kv = own?.type === 'get' ? own.kvs[0] : undefined
      if (kv === undefined) {
        if (await line.refused?.(this.#waiting.signal)) continue
        return undefined
      }
      if (inDoubt && !session.resumed) {
        this.#token = kv.createRevision
        return this.#decide()
      }
      await deleteKey(session, key, kv.createRevision)
    }
  }

  #joined({ responses, revision }: TxnResult): Standing {
    this.#token = revision
    return { ahead: this.#line.ahead(responses.slice(1), revision), revision }
  }

  /** After a join that failed: do we stand in the queue all the same? Throws when there is no point in another. */
  async #stands(error: unknown): Promise<boolean> {
    if (!(error instanceof ConclaveError)) throw error
    if (error.code === 'lease-not-found') this.#session.lose('expired', error)
    this.#session.check()
    if (error.outcomeUnknown) {
      const found = await readKey(this.#session, this.#seat.key)
      if (found?.kv !== undefined && !this.#session.resumed) {
        this.#token = found.kv.createRevision
        return true
      }
      this.#seat.suspect(found?.revision ?? 0)
    }
    if (!isTransient(error)) throw error
    await pause(this.#session.client, RETRY_MS, this.#waiting.signal)
    return false
  }

  /** Step 2. */
  async #changed({ watched }: Ahead, revision: number): Promise<void> {
    if (watched.length > 0) await nextChange(this.#waiting, watched, revision)
  }

  /** Step 3. */
  async #decide(): Promise<Standing> {
    const { key, session } = this.#seat
    const token = this.#token!
    for (;;) {
      this.#waiting.check()
      try {
        const { succeeded, responses, revision } = await session.client
          .txn()
          .if(compare(key).createRevision('=', token))
          .then(...this.#line.reads(token))
          .commit({ signal: this.#waiting.signal })
        if (!succeeded) {
          this.#token = undefined
          throw new LostError(this.#what, 'deleted')
        }
        return { ahead: this.#line.ahead(responses, token), revision }
      } catch (error) {
        this.#waiting.check()
        if (!isTransient(error)) throw error
        await pause(session.client, RETRY_MS, this.#waiting.signal)
      }
    }
  }

  /** Step 4. */
  async #withdraw(): Promise<void> {
    if (this.#token === undefined || !this.#session.alive) return
    try {
      await deleteKey(this.#session, this.#seat.key, this.#token)
    } catch {
      // The failure that made us withdraw is told.
      this.#seat.clearLater()
    }
  }
}
