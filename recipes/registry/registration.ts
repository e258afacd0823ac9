/**
 * One instance that this process keeps registered.
 *
 * Promise: **until it is closed, the instance is in the store as soon and as often as the
 * cluster lets us put it there; when this process dies, it is gone within the TTL; when it
 * drains, nobody who has heard of it sends it another request before it goes.**
 *
 * It stands on a persistent node: a key on a lease that is put back whenever it or its
 * lease disappears, for ever. All registrations of a registry share one lease. The same
 * service and id in another process: whoever came last has it, the other waits until it
 * is gone.
 *
 * Leaving, in order (`drain`):
 *
 * 1. `draining` with weight 0 is written: clients stop picking it;
 * 2. wait until they have heard of it, and until the requests under way are answered;
 * 3. `down` is written, so that views do not take the rest for an accident;
 * 4. the key is deleted.
 *
 * | | round trips |
 * | --- | --- |
 * | `register` | 1; 2 more for the lease, once |
 * | staying alive | 1 message each way per TTL / 3, for all registrations together |
 * | `update` | 1 |
 * | `drain` | 3 |
 * | `close` | 2 |
 */

import { ConclaveError, type Keyspace, type Listener, randomId } from '../../client/index.js'
import { checkNotNegative, checkPositive } from '../numbers.js'
import { pause } from '../pause.js'
import { PersistentNode } from '../persistent-node.js'
import type { PersistentNodeEvents } from '../persistent-node-options.js'
import type { SessionSource } from '../session-source.js'
import type { WaitOptions } from '../waiting.js'
import {
  checkChange,
  type Instance,
  type InstanceChange,
  instanceOf,
  type NewInstance,
} from './instance.js'
import { writeInstance } from './instance-format.js'

/** How an instance leaves. */
export interface DrainOptions {
  /** Time for others to hear that it drains, in milliseconds. Default 2,000. */
  readonly waitMs?: number
  /** Resolves when the requests under way are answered; as a graceful shutdown of the server. */
  readonly idle?: () => Promise<unknown>
  /** The longest that telling the others, and `idle`, may take, each, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  /** Aborting ends the waits: it leaves at once. */
  readonly signal?: AbortSignal | undefined
}

/** How long others are told, when it closes, that this is on purpose, in milliseconds. */
const FAREWELL_MS_MAX = 1_000

/** An instance that is kept registered, made by `Registry.register`; see the head of the file. */
export class Registration implements AsyncDisposable {
  readonly client: Keyspace
  readonly #node: PersistentNode<Instance>
  readonly #onClose: () => void
  #leaving: 'draining' | 'closed' | undefined
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** @internal Use `Registry.register`. */
  constructor(sessions: SessionSource, prefix: string, given: NewInstance, onClose: () => void) {
    const { client } = sessions
    const instance = instanceOf(given, () => randomId(client.random).toString(16))
    this.client = client
    this.#onClose = onClose
    this.#node = new PersistentNode(client, `${prefix}/${instance.name}/${instance.id}`, instance, {
      sessions,
      codec: { encode: writeInstance },
      takeOver: () => true,
    })
  }

  /** What is registered, or is to be. */
  get instance(): Instance {
    return this.#node.value
  }

  /** The key of the instance. */
  get key(): string {
    return this.#node.key
  }

  /** Is it in the store, as far as can be known, asking the time too? */
  get registered(): boolean {
    return this.#node.present
  }

  /** Does it drain, or is it closed? */
  get leaving(): boolean {
    return this.#leaving !== undefined
  }

  /** @internal Puts it there, and keeps it there. */
  start(options: WaitOptions): Promise<void> {
    return this.#node.start(options)
  }

  /** Resolves when it is in the store as it was last told. Fails as `Registry.register`. */
  ready(options: WaitOptions = {}): Promise<void> {
    return this.#node.ready(options)
  }

  /**
   * Changes what is told of it; resolves when it is written, while it is paused at once.
   *
   * @throws {ConclaveError} `invalid-argument`; `failed-precondition`: it is draining;
   *   `closed`; `deadline-exceeded`, `cancelled`: it will be written all the same.
   */
  async update(change: InstanceChange, options: WaitOptions = {}): Promise<void> {
    checkChange(change)
    this.#checkStays()
    await this.#change(change, options)
  }

  /** Takes it out of the store until {@link resume}. Resolves when it is gone. */
  async pause(): Promise<void> {
    this.#checkStays()
    await this.#node.pause()
  }

  /** Puts it back after {@link pause}. */
  async resume(options: WaitOptions = {}): Promise<void> {
    this.#checkStays()
    await this.#node.resume(options)
  }

  /**
   * Leaves so that no request is lost; see the head of the file. Idempotent.
   *
   * It ends in any case: when others cannot be told, or `idle` takes too long or fails, it
   * goes on after `timeoutMs`.
   *
   * @throws {ConclaveError} `invalid-argument`; as {@link close}.
   */
  drain(options: DrainOptions = {}): Promise<void> {
    this.#draining ??= this.#drain(options)
    return this.#draining
  }

  /** Hears when it is in the store (`present`), when it is not (`absent`), and what is in the way (`error`). */
  on<K extends keyof PersistentNodeEvents>(
    name: K,
    listener: Listener<PersistentNodeEvents[K]>,
  ): this {
    this.#node.on(name, listener)
    return this
  }

  off<K extends keyof PersistentNodeEvents>(
    name: K,
    listener: Listener<PersistentNodeEvents[K]>,
  ): this {
    this.#node.off(name, listener)
    return this
  }

  /**
   * Takes it out of the store for ever, without waiting for requests. Idempotent.
   *
   * @throws {ConclaveError} `unavailable`: nobody answered for a TTL; it goes with its lease.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #drain({ waitMs = 2_000, idle, timeoutMs = 30_000, signal }: DrainOptions): Promise<void> {
    checkNotNegative(waitMs, 'waitMs')
    checkPositive(timeoutMs, 'timeoutMs')
    if (this.#leaving === undefined) {
      this.#leaving = 'draining'
      const leaving: InstanceChange = { status: 'draining', weight: 0 }
      const told = this.#change(leaving, { timeoutMs, signal })
      // Who cannot be told finds out by failing; a process that ends must end.
      await told.catch(() => {})
      await pause(this.client, waitMs, signal)
      if (idle !== undefined) await this.#untilIdle(idle, timeoutMs, signal)
    }
    await this.close()
  }

  async #untilIdle(
    idle: () => Promise<unknown>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const over = new AbortController()
    const enough = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal])
    const requests = Promise.resolve()
      .then(idle)
      .catch(() => {})
    await Promise.race([requests, pause(this.client, timeoutMs, enough)])
    over.abort()
  }

  async #close(): Promise<void> {
    const wasThere = this.registered
    this.#leaving = 'closed'
    try {
      if (wasThere)
        await this.#change({ status: 'down' }, { timeoutMs: FAREWELL_MS_MAX }).catch(() => {})
      await this.#node.close()
    } finally {
      this.#onClose()
    }
  }

  #change(change: InstanceChange, options: WaitOptions): Promise<void> {
    const { status, weight, metadata, ...rest } = { ...this.instance, ...defined(change) }
    return this.#node.update({ ...rest, status, weight, metadata: { ...metadata } }, options)
  }

  #checkStays(): void {
    if (this.#leaving === undefined) return
    const code = this.#leaving === 'closed' ? 'closed' : 'failed-precondition'
    throw new ConclaveError(code, `The instance ${this.key} is ${this.#leaving}; register another.`)
  }
}

/** Without what is left out in so many words. */
function defined(change: InstanceChange): InstanceChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
