/**
 * Getting items out of a queue: the algorithm of all who consume, once through.
 *
 * 1. **Know.** A copy of the queue is kept by a watch (follower.ts, known-items.ts):
 *    the items in their order, without their values, and who has which.
 * 2. **Choose** the own share of what is ready (shares.ts), so that others are not in the way.
 * 3. **Claim** it in one transaction (claim-txn.ts), which also counts the attempt and
 *    brings the values. The claims hang on the lease of our session.
 * 4. **Settle** each: acked, given back, or buried (claim-hold.ts).
 *
 * An item without a claim is ready. So nobody has to notice a worker that crashed: its
 * lease ends, its claims are gone, and every consumer hears of it. An item that was claimed
 * too often without an end is buried by whoever would have claimed it next.
 *
 * Sessions follow each other for ever: when one is lost, everything that it had is lost,
 * and the next one is made as soon as somebody wants an item.
 */

import {
  ConclaveError,
  compare,
  type Keyspace,
  op,
  type Timer,
  type ValueCodec,
} from '../../client/index.js'
import { isTransient } from '../errors.js'
import { Inbox } from '../inbox.js'
import { pause } from '../pause.js'
import type { Session } from '../session.js'
import type { SessionOptions } from '../session-options.js'
import { SessionSource } from '../session-source.js'
import type { WaitOptions } from '../waiting.js'
import { ClaimHold } from './claim-hold.js'
import { CLAIMS_PER_TXN, type Claimed, ClaimTxn, type Wanted } from './claim-txn.js'
import { Demand } from './demand.js'
import type { Entry } from './entry.js'
import { follow } from './follower.js'
import { QueueItem } from './item.js'
import type { QueueKeys } from './keys.js'
import { KnownItems } from './known-items.js'
import { encodeRecord } from './records.js'
import type { RetryRule } from './retry-rule.js'
import { shareOf } from './shares.js'

/** Values that one claim brings, in bytes; one item is always taken. */
const CLAIM_BYTES_MAX = 1024 * 1024
const RETRY_MS = 200
const LOST_WITHOUT_END = 'Every attempt ended with its worker: it crashed, or was cut off.'
const VALUE_IS_GONE = 'Its value is gone: somebody has deleted it.'

/** See the head of the file. */
export class Claims<T> {
  readonly #client: Keyspace
  readonly #keys: QueueKeys
  readonly #codec: Pick<ValueCodec<T, never>, 'decode'>
  readonly #rule: RetryRule
  readonly #sessions: SessionSource
  readonly #items: KnownItems
  readonly #controller = new AbortController()
  #following: Promise<void> | undefined
  #isKnown = false
  #session: Session | undefined
  #demand: Demand | undefined
  /** How many items each wants who waits. */
  readonly #wishes: Inbox<number, QueueItem<T>[]>
  /** By id. */
  readonly #holds = new Map<string, ClaimHold>()
  #isClaiming = false
  #isOpening = false
  #timer: Timer | undefined

  constructor(
    client: Keyspace,
    keys: QueueKeys,
    codec: Pick<ValueCodec<T, never>, 'decode'>,
    rule: RetryRule,
    options: SessionOptions,
  ) {
    this.#client = client
    this.#keys = keys
    this.#codec = codec
    this.#rule = rule
    this.#sessions = new SessionSource(client, options)
    this.#wishes = new Inbox(client, `An item of the queue '${keys.name}'`)
    this.#items = new KnownItems(client.clock, keys, (attempts) => rule.delayMs(attempts))
  }

  /**
   * Waits until there is something, and claims it.
   *
   * @param max at most so many, at least one.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `closed`, `permission-denied`, ….
   */
  async claim(max: number, options: WaitOptions): Promise<QueueItem<T>[]> {
    this.#checkOpen()
    const granted = this.#wishes.put(max, options)
    this.#pump()
    try {
      return await granted
    } catch (error) {
      // It does not want any more.
      if (!this.#controller.signal.aborted) this.#tellDemand()
      throw error
    }
  }

  /** What is held is lost, or given back by the end of the lease; who waits fails with `closed`. Idempotent. */
  async close(): Promise<void> {
    this.#wishes.refuseAll(this.#closedError())
    this.#controller.abort()
    this.#timer?.cancel()
    await this.#following
    await this.#sessions.close()
  }

  #checkOpen(): void {
    if (this.#controller.signal.aborted) throw this.#closedError()
  }

  #closedError(): ConclaveError {
    return new ConclaveError('closed', `The queue '${this.#keys.name}' is closed; make a new one.`)
  }

