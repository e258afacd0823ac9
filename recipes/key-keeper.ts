/**
 * Puts a key, and puts it back whenever it disappears, until told to stop: the algorithm of
 * persistent nodes.
 *
 * 1. Take a session from the source, and the seat of our key in it: two of one process on
 *    one key would take each other's lease for their own.
 * 2. **Put**, one transaction: if the last put of the key is the one that we know of (none:
 *    if there is no key), put it with our lease; else read it. What it says decides.
 *    Nothing there, or an older one of ours: put again, on what we know now. Somebody
 *    else's: tell it once, and wait, unless `takeOver` says that it may be overwritten.
 * 3. **Watch** the key. Gone, overwritten, another value is wished, the session is lost:
 *    back to 2, or to 1. Trouble that follows quickly on the last makes us rest a little
 *    longer each time.
 * 4. **Remove** it in the end: delete it if the last put is the one that we know of; else
 *    read it, and so on until it is gone or another's.
 *
 * Each put compares the last put, so one that arrives late finds another revision and does
 * nothing. Only the put of a new key can come late all the same, after the key was removed;
 * it hangs on our lease, and the seat watches for it as long as the session lives.
 *
 * Without a lease (`persistent`) it is put on our lease first, and taken off it by a second
 * put, for the same reason.
 *
 * `takeOver` is asked only until we are there for the first time: of two that want the same
 * key, the newer one has it and the older one waits.
 */

import { ConclaveError, compare, type Keyspace, KeyValue, op } from '../client/index.js'
import { BackOff } from './back-off.js'
import { hasCode, LostError, TakenError } from './errors.js'
import { insist } from './insist.js'
import { readKey } from './own-key.js'
import type { OwnPlace } from './own-place.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'
import { TTL_SECONDS } from './session-options.js'
import type { SessionSource } from './session-source.js'
import { Waiting } from './waiting.js'

/**
 * Why a key is not there, or not ours.
 *
 * - `deleted`: somebody deleted it, or its lease was ended; it is put back.
 * - `taken`: somebody else put over it; it is put back when it is free again.
 * - `session-lost`: its lease was not renewed in time; it is put on the next one.
 * - `stopped`: it was paused or closed.
 */
export type AbsenceReason = 'deleted' | 'taken' | 'session-lost' | 'stopped'

/** What a keeper works with, and whom it tells. */
export interface KeeperOwner {
  readonly key: string
  readonly sessions: SessionSource
  /** The key stays when this process ends. */
  readonly isPersistent: boolean
  readonly takeOver: (holder: KeyValue) => boolean
  /** Whether to remove the key in the end; no: its session will be closed. */
  removes(): boolean
  /** What the key is to have. */
  value(): Uint8Array
  /** The key has it. */
  settled(): void
  present(fencingToken: number): void
  absent(reason: AbsenceReason): void
  /** Something stands in the way. */
  failed(error: Error): void
}

const REST_MS_MIN = 100

/** One run, from start to stop; see the head of the file. */
export class KeyKeeper {
  readonly #owner: KeeperOwner
  readonly #client: Keyspace
  readonly #signal: AbortSignal
  readonly #place: OwnPlace
  /** The session at whose seat we are; undefined between two. */
  #session: Session | undefined
  /** Not been there yet: whoever is may be overwritten, if the owner says so. */
  #isComing = true
  /** Whether `present` was told last. */
  #isPresent = false
  /** The last put of the holder that was told last. */
  #toldHolder = 0
  /** It was there, and was taken away. */
  #isDisturbed = false
  readonly #backOff: BackOff
  #removing: Promise<void> | undefined
  #ttlMs = TTL_SECONDS * 1000
  #isWoken = false
  #wake: (() => void) | undefined

  /**
   * @param place what is known of the key already.
   * @param signal says when to stop.
   */
  constructor(owner: KeeperOwner, place: OwnPlace, signal: AbortSignal) {
    this.#owner = owner
    this.#place = place
    this.#client = owner.sessions.client
    this.#signal = signal
    this.#backOff = new BackOff(this.#client, signal)
  }

