/**
 * A key that is put back whenever it disappears.
 *
 * Promise: **between `start()` and `close()` the key is there, with the newest value, as
 * soon and as often as the cluster lets us put it; after `close()` (or while paused) it is
 * not, whatever becomes of requests that are still under way.** It never gives up, and
 * never fights: a key of somebody else is left alone until it is gone.
 *
 * The algorithm is in key-keeper.ts. Of two that want the same key with `takeOver`, the newer
 * one has it and the older one waits.
 *
 * | | round trips |
 * | --- | --- |
 * | `start` | 1 (persistent: 2), and 2 for a session of its own; a watch on one key |
 * | `update` | 1 |
 * | put back after a deletion | 1 |
 * | put back after the lease is lost | 2 for the new session, once for all that share it, then 1 or 2 |
 * | `pause`, `close` | 1 (persistent `close`: 1 more, for its session) |
 *
 * Lease lost: `absent` is told before the server can end the lease; the key is put on a new
 * lease, over the old key if that is still there. Partition: the same, when it is over.
 * Crash: the key goes with the lease; a persistent one stays.
 */

import {
  type Compare,
  ConclaveError,
  compare,
  json,
  type Keyspace,
  type KeyValue,
  type Listener,
  TypedEvents,
  type ValueCodec,
} from '../client/index.js'
import { invalidArgument, isTransient, NotHeldError, TakenError } from './errors.js'
import { type AbsenceReason, KeyKeeper } from './key-keeper.js'
import { checkName } from './names.js'
import { OwnPlace } from './own-place.js'
import type { PersistentNodeEvents, PersistentNodeOptions } from './persistent-node-options.js'
import { chosenSource } from './session-choice.js'
import type { SessionSource } from './session-source.js'
import { Waiters } from './waiters.js'
import type { WaitOptions } from './waiting.js'

/**
 * A key that heals itself; see the head of the file. Making one sends nothing.
 *
 * @example
 * const node = new PersistentNode(client, 'workers/7', { address: '10.0.0.7:80' })
 * node.on('absent', ({ reason }) => console.log('not there:', reason))
 * await node.start()
 * await node.update({ address: '10.0.0.8:80' })
 * await node.close()
 */
