/**
 * One stream of watch responses: many watchers, one queue.
 *
 * Everything that leaves, events, answers and progress alike, goes through the one
 * queue in the order in which it came to be, so a progress notification cannot
 * overtake an event. While the sink takes responses the queue is empty. When the
 * sink says stop, responses gather up to a bound; beyond it events are refused, and
 * the watcher that was refused reads them from history when there is room again.
 * Answers to requests are never refused: instead the stream stops reading requests.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Random } from '../../client/host/random.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type {
  ResponseHeader,
  WatchCreateRequest,
  WatchResponse,
} from '../../client/wire/generated/rpc.js'
import { type Interval, intervalOf } from './interval.js'
import { eventBytes, fragments, type ResponseEncoder, type WatchEvent } from './watch-response.js'
import { Watcher } from './watcher.js'

/** Where the responses of a stream go. */
export interface WatchSink {
  /** False: full for now; the response is taken all the same, and {@link WatchStream.drained} follows. */
  send(response: Init<WatchResponse>): boolean
  /** As `send`, for an encoded response; where it is missing, `send` gets everything. */
  sendBytes?(bytes: Uint8Array): boolean
  /** The header of a response that speaks of this revision. */
  header(revision: number): Init<ResponseHeader>
  /** Asks the client's side to send no more requests until `resume`: too many answers wait. */
  pause?(): void
  resume?(): void
  /** The hub gave the stream up; nothing follows. */
  closed?(): void
}

/** Bounds and periods of streams. */
export interface WatchLimits {
  /** Responses of a watcher that asked for it are cut below this size. */
  readonly fragmentBytes: number
  /** Milliseconds between progress notifications; up to a tenth is added at random. */
  readonly progressIntervalMs: number
  /**
   * Responses that may wait in a stream before its watchers fall behind; one for each of
   * them when they are more, so that all may hear of one change.
   */
  readonly queueResponsesMax: number
  /**
   * Bytes of events that may wait in a stream; the response that reaches it is the last. An
   * event that goes to one watcher after the other is held, and counted, once.
   */
  readonly queueBytesMax: number
}

/** What a stream asks of its hub. */
export interface StreamOwner {
  readonly clock: Clock
  readonly random: Random
  readonly limits: WatchLimits
  readonly encoder: ResponseEncoder
  /** The revision up to which live watchers were handed everything. */
  readonly revision: number
  add(watcher: Watcher): void
  remove(watcher: Watcher): void
  /** The stream has room again for the watchers that it refused. */
  room(watchers: Iterable<Watcher>): void
  /** So many events were handed over; for the statistics. */
  delivered(events: number): void
  closed(stream: WatchStream): void
}

/** A response that waits: its own fields, the revision of its header, its events. */
interface Pending {
  readonly head: Init<WatchResponse>
  readonly revision: number
  readonly events: readonly WatchEvent[]
  readonly bytes: number
}

const NO_EVENTS: readonly WatchEvent[] = []

/** The id in answers that concern no single watcher. */
const NO_WATCH_ID = -1

/** See the head of the file. Made by `WatchHub.open`. */
export class WatchStream {
  readonly #owner: StreamOwner
  readonly #sink: WatchSink
  readonly #watchers = new Map<number, Watcher>()
  readonly #waiting = new Set<Watcher>()
  /** Ids of watchers that a compaction ended: not free until the client cancels them, as in etcd. */
  readonly #compactedIds = new Set<number>()
  #nextId = 0
  #queue: Pending[] = []
  /** Entries of the queue before it are sent already. */
  #queueStart = 0
  #queueBytes = 0
  /** The event of the response that was queued last, when it had one. */
  #lastQueued: WatchEvent | undefined
  #blocked = false
  #paused = false
  #closed = false
  #progressTimer: Timer | undefined

  constructor(owner: StreamOwner, sink: WatchSink) {
    this.#owner = owner
    this.#sink = sink
  }

  /** The watchers that live on this stream. */
  get watchers(): Iterable<Watcher> {
    return this.#watchers.values()
  }

