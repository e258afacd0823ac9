/**
 * Reading a topic: what there is, then what comes, in the order of the log.
 *
 * 1. **List** the keys of the messages from the wanted revision on, with the floor, in one
 *    transaction. A floor at or above the wanted revision: messages were dropped that we
 *    have not told; the next message says so.
 * 2. **Read** their values, a few at a time, as the reader asks for them. A message that was
 *    dropped meanwhile is missed, too, and the next message says so.
 * 3. **Watch** from the revision of the list on. The watch tells also what is dropped in
 *    between, as it reads history. When that has been compacted: back to 1.
 *
 * A reader that is slow holds up nobody: at most {@link VALUES_AT_ONCE} values or the buffer
 * of the watch wait for it.
 */

import { type KeyValue, op, type ValueCodec } from '../../client/index.js'
import { hasCode, isTransient } from '../errors.js'
import { pause } from '../pause.js'
import { publishedMs, type TopicStore } from './topic-store.js'

const RETRY_MS = 200
/** Keys of one list. */
const KEYS_AT_ONCE = 10_000
/** Values that are read at once; each may have a megabyte. */
const VALUES_AT_ONCE = 8

/** Messages that were dropped before this subscriber was told them. */
export interface Missed {
  /** All of them were published at this revision or later … */
  readonly from: number
  /** … and at this one or before. There may be one or many, or, where others wrote, none. */
  readonly to: number
}

/** A message of a topic. */
export class TopicMessage<T> {
  /** Its place in the order of all messages. */
  readonly revision: number
  /** By its publisher's wall clock, in epoch milliseconds. */
  readonly publishedMs: number
  readonly key: string
  /** What was lost between the message before and this one; undefined when nothing was. */
  readonly missed: Missed | undefined
  readonly #kv: KeyValue
  readonly #codec: Pick<ValueCodec<T, never>, 'decode'>

  /** @internal */
  constructor(
    kv: KeyValue,
    codec: Pick<ValueCodec<T, never>, 'decode'>,
    missed: Missed | undefined,
  ) {
    this.revision = kv.createRevision
    this.key = kv.keyString
    this.publishedMs = publishedMs(this.key)
    this.missed = missed
    this.#kv = kv
    this.#codec = codec
  }

  /** @throws {ConclaveError} `invalid-value`: the codec refuses it; the messages behind can be read all the same. */
  get value(): T {
    return this.#kv.decode(this.#codec)
  }
}

/** One reading of a topic. */
export class Subscription<T> {
  readonly #store: TopicStore
  readonly #codec: Pick<ValueCodec<T, never>, 'decode'>
  readonly #signal: AbortSignal
  /** Everything before this revision was told, or is not wanted. */
  #next: number
  /** Lost since the last message. */
  #missed: Missed | undefined

  /** @param from the first revision that is wanted; 0: whatever there is. */
  constructor(
    store: TopicStore,
    codec: Pick<ValueCodec<T, never>, 'decode'>,
    from: number,
    signal: AbortSignal,
  ) {
    this.#store = store
    this.#codec = codec
    this.#next = from
    this.#signal = signal
  }

  /** For ever. @throws {ConclaveError} `cancelled`, `permission-denied`, `closed`, …. */
  async *messages(): AsyncGenerator<TopicMessage<T>, void, undefined> {
    for (;;) {
      try {
        yield* this.#present()
        yield* this.#future()
      } catch (error) {
        const isCompacted = hasCode(error, 'compacted')
        const isOver = this.#signal.aborted || this.#store.client.closed
        if (isOver || !(isCompacted || isTransient(error))) throw error
        if (!isCompacted) await pause(this.#store.client, RETRY_MS, this.#signal)
      }
    }
  }

  /** Steps 1 and 2. */
  async *#present(): AsyncGenerator<TopicMessage<T>, void, undefined> {
    for (let more = true; more; ) {
      const signal = this.#signal
      const listing = await this.#store.list(KEYS_AT_ONCE, this.#next, { signal })
      const { kvs, floor, revision } = listing
      if (this.#next > 0 && floor.revision >= this.#next) this.#miss(this.#next, floor.revision)
      for (let i = 0; i < kvs.length; i += VALUES_AT_ONCE)
        yield* this.#read(kvs.slice(i, i + VALUES_AT_ONCE))
      more = listing.more
      if (!more) this.#next = revision + 1
    }
  }

  async *#read(keys: readonly KeyValue[]): AsyncGenerator<TopicMessage<T>, void, undefined> {
    const gets = keys.map(({ key }) => op.get(key))
    const { responses } = await this.#store.client
      .txn()
      .then(...gets)
      .commit({ signal: this.#signal })
    for (const [i, { createRevision }] of keys.entries()) {
      const response = responses[i]
      const kv = response?.type === 'get' ? response.kvs[0] : undefined
      if (kv === undefined) this.#miss(createRevision, createRevision)
      else yield this.#tell(kv)
      this.#next = Math.max(this.#next, createRevision + 1)
    }
  }

  /** Step 3. */
  async *#future(): AsyncGenerator<TopicMessage<T>, void, undefined> {
    const { client, messages } = this.#store
    const watcher = client.watch(messages, {
      startRevision: this.#next,
      filters: ['noDelete'],
      signal: this.#signal,
    })
    for await (const { kv } of watcher) {
      // A key that somebody has put again is no new message.
      if (kv.version === 1) yield this.#tell(kv)
      this.#next = kv.modRevision + 1
    }
  }

  #miss(from: number, to: number): void {
    const missed = this.#missed
    this.#missed = { from: missed?.from ?? from, to: Math.max(to, missed?.to ?? 0) }
  }

  #tell(kv: KeyValue): TopicMessage<T> {
    const missed = this.#missed
    this.#missed = undefined
    this.#next = kv.createRevision + 1
    return new TopicMessage(kv, this.#codec, missed)
  }
}