  get #wanted(): number {
    return this.#wishes.letters().reduce((sum, { wish }) => sum + wish, 0)
  }

  #tellDemand(): void {
    if (this.#session?.alive) this.#demand?.want({ held: this.#holds.size, wanted: this.#wanted })
  }

  /** Claims what is to be claimed now; called whenever that may have changed. */
  #pump(): void {
    if (this.#isClaiming || this.#wishes.size === 0 || this.#controller.signal.aborted) return
    this.#following ??= this.#follow()
    if (!this.#session?.alive) return void this.#open()
    this.#tellDemand()
    if (!this.#isKnown) return
    const wanted = Math.min(this.#wanted, CLAIMS_PER_TXN)
    const nowMs = this.#client.clock.now()
    const { take, againAtMs } = shareOf(this.#items, this.#session.id, wanted, nowMs)
    this.#timer?.cancel()
    this.#timer = undefined
    if (take.length > 0) void this.#take(this.#session, take)
    else if (againAtMs !== undefined)
      this.#timer = this.#client.clock.after(Math.max(1, againAtMs - nowMs), () => this.#pump())
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return
    this.#isOpening = true
    try {
      const session = await this.#sessions.get({ signal: this.#controller.signal })
      this.#session = session
      this.#demand = new Demand(session, this.#keys)
      session.onLost((error) => {
        for (const hold of [...this.#holds.values()])
          if (hold.session === session) hold.lose(error.reason, error)
        this.#client.clock.soon(() => this.#pump())
      })
    } catch (error) {
      this.#wishes.refuseAll(error)
    } finally {
      this.#isOpening = false
    }
    this.#pump()
  }

  #follow(): Promise<void> {
    const onChange = (entries: ReadonlySet<Entry> | undefined) => {
      this.#isKnown = true
      for (const hold of entries === undefined ? [...this.#holds.values()] : this.#among(entries))
        if (this.#isGone(hold)) hold.lose('deleted')
      this.#pump()
    }
    const onFailure = (error: unknown) => {
      this.#following = undefined
      this.#isKnown = false
      this.#wishes.refuseAll(error)
    }
    const { signal } = this.#controller
    return follow(this.#client, this.#keys, this.#items, { onChange, onFailure }, signal)
  }

  #among(entries: ReadonlySet<Entry>): ClaimHold[] {
    return [...entries].flatMap(({ id }) => this.#holds.get(id) ?? [])
  }

  /** Its claim was there, and is there no more: somebody deleted it. */
  #isGone({ id, token, state }: ClaimHold): boolean {
    const isKnown = state === 'held' && this.#items.revision >= token
    return isKnown && this.#items.get(id)?.claim?.token !== token
  }

  /** Claims these, and buries those that were claimed too often. */
  async #take(session: Session, take: readonly Entry[]): Promise<void> {
    this.#isClaiming = true
    try {
      const wanted: Wanted[] = []
      let bytes = 0
      for (const entry of take) {
        const { record, itemRevision } = entry
        if (record === undefined) continue
        const isTooOften = record.attempts >= this.#rule.attemptsMax
        if (isTooOften) await this.#bury({ entry, record, itemRevision })
        else if (wanted.length === 0 || bytes + record.bytes <= CLAIM_BYTES_MAX) {
          wanted.push({ entry, record, itemRevision })
          bytes += record.bytes
        } else break
      }
      if (wanted.length > 0) await this.#claim(session, wanted)
    } catch (error) {
      if (!isTransient(error)) this.#wishes.refuseAll(error)
      await pause(this.#client, RETRY_MS, this.#controller.signal)
    } finally {
      this.#isClaiming = false
    }
    this.#pump()
  }

  async #claim(session: Session, wanted: readonly Wanted[]): Promise<void> {
    const claimed = await new ClaimTxn(session, this.#keys, wanted).run()
    if (claimed === undefined) return
    const items: QueueItem<T>[] = []
    for (const [i, one] of claimed.entries()) {
      if (one === undefined) this.#outdated(wanted[i]!)
      else items.push(...this.#held(session, one))
    }
    this.#grant(items)
    this.#tellDemand()
  }

  /** The news of what became of it is on its way, unless it came meanwhile. */
  #outdated({ entry, itemRevision }: Wanted): void {
    if (entry.itemRevision === itemRevision && entry.claim === undefined) entry.outdated = true
  }

  /** The item that is ours; none when nobody can work on it. */
  #held(session: Session, { wanted, token, kv }: Claimed): QueueItem<T>[] {
    const { entry, record } = wanted
    this.#items.claimed(entry, session.id, token)
    const { delayMs: _delay, dueMs: _due, ...rest } = record
    const attempt = { ...rest, attempts: record.attempts + 1 }
    const onEnd = (ended: ClaimHold) => {
      if (this.#holds.get(entry.id) === ended) this.#holds.delete(entry.id)
      this.#tellDemand()
    }
    const hold = new ClaimHold(session, this.#keys, { id: entry.id, record: attempt, token }, onEnd)
    this.#holds.set(entry.id, hold)
    if (!session.alive) return []
    if (kv === undefined) return this.#failed(hold.bury(VALUE_IS_GONE))
    try {
      return [new QueueItem(hold, kv.decode(this.#codec), this.#rule)]
    } catch (error) {
      // A later version of the program may understand it, so it is an attempt like others.
      return this.#failed(this.#rule.fail(hold, error))
    }
  }

  #failed(settling: Promise<unknown>): [] {
    settling.catch(() => {})
    return []
  }

  /** To those who wait, in their order; back into the queue when they are gone. */
  #grant(items: QueueItem<T>[]): void {
    while (items.length > 0) {
      const { first } = this.#wishes
      if (first === undefined) break
      first.grant(items.splice(0, first.wish))
    }
    for (const item of items) item.release().catch(() => {})
  }

  async #bury({ entry, record, itemRevision }: Wanted): Promise<void> {
    const keys = this.#keys
    const { id } = entry
    const { priority, attempts, bytes, error = LOST_WITHOUT_END } = record
    const dead = { priority, attempts, bytes, error, diedMs: this.#client.clock.wall() }
    entry.outdated = true
    try {
      await this.#client
        .txn()
        .if(
          compare(keys.item(id)).modRevision('=', itemRevision),
          compare(keys.claim(id)).missing(),
        )
        .then(op.delete(keys.item(id)), op.put(keys.deadItem(id), encodeRecord(dead)))
        .commit()
    } catch (failure) {
      entry.outdated = false
      throw failure
    }
  }
}