  /** At which revision it became ours; undefined when it is not, asking the time too. */
  get token(): number | undefined {
    return this.#session?.alive ? this.#place.token : undefined
  }

  /** The key as we know it. */
  get kv(): KeyValue | undefined {
    return this.#place.kv
  }

  /** Has the key what it is to have? */
  get isSettled(): boolean {
    return this.#session?.alive === true && this.#isRight(this.#session)
  }

  /** Looks again at what is to be done: another value is wished. */
  ring(): void {
    this.#isWoken = true
    this.#wake?.()
  }

  /**
   * Steps 1 to 4. Ends when the signal aborts and the key is gone.
   *
   * @throws {ConclaveError} `unavailable`: nobody says that it is gone; `closed`: the source
   *   of sessions or the client is closed; whatever forbids us to delete it.
   */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#serve(await this.#owner.sessions.get({ signal: this.#signal }))
        await this.#backOff.rest(0)
      } catch (error) {
        if (this.#signal.aborted) break
        if (hasCode(error, 'closed')) throw error
        await this.#trouble(error)
      }
    }
    await this.#remove()
  }

  /** At the seat of one session, as long as it lives. */
  async #serve(session: Session): Promise<void> {
    const seat = session.seat(this.#owner.key)
    if (seat.taken) this.#owner.failed(new TakenError(this.#owner.key, undefined))
    const waiting = new Waiting(session, { signal: this.#signal }, `The key ${this.#owner.key}`)
    try {
      await seat.enter(waiting)
    } finally {
      waiting.close()
    }
    const unhook = session.onLost(() => this.ring())
    const ending = new AbortController()
    this.#session = session
    this.#place.standOn(session.id)
    this.#ttlMs = session.ttlSeconds * 1000
    this.#announce()
    try {
      await this.#keep(session, seat, ending.signal)
      if (this.#signal.aborted) await this.#remove()
    } finally {
      ending.abort()
      unhook()
      this.#session = undefined
      this.#announce()
      seat.leave()
    }
  }

  async #keep(session: Session, seat: Seat, ended: AbortSignal): Promise<void> {
    let isWatching = false
    while (!this.#signal.aborted && session.alive) {
      if (!isWatching && this.#place.revision > 0) {
        isWatching = true
        void this.#watch(session, ended)
      }
      if (this.#isRight(session)) this.#owner.settled()
      if (this.#isRight(session) || this.#isLeftAlone()) await this.#woken()
      else await this.#put(session, seat)
    }
  }

  #isRight(session: Session): boolean {
    return this.#place.is(this.#owner.value(), this.#owner.isPersistent ? 0n : session.id)
  }

  /** Is it somebody else's, and not to be overwritten? */
  #isLeftAlone(): boolean {
    const { kv, isForeign } = this.#place
    if (kv === undefined || !isForeign) return false
    if (this.#isComing && this.#owner.takeOver(kv)) return false
    if (this.#toldHolder !== kv.createRevision) {
      this.#toldHolder = kv.createRevision
      this.#owner.failed(new TakenError(this.#owner.key, kv))
    }
    return true
  }

  /** Step 2; knows more after it, unless nobody answered. */
  async #put(session: Session, seat: Seat): Promise<void> {
    const { key, isPersistent } = this.#owner
    const place = this.#place
    if (this.#isDisturbed) await this.#backOff.rest(0)
    this.#isDisturbed = false
    if (this.#signal.aborted || !session.alive) return
    const value = this.#owner.value()
    const lease = isPersistent && place.token !== undefined ? 0n : session.id
    const before = place.kv
    place.putting(value)
    try {
      const { succeeded, responses, revision } = await this.#client
        .txn()
        .if(compare(key).modRevision('=', place.modRevision))
        .then(op.put(key, value, { lease }))
        .else(op.get(key))
        .commit()
      if (succeeded) place.wrote(putOver(before, key, value, lease, revision))
      else {
        const [read] = responses
        this.#learn(read.type === 'get' ? read.kvs[0] : undefined, revision)
        place.certain()
      }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
      if (error.outcomeUnknown && before === undefined) seat.suspect(place.revision)
      if (!error.outcomeUnknown) place.certain()
      if (error.code === 'lease-not-found') session.lose('expired', error)
      else await this.#trouble(error)
    }
    this.#announce()
  }

  /** Step 3. */
  async #watch(session: Session, signal: AbortSignal): Promise<void> {
    const { key } = this.#owner
    while (!signal.aborted) {
      try {
        const startRevision = this.#place.revision + 1
        for await (const { type, kv } of this.#client.watch(key, { startRevision, signal }))
          this.#learn(type === 'put' ? kv : undefined, kv.modRevision)
      } catch (error) {
        if (signal.aborted) return
        const isCompacted = hasCode(error, 'compacted')
        if (!isCompacted) await this.#trouble(error)
        const found = await readKey(session, key).catch(() => undefined)
        if (found !== undefined) this.#learn(found.kv, found.revision)
      }
    }
  }

  #learn(kv: KeyValue | undefined, revision: number): void {
    this.#place.learn(kv, revision)
    this.#announce()
    this.ring()
  }

  /** Step 4, once. */
  #remove(): Promise<void> {
    this.#removing ??= this.#owner.removes() ? this.#removeKey() : Promise.resolve()
    return this.#removing
  }

  async #removeKey(): Promise<void> {
    const place = this.#place
    const { key, isPersistent } = this.#owner
    const { clock } = this.#client
    const endMs = clock.now() + this.#ttlMs
    const over = () => this.#client.closed || clock.now() >= endMs
    while (place.mayBeThere) {
      const isKnown = compare(key).modRevision('=', place.modRevision)
      const result = await insist(this.#client, over, () =>
        this.#client.txn().if(isKnown).then(op.delete(key)).else(op.get(key)).commit(),
      )
      if (result === undefined) {
        // Its lease has ended without us.
        if (!isPersistent && this.#session?.alive !== true) return
        throw new ConclaveError('unavailable', `Nobody says that the key ${key} is gone.`)
      }
      const [answer] = result.responses
      place.learn(answer.type === 'get' ? answer.kvs[0] : undefined, result.revision)
      place.certain()
    }
  }

  /** Tells whether it is there, when that is news. */
  #announce(): void {
    const { token } = this
    if (token !== undefined) this.#isComing = false
    if ((token !== undefined) === this.#isPresent) return
    this.#isPresent = token !== undefined
    if (token !== undefined) {
      this.#owner.present(token)
      return
    }
    const reason = this.#absenceReason
    this.#isDisturbed = reason === 'deleted' || reason === 'taken'
    this.#owner.absent(reason)
  }

  get #absenceReason(): AbsenceReason {
    if (this.#signal.aborted) return 'stopped'
    if (this.#session?.alive !== true) return 'session-lost'
    return this.#place.isForeign ? 'taken' : 'deleted'
  }

  async #trouble(error: unknown): Promise<void> {
    if (error instanceof LostError) return
    this.#owner.failed(error instanceof Error ? error : new Error(String(error)))
    await this.#backOff.rest(REST_MS_MIN)
  }

  async #woken(): Promise<void> {
    if (!this.#isWoken)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#wake = undefined
    this.#isWoken = false
  }
}

/** The key-value after our put. */
function putOver(
  before: KeyValue | undefined,
  key: string,
  value: Uint8Array,
  lease: bigint,
  revision: number,
): KeyValue {
  return new KeyValue({
    key: new TextEncoder().encode(key),
    value,
    createRevision: before?.createRevision ?? revision,
    modRevision: revision,
    version: (before?.version ?? 0) + 1,
    lease,
  })
}
