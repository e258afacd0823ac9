/**
 * Putting items into a queue.
 *
 * 1. One transaction for up to {@link ITEMS_PER_TXN} items. For each of them, inside: if no
 *    marker, no item and no dead item of this id is there, put the value, the record, and a
 *    marker with a nonce of this call.
 * 2. When the outcome is unknown, the same is sent again until somebody answers: a marker
 *    with our nonce says that it was done. See markers.ts why it is never done twice.
 * 3. In a queue with a bound the transaction also demands that the tail is as it was when
 *    the items were counted, and puts it. So nobody enqueued in between, and the bound is
 *    exact. It counts again in the same transaction, so the next enqueue need not ask.
 *    Only what is sent again, because its outcome was unknown, is let in over the bound.
 */

import {
  type Compare,
  ConclaveError,
  compare,
  type Keyspace,
  type Lease,
  type Op,
  type OpResult,
  op,
  type TxnResult,
} from '../../client/index.js'
import { isInDoubt, isTransient } from '../errors.js'
import { pause } from '../pause.js'
import type { Waiting } from '../waiting.js'
import type { QueueKeys } from './keys.js'
import type { Markers } from './markers.js'
import type { NewItem } from './new-item.js'
import { QueueFullError } from './queue-full.js'
import { encodeRecord } from './records.js'

/** Three puts and a transaction each, and two operations more: below etcd's 128. */
export const ITEMS_PER_TXN = 31

const RETRY_MS = 50

/** What became of something that was enqueued. */
export interface Enqueued {
  readonly id: string
  /** The id was there already, or was not long ago: nothing was done. */
  readonly duplicate: boolean
}

/** The end of the queue, as it was at some time. */
interface Tail {
  /** Of the last put; 0 when there was none. */
  readonly modRevision: number
  /** Items then; by now there may be fewer, as long as the tail is the same. */
  readonly length: number
  /** Of the store. */
  readonly revision: number
}

/** See the head of the file. */
export class Producer {
  readonly #client: Keyspace
  readonly #keys: QueueKeys
  readonly #markers: Markers
  readonly #lengthMax: number | undefined
  #tail: Tail | undefined

  constructor(
    client: Keyspace,
    keys: QueueKeys,
    markers: Markers,
    { lengthMax }: { readonly lengthMax: number | undefined },
  ) {
    this.#client = client
    this.#keys = keys
    this.#markers = markers
    this.#lengthMax = lengthMax
  }

