/**
 * Brings a cache to a revision at which nothing in its range may have happened.
 *
 * A watch hears of changes in its range only, so of a quiet range it must ask. It asks for
 * progress, which costs a message; where that stays without an answer (a server answers
 * when all watches of the stream are level) or cannot be trusted (etcd before 3.4.25 and
 * 3.5.8 may answer before it has sent what happened, #15220), it asks the store: when no
 * key of the range has been put since the cache's revision, and there are as many as the
 * cache has, none was deleted either, and the cache is as new as the answer.
 */

import type { Calls } from './calls.js'
import type { Connection } from './connection/connection.js'
import type { Waits } from './connection/waits.js'
import type { WireRange } from './range.js'
import { rangeRequest } from './requests.js'
import { KV, Maintenance } from './wire/methods.js'

/** What it needs of the cache. */
export interface LevelOwner {
  readonly copy: { readonly revision: number; readonly size: number }
  readonly wireRange: WireRange
  /** Does somebody wait for a revision that is not reached? */
  isWaitedFor(): boolean
  requestProgress(): void
  /** Nothing has happened in the range up to here. */
  advance(revision: number): void
}

/** How long an answer to a request for progress is waited for. */
const ANSWER_MS = 100
/** Pause between two comparisons. */
const COMPARE_MS = 10

const NOTHING = new Uint8Array(0)

/** See the head of the file. */
export class CacheLevel {
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #waits: Waits
  readonly #owner: LevelOwner
  /** The read that this turn's callers share. */
  #read: Promise<number> | undefined
  #isChasing = false
  /** A request for progress has no answer yet. */
  #isAsking = false
  /** Somebody came since it was made. */
  #isAskedAgain = false
  /** A report came since the last look. */
  #isAnswered = false
  #trusts: boolean | undefined
  /** How many servers were forgotten. */
  #servers = 0

  constructor(connection: Connection, calls: Calls, waits: Waits, owner: LevelOwner) {
    this.#connection = connection
    this.#calls = calls
    this.#waits = waits
    this.#owner = owner
  }

  /** May a report of progress be believed? Not before a server has been asked for its version. */
  get trustsProgress(): boolean {
    return this.#trusts === true
  }

  /** Another server may serve the watch from now on. */
  forgetServer(): void {
    this.#trusts = undefined
    this.#servers++
  }

  /** The revision of the store, read after this call; one read for all who ask in one turn. */
  storeRevision(): Promise<number> {
    this.#read ??= new Promise((resolve) => {
      this.#connection.clock.soon(() => {
        this.#read = undefined
        resolve(this.#askRevision())
      })
    })
    return this.#read
  }

  /** Somebody waits for a revision: sees to it that the cache gets there. */
  chase(): void {
    if (this.#isAsking) this.#isAskedAgain = true
    else this.#ask()
    if (!this.#isChasing) void this.#run()
  }

  /** A report of progress came. */
  answered(): void {
    this.#isAnswered = true
    this.#isAsking = false
    // Who came after the request may want more than the answer brought.
    if (this.#isAskedAgain && this.#owner.isWaitedFor()) this.#ask()
  }

  #ask(): void {
    this.#isAskedAgain = false
    if (this.#trusts !== true) return
    this.#isAsking = true
    this.#owner.requestProgress()
  }

  async #run(): Promise<void> {
    this.#isChasing = true
    while (this.#owner.isWaitedFor()) {
      try {
        await this.#step()
      } catch {
        // It passes, or the cache ends; whoever waits has a limit.
        if (this.#owner.isWaitedFor()) await this.#waits.sleep(ANSWER_MS).catch(() => {})
      }
    }
    this.#isChasing = false
  }

  async #step(): Promise<void> {
    if (!(await this.#learnTrust())) {
      await this.#compare()
      if (this.#owner.isWaitedFor()) await this.#waits.sleep(COMPARE_MS)
      return
    }
    this.#isAnswered = false
    this.#ask()
    await this.#waits.sleep(ANSWER_MS)
    if (!this.#isAnswered && this.#owner.isWaitedFor()) await this.#compare()
  }

  async #compare(): Promise<void> {
    const { copy, wireRange } = this.#owner
    const { revision } = copy
    const options = { keysOnly: true, limit: 1, minModRevision: revision + 1 }
    const answer = await this.#calls.call(KV.range, rangeRequest(wireRange, options), 'read')
    const isQuiet = copy.revision === revision && answer.kvs.length === 0
    if (isQuiet && answer.count === copy.size) this.#owner.advance(answer.header?.revision ?? 0)
  }

  async #askRevision(): Promise<number> {
    const key = { key: this.#owner.wireRange.key, rangeEnd: NOTHING }
    const answer = await this.#calls.call(KV.range, rangeRequest(key, { countOnly: true }), 'read')
    return answer.header?.revision ?? 0
  }

  async #learnTrust(): Promise<boolean> {
    if (this.#trusts !== undefined) return this.#trusts
    const servers = this.#servers
    const version = await this.#connection.call(Maintenance.status, {}, 'read').then(
      (status) => status.version,
      // Who does not say what it is, is not believed.
      () => '',
    )
    if (servers === this.#servers) this.#trusts = reportsInOrder(version)
    return this.#trusts ?? false
  }
}

/** Does a server of this version send what happened before it says that it was told? */
export function reportsInOrder(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  if (major !== 3) return major > 3
  if (minor === 4) return patch >= 25
  if (minor === 5) return patch >= 8
  return minor > 5
}
