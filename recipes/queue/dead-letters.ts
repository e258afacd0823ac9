/**
 * The items that failed too often: kept with their value and the last error until somebody
 * decides.
 *
 * Each change is one transaction on one item, under the condition that it is still dead, so
 * it may be repeated and two operators do not get into each other's way.
 */

import {
  compare,
  type Keyspace,
  type KeyValue,
  type Op,
  op,
  type RequestOptions,
  type ValueCodec,
} from '../../client/index.js'
import { checkSegment } from '../names.js'
import { checkWhole } from '../numbers.js'
import { Waiting, type WaitOptions } from '../waiting.js'
import { commitGuarded } from './guarded.js'
import type { QueueKeys } from './keys.js'
import { deadRecord, encodeRecord, type ItemRecord } from './records.js'

/** An item that failed too often. */
export interface DeadLetter<T> {
  readonly id: string
  /** Undefined when it is gone, or the codec refuses it; see `error`. */
  readonly value: T | undefined
  readonly priority: number
  readonly attempts: number
  /** Why the last attempt failed. */
  readonly error: string
  /** When it was buried, by the wall clock of who did it, in epoch milliseconds. */
  readonly diedMs: number
}

/** Which dead items to list. */
export interface DeadListOptions extends RequestOptions {
  /** At most so many, from 1 to 1000; default 100. */
  readonly limit?: number
  /** Those whose id comes after this one. */
  readonly after?: string
}

const LIMIT = 100
const LIMIT_MAX = 1_000
/** Values that are read at once; each may have a megabyte. */
const VALUES_AT_ONCE = 16

/** See the head of the file. */
export class DeadLetters<T> {
  readonly #client: Keyspace
  readonly #keys: QueueKeys
  readonly #codec: Pick<ValueCodec<T, never>, 'decode'>

  /** @internal Use `Queue.dead`. */
  constructor(client: Keyspace, keys: QueueKeys, codec: Pick<ValueCodec<T, never>, 'decode'>) {
    this.#client = client
    this.#keys = keys
    this.#codec = codec
  }

  /** How many there are. */
  count(options: RequestOptions = {}): Promise<number> {
    return this.#client.kv.count(this.#keys.dead, options)
  }

  /** Some of them, by id. 1 round trip, and 1 for 16 values. */
  async list(options: DeadListOptions = {}): Promise<DeadLetter<T>[]> {
    const { limit = LIMIT, after, ...request } = options
    checkWhole(limit, 'limit', 1, LIMIT_MAX)
    const { prefix } = this.#keys.dead
    const from = after === undefined ? prefix : `${this.#keys.deadItem(after)}\0`
    const { kvs } = await this.#client.kv.getAll(
      { from, to: prefix.replace(/\/$/, '0') },
      { ...request, limit },
    )
    const letters: DeadLetter<T>[] = []
    for (let i = 0; i < kvs.length; i += VALUES_AT_ONCE) {
      const some = kvs.slice(i, i + VALUES_AT_ONCE)
      const ids = some.map((kv) => this.#keys.deadId(kv.keyString))
      const values = await this.#values(ids, request)
      letters.push(...some.map((kv, k) => this.#letter(ids[k]!, kv, values[k])))
    }
    return letters
  }

  /**
   * Back into the queue, as if enqueued now, at the end of its priority, with no attempt
   * counted. The bound of the queue does not count.
   *
   * @returns whether it was among the dead.
   */
  async requeue(id: string, options: WaitOptions = {}): Promise<boolean> {
    const kv = await this.#client.kv.get(this.#key(id), options)
    const record = kv === null ? undefined : deadRecord(kv)
    if (kv === null || record === undefined) return false
    const { priority, bytes, error } = record
    const item: ItemRecord = { priority, place: 0, attempts: 0, bytes, error }
    return this.#take(kv, [op.put(this.#keys.item(id), encodeRecord(item))], options)
  }

  /** Forgets it, and its value. Tells whether it was among the dead. */
  async purge(id: string, options: WaitOptions = {}): Promise<boolean> {
    const kv = await this.#client.kv.get(this.#key(id), options)
    return kv !== null && this.#take(kv, [op.delete(this.#keys.value(id))], options)
  }

  #key(id: string): string {
    checkSegment(id, 'The id of an item')
    return this.#keys.deadItem(id)
  }

  /** It leaves the dead; false when another was faster. */
  async #take(kv: KeyValue, ops: readonly Op[], options: WaitOptions): Promise<boolean> {
    const waiting = new Waiting(this.#client, options, `The dead item ${kv.keyString}`)
    const take = async () => {
      waiting.check()
      const { succeeded } = await this.#client
        .txn()
        .if(compare(kv.key).createRevision('=', kv.createRevision))
        .then(op.delete(kv.key), ...ops)
        .commit({ signal: waiting.signal })
      return succeeded
    }
    const over = () => waiting.over || this.#client.closed
    try {
      const outcome = await commitGuarded(this.#client, over, take, waiting.signal)
      if (outcome === 'given-up') waiting.check()
      // Another may have done it in our stead: it is not among the dead any more in any case.
      return outcome === 'done' || outcome === 'perhaps'
    } finally {
      waiting.close()
    }
  }

  async #values(
    ids: readonly string[],
    request: RequestOptions,
  ): Promise<(KeyValue | undefined)[]> {
    const gets = ids.map((id) => op.get(this.#keys.value(id)))
    const { responses } = await this.#client
      .txn()
      .then(...gets)
      .commit(request)
    return responses.map((one) => (one.type === 'get' ? one.kvs[0] : undefined))
  }

  #letter(id: string, kv: KeyValue, value: KeyValue | undefined): DeadLetter<T> {
    const { priority = 0, attempts = 0, error = '', diedMs = 0 } = deadRecord(kv) ?? {}
    const about = { id, priority, attempts, error, diedMs }
    try {
      return { ...about, value: value?.decode(this.#codec) }
    } catch {
      return { ...about, value: undefined }
    }
  }
}
