/** What somebody has in hand who holds permits; the semaphore itself is in semaphore.ts. */

import { op } from '../client/index.js'
import { Handle } from './handle.js'
import type { Held } from './held.js'
import { insist } from './insist.js'

/** Permits that are held. */
export class Permit extends Handle {
  /** How many. */
  readonly permits: number

  /** @internal */
  constructor(held: Held, owner: string, permits: number) {
    super(held, owner)
    this.permits = permits
  }
}

/** Puts the key again, which wakes who waits for that; as long as it is held. */
export async function tell(held: Held, value: string): Promise<void> {
  const { client, id } = held.session
  const put = () =>
    client
      .txn()
      .if(...held.guard())
      .then(op.put(held.key, value, { lease: id }))
      .commit({ signal: held.signal })
  try {
    await insist(client, () => held.state !== 'held', put, held.signal)
  } catch {
    // It stays untold: the next one waits until we release.
  }
}
