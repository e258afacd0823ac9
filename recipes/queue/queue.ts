/**
 * A queue of work: items are put in by some and worked on by others.
 *
 * Promise: **an item that was enqueued is delivered at least once, until it is acked or dead;
 * it is acked at most once, and nobody gets it while another has it.** Who had an item and
 * stands still may still work on it when another has it; his ack fails, and `item.guard()`
 * fails every transaction. An enqueue that is answered was carried out once, however often
 * it was sent.
 *
 * Items are claimed by priority, then in the order of the log in which they were enqueued;
 * an item that comes back keeps its place. Several consumers take several items at the same
 * time, so they may begin them in a slightly other order. No clock decides the order.
 *
 * The algorithm of consumers is in claims.ts, that of producers in producer.ts, the keys
 * are in keys.ts.
 *
 * | | round trips |
 * | --- | --- |
 * | `enqueue` | 1 (and 1 for a lease every `dedupSeconds`) |
 * | `enqueue` with `lengthMax` | 1; 2 after another producer; 1 and a watch when it is full |
 * | `enqueueMany` | 1 for 31 items or a megabyte |
 * | claiming up to 31 items | 1 |
 * | `ack`, `nack`, `release` | 1 |
 * | being a consumer | a list of the queue, then a watch of small records; 1 for every change of its places |
 *
 * Lease lost: `item.signal` fires for every item of the session, and after the lease has
 * ended on the server they come back. Partition: the same, at the session's deadline; a
 * consumer goes on with a new session. Crash: the items come back when the lease ends, at
 * most a TTL later. In all three the attempt counts.
 */

import {
  ConclaveError,
  json,
  type Keyspace,
  type RequestOptions,
  type ValueCodec,
} from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkWhole } from '../numbers.js'
import { checkOptions, type SessionOptions, TTL_SECONDS } from '../session-options.js'
import { Waiting, type WaitOptions } from '../waiting.js'
import { Claims } from './claims.js'
import { type ConsumeOptions, Consumer, type ItemHandler } from './consumer.js'
import { DeadLetters } from './dead-letters.js'
import { inspectQueue, type QueueParticipant, type QueueReport } from './inspect.js'
import type { QueueItem } from './item.js'
import { QueueKeys } from './keys.js'
import { Markers } from './markers.js'
import { type ItemOptions, newItem, portions } from './new-item.js'
import { type Enqueued, Producer } from './producer.js'
import { type RetryOptions, RetryRule } from './retry-rule.js'

/** How a {@link Queue} behaves. */
export interface QueueOptions<Out, In = Out>
  extends RetryOptions,
    Pick<SessionOptions, 'ttlSeconds' | 'marginMs' | 'owner'> {
  /** How values are stored; default JSON. */
  readonly codec?: ValueCodec<Out, In>
  /**
   * Items that the queue may have: ready, delayed and in flight, without the dead. It binds
   * the producers that say it, exactly if all say the same. Default: no bound.
   */
  readonly lengthMax?: number
  /**
   * How long an id is remembered after its enqueue, in whole seconds from 10 to 86,400; at
   * most twice as long. Default 60. Also how long an enqueue may be in doubt.
   */
  readonly dedupSeconds?: number
}

/** How to enqueue. */
export interface EnqueueOptions extends WaitOptions {
  /** Fail with a `QueueFullError`, or wait for room. Default `fail`. */
  readonly whenFull?: 'fail' | 'wait'
}

/** How to claim. */
export interface ClaimOptions extends WaitOptions {
  /** At most so many, from 1 to 1000; default 1. */
  readonly max?: number
}

const CLAIM_MAX = 1_000
const DEDUP_SECONDS = 60
const DEDUP_SECONDS_MIN = 10
const DEDUP_SECONDS_MAX = 86_400

/**
 * A queue by name; see the head of the file. Making one costs nothing. One that only
 * enqueues need not be closed.
 *
 * @example
 * const mails = new Queue<{ to: string }>(client, 'mails')
 * await mails.enqueue({ to: 'ann@example.org' }, { priority: 5 })
 * const consumer = mails.consume(async (item, signal) => {
 *   await schedule({ signal, token: item.fencingToken })
 * })
 * await consumer.close()
 * await mails.close()
 */
export class Queue<Out, In = Out> implements AsyncDisposable {
  readonly client: Keyspace
  readonly name: string
  /** The items that failed too often. */
  readonly dead: DeadLetters<Out>
  readonly #keys: QueueKeys
  readonly #codec: ValueCodec<Out, In>
  readonly #options: QueueOptions<Out, In>
  readonly #rule: RetryRule
  readonly #producer: Producer
  readonly #consumers = new Set<Consumer<Out>>()
  /** Made when somebody wants an item. */
  #claims: Claims<Out> | undefined
  #closed: Promise<void> | undefined

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the queue's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string, options: QueueOptions<Out, In> = {}) {
    const { lengthMax, dedupSeconds = DEDUP_SECONDS } = options
    if (lengthMax !== undefined) checkWhole(lengthMax, 'lengthMax', 1)
    checkWhole(dedupSeconds, 'dedupSeconds', DEDUP_SECONDS_MIN, DEDUP_SECONDS_MAX)
    checkOptions(options, options.ttlSeconds ?? TTL_SECONDS)
    this.client = client
    this.name = name
    this.#keys = new QueueKeys(name)
    this.#options = options
    // Without a codec both types are what JSON makes of them.
    this.#codec = options.codec ?? (json<unknown>() as unknown as ValueCodec<Out, In>)
    this.#rule = new RetryRule(client, options)
    const markers = new Markers(client, dedupSeconds)
    this.#producer = new Producer(client, this.#keys, markers, { lengthMax })
    this.dead = new DeadLetters(client, this.#keys, this.#codec)
  }

