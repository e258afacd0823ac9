/**
 * A read-write lock: many read together, or one writes alone, in the order in which they came.
 *
 * Promise: **a writer that is granted it is alone, readers share it only with readers,
 * nobody overtakes anybody who excludes it, and `signal` fires before the server grants it
 * to one whom this holder excludes.** As with a mutex, a process that stands still believes
 * longer: fence what is protected.
 *
 * The keys and who waits for whom are in rwlock-line.ts, the algorithm in contention.ts,
 * with its check of the own key after every wait. Each handle has a key of its own
 * (slots.ts), so handles of one session exclude and share like those of different processes.
 *
 * *Fair*: a reader that comes after a waiting writer waits for it, so readers without end
 * do not keep a writer out. A reader watches the last writer before it, a writer the key
 * before it; the release of a writer wakes all readers behind it, who all hold then, and
 * the release of a reader at most one writer.
 *
 * *Downgrade*: a writer puts its key a second time, which makes it a reader in the same
 * place: no writer gets in between, and its token stays. *Upgrade*: refused. Two readers who
 * both want to write would wait for each other for ever; one alone would have to overtake
 * the writers that wait. Inside of `read.using`, asking to write throws an
 * {@link UpgradeError} instead of waiting for oneself.
 *
 * | | round trips |
 * | --- | --- |
 * | `acquire`, nobody is in the way | 1 |
 * | `acquire`, somebody is | 1, then a watch on one key, then 1 when it goes; a writer does that again for each reader that outlasts the one it watched |
 * | `tryAcquire` | 1 |
 * | `release`, `downgrade` | 1 |
 * | holding for longer than a second | a watch on the own key |
 *
 * Lease lost: `signal` fires; `guard()` fails every transaction once the server has ended
 * the lease. Partition: the same, at the session's deadline. Crash of a holder: those
 * behind it are granted when the lease ends, at most a TTL later.
 */

import type { RequestOptions } from '../client/index.js'
import { invalidArgument } from './errors.js'
import type { Participant } from './mutex.js'
import { checkSession } from './names.js'
import { ReadWriteKeys, type RWKind } from './rwlock-line.js'
import { ReadSide, WriteSide } from './rwlock-sides.js'
import type { Session } from './session.js'

/** How a {@link RWLock} behaves. */
export interface RWLockOptions {
  /** Who we are; it is the value of the key. Default the owner of the session. */
  readonly owner?: string
}

/** Somebody who reads, writes or waits. */
export interface RWParticipant extends Participant {
  readonly kind: RWKind
}

/**
 * A read-write lock by name, on a session; see the head of the file. Making one costs nothing.
 *
 * @example
 * const catalogue = new RWLock(session, 'catalogue')
 * await catalogue.read.using(() => client.kv.getAll('items/'))
 * await catalogue.write.using((lock) => client.kv.put('items/1', 'new', { signal: lock.signal }))
 */
export class RWLock {
  readonly session: Session
  readonly name: string
  readonly owner: string
  /** For those who share it. */
  readonly read: ReadSide
  /** For those who want it alone. */
  readonly write: WriteSide
  readonly #keys: ReadWriteKeys

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the lock's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, name: string, options: RWLockOptions = {}) {
    checkSession(session)
    const { owner = session.owner } = options
    if (owner === '') throw invalidArgument('An owner must not be empty.')
    this.session = session
    this.name = name
    this.owner = owner
    this.#keys = new ReadWriteKeys(session.client, name)
    this.read = new ReadSide(session, this.#keys, owner)
    this.write = new WriteSide(session, this.#keys, owner)
  }

  /** Who holds and who waits, in order. */
  async participants(options: RequestOptions = {}): Promise<RWParticipant[]> {
    const all = await this.#keys.all(options)
    return all.map(({ kv, kind, holds }) => ({
      kind,
      state: holds ? 'holding' : 'waiting',
      owner: kv.text(),
      fencingToken: kv.createRevision,
      leaseId: kv.lease,
      key: kv.keyString,
    }))
  }
}
