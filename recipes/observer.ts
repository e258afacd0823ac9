/**
 * Seeing who leads, without standing for it.
 *
 * Promise: **{@link ElectionObserver.observe} names only keys that led at the revision it
 * names, never goes back, and says so when nobody leads.** By the time you read it,
 * another may lead.
 *
 * 1. Read the oldest key of the queue, at the present. It leads; none: nobody does.
 * 2. Somebody leads: watch that key alone. Put: it leads with a new value. Deleted at
 *    revision r: read the oldest key *as of r*, and go on from r.
 * 3. Nobody leads: watch the queue until the first put, at revision r; read as of r.
 *
 * Reading as of r names everybody who led, even for a moment. Only when r has been
 * compacted meanwhile are leaders skipped: it goes on with the present.
 *
 * | | round trips |
 * | --- | --- |
 * | `leader` | 1 |
 * | `observe` | 1, then 1 and a watch for each change of leader; candidates who come and go cost nothing |
 *
 * Partition: `observe` waits, and tells everything afterwards.
 */

import {
  type Keyspace,
  type KeyValue,
  leavable,
  type RequestOptions,
  type WatchOptions,
} from '../client/index.js'
import { hasCode, isTransient } from './errors.js'
import { KeyQueue } from './key-queue.js'
import { pause } from './pause.js'

/** Somebody who leads, or would. */
export class Candidate {
  /** Whether it led when this was read. */
  readonly leads: boolean
  /** The token that it has, or will have. */
  readonly fencingToken: number
  readonly leaseId: bigint
  readonly key: string
  /** What it said when it stood, or proclaimed last. */
  readonly value: Uint8Array
  readonly #kv: KeyValue

  /** @internal */
  constructor(kv: KeyValue, leads: boolean) {
    this.#kv = kv
    this.leads = leads
    this.fencingToken = kv.createRevision
    this.leaseId = kv.lease
    this.key = kv.keyString
    this.value = kv.value
  }

  /** The value as UTF-8. */
  text(): string {
    return this.#kv.text()
  }

  /** The value parsed as JSON; throws a SyntaxError when it is none. */
  json<T = unknown>(): T {
    return this.#kv.json<T>()
  }
}

/** What was so at a revision. */
interface Seen {
  readonly kv: KeyValue | undefined
  readonly revision: number
}

const RETRY_MS = 500

/** Sees who leads; see the head of the file. */
export class ElectionObserver {
  readonly name: string
  /** @internal */
  readonly queue: KeyQueue
  readonly #client: Keyspace

  /**
   * @param name not empty, not ending in `/`.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string) {
    this.#client = client
    this.queue = new KeyQueue(client, name)
    this.name = name
  }

  /** Who leads; null when nobody does. */
  async leader(options: RequestOptions = {}): Promise<Candidate | null> {
    return candidate((await this.queue.first(options)).kv)
  }

  /** Who leads and who waits, in order. */
  async participants(options: RequestOptions = {}): Promise<Candidate[]> {
    return (await this.queue.all(options)).map((kv, i) => new Candidate(kv, i === 0))
  }

  /**
   * Who leads now, then each change: another leader, another value, or null for nobody.
   * `return()` ends it at once, also while a `next()` waits.
   *
   * @throws {ConclaveError} `cancelled` when the signal aborts, `closed`,
   *   `permission-denied`, ….
   */
  observe({
    signal,
  }: {
    readonly signal?: AbortSignal
  } = {}): AsyncGenerator<Candidate | null, void, undefined> {
    return leavable(signal, (left) => this.#changes(left))
  }

  async *#changes(signal: AbortSignal): AsyncGenerator<Candidate | null, void, undefined> {
    let told: number | undefined
    for await (const { kv } of this.#states(signal)) {
      const changed = told === undefined || told !== (kv?.modRevision ?? 0)
      told = kv?.modRevision ?? 0
      if (changed) yield candidate(kv)
    }
  }

  async *#states(signal: AbortSignal): AsyncGenerator<Seen, void, undefined> {
    let seen = await this.#read(undefined, signal)
    for (;;) {
      yield seen
      const from = seen.revision + 1
      // As of when to read next; at the present when that is not known.
      let at: number | undefined
      try {
        if (seen.kv === undefined) at = await this.#firstPut(from, signal)
        else at = yield* this.#reign(seen.kv, from, signal)
      } catch (error) {
        if (!isCompacted(error)) await this.#rest(error, signal)
      }
      seen = await this.#read(at, signal)
    }
  }

  /** Step 1, and the reads of the others. */
  async #read(at: number | undefined, signal: AbortSignal): Promise<Seen> {
    for (let asOf = at; ; ) {
      try {
        const options = { signal, ...(asOf !== undefined && { revision: asOf }) }
        const { kv, revision } = await this.queue.first(options)
        return { kv, revision: asOf ?? revision }
      } catch (error) {
        if (asOf !== undefined && isCompacted(error)) asOf = undefined
        else await this.#rest(error, signal)
      }
    }
  }

  /** Step 2: tells each new value; returns the revision at which it ends. */
  async *#reign(
    leader: KeyValue,
    startRevision: number,
    signal: AbortSignal,
  ): AsyncGenerator<Seen, number | undefined, undefined> {
    const watcher = this.#client.watch(leader.key, { startRevision, signal })
    for await (const { type, kv } of watcher) {
      if (type === 'delete') return kv.modRevision
      yield { kv, revision: kv.modRevision }
    }
    return undefined
  }

  /** Step 3. */
  async #firstPut(startRevision: number, signal: AbortSignal) {
    const options: WatchOptions = { startRevision, signal, filters: ['noDelete'] }
    const watcher = this.#client.watch(this.queue.range, options)
    for await (const { kv } of watcher) return kv.modRevision
    return undefined
  }

  /** Pauses when the cluster may do better in a while; throws otherwise. */
  async #rest(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted || !isTransient(error)) throw error
    await pause(this.#client, RETRY_MS, signal)
  }
}

function candidate(kv: KeyValue | undefined): Candidate | null {
  return kv === undefined ? null : new Candidate(kv, true)
}

function isCompacted(error: unknown): boolean {
  return hasCode(error, 'compacted')
}
