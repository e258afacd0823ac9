/**
 * Working on the items of a queue, so many at a time, for ever.
 *
 * The handler's end decides: it returns, and the item is acked; it throws, and the item is
 * given back with the error, or is dead after the last attempt. It may settle the item
 * itself. When the item is lost meanwhile, its signal has told so, and nothing is settled.
 *
 * What the server refuses (there is no space, a permission is missing) is told as `error`,
 * and asked again after a pause that grows: an item that is not settled is nobody else's, and
 * a consumer that has ended is missed by nobody. Only what cannot pass ends it.
 *
 * A handler that ignores its signal keeps its place until it ends; nobody can stop code.
 */

import { setMaxListeners } from 'node:events'
import { ConclaveError, type ErrorCode, type Keyspace, TypedEvents } from '../../client/index.js'
import { invalidArgument, LostError, NotHeldError } from '../errors.js'
import { checkPositive, checkWhole } from '../numbers.js'
import { jittered, pause } from '../pause.js'
import { Attempt } from './attempt.js'
import type { Claims } from './claims.js'
import type { QueueItem } from './item.js'

/** Works on one item; see the head of consumer.ts. `signal` also fires when the time is over, or at the end of a drain. */
export type ItemHandler<T> = (item: QueueItem<T>, signal: AbortSignal) => unknown

/** How to consume. */
export interface ConsumeOptions {
  /** Items that are worked on at the same time. From 1 on; default 1. */
  readonly concurrency?: number
  /** Items that are claimed ahead, and wait here; they are not given to others meanwhile. Default 0. */
  readonly prefetch?: number
  /** Time for one attempt, in milliseconds; then its signal fires, and it has failed. Default: none. */
  readonly handlerTimeoutMs?: number
  /** Aborting ends the consumer, as `close()` does. */
  readonly signal?: AbortSignal
}

/** What a consumer tells. */
export interface ConsumerEvents<T> {
  /** An item was acked. */
  readonly acked: QueueItem<T>
  /** An attempt failed; the item will come again, or is dead. */
  readonly failed: { readonly item: QueueItem<T>; readonly error: unknown; readonly dead: boolean }
  /** An item was lost while it was worked on: another gets it. */
  readonly lost: { readonly item: QueueItem<T>; readonly error: LostError }
  /**
   * The server refused something, as with `no-space` or `permission-denied`: it is asked again.
   * Or a reason that does not pass has ended the consumer: then `ended` resolves, too.
   */
  readonly error: unknown
}

/** Why somebody may be refused now who is not refused later. */
const PASSING: ReadonlySet<string> = new Set<ErrorCode>([
  'no-space',
  'permission-denied',
  'unauthenticated',
  'auth-state',
])

/** Time that running handlers have at the end, in milliseconds. */
const DRAIN_MS = 10_000
/** Pauses before one who was refused asks again, in milliseconds. */
const RETRY_MS_MIN = 200
const RETRY_MS_MAX = 10_000

