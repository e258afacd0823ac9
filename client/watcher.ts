/**
 * A watch that is read: by iterating, or by listening.
 *
 * Nothing is read before somebody iterates or listens for events; until then, and while
 * an iterating reader is busy, batches wait in a buffer. When it is full the watch is taken
 * off the server, and taken up again from the next revision when all of it was read.
 * Listeners are called in the turn in which the batch comes, so for them nothing waits.
 */

import { abortedFor, ConclaveError, errorOf } from './errors.js'
import { Iteration } from './iteration.js'
import type { Known } from './known-names.js'
import { type Listener, TypedEvents, throwLater } from './typed-events.js'
import { type BufferLimits, WatchBuffer } from './watch-buffer.js'
import { type Relisted, toWatchBatch, type WatchBatch, type WatchEvent } from './watch-event.js'
import type { FeedSink, PushOrigin, WatchFeed } from './watch-feed.js'
import type { Event } from './wire/generated/kv.js'

/** What the listeners of a watch are given, by the name of what they listen for. */
export interface WatcherEvents {
  readonly put: WatchEvent
  readonly delete: WatchEvent
  /** Every change, put or delete. */
  readonly event: WatchEvent
  /** Whole revisions, and progress reports; before the listeners of single events. */
  readonly batch: WatchBatch
  /** The revision up to which everything was told: a report without events. */
  readonly progress: number
  /** With `onCompacted: 'relist'`: the history has a gap, synthetic events follow that close it. */
  readonly compacted: Relisted
  /** No member serves the watch for now; another one is looked for. Nothing will be missed. */
  readonly disconnected: ConclaveError
  /** A member serves it again, from this revision on. */
  readonly resumed: number
  /** The watch is over and was not closed by its reader; `end` follows. */
  readonly error: ConclaveError
  /** The watch is over; the last event. */
  readonly end: undefined
}

const WATCHER_EVENTS: Known<keyof WatcherEvents> = {
  put: true,
  delete: true,
  event: true,
  batch: true,
  progress: true,
  compacted: true,
  disconnected: true,
  resumed: true,
  error: true,
  end: true,
}

/** Listening for one of these reads the watch. */
const READING = new Set<keyof WatcherEvents>([
  'put',
  'delete',
  'event',
  'batch',
  'progress',
  'compacted',
])

/** How a watch ended. */
interface Ending {
  readonly error: ConclaveError | undefined
}

/**
 * A watch that is read. Only one reader: iterate events, or iterate batches, once; or
 * listen, with as many listeners as you like.
 */
export class Watcher implements FeedSink, AsyncIterable<WatchEvent>, AsyncDisposable {
  readonly #feed: WatchFeed
  readonly #signal: AbortSignal | undefined
  readonly #limits: BufferLimits
  #onAbort: (() => void) | undefined
  /** Made when something has to wait. */
  #buffer: WatchBuffer | undefined
  /** Made when somebody listens. */
  #events: TypedEvents<WatcherEvents> | undefined
  /** The revision at which it began, once it has. */
  #createdAt: number | undefined
  #created: PromiseWithResolvers | undefined
  /** How it ended; what is buffered is read before. */
  #ended: Ending | undefined
  #isEndTold = false
  /** Its reader has ended it, and wants nothing more. */
  #isLeft = false
  #wake: (() => void) | undefined
  #reader: 'nobody' | 'iterator' | 'listeners' = 'nobody'
  /** Listeners are being called; what they cause waits in the buffer. */
  #isTelling = false

