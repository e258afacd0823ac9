/**
 * Topics: messages that every subscriber gets, in one order for all.
 *
 * Promise: **subscribers are told every message that is kept, once and in the order of the
 * log, from wherever they begin; what was dropped before they were told it is never passed
 * over in silence: the next message says between which revisions something is missing.** A
 * publish that is answered was carried out once, however often it was sent.
 *
 * Messages are keys, their order is that of their create revisions. So a topic keeps what
 * its retention says, whatever is compacted, and a slow subscriber misses only what was
 * dropped. The algorithms are in pubsub/publisher.ts and pubsub/subscription.ts.
 *
 * | | round trips |
 * | --- | --- |
 * | `publish` | 1; the first one 2; each time that somebody drops messages, 1 more |
 * | dropping | 2 for 100 messages, after every twentieth of the retention |
 * | `subscribe` | 1 for 10,000 messages that there are, 1 for 8 values of them, then a watch |
 * | `cursor.ack` | 1 |
 *
 * Nothing hangs on a lease. Partition: subscribers wait and are told everything afterwards.
 * Crash: who has a cursor begins behind what it acked; what it had not acked comes again.
 */

import {
  ConclaveError,
  compare,
  encodeValue,
  json,
  type Keyspace,
  leavable,
  op,
  type RequestOptions,
  type ValueCodec,
} from '../client/index.js'
import { invalidArgument } from './errors.js'
import { insist } from './insist.js'
import { checkWhole } from './numbers.js'
import { Publisher, type Retention } from './pubsub/publisher.js'
import { Subscription, type TopicMessage } from './pubsub/subscription.js'
import { digits, revisionIn, TopicStore } from './pubsub/topic-store.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** How a {@link Topic} behaves. */
export interface TopicOptions<Out, In = Out> {
  /** How values are stored; default JSON. */
  readonly codec?: ValueCodec<Out, In>
  /** What is kept; those who publish see to it, each as it was told. */
  readonly retention?: Retention
}

/** Where to begin, and when to end. */
export interface SubscribeOptions {
  /**
   * `new` (the default): what is published after the first `next()`; `oldest`: all that is
   * kept; a revision: what was published at it or later; a cursor: what comes behind what it
   * has acked, and all that is kept when it has acked nothing.
   */
  readonly from?: 'new' | 'oldest' | number | TopicCursor
  /** Aborting ends the iteration with `cancelled`. */
  readonly signal?: AbortSignal
}

/** Largest value, in bytes. A request of etcd's has 1.5 MiB. */
const VALUE_BYTES_MAX = 1024 * 1024
const COUNT = 1_000
const COUNT_MAX = 100_000
const AGE_MS_MIN = 1_000

/**
 * A topic by name; see the head of the file. Making one costs nothing, and nothing has to
 * be closed.
 *
 * @example
 * const prices = new Topic<{ eur: number }>(client, 'prices', { retention: { count: 500 } })
 * const revision = await prices.publish({ eur: 7 })
 * for await (const message of prices.subscribe({ from: revision })) {
 *   if (message.missed) console.log('something is missing before', message.revision)
 *   console.log(message.value.eur)
 *   break
 * }
 */