export class PersistentNode<T = unknown> implements AsyncDisposable {
  readonly client: Keyspace
  readonly key: string
  readonly #events = new TypedEvents<PersistentNodeEvents>({
    present: true,
    absent: true,
    error: true,
  })
  readonly #sessions: SessionSource
  readonly #ownsSessions: boolean
  readonly #isPersistent: boolean
  readonly #codec: Pick<ValueCodec<unknown, T>, 'encode'>
  readonly #takeOver: (holder: KeyValue) => boolean
  /** What is known of the key, from one run to the next. */
  readonly #place = new OwnPlace()
  readonly #waiters: Waiters
  #value: T
  #bytes: Uint8Array
  #state: 'new' | 'started' | 'paused' | 'closed' = 'new'
  #keeper: KeyKeeper | undefined
  /** Ends the run that goes on. */
  #stop = new AbortController()
  #running: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** What stood in the way last. */
  #trouble: Error | undefined
  /** Why the last run ended by itself: the client or the source of sessions is closed. */
  #end: Error | undefined

  /**
   * @param key not empty, not ending in `/`.
   * @throws {ConclaveError} `invalid-argument`: the key, the value or an option.
   */
  constructor(client: Keyspace, key: string, value: T, options: PersistentNodeOptions<T> = {}) {
    checkName(key, 'The key of a persistent node')
    const { mode = 'ephemeral', takeOver } = options
    const { sessions, ownsSessions } = chosenSource(client, options)
    if (mode !== 'ephemeral' && mode !== 'persistent')
      throw invalidArgument(`mode is 'ephemeral' or 'persistent', not ${mode}.`)
    this.client = client
    this.key = key
    this.#codec = options.codec ?? json<T>()
    this.#bytes = this.#encoded(value)
    this.#value = value
    this.#isPersistent = mode === 'persistent'
    this.#takeOver = takeOver ?? (() => this.#isPersistent)
    this.#waiters = new Waiters(client, `The key ${key}`)
    this.#ownsSessions = ownsSessions
    this.#sessions = sessions
  }

  /** What is to be there. */
  get value(): T {
    return this.#value
  }

  /** Is the key there and ours, as far as can be known, asking the time too? */
  get present(): boolean {
    return this.fencingToken !== undefined
  }

  /**
   * The revision at which the key became ours; greater each time, and greater than that of
   * anybody who had it before. Undefined when it is not ours.
   */
  get fencingToken(): number | undefined {
    return this.#keeper?.token
  }

  /**
   * Conditions that make any transaction fail once the key is not ours any more; of a
   * persistent one, once it is updated too.
   *
   * @throws {NotHeldError} it is not ours now.
   */
  guard(): Compare[] {
    const kv = this.#keeper?.kv
    if (!this.present || kv === undefined) throw new NotHeldError(`The key ${this.key}`)
    const target = compare(this.key)
    if (this.#isPersistent) return [target.modRevision('=', kv.modRevision)]
    return [target.createRevision('=', kv.createRevision), target.lease('=', kv.lease)]
  }

  on<K extends keyof PersistentNodeEvents>(
    name: K,
    listener: Listener<PersistentNodeEvents[K]>,
  ): this {
    this.#events.on(name, listener)
    return this
  }

  off<K extends keyof PersistentNodeEvents>(
    name: K,
    listener: Listener<PersistentNodeEvents[K]>,
  ): this {
    this.#events.off(name, listener)
    return this
  }

  /**
   * Puts the key, and keeps it there. When the wait fails it goes on trying; `close()` ends it.
   *
   * @throws as {@link ready}.
   */
  start(options: WaitOptions = {}): Promise<void> {
    if (this.#state === 'new') this.#go()
    return this.ready(options)
  }

  /**
   * Resolves when the key is there with the newest value.
   *
   * @throws {ConclaveError} `cancelled`; `deadline-exceeded`, with what stands in the way as
   *   its cause; `permission-denied` and whatever else will not pass by itself;
   *   `failed-precondition`: it is not started, or paused; `closed`.
   */
  async ready(options: WaitOptions = {}): Promise<void> {
    if (this.#state === 'closed') throw closed()
    if (this.#state !== 'started')
      throw new ConclaveError('failed-precondition', `The key ${this.key} is not started.`)
    if (this.#end !== undefined) throw this.#end
    if (this.#keeper?.isSettled) return
    await this.#waiters.wait(options, () => this.#trouble)
  }

  /**
   * Replaces the value, and resolves when it is there; while it is paused, or not started,
   * at once. Of several that follow quickly only the last may be written.
   *
   * @throws as {@link ready}; `invalid-argument`: the value cannot be encoded.
   */
  async update(value: T, options: WaitOptions = {}): Promise<void> {
    if (this.#state === 'closed') throw closed()
    this.#bytes = this.#encoded(value)
    this.#value = value
    this.#keeper?.ring()
    if (this.#state === 'started') await this.ready(options)
  }

  /**
   * Takes the key away until {@link resume}. Resolves when it is gone.
   *
   * @throws {ConclaveError} `closed`; `unavailable`: nobody answered for a TTL, and the key
   *   may be there as long as its session lives.
   */
  async pause(): Promise<void> {
    if (this.#state === 'closed') throw closed()
    this.#state = 'paused'
    await this.#halt(new ConclaveError('cancelled', `The key ${this.key} was paused.`))
  }

  /** Puts the key back after {@link pause}. Fails as {@link ready}. */
  resume(options: WaitOptions = {}): Promise<void> {
    if (this.#state === 'paused') this.#go()
    return this.ready(options)
  }

  /**
   * Takes the key away, if it is ours, for ever. Idempotent.
   *
   * @throws {ConclaveError} as {@link pause}.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#state = 'closed'
    try {
      await this.#halt(closed())
    } finally {
      if (this.#ownsSessions) await this.#sessions.close()
    }
  }

  /** Does the key go by closing the session, which is only its own? */
  get #revokes(): boolean {
    return this.#state === 'closed' && this.#ownsSessions && !this.#isPersistent
  }

  #go(): void {
    this.#state = 'started'
    this.#trouble = undefined
    this.#end = undefined
    const stop = new AbortController()
    this.#stop = stop
    const keeper = new KeyKeeper(this.#owner(), this.#place, stop.signal)
    const before = this.#running
    this.#running = (async () => {
      await before?.catch(() => {})
      this.#keeper = keeper
      await keeper.run()
    })()
    this.#running.catch((error) => {
      // Whoever pauses or closes is told; what ends it otherwise, those who wait.
      if (stop.signal.aborted) return
      this.#end = error
      this.#waiters.reject(error)
    })
  }

  async #halt(reason: ConclaveError): Promise<void> {
    this.#stop.abort()
    this.#keeper?.ring()
    this.#waiters.reject(reason)
    await this.#running
  }

  #owner() {
    return {
      key: this.key,
      sessions: this.#sessions,
      isPersistent: this.#isPersistent,
      takeOver: this.#takeOver,
      removes: () => !this.#revokes,
      value: () => this.#bytes,
      settled: () => {
        this.#trouble = undefined
        this.#waiters.resolve()
      },
      present: (fencingToken: number) => this.#events.emit('present', { fencingToken }),
      absent: (reason: AbsenceReason) => this.#events.emit('absent', { reason }),
      failed: (error: Error) => this.#failed(error),
    }
  }

  #failed(error: Error): void {
    this.#trouble = error
    this.#events.emit('error', error)
    if (!isTransient(error) && !(error instanceof TakenError)) this.#waiters.reject(error)
  }

  #encoded(value: T): Uint8Array {
    const encoded = this.#codec.encode(value)
    return typeof encoded === 'string' ? new TextEncoder().encode(encoded) : encoded
  }
}

function closed(): ConclaveError {
  return new ConclaveError('closed', 'The persistent node is closed; make a new one.')
}