  /** @internal Made by `Client.watch`. */
  constructor(
    start: (sink: FeedSink) => WatchFeed,
    limits: BufferLimits,
    signal: AbortSignal | undefined,
  ) {
    this.#limits = limits
    this.#signal = signal
    this.#feed = start(this)
    if (signal === undefined) return
    this.#onAbort = () => this.#end(abortedFor(signal.reason), true)
    if (signal.aborted) this.#onAbort()
    else signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Resolves with the store's revision at which the watch began: every later change (or
   * every change from `startRevision` on) will be told. Rejects when the watch ends before.
   */
  get created(): Promise<number> {
    if (this.#createdAt !== undefined) return Promise.resolve(this.#createdAt)
    if (this.#created === undefined) {
      this.#created = promiseWithResolvers()
      if (this.#ended !== undefined) this.#created.reject(this.#ended.error ?? errorOf('cancelled'))
    }
    return this.#created.promise
  }

  /** Is it over? What came before may still have to be read. */
  get closed(): boolean {
    return this.#ended !== undefined
  }

  /** Ends the watch: no further change is told, an iteration ends without an error. Idempotent. */
  close(): void {
    this.#end(undefined, true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Asks how far the watch is; the answer is a batch without events, and may not come while the server catches up. */
  requestProgress(): void {
    this.#feed.requestProgress()
  }

  /**
   * Adds a listener. The first one for changes, batches or progress begins to read, at the
   * end of this turn, so that all that are added in it hear everything.
   *
   * A listener that throws stops nothing: its error ends the process as an uncaught
   * exception of its own, unless the program catches those. So does a failure of a watch
   * that is read by listeners of which none is for `error`, so that no watch dies in
   * silence; closing the client or aborting the signal is no failure.
   *
   * @example
   * const watcher = client.watch({ prefix: 'config/' })
   * watcher
   *   .on('put', ({ kv }) => console.log(kv.keyString, kv.text()))
   *   .on('delete', ({ kv }) => console.log(kv.keyString, 'is gone'))
   *   .on('error', (error) => console.error(error.code))
   *
   * @throws {TypeError} it is iterated: a watch has one reader.
   * @throws {ConclaveError} `invalid-argument`: there is no such event.
   */
  on<K extends keyof WatcherEvents>(name: K, listener: Listener<WatcherEvents[K]>): this {
    if (READING.has(name)) this.#readBy('listeners')
    this.#events ??= new TypedEvents(WATCHER_EVENTS)
    this.#events.on(name, listener)
    return this
  }

  /** Takes a listener out. */
  off<K extends keyof WatcherEvents>(name: K, listener: Listener<WatcherEvents[K]>): this {
    this.#events?.off(name, listener)
    return this
  }

  /** Events one by one. Leaving the loop, or `return()`, ends the watch. */
  [Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void, undefined> {
    let events: readonly WatchEvent[] = []
    let told = 0
    return this.#iteration(async () => {
      while (this.#isLeft || told === events.length) {
        const batch = await this.#nextBatch()
        if (batch === undefined) return undefined
        events = batch.events
        told = 0
      }
      return events[told++]
    })
  }

  /**
   * Whole revisions, and progress reports. Leaving the loop, or `return()`, ends the watch.
   *
   * @throws {ConclaveError} `compacted` with `compactRevision`, `permission-denied`, `closed`, ….
   */
  batches(): AsyncGenerator<WatchBatch, void, undefined> {
    return this.#iteration(() => this.#nextBatch())
  }

  #iteration<T>(next: () => Promise<T | undefined>): Iteration<T> {
    let isReader = false
    return new Iteration({
      next: async () => {
        if (!isReader) this.#readBy('iterator')
        isReader = true
        return next()
      },
      // One that was never begun, beside another reader, ends nothing.
      leave: () => {
        if (isReader || this.#reader === 'nobody') this.close()
      },
    })
  }

  async #nextBatch(): Promise<WatchBatch | undefined> {
    for (;;) {
      const batch = this.#take()
      if (batch !== undefined) return batch
      if (this.#ended?.error !== undefined) throw this.#ended.error
      if (this.#ended !== undefined) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #readBy(reader: 'iterator' | 'listeners'): void {
    if (this.#reader === 'listeners' && reader === 'listeners') return
    if (this.#reader !== 'nobody')
      throw new TypeError('A watcher is read once: by one iteration, or by listeners.')
    this.#reader = reader
    if (reader === 'listeners') queueMicrotask(() => this.#tellBuffered())
  }

  /** @internal The server has begun to watch. */
  opened(revision: number): void {
    this.#createdAt ??= revision
    this.#created?.resolve(this.#createdAt)
    this.#created = undefined
  }

  /** @internal */
  disconnected(error: ConclaveError): void {
    this.#events?.emit('disconnected', error)
  }

  /** @internal */
  resumed(startRevision: number): void {
    this.#events?.emit('resumed', startRevision)
  }

  /** @internal Takes whole revisions; false when the reader is too far behind for more. */
  push(events: readonly Event[], revision: number, origin?: PushOrigin): boolean {
    if (this.#ended !== undefined) return false
    let batch: WatchBatch
    try {
      batch = toWatchBatch(events, revision, origin)
    } catch (error) {
      this.#end(ConclaveError.from(error), false)
      return false
    }
    this.#buffer ??= new WatchBuffer(this.#limits)
    this.#buffer.push(batch, bytesOf(events))
    if (this.#reader === 'listeners') this.#tellBuffered()
    else this.#wakeUp()
    return !this.closed && !this.#buffer.isFull
  }

  /** @internal The watch is over on the server's side. */
  fail(error: ConclaveError): void {
    this.#end(error, false)
  }

  /** The next batch that waits; at the last one the feed may go on. */
  #take(): WatchBatch | undefined {
    const batch = this.#buffer?.take()
    if (batch !== undefined && this.#buffer!.isEmpty) {
      if (this.#ended === undefined) this.#feed.caughtUp()
      else this.#tellEnd()
    }
    return batch
  }

  #tellBuffered(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    for (let batch = this.#take(); batch !== undefined; batch = this.#take()) this.#tell(batch)
    this.#isTelling = false
    if (this.#ended !== undefined) this.#tellEnd()
  }

  #tell(batch: WatchBatch): void {
    const told = this.#events!
    if (batch.relisted !== undefined) told.emit('compacted', batch.relisted)
    told.emit('batch', batch)
    for (const event of batch.events) {
      if (this.#isLeft) return
      told.emit('event', event)
      told.emit(event.type, event)
    }
    if (batch.events.length === 0 && batch.relisted === undefined)
      told.emit('progress', batch.revision)
  }

  #end(error: ConclaveError | undefined, byReader: boolean): void {
    if (this.#ended !== undefined) return
    this.#ended = { error }
    this.#isLeft = byReader
    if (byReader) this.#buffer?.clear()
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#feed?.close()
    this.#created?.reject(error ?? errorOf('cancelled'))
    if (this.#buffer?.isEmpty !== false && !this.#isTelling) this.#tellEnd()
    this.#wakeUp()
  }

  /** Tells the listeners that it is over, when all that came before was read. */
  #tellEnd(): void {
    const { error } = this.#ended!
    if (this.#isEndTold || this.#isTelling) return
    this.#isEndTold = true
    const events = this.#events
    if (events === undefined) return
    if (error !== undefined) {
      if (events.has('error')) events.emit('error', error)
      else if (this.#reader === 'listeners' && !this.#isLeft && error.code !== 'closed')
        throwLater(error)
    }
    events.emit('end', undefined)
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

function bytesOf(events: readonly Event[]): number {
  let bytes = 0
  for (const { kv, prevKv } of events)
    bytes += (kv?.key.length ?? 0) + (kv?.value.length ?? 0) + (prevKv?.value.length ?? 0)
  return bytes
}

interface PromiseWithResolvers {
  readonly promise: Promise<number>
  resolve(revision: number): void
  reject(error: ConclaveError): void
}

function promiseWithResolvers(): PromiseWithResolvers {
  let resolve!: (revision: number) => void
  let reject!: (error: ConclaveError) => void
  const promise = new Promise<number>((onOpen, onFailure) => {
    resolve = onOpen
    reject = onFailure
  })
  // Not everybody who asks waits; an unread rejection must not end the process.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
