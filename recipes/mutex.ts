/**
 * A mutex: at most one holds it, in the order in which they came.
 *
 * Promise: **a lock that is returned was held at a moment between call and return, tokens
 * of later grants are greater, and `lock.signal` fires before the server grants it to
 * another.** Two at once believe that they hold it only if the first goes on after its
 * signal, or cannot notice it (a process that stands still); against that, let what the
 * lock protects refuse tokens smaller than one that it has seen, or add `lock.guard()` to
 * transactions.
 *
 * The algorithm is in contention.ts, the queue of those who share one session in seat.ts.
 *
 * | | round trips |
 * | --- | --- |
 * | `acquire`, nobody holds | 1 |
 * | `acquire`, somebody holds | 1, then a watch on one key, then 1 when it is deleted |
 * | `tryAcquire` | 1; 0 when this session holds it or waits for it |
 * | `release` | 1 |
 * | holding for longer than a second | a watch on the own key |
 *
 * Lease lost: `lock.signal` fires; `guard()` fails every transaction once the server has
 * ended the lease. Partition: the same, at the session's deadline. Crash of the holder:
 * the next one is granted when the lease ends, at most a TTL later.
 */

import type { RequestOptions } from '../client/index.js'
import { Contender } from './contender.js'
import { invalidArgument } from './errors.js'
import { Handle, useHandle } from './handle.js'
import { KeyQueue } from './key-queue.js'
import { checkSession } from './names.js'
import type { Session } from './session.js'
import type { WaitOptions } from './waiting.js'

/** How a {@link Mutex} behaves. */
export interface MutexOptions {
  /** Who we are; it is the value of the key. Default the owner of the session. */
  readonly owner?: string
  /**
   * Whether those of the same session and owner hold it together: each must release it,
   * all have the same token. Default false: everybody excludes everybody.
   */
  readonly reentrant?: boolean
}

/** Somebody in the queue of a mutex. */
export interface Participant {
  readonly state: 'holding' | 'waiting'
  /** Who; empty for etcd's own clients. */
  readonly owner: string
  /** The token that it has, or will have. */
  readonly fencingToken: number
  readonly leaseId: bigint
  readonly key: string
}

/**
 * A mutex by name, on a session; see the head of the file. Making one costs nothing.
 *
 * @example
 * const mutex = new Mutex(session, 'reports/nightly')
 * await mutex.using(async (lock) => {
 *   await writeReport({ token: lock.fencingToken, signal: lock.signal })
 * })
 */
export class Mutex {
  readonly session: Session
  readonly name: string
  readonly owner: string
  readonly #queue: KeyQueue
  readonly #contender: Contender
  readonly #shareAs: string | undefined

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the mutex's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, name: string, options: MutexOptions = {}) {
    checkSession(session)
    const { owner = session.owner, reentrant = false } = options
    if (owner === '') throw invalidArgument('An owner must not be empty.')
    this.session = session
    this.#queue = new KeyQueue(session.client, name)
    this.name = name
    this.owner = owner
    const key = session.keyUnder(name)
    this.#contender = new Contender(session, `The lock '${name}'`, () => session.seat(key))
    this.#shareAs = reentrant ? owner : undefined
  }

  /**
   * Waits until we hold it. When it fails, no key stays behind.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded` (after `timeoutMs`),
   *   `permission-denied`, ….
   * @throws {LostError} the session was lost, or the key deleted, while we waited.
   */
  async acquire(options: WaitOptions = {}): Promise<Lock> {
    const held = await this.#contender.enter(this.#queue, this.#entry, options)
    return new Lock(held, this.owner)
  }

  /** Holds it if nobody does and nobody waits; undefined otherwise. Fails as {@link acquire}. */
  async tryAcquire(options: WaitOptions = {}): Promise<Lock | undefined> {
    const free = [this.#queue.empty]
    const held = await this.#contender.tryEnter(this.#queue, free, this.#entry, options)
    return held && new Lock(held, this.owner)
  }

  /**
   * Holds it while `work` runs, whose failure is ours.
   *
   * @throws {LostError} the lock was lost before `work` ended, though it ended well: its
   *   effects may be mixed with those of another holder.
   */
  async using<T>(work: (lock: Lock) => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
    return useHandle(await this.acquire(options), work)
  }

  /** The lock that a resumed session holds from its earlier life, or undefined. 1 round trip. */
  async resume(options: WaitOptions = {}): Promise<Lock | undefined> {
    const held = await this.#contender.resume(this.#queue, options)
    return held && new Lock(held, this.owner)
  }

  /** Who holds and who waits, in order. */
  async participants(options: RequestOptions = {}): Promise<Participant[]> {
    const keys = await this.#queue.all(options)
    return keys.map((kv, i) => ({
      state: i === 0 ? 'holding' : 'waiting',
      owner: kv.text(),
      fencingToken: kv.createRevision,
      leaseId: kv.lease,
      key: kv.keyString,
    }))
  }

  get #entry() {
    return { value: this.owner, shareAs: this.#shareAs }
  }
}

/** A mutex that is held. */
export class Lock extends Handle {}