export class Topic<Out, In = Out> {
  readonly client: Keyspace
  readonly name: string
  readonly #store: TopicStore
  readonly #codec: ValueCodec<Out, In>
  readonly #publisher: Publisher

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the topic's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string, options: TopicOptions<Out, In> = {}) {
    const { count = COUNT, ageMs = Number.POSITIVE_INFINITY } = options.retention ?? {}
    checkWhole(count, 'retention.count', 1, COUNT_MAX)
    if (!(ageMs >= AGE_MS_MIN))
      throw invalidArgument(`retention.ageMs is from ${AGE_MS_MIN} on, not ${ageMs}.`)
    this.client = client
    this.name = name
    this.#store = new TopicStore(client, name)
    // Without a codec both types are what JSON makes of them.
    this.#codec = options.codec ?? (json<unknown>() as unknown as ValueCodec<Out, In>)
    this.#publisher = new Publisher(this.#store, { count, ageMs })
  }

  /**
   * Publishes a message. When it is answered, it was carried out once.
   *
   * @returns its revision: its place in the order of all messages.
   * @throws {ConclaveError} `request-too-large`: the value has more than 1 MiB; nothing was
   *   sent. `outcome-unknown`, or any with `outcomeUnknown`: nobody answered in time, and it
   *   may be published. `cancelled`, `permission-denied`, ….
   */
  async publish(value: In, options: WaitOptions = {}): Promise<number> {
    const encoded = encodeValue(this.#codec, value)
    const bytes = Buffer.byteLength(encoded)
    if (bytes > VALUE_BYTES_MAX) {
      const text = `A value has at most ${VALUE_BYTES_MAX} bytes, not ${bytes}: keep it elsewhere, and publish where.`
      throw new ConclaveError('request-too-large', text)
    }
    const waiting = new Waiting(this.client, options, `A publish on the topic '${this.name}'`)
    try {
      return await this.#publisher.publish(encoded, waiting)
    } finally {
      waiting.close()
    }
  }

  /**
   * Messages for ever. `return()` ends it at once, also while a `next()` waits; a reader that
   * is slow holds a bounded number of messages.
   *
   * @throws {ConclaveError} `invalid-argument` at once; then `cancelled` when the signal
   *   aborts, `closed`, `permission-denied`, ….
   */
  subscribe(options: SubscribeOptions = {}): AsyncGenerator<TopicMessage<Out>, void, undefined> {
    const { from = 'new', signal } = options
    const isWord = from === 'new' || from === 'oldest' || from instanceof TopicCursor
    if (!isWord && !(Number.isSafeInteger(from) && from >= 1))
      throw invalidArgument(`from is 'new', 'oldest', a revision or a cursor, not ${String(from)}.`)
    return leavable(signal, (left) => this.#messages(from, left))
  }

  /**
   * Where a subscriber is, kept in the cluster.
   *
   * @param subscriber not empty, without `/`. Two that use the same name share one position.
   * @throws {ConclaveError} `invalid-argument`.
   */
  cursor(subscriber: string): TopicCursor {
    return new TopicCursor(this.client, this.#store.cursorKey(subscriber))
  }

  /** Messages that are kept. 1 round trip. */
  length(options: RequestOptions = {}): Promise<number> {
    return this.client.kv.count(this.#store.messages, options)
  }

  async *#messages(
    from: NonNullable<SubscribeOptions['from']>,
    signal: AbortSignal,
  ): AsyncGenerator<TopicMessage<Out>, void, undefined> {
    const first = await this.#first(from, signal)
    yield* new Subscription(this.#store, this.#codec, first, signal).messages()
  }

  /** The first revision that is wanted. */
  async #first(from: NonNullable<SubscribeOptions['from']>, signal: AbortSignal): Promise<number> {
    if (typeof from === 'number') return from
    if (from === 'oldest') return 0
    const read = async () => {
      if (from === 'new') return (await this.#store.list(1, 0, { signal })).revision + 1
      const acked = await from.position({ signal })
      return acked === 0 ? 0 : acked + 1
    }
    const over = () => signal.aborted || this.client.closed
    const revision = await insist(this.client, over, read, signal)
    if (revision !== undefined) return revision
    throw new ConclaveError('cancelled', 'The subscription has ended.', { cause: signal.reason })
  }
}

/**
 * Where a subscriber is: behind everything that it has acked. Made by {@link Topic.cursor}.
 *
 * @example
 * const topic = new Topic<string>(client, 'orders')
 * const cursor: TopicCursor = topic.cursor('billing')
 * for await (const message of topic.subscribe({ from: cursor })) {
 *   console.log(message.value)
 *   await cursor.ack(message)
 * }
 */
export class TopicCursor {
  readonly #client: Keyspace
  readonly #key: string

  /** @internal */
  constructor(client: Keyspace, key: string) {
    this.#client = client
    this.#key = key
  }

  /** The revision of the newest message that was acked; 0 when none was. */
  async position(options: RequestOptions = {}): Promise<number> {
    return revisionIn(await this.#client.kv.get(this.#key, options))
  }

  /**
   * Everything up to this message is done. It never goes back: to ack an older one does
   * nothing. Asks until somebody answers.
   */
  async ack({ revision }: { readonly revision: number }, options: WaitOptions = {}): Promise<void> {
    checkWhole(revision, 'A revision', 1)
    const waiting = new Waiting(this.#client, options, `The cursor ${this.#key}`)
    const own = digits(revision)
    const ack = async () => {
      waiting.check()
      await this.#client
        .txn()
        .if(compare(this.#key).value('>', own))
        .else(op.put(this.#key, own))
        .commit({ signal: waiting.signal })
      return true
    }
    try {
      const over = () => waiting.over || this.#client.closed
      if (await insist(this.#client, over, ack, waiting.signal)) return
      waiting.check()
      throw new ConclaveError('closed', 'The client is closed; make a new one.')
    } finally {
      waiting.close()
    }
  }

  /** Forgets where it was. */
  async forget(options: RequestOptions = {}): Promise<void> {
    await this.#client.kv.delete(this.#key, options)
  }
}