  /**
   * Puts an item in. When it is answered, it was carried out once.
   *
   * @returns its id, whether it is new or was there.
   * @throws {QueueFullError} the queue has `lengthMax` items.
   * @throws {ConclaveError} `request-too-large`: the value has more than 1 MiB; nothing was
   *   sent. `outcome-unknown`, or any with `outcomeUnknown`: nobody answered in time, and it
   *   may be in; enqueue it again with the same `id`. `cancelled`, `permission-denied`, ….
   */
  async enqueue(value: In, options: ItemOptions & EnqueueOptions = {}): Promise<string> {
    const [enqueued] = await this.enqueueMany([{ value, ...options }], options)
    return enqueued!.id
  }

  /**
   * Puts items in, in their order. Up to 31 of them, of a megabyte together, go in at once;
   * when it fails, those before may be in.
   *
   * @returns for each its id, and whether it was there already. As {@link enqueue}.
   */
  async enqueueMany(
    items: readonly (ItemOptions & { readonly value: In })[],
    options: EnqueueOptions = {},
  ): Promise<Enqueued[]> {
    const { whenFull = 'fail' } = options
    if (whenFull !== 'fail' && whenFull !== 'wait')
      throw invalidArgument("whenFull is 'fail' or 'wait'.")
    this.#checkOpen()
    const waiting = new Waiting(this.client, options, `Room in the queue '${this.name}'`)
    try {
      const answers = new Map<string, Enqueued>()
      const fresh = items.map((item) => newItem(this.client, this.#codec, item))
      for (const some of portions(fresh, this.#producer.itemsMax))
        for (const one of await this.#producer.enqueue(some, waiting, whenFull))
          answers.set(one.id, one)
      const told = new Set<string>()
      return fresh.map(({ id }) => {
        const duplicate = told.has(id) || answers.get(id)!.duplicate
        told.add(id)
        return { id, duplicate }
      })
    } finally {
      waiting.close()
    }
  }

  /**
   * Waits until there is something, and claims it. Settle every item: what is forgotten
   * stays ours as long as the session lives.
   *
   * @returns one item at least.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `closed`, `permission-denied`, ….
   */
  claim(options: ClaimOptions = {}): Promise<QueueItem<Out>[]> {
    const { max = 1 } = options
    checkWhole(max, 'max', 1, CLAIM_MAX)
    return this.#claiming.claim(max, options)
  }

  /** Waits for one item. As {@link claim}. */
  async receive(options: WaitOptions = {}): Promise<QueueItem<Out>> {
    const [item] = await this.claim({ ...options, max: 1 })
    return item!
  }

  /**
   * Works on items until it is closed; it heals itself for ever.
   *
   * @param handler its return acks the item, its failure gives it back.
   * @throws {ConclaveError} `invalid-argument`.
   */
  consume(handler: ItemHandler<Out>, options: ConsumeOptions = {}): Consumer<Out> {
    const consumer = new Consumer(this.client, this.#claiming, handler, options)
    this.#consumers.add(consumer)
    const over = () => this.#consumers.delete(consumer)
    void consumer.ended.then(() => consumer.close()).then(over)
    return consumer
  }

  /** Items in the queue: ready, delayed and in flight. 1 round trip. */
  length(options: RequestOptions = {}): Promise<number> {
    return this.client.kv.count(this.#keys.items, options)
  }

  /** What is in the queue, who has what since when, and who consumes. It reads the whole queue, without values. */
  inspect(options: RequestOptions = {}): Promise<QueueReport> {
    return inspectQueue(this.client, this.#keys, options)
  }

  /** Who consumes. As {@link inspect}. */
  async participants(options: RequestOptions = {}): Promise<readonly QueueParticipant[]> {
    return (await this.inspect(options)).participants
  }

  /**
   * Closes the consumers of this handle, then its session: what it still has comes back at
   * once. Idempotent.
   *
   * @param options.drainMs time for running handlers; default 10 s.
   */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(options: { readonly drainMs?: number }): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close(options)))
    await this.#claims?.close()
  }

  #checkOpen(): void {
    if (this.#closed !== undefined)
      throw new ConclaveError('closed', `The queue '${this.name}' is closed; make a new one.`)
  }

  get #claiming(): Claims<Out> {
    this.#checkOpen()
    const { ttlSeconds, marginMs, owner } = this.#options
    const session = {
      ...(ttlSeconds !== undefined && { ttlSeconds }),
      ...(marginMs !== undefined && { marginMs }),
      ...(owner !== undefined && { owner }),
    }
    this.#claims ??= new Claims(this.client, this.#keys, this.#codec, this.#rule, session)
    return this.#claims
  }
}
