/** A put that holds only if nobody wrote since, with an outcome that is always known. */

import { ConclaveError, type Keyspace, type RequestOptions } from '../client/index.js'
import { isInDoubt } from './errors.js'

/** Tries while the outcome is unknown; each is safe, since all compare the same revision. */
const TRIES_MAX = 3

/**
 * Puts a key if its last put is that of a revision.
 *
 * When the outcome is unknown it is tried again: what was done already shows itself as our
 * value behind that revision. Somebody else may have written the very same value then, which
 * makes no difference.
 *
 * @param modRevision of the last put; 0 when there must be no key.
 * @returns the revision of the put.
 * @throws {ConclaveError} `conflict`: somebody else wrote meanwhile; as `kv.replace()`.
 */
export async function guardedPut(
  client: Keyspace,
  key: string,
  value: Uint8Array,
  modRevision: number,
  options: RequestOptions,
): Promise<number> {
  let inDoubt = false
  for (let tries = 1; ; tries++) {
    try {
      const result =
        modRevision === 0
          ? await client.kv.create(key, value, options)
          : await client.kv.replace(key, value, modRevision, options)
      if (result.succeeded) return result.revision
      const { existing } = result
      if (inDoubt && existing !== null && Buffer.compare(existing.value, value) === 0)
        return existing.modRevision
      throw new ConclaveError('conflict', `Somebody else wrote ${key} meanwhile; read it again.`)
    } catch (error) {
      if (!isInDoubt(error)) throw error
      if (tries === TRIES_MAX || options.signal?.aborted) throw error
      inDoubt = true
    }
  }
}
