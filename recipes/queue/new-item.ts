/** An item as it comes in: checked, encoded, and put together with others for one request. */

import { ConclaveError, encodeValue, type Keyspace, type ValueCodec } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkSegment } from '../names.js'
import { checkWhole } from '../numbers.js'
import type { ItemRecord } from './records.js'
import { checkDelay, delayFor } from './retry-rule.js'

/** How to enqueue an item. */
export interface ItemOptions {
  /** Greater goes first. A whole number from -1000 to 1000; default 0. */
  readonly priority?: number
  /** How long it waits before it is ready, in milliseconds, from 0 to a week. Default 0. */
  readonly delayMs?: number
  /**
   * Its id: a second item of the same id is not enqueued while the first is in the queue, or
   * dead, or was enqueued less than `dedupSeconds` ago. Not empty, without `/`, up to 256
   * bytes. Default a random one.
   */
  readonly id?: string
}

/** Something to enqueue, as it is sent. */
export interface NewItem {
  readonly id: string
  readonly value: Uint8Array | string
  readonly record: ItemRecord
}

/** Largest value, in bytes. A request of etcd's has 1.5 MiB. */
const VALUE_BYTES_MAX = 1024 * 1024
const ID_BYTES_MAX = 256
const PRIORITY_MAX = 1_000
/** Of an id that nobody gave. */
const RANDOM_ID_BYTES = 12

/** Checks and encodes it. @throws {ConclaveError} `invalid-argument`, `request-too-large`. */
export function newItem<In>(
  client: Keyspace,
  codec: Pick<ValueCodec<unknown, In>, 'encode'>,
  { value, id, priority = 0, delayMs = 0 }: ItemOptions & { readonly value: In },
): NewItem {
  if (id !== undefined) {
    checkSegment(id, 'The id of an item')
    if (Buffer.byteLength(id) > ID_BYTES_MAX)
      throw invalidArgument(`The id of an item has at most ${ID_BYTES_MAX} bytes.`)
  }
  checkWhole(priority, 'priority', -PRIORITY_MAX, PRIORITY_MAX)
  checkDelay(delayMs)
  const encoded = encodeValue(codec, value)
  const bytes = Buffer.byteLength(encoded)
  if (bytes > VALUE_BYTES_MAX) {
    const text = `A value has at most ${VALUE_BYTES_MAX} bytes, not ${bytes}: keep it elsewhere, and enqueue where.`
    throw new ConclaveError('request-too-large', text)
  }
  const record = { priority, place: 0, attempts: 0, bytes, ...delayFor(client, delayMs) }
  return {
    id: id ?? Buffer.from(client.random.bytes(RANDOM_ID_BYTES)).toString('hex'),
    value: encoded,
    record,
  }
}

/** In transactions that the server takes, each id once. */
export function portions(items: readonly NewItem[], itemsMax: number): NewItem[][] {
  const all: NewItem[][] = []
  const ids = new Set<string>()
  let bytes = 0
  for (const item of items) {
    if (ids.has(item.id)) continue
    ids.add(item.id)
    let last = all.at(-1)
    bytes += item.record.bytes
    if (last === undefined || last.length === itemsMax || bytes > VALUE_BYTES_MAX) {
      last = []
      all.push(last)
      bytes = item.record.bytes
    }
    last.push({ ...item, record: { ...item.record, place: last.length } })
  }
  return all
}
