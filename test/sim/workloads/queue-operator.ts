/** An operator who deletes a key of a queue by hand: its holder has lost, or its waiter. */

import type { RangeResponse } from '../../../client/wire/generated/rpc.js'
import { latin1 } from '../../model/history.js'
import type { SeededRandom } from '../../model/random.js'
import { del, range } from '../../model/requests.js'
import type { Worker } from './worker.js'

/** Deletes one of the keys of a mutex or an election, if there is any. */
export async function deleteOfQueue(
  worker: Worker,
  random: SeededRandom,
  name: string,
): Promise<void> {
  const request = range(`${name}/`, `${name}0`, { serializable: true, keysOnly: true })
  const { answer } = await worker.perform({ kind: 'range', request })
  if (answer.kind !== 'ok') return
  const { kvs } = answer.response as RangeResponse
  if (kvs.length === 0) return
  const key = latin1(random.pick(kvs).key)
  await worker.perform({ kind: 'deleteRange', request: del(key) })
}
