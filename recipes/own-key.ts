/** Requests about one's own key, each safe to repeat. */

import { compare, type KeyValue, op } from '../client/index.js'
import { insist } from './insist.js'
import type { Session } from './session.js'

/** The own key as it is; undefined when the session is lost before anybody answers. */
export function readKey(
  session: Session,
  key: string,
): Promise<{ readonly kv: KeyValue | undefined; readonly revision: number } | undefined> {
  const read = async () => {
    const { kvs, revision } = await session.client.kv.getAll({ from: key, to: `${key}\0` })
    return { kv: kvs[0], revision }
  }
  return insist(session.client, () => !session.alive, read, session.signal)
}

/**
 * Deletes the own key, if it is still the one that was created at this revision.
 *
 * @returns whether it was there when the request that was answered arrived; undefined
 *   when the session is lost before anybody answers.
 */
export async function deleteKey(
  session: Session,
  key: string,
  createRevision: number,
): Promise<{ readonly deleted: boolean; readonly sure: boolean } | undefined> {
  let tries = 0
  const remove = async () => {
    tries++
    const { succeeded } = await session.client
      .txn()
      .if(compare(key).createRevision('=', createRevision))
      .then(op.delete(key))
      .commit()
    return { deleted: succeeded, sure: tries === 1 }
  }
  return insist(session.client, () => !session.alive, remove, session.signal)
}

/** Deletes the key if it hangs on this session, of which nobody holds it. */
export async function clearKey(session: Session, key: string): Promise<void> {
  const found = await readKey(session, key)
  if (found?.kv?.lease === session.id) await deleteKey(session, key, found.kv.createRevision)
}
