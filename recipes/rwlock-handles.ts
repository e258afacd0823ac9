/** What readers and writers have in hand; the lock itself is in rwlock.ts. */

import { compare, op } from '../client/index.js'
import { Handle } from './handle.js'
import type { Held } from './held.js'
import { insist } from './insist.js'

/** A read lock that is held. */
export class ReadLock extends Handle {}

/** A write lock that is held. */
export class WriteLock extends Handle {
  /**
   * Goes on as a reader: readers may come in, and no writer was in between. This handle is
   * released by that; the read lock has the same token and the same signal. Asks until the
   * server answers, or the session ends.
   *
   * @throws {LostError} it is lost.
   * @throws {NotHeldError} it was released before.
   */
  async downgrade(): Promise<ReadLock> {
    const held = this.giveUp()
    held.check()
    const { session } = held
    const over = () => !session.alive
    await insist(session.client, over, () => putAgain(held, this.owner), session.signal)
    held.check()
    return new ReadLock(held, this.owner)
  }
}

/** Makes the key of a writer that of a reader; does nothing when it is one. */
async function putAgain(held: Held, owner: string): Promise<void> {
  const { client, id } = held.session
  const { succeeded, responses } = await client
    .txn()
    .if(...held.guard(), compare(held.key).version('=', 1))
    .then(op.put(held.key, owner, { lease: id }))
    .else(op.get(held.key))
    .commit()
  if (succeeded) return
  const [own] = responses
  if (own.kvs[0]?.createRevision !== held.fencingToken) held.lose('deleted')
}