  /** How many watchers there are. */
  get size(): number {
    return this.#watchers.size
  }

  /** Bytes of events that wait here for the sink. */
  get queueBytes(): number {
    return this.#queueBytes
  }

  /** Opens a watcher, or answers `created` and `canceled` at once with the reason (behaviour 5.5). */
  create(request: WatchCreateRequest): void {
    if (this.#closed) return
    const key = request.key.length === 0 ? Uint8Array.of(0) : request.key
    const interval = intervalOf(key, request.rangeEnd)
    const reason = this.#reasonAgainst(request, interval)
    if (reason !== undefined) {
      this.refuse(reason)
      return
    }
    const id = request.watchId === 0 ? this.#freeId() : request.watchId
    const watcher = new Watcher(id, this, interval, request)
    this.#watchers.set(id, watcher)
    this.#answer({ watchId: id, created: true })
    this.#owner.add(watcher)
    if (watcher.progressNotify) this.#armProgress()
  }

  /** Answers a create request that is not granted, for whatever reason. */
  refuse(cancelReason: string): void {
    this.#answer({ watchId: NO_WATCH_ID, created: true, canceled: true, cancelReason })
  }

  /** Ends a watcher; an unknown id is ignored. */
  cancel(id: number): void {
    const watcher = this.#watchers.get(id)
    if (watcher !== undefined) this.#drop(watcher)
    else if (!this.#compactedIds.delete(id)) return
    this.#answer({ watchId: id, canceled: true })
  }

  /** Ends a watcher whose next revision is not there any more. Told however full the stream is. */
  compacted(watcher: Watcher, compactRevision: number): void {
    this.#drop(watcher)
    this.#compactedIds.add(watcher.id)
    this.#push({ watchId: watcher.id, canceled: true, compactRevision }, 0, NO_EVENTS)
  }

  /** One answer for all watchers, if each of them is level and has begun; else none (behaviour 5.5). */
  progress(): void {
    if (this.#watchers.size === 0) return
    for (const watcher of this.#watchers.values()) if (!this.#isLevel(watcher)) return
    this.#answer({ watchId: NO_WATCH_ID })
  }

  /** The sink has room again. */
  drained(): void {
    this.#blocked = false
    this.#flush()
  }

  /** Ends everything without a word; idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#progressTimer?.cancel()
    for (const watcher of this.#watchers.values()) this.#drop(watcher)
    this.#queue = []
    this.#queueStart = 0
    this.#queueBytes = 0
    this.#owner.closed(this)
  }

  /** Used by the hub: closes and tells the sink. */
  giveUp(): void {
    if (this.#closed) return
    this.close()
    this.#sink.closed?.()
  }

  /**
   * Used by the hub: queues events of whole revisions for a watcher, or returns false
   * when there is no room. Once one watcher waits for room, the others do not pass it.
   */
  offer(watcher: Watcher, events: readonly WatchEvent[], revision: number): boolean {
    const { queueBytesMax, fragmentBytes } = this.#owner.limits
    if (this.#waiting.size > 0) return false
    if (this.#queueLength >= this.#responsesMax || this.#queueBytes >= queueBytesMax) return false
    watcher.idle = false
    this.#owner.delivered(events.length)
    const runs = watcher.fragment ? fragments(events, fragmentBytes) : [events]
    runs.forEach((run, i) => {
      this.#push({ watchId: watcher.id, fragment: i < runs.length - 1 }, revision, run)
    })
    return true
  }

  /** Used by the hub: this watcher was refused and is to be called when there is room. */
  wait(watcher: Watcher): void {
    this.#waiting.add(watcher)
  }

  get #queueLength(): number {
    return this.#queue.length - this.#queueStart
  }

  get #responsesMax(): number {
    return Math.max(this.#owner.limits.queueResponsesMax, this.#watchers.size)
  }

  #drop(watcher: Watcher): void {
    this.#watchers.delete(watcher.id)
    this.#waiting.delete(watcher)
    this.#owner.remove(watcher)
  }

  #reasonAgainst(request: WatchCreateRequest, { from, to }: Interval): string | undefined {
    if (request.startRevision < 0) return etcdErrors.compacted.text
    if (to !== undefined && from >= to) return 'mvcc: watcher range is empty'
    const taken = request.watchId !== 0 && this.#isTaken(request.watchId)
    return taken ? 'mvcc: duplicate watch ID provided on the WatchStream' : undefined
  }

  /** The lowest id above all that were given out by itself, skipping those in use. */
  #freeId(): number {
    while (this.#isTaken(this.#nextId)) this.#nextId++
    return this.#nextId++
  }

  #isTaken(id: number): boolean {
    return this.#watchers.has(id) || this.#compactedIds.has(id)
  }

  #isLevel(watcher: Watcher): boolean {
    return watcher.state === 'live' && this.#owner.revision >= watcher.start
  }

  /** A response to a request. Requests pause when answers pile up. */
  #answer(head: Init<WatchResponse>): void {
    this.#push(head, this.#owner.revision, NO_EVENTS)
    if (this.#paused || this.#queueLength < this.#owner.limits.queueResponsesMax) return
    this.#paused = true
    this.#sink.pause?.()
  }

  #push(head: Init<WatchResponse>, revision: number, events: readonly WatchEvent[]): void {
    if (this.#closed) return
    if (!this.#blocked && this.#queueLength === 0) {
      this.#send(head, revision, events)
      return
    }
    const only = events.length === 1 ? events[0] : undefined
    const bytes = only !== undefined && only === this.#lastQueued ? 0 : eventBytes(events)
    this.#lastQueued = only
    this.#queue.push({ head, revision, events, bytes })
    this.#queueBytes += bytes
  }

  #send(head: Init<WatchResponse>, revision: number, events: readonly WatchEvent[]): void {
    const sink = this.#sink
    const header = sink.header(revision)
    if (events.length === 0) this.#blocked = !sink.send({ ...head, header })
    else if (sink.sendBytes)
      this.#blocked = !sink.sendBytes(this.#owner.encoder.encode(header, head, events))
    else this.#blocked = !sink.send({ ...head, header, events: events.map(({ event }) => event) })
  }

  #flush(): void {
    while (!this.#blocked && this.#queueLength > 0) {
      const pending = this.#queue[this.#queueStart++]!
      this.#queueBytes -= pending.bytes
      this.#send(pending.head, pending.revision, pending.events)
    }
    if (this.#closed) return
    if (this.#queueLength === 0) this.#lastQueued = undefined
    this.#queue = this.#queue.slice(this.#queueStart)
    this.#queueStart = 0
    const { queueBytesMax } = this.#owner.limits
    if (this.#queueLength > this.#responsesMax / 2 || this.#queueBytes > queueBytesMax / 2) return
    if (this.#paused) {
      this.#paused = false
      this.#sink.resume?.()
    }
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    this.#owner.room(waiting)
  }

  /** One timer for the stream, as long as some watcher wants to be told. */
  #armProgress(): void {
    if (this.#progressTimer !== undefined) return
    const { clock, random, limits } = this.#owner
    const ms = limits.progressIntervalMs * (1 + random.next() / 10)
    this.#progressTimer = clock.after(ms, () => {
      this.#progressTimer = undefined
      this.#notifyProgress()
    })
  }

  /** Tells every level watcher that heard nothing since last time where the store is. */
  #notifyProgress(): void {
    let wanted = false
    const { revision, limits } = this.#owner
    for (const watcher of this.#watchers.values()) {
      if (!watcher.progressNotify) continue
      wanted = true
      const due = watcher.idle && this.#isLevel(watcher)
      if (due && this.#queueLength < limits.queueResponsesMax)
        this.#push({ watchId: watcher.id }, revision, NO_EVENTS)
      watcher.idle = true
    }
    if (wanted) this.#armProgress()
  }
}
