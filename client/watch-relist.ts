/**
 * A watch that survives compaction: what it missed is found by comparing lists.
 *
 *   1. List the keys, so that it is known what there was before the first event.
 *   2. Watch from the revision behind the list; remember each key's last revision.
 *   3. The server says that the next revision is compacted: list again, now with values;
 *      tell a put for each key that is new or newer, a delete for each that is gone;
 *      go on with 2.
 *
 * The list comes in pages and is told page by page, at the reader's pace. A list whose own
 * revision is compacted while it is read begins again: what was told of it is known by then.
 * Filters are applied here and not on the server, since what is filtered must be known too.
 */

import { ConclaveError, errorOf } from './errors.js'
import type { Relisted } from './watch-event.js'
import type { FeedRequest, FeedSink, FeedSource, PushOrigin, WatchFeed } from './watch-feed.js'
import { KnownKeys } from './watch-known.js'
import { type ListPorts, listPages } from './watch-list.js'
import { type Event, EventType } from './wire/generated/kv.js'
import { FilterType } from './wire/generated/rpc.js'

/** What it is made of. */
export interface RelistPorts extends ListPorts {
  /** Where its plain watches come from. */
  readonly feeds: FeedSource
}

/** See the head of the file. */
export class RelistingFeed implements WatchFeed, FeedSink {
  readonly #ports: RelistPorts
  readonly #request: FeedRequest
  readonly #sink: FeedSink
  readonly #known = new KnownKeys()
  /** Are the keys known that there were before the first event? */
  #complete = true
  /** Events before it are not told: the reader asked for a start that the store had not reached. */
  #tellFrom = 0
  /** Everything up to here was told. */
  #toldRevision = 0
  /** The revision at which it began; that of the first list. */
  #beganAt: number | undefined
  #feed: WatchFeed | undefined
  readonly #abort = new AbortController()
  #disconnected = false
  #isFull = false
  #onRoom: () => void = () => {}
  #onFailed: (error: ConclaveError) => void = () => {}

  constructor(ports: RelistPorts, request: FeedRequest, sink: FeedSink) {
    this.#ports = ports
    this.#request = request
    this.#sink = sink
    void this.#run()
  }

  caughtUp(): void {
    this.#isFull = false
    this.#onRoom()
    this.#feed?.caughtUp()
  }

  requestProgress(): void {
    this.#feed?.requestProgress()
  }

  close(): void {
    this.#abort.abort()
    this.#onRoom()
    this.#feed?.close()
  }

  opened(revision: number): void {
    this.#sink.opened(this.#beganAt ?? revision)
    this.#connected()
  }

  disconnected(error: ConclaveError): void {
    if (this.#disconnected) return
    this.#disconnected = true
    this.#sink.disconnected(error)
  }

  resumed(): void {
    this.#connected()
  }

  push(events: readonly Event[], revision: number): boolean {
    for (const event of events) this.#known.change(event)
    return this.#tell(events, revision)
  }

  fail(error: ConclaveError): void {
    this.#onFailed(error)
  }

  async #run(): Promise<void> {
    try {
      let from = await this.#learn()
      for (;;) {
        const { compactRevision } = await this.#watch(from)
        from = await this.#relist(compactRevision)
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#sink.fail(ConclaveError.from(error))
    }
  }

  /** Learns what there is before the first event. @returns the first revision to watch. */
  async #learn(): Promise<number> {
    const { startRevision } = this.#request
    if (startRevision === 1) return 1
    for (let isFuture = startRevision === 0; ; ) {
      this.#known.forgetAll()
      try {
        const revision = await this.#list(isFuture ? 0 : startRevision - 1)
        if (startRevision === 0) this.#beganAt = revision
        this.#toldRevision = revision
        if (!isFuture || startRevision === 0) return revision + 1
        if (revision < startRevision) {
          this.#tellFrom = startRevision
          return revision + 1
        }
        // The store has reached the start meanwhile: this list says too much.
        isFuture = false
      } catch (error) {
        const code = error instanceof ConclaveError ? error.code : undefined
        if (code === 'future-revision') isFuture = true
        else if (code !== 'compacted') throw error
        else if (startRevision > 0) {
          this.#known.forgetAll()
          this.#complete = false
          return startRevision
        }
      }
    }
  }

  async #list(at: number): Promise<number> {
    let revision = 0
    for await (const page of this.#pages(at, true)) {
      this.#known.list(page.kvs)
      revision = page.revision
    }
    return revision
  }

  /** Watches until the next revision is compacted. */
  #watch(startRevision: number): Promise<ConclaveError> {
    return new Promise((resolve, reject) => {
      this.#onFailed = (error) => {
        if (error.code === 'compacted') resolve(error)
        else reject(error)
      }
      if (this.#abort.signal.aborted) return reject(errorOf('cancelled'))
      this.#feed = this.#ports.feeds.add({ ...this.#request, filters: [], startRevision }, this)
    })
  }

  /** Tells what a new list says. @returns the first revision to watch. */
  async #relist(compactRevision: number): Promise<number> {
    for (;;) {
      try {
        return await this.#tellList(compactRevision)
      } catch (error) {
        if (!(error instanceof ConclaveError) || error.code !== 'compacted') throw error
      }
    }
  }

  async #tellList(compactRevision: number): Promise<number> {
    const seen = new Set<string>()
    const complete = this.#complete
    let relisted: Relisted | undefined
    for await (const { kvs, revision } of this.#pages(0, false)) {
      const events = this.#known.compare(kvs, seen, !complete)
      if (relisted === undefined) {
        relisted = { compactRevision, revision, complete }
        await this.#tellSynthetic(events, this.#toldRevision, relisted)
      } else if (events.length > 0) await this.#tellSynthetic(events, this.#toldRevision)
    }
    const { revision } = relisted!
    await this.#tellSynthetic(this.#known.missing(seen, revision), revision)
    this.#complete = true
    return revision + 1
  }

  async #tellSynthetic(events: readonly Event[], revision: number, relisted?: Relisted) {
    if (!this.#tell(events, revision, { synthetic: true, relisted })) this.#isFull = true
    while (this.#isFull && !this.#abort.signal.aborted)
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve
      })
    if (this.#abort.signal.aborted) throw errorOf('cancelled')
  }

  #tell(events: readonly Event[], revision: number, origin?: PushOrigin): boolean {
    this.#toldRevision = Math.max(this.#toldRevision, revision)
    const wanted = events.filter((event) => this.#isWanted(event))
    // A batch of which nothing is left says nothing, unless it was a report.
    if (wanted.length === 0 && events.length > 0 && origin === undefined) return true
    return this.#sink.push(wanted, revision, origin)
  }

  #isWanted({ type, kv }: Event): boolean {
    const without = type === EventType.PUT ? FilterType.NOPUT : FilterType.NODELETE
    return (kv?.modRevision ?? 0) >= this.#tellFrom && !this.#request.filters.includes(without)
  }

  #pages(revision: number, keysOnly: boolean) {
    const { signal } = this.#abort
    return listPages(this.#ports, this.#request, {
      revision,
      keysOnly,
      signal,
      onRetry: (error) => this.disconnected(error),
    })
  }

  #connected(): void {
    if (!this.#disconnected) return
    this.#disconnected = false
    this.#sink.resumed(this.#toldRevision + 1)
  }
}