  /** Most items of one transaction. */
  get itemsMax(): number {
    return Math.min(ITEMS_PER_TXN, this.#lengthMax ?? ITEMS_PER_TXN)
  }

  /**
   * Puts them in, all or none.
   *
   * @param items at most {@link itemsMax}, of different ids.
   * @throws {QueueFullError} unless it is to wait.
   * @throws {ConclaveError} with `outcomeUnknown` when it may have been done.
   */
  async enqueue(
    items: readonly NewItem[],
    waiting: Waiting,
    whenFull: 'fail' | 'wait',
  ): Promise<Enqueued[]> {
    const nonce = Buffer.from(this.#client.random.bytes(8)).toString('hex')
    let doubtful: Lease | undefined
    for (let tries = 0; ; tries++) {
      try {
        waiting.check()
        const tail = await this.#room(items.length, waiting, whenFull, doubtful !== undefined)
        const lease = doubtful ?? (await this.#markers.lease())
        const result = await this.#try(items, nonce, lease, tail, waiting, () => {
          doubtful = lease
        })
        if (result !== undefined) return result
      } catch (error) {
        this.#judge(error, waiting, doubtful !== undefined)
      }
      if (tries > 0)
        await pause(this.#client, RETRY_MS * this.#client.random.next(), waiting.signal)
    }
  }

  /** Returns when there is a point in another try. */
  #judge(error: unknown, waiting: Waiting, inDoubt: boolean): void {
    const is = (code: string) => error instanceof ConclaveError && error.code === code
    if (is('lease-not-found')) this.#markers.forget()
    // Without the lease the marker of a try that was done may be gone.
    const again = is('lease-not-found') ? !inDoubt : isTransient(error)
    if (again && !waiting.over && !this.#client.closed) return
    if (!inDoubt) throw error
    const { message } = error as Error
    throw new ConclaveError('outcome-unknown', `It may or may not be enqueued: ${message}`, {
      cause: error,
      outcomeUnknown: true,
    })
  }

  /** One transaction; undefined when the queue was not as we thought. */
  async #try(
    items: readonly NewItem[],
    nonce: string,
    lease: Lease,
    tail: Tail | undefined,
    waiting: Waiting,
    onDoubt: () => void,
  ): Promise<Enqueued[] | undefined> {
    const bounded = tail !== undefined
    const { tail: key, items: range } = this.#keys
    const ends = bounded ? [op.put(key, ''), op.get(range, { countOnly: true })] : []
    const looks = bounded ? [op.get(key), op.get(range, { countOnly: true })] : []
    const guards: Compare[] = bounded ? [compare(key).modRevision('=', tail.modRevision)] : []
    let result: TxnResult
    try {
      result = await this.#client
        .txn()
        .if(...guards)
        .then(...items.map((item) => this.#insert(item, nonce, lease)), ...ends)
        .else(...looks)
        .commit({ signal: waiting.signal })
    } catch (error) {
      if (isInDoubt(error)) onDoubt()
      waiting.check()
      throw error
    }
    const { succeeded, responses, revision } = result
    if (bounded) this.#tail = tailOf(responses, revision)
    if (!succeeded) return undefined
    return items.map(({ id }, i) => ({ id, duplicate: !isOurs(responses[i], nonce) }))
  }

  #insert({ id, value, record }: NewItem, nonce: string, lease: Lease): Op {
    const keys = this.#keys
    return op.txn({
      compare: [keys.seen(id), keys.item(id), keys.deadItem(id)].map((key) =>
        compare(key).missing(),
      ),
      success: [
        op.put(keys.value(id), value),
        op.put(keys.item(id), encodeRecord(record)),
        op.put(keys.seen(id), nonce, { lease }),
      ],
      failure: [op.get(keys.seen(id))],
    })
  }

  /** Makes sure that there is room, as far as anybody knows; undefined for a queue without a bound. */
  async #room(
    wanted: number,
    waiting: Waiting,
    whenFull: 'fail' | 'wait',
    inDoubt: boolean,
  ): Promise<Tail | undefined> {
    const lengthMax = this.#lengthMax
    if (lengthMax === undefined) return undefined
    for (;;) {
      const fits = (tail: Tail | undefined) =>
        tail !== undefined && (inDoubt || tail.length + wanted <= lengthMax)
      if (!fits(this.#tail)) this.#tail = await this.#look(waiting)
      if (fits(this.#tail)) return this.#tail
      if (whenFull === 'fail') throw new QueueFullError(this.#keys.name, lengthMax)
      await this.#someGone(this.#tail!.revision, waiting)
    }
  }

  async #look(waiting: Waiting): Promise<Tail> {
    const { responses, revision } = await this.#client
      .txn()
      .then(op.get(this.#keys.tail), op.get(this.#keys.items, { countOnly: true }))
      .commit({ signal: waiting.signal })
    return tailOf(responses, revision)
  }

  /** Waits until an item leaves the queue. */
  async #someGone(revision: number, waiting: Waiting): Promise<void> {
    const { signal } = waiting
    const filters = ['noPut'] as const
    try {
      const options = { startRevision: revision + 1, filters, signal }
      for await (const _deletion of this.#client.watch(this.#keys.items, options)) return
    } catch (error) {
      waiting.check()
      if (!(error instanceof ConclaveError) || error.code !== 'compacted') throw error
    }
  }
}

/** The last two of the answers are about the tail. */
function tailOf(responses: readonly OpResult[], revision: number): Tail {
  const [tail, items] = responses.slice(-2)
  const length = items?.type === 'get' ? items.count : 0
  if (tail?.type === 'put') return { modRevision: revision, length, revision }
  const modRevision = tail?.type === 'get' ? (tail.kvs[0]?.modRevision ?? 0) : 0
  return { modRevision, length, revision }
}

/** It was put in now, or by an earlier try of the same call. */
function isOurs(result: OpResult | undefined, nonce: string): boolean {
  if (result?.type !== 'txn') return false
  if (result.succeeded) return true
  const [seen] = result.responses
  return seen?.type === 'get' && seen.kvs[0]?.text() === nonce
}