/** See the head of the file. Made by `Queue.consume`. */
export class Consumer<T> implements AsyncDisposable {
  /** Resolves when no handler is begun any more: closed, or failed with this error. Never rejects. */
  readonly ended: Promise<unknown>
  readonly #client: Keyspace
  readonly #claims: Claims<T>
  readonly #handler: ItemHandler<T>
  readonly #concurrency: number
  readonly #places: number
  readonly #timeoutMs: number
  readonly #events = new TypedEvents<ConsumerEvents<T>>({
    acked: true,
    failed: true,
    lost: true,
    error: true,
  })
  /** Ends the claiming. */
  readonly #closing = new AbortController()
  /** Ends the handlers. */
  readonly #stopping = new AbortController()
  /** Claimed ahead, in order. */
  readonly #ahead: QueueItem<T>[] = []
  readonly #running = new Set<Promise<void>>()
  #freed: (() => void) | undefined
  #closed: Promise<void> | undefined
  readonly #unhook: () => void

  /** @internal */
  constructor(
    client: Keyspace,
    claims: Claims<T>,
    handler: ItemHandler<T>,
    {
      concurrency = 1,
      prefetch = 0,
      handlerTimeoutMs = Number.POSITIVE_INFINITY,
      signal,
    }: ConsumeOptions,
  ) {
    if (typeof handler !== 'function') throw invalidArgument('A handler is a function.')
    checkWhole(concurrency, 'concurrency', 1)
    checkWhole(prefetch, 'prefetch', 0)
    checkPositive(handlerTimeoutMs, 'handlerTimeoutMs')
    this.#concurrency = concurrency
    this.#places = concurrency + prefetch
    this.#timeoutMs = handlerTimeoutMs
    this.#client = client
    this.#claims = claims
    this.#handler = handler
    // Every attempt listens.
    setMaxListeners(0, this.#stopping.signal)
    const onAbort = () => void this.close()
    this.#unhook = () => signal?.removeEventListener('abort', onAbort)
    if (signal?.aborted) this.#closing.abort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    this.ended = this.#work()
  }

  /** Adds a listener. */
  on<K extends keyof ConsumerEvents<T>>(
    name: K,
    listener: (event: ConsumerEvents<T>[K]) => void,
  ): this {
    this.#events.on(name, listener)
    return this
  }

  /** Takes a listener out. */
  off<K extends keyof ConsumerEvents<T>>(
    name: K,
    listener: (event: ConsumerEvents<T>[K]) => void,
  ): this {
    this.#events.off(name, listener)
    return this
  }

  /** Items that are worked on now. */
  get running(): number {
    return this.#running.size
  }

  /**
   * Claims no more, gives back what was claimed ahead, and waits for what is worked on. What
   * is not done in time gets its signal fired, and is given back as failed. Idempotent.
   *
   * @param options.drainMs time for running handlers; default 10 s.
   */
  close({ drainMs = DRAIN_MS }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(drainMs)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(drainMs: number): Promise<void> {
    this.#unhook()
    this.#closing.abort()
    const timer = this.#client.clock.after(Math.max(0, drainMs), () => this.#stopping.abort())
    await this.ended
    await Promise.all(this.#running)
    timer.cancel()
  }

  /** Claims as long as there are free places. */
  async #work(): Promise<unknown> {
    const { signal } = this.#closing
    let refusals = 0
    try {
      while (!signal.aborted) {
        const free = this.#places - this.#running.size - this.#ahead.length
        if (free === 0) await this.#someFree()
        else if (await this.#claim(free)) refusals = 0
        else await this.#rest(refusals++, signal)
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#closing.abort()
        this.#events.emit('error', error)
        return error
      }
    } finally {
      for (const item of this.#ahead.splice(0)) item.release().catch(() => {})
    }
    return undefined
  }

  /** False: it is refused for now, which was told. */
  async #claim(free: number): Promise<boolean> {
    try {
      this.#take(await this.#claims.claim(free, { signal: this.#closing.signal }))
      return true
    } catch (error) {
      if (!(error instanceof ConclaveError && PASSING.has(error.code))) throw error
      this.#events.emit('error', error)
      return false
    }
  }

  #rest(refusals: number, signal: AbortSignal): Promise<void> {
    const mostMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** refusals)
    return pause(this.#client, jittered(this.#client, mostMs), signal)
  }

  #someFree(): Promise<void> {
    const { signal } = this.#closing
    return new Promise((resolve) => {
      const finish = () => {
        signal.removeEventListener('abort', finish)
        this.#freed = undefined
        resolve()
      }
      this.#freed = finish
      signal.addEventListener('abort', finish, { once: true })
    })
  }

  #take(items: readonly QueueItem<T>[]): void {
    this.#ahead.push(...items)
    this.#begin()
  }

  #begin(): void {
    while (this.#running.size < this.#concurrency && !this.#closing.signal.aborted) {
      const item = this.#ahead.shift()
      if (item === undefined) return
      // Lost while it waited here: another gets it.
      if (!item.held) continue
      const run = this.#attempt(item).finally(() => {
        this.#running.delete(run)
        this.#begin()
        this.#freed?.()
      })
      this.#running.add(run)
    }
  }

  /** One item, to its end. */
  async #attempt(item: QueueItem<T>): Promise<void> {
    const attempt = new Attempt(this.#client, item, this.#stopping.signal, this.#timeoutMs)
    try {
      await attempt.run(this.#handler)
    } catch (error) {
      return this.#settle(item, async () => {
        const delayMs = attempt.isDrained ? 0 : undefined
        const dead = await item.nack({ reason: error, delayMs })
        this.#events.emit('failed', { item, error, dead })
      })
    }
    return this.#settle(item, async () => {
      await item.ack()
      this.#events.emit('acked', item)
    })
  }

  /** Asks until the item is settled or lost, or the drain ends. */
  async #settle(item: QueueItem<T>, settle: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping
    for (let refusals = 0; ; refusals++) {
      try {
        return await settle()
      } catch (error) {
        if (error instanceof LostError) return this.#events.emit('lost', { item, error })
        // The handler has settled it itself.
        if (error instanceof NotHeldError) return
        this.#events.emit('error', error)
      }
      if (signal.aborted) return
      await this.#rest(refusals, signal)
    }
  }
}
