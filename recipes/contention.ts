/**
 * How a session gets to hold: the algorithm of mutexes and elections, once through.
 *
 * 1. **Join**, one transaction: if the own key is missing, put it and read the two newest
 *    keys of the queue: the own one and the one before it. None before it: we hold.
 * 2. **Wait** until the key before ours is deleted, by a watch on that key alone from the
 *    revision of the last read on. One deletion wakes one waiter.
 * 3. **Decide**, one transaction: if the own key is still the one that we put, read the
 *    newest key before it. None: we hold. Some (the one before us gave up, but others
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
 * To *try*, the condition of the join is that the queue is empty: one round trip either
 * way, and no key to withdraw.
 */

import { type Compare, ConclaveError, compare, op, type TxnResult } from '../client/index.js'
import { isTransient, LostError } from './errors.js'
import { Held } from './held.js'
import { pause } from './insist.js'
import type { KeyQueue } from './key-queue.js'
import { deleteKey, readKey } from './own-key.js'
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

/** What is before us. */
interface Ahead {
  /** The key before ours; undefined when we hold. */
  readonly key: Uint8Array | undefined
  /** Revision at which this was so. */
  readonly revision: number
}

/** One attempt, by whoever is in front at the seat. Leaves the seat unless it ends in holding. */
export class Contention {
  readonly #queue: KeyQueue
  readonly #session: Session
  readonly #seat: Seat
  readonly #waiting: Waiting
  readonly #what: string
  readonly #entry: Entry
  readonly #condition: Compare
  /** Create revision of our key, as soon as we know that we have one. */
  #token: number | undefined

  constructor(
    queue: KeyQueue,
    seat: Seat,
    waiting: Waiting,
    what: string,
    entry: Entry,
    condition: Compare,
  ) {
    this.#queue = queue
    this.#session = seat.session
    this.#seat = seat
    this.#waiting = waiting
    this.#what = what
    this.#entry = entry
    this.#condition = condition
  }

  /** Steps 1 to 4; undefined when the condition did not hold. */
  async run(): Promise<Held | undefined> {
    let held: Held | undefined
    try {
      let ahead = await this.#join()
      while (ahead?.key !== undefined) {
        await this.#gone(ahead.key, ahead.revision)
        ahead = await this.#decide()
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

  /** Step 1. It is not cut short when the wait ends: a join that was answered leaves no doubt. */
  async #join(): Promise<Ahead | undefined> {
    const { key, session } = this.#seat
    for (let inDoubt = false; ; ) {
      this.#waiting.check()
      let result: TxnResult
      try {
        result = await session.client
          .txn()
          .if(this.#condition)
          .then(op.put(key, this.#entry.value, { lease: session.id }), this.#queue.newest(2))
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
      if (kv === undefined) return undefined
      if (inDoubt && !session.resumed) {
        this.#token = kv.createRevision
        return this.#decide()
      }
      await deleteKey(session, key, kv.createRevision)
    }
  }

  #joined({ responses, revision }: TxnResult): Ahead {
    this.#token = revision
    const newest = responses[1]
    if (newest?.type !== 'get' || newest.kvs[0]?.createRevision !== revision)
      throw new ConclaveError('internal', 'A key that was just put is not the newest.')
    return { key: newest.kvs[1]?.key, revision }
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
  async #gone(key: Uint8Array, revision: number): Promise<void> {
    const { client } = this.#session
    const { signal } = this.#waiting
    this.#waiting.check()
    try {
      const filters = ['noPut'] as const
      const watcher = client.watch(key, { startRevision: revision + 1, filters, signal })
      for await (const _deletion of watcher) return
    } catch (error) {
      this.#waiting.check()
      if (error instanceof ConclaveError && error.code === 'compacted') return
      if (!isTransient(error)) throw error
      await pause(client, RETRY_MS, signal)
    }
  }

  /** Step 3. */
  async #decide(): Promise<Ahead> {
    const { key, session } = this.#seat
    const token = this.#token!
    for (;;) {
      this.#waiting.check()
      try {
        const { succeeded, responses, revision } = await session.client
          .txn()
          .if(compare(key).createRevision('=', token))
          .then(this.#queue.newest(1, token))
          .commit({ signal: this.#waiting.signal })
        if (!succeeded) {
          this.#token = undefined
          throw new LostError(this.#what, 'deleted')
        }
        const before = responses[0]
        return { key: before?.type === 'get' ? before.kvs[0]?.key : undefined, revision }
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
      // The failure that made us withdraw is told; this key ends with the session.
    }
  }
}
