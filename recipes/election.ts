/**
 * An election: of all who stand, one leads; when it goes, the next one does.
 *
 * Promise: **a leadership that is returned was held at a moment between call and return,
 * tokens of later leaderships are greater, and `leadership.signal` fires before the server
 * makes another the leader.** As with every lock, a leader that cannot notice its signal
 * (a process that stands still) may believe longer: fence what it does.
 *
 * The algorithm is that of the mutex, in contention.ts, with a value: a leader is the
 * holder of a queue, and candidates wait in the order in which they came. What etcd's own
 * client leaves out is done here too: after the wait the own key is read again, so nobody
 * leads by a lease that has ended (etcd #11777).
 *
 * **Proclaim** changes the value of the own key if it is still the one that was elected
 * *and* was not changed since our last change. The second condition makes an attempt whose
 * outcome is unknown harmless: when it arrives late, another has changed the key.
 * **Resign** deletes the key if it is still the one that was elected.
 *
 * | | round trips |
 * | --- | --- |
 * | `campaign`, nobody leads | 1 |
 * | `campaign`, somebody leads | 1, then a watch on one key, then 1 when it is deleted |
 * | `proclaim`, `resign` | 1 |
 * | leading for longer than a second | a watch on the own key |
 *
 * Lease lost: `signal` fires; `proclaim` throws; `guard()` fails every transaction once the
 * server has ended the lease. Partition: the same, at the session's deadline. Crash of the
 * leader: the next one leads when the lease ends, at most a TTL later.
 */

import { type Compare, compare, op } from '../client/index.js'
import { Contender } from './contender.js'
import { exceptLost, NotHeldError } from './errors.js'
import type { Held } from './held.js'
import { insist } from './insist.js'
import { checkSession } from './names.js'
import { ElectionObserver } from './observer.js'
import type { Session } from './session.js'
import type { WaitOptions } from './waiting.js'

/** What a leader says of itself: strings are UTF-8. */
export type ElectionValue = string | Uint8Array

/**
 * An election by name, on a session; see the head of the file. Making one costs nothing.
 *
 * Campaigns of one session under one name wait for each other, as if each had a session
 * of its own, but join the queue on the server one after the other.
 *
 * @example
 * const election = new Election(session, 'scheduler')
 * const leadership = await election.campaign('10.0.0.7:9000')
 * await schedule({ signal: leadership.signal, token: leadership.fencingToken })
 * await leadership.resign()
 */
export class Election extends ElectionObserver {
  readonly session: Session
  readonly #contender: Contender

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the election's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, name: string) {
    checkSession(session)
    super(session.client, name)
    this.session = session
    const key = session.keyUnder(name)
    this.#contender = new Contender(session, `The leadership of '${name}'`, () => session.seat(key))
  }

  /**
   * Stands, and waits until we lead. When it fails, no key stays behind.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded` (after `timeoutMs`),
   *   `permission-denied`, ….
   * @throws {LostError} the session was lost, or the key deleted, while we waited.
   */
  async campaign(value: ElectionValue, options: WaitOptions = {}): Promise<Leadership> {
    return new Leadership(await this.#contender.enter(this.queue, { value }, options), this.name)
  }

  /** The leadership that a resumed session has from its earlier life, or undefined. 1 round trip. */
  async resume(options: WaitOptions = {}): Promise<Leadership | undefined> {
    const held = await this.#contender.resume(this.queue, options)
    return held && new Leadership(held, this.name)
  }
}

/** A leadership that was won. */
export class Leadership implements AsyncDisposable {
  /** Grows from leader to leader. Send it along to what the leader directs. */
  readonly fencingToken: number
  readonly key: string
  readonly #held: Held
  readonly #what: string
  #resigned = false
  /** Revision of the last change of our key that we know of. */
  #modRevision: number
  /** Proclamations go out one after the other. */
  #last: Promise<void> = Promise.resolve()

  /** @internal */
  constructor(held: Held, name: string) {
    this.#held = held
    this.#what = `The leadership of '${name}'`
    this.fencingToken = held.fencingToken
    this.key = held.key
    this.#modRevision = held.fencingToken
  }

  /** Fires when the leadership is lost, not when it is resigned; its reason is a {@link LostError}. */
  get signal(): AbortSignal {
    return this.#held.signal
  }

  /** Whether we lead right now, asking the time too. */
  get leads(): boolean {
    return !this.#resigned && this.#held.state === 'held'
  }

  /** Conditions that make any transaction fail once the leadership is lost or resigned. */
  guard(): Compare[] {
    return this.#held.guard()
  }

  /**
   * Says something new without another election. Asks until the server answers, or the
   * session ends.
   *
   * @throws {LostError} the leadership is lost.
   * @throws {NotHeldError} it was resigned.
   * @throws {ConclaveError} `request-too-large`, `no-space`, ….
   */
  proclaim(value: ElectionValue): Promise<void> {
    const proclaimed = this.#last.then(() =>
      this.#proclaim(typeof value === 'string' ? Buffer.from(value) : value),
    )
    this.#last = proclaimed.catch(() => {})
    return proclaimed
  }

  /**
   * Stops leading: the next candidate leads. What was proclaimed before is said first.
   *
   * @throws {LostError} the leadership was lost before.
   * @throws {NotHeldError} it was resigned before.
   */
  async resign(): Promise<void> {
    this.#check()
    this.#resigned = true
    await this.#last
    await this.#held.release()
  }

  /** Resigns, unless resigned or lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.leads) await this.resign().catch(exceptLost)
  }

  #check(): void {
    if (this.#resigned) throw new NotHeldError(this.#what)
    this.#held.check()
  }

  async #proclaim(value: Uint8Array): Promise<void> {
    this.#held.check()
    const { session } = this.#held
    const over = () => !session.alive
    const put = () => this.#put(value)
    while ((await insist(session.client, over, put, session.signal)) === false);
    this.#held.check()
  }

  /** True: our key has the value. False: it had changed; what it is now is known. */
  async #put(value: Uint8Array): Promise<boolean> {
    const { client, id } = this.#held.session
    const { succeeded, responses, revision } = await client
      .txn()
      .if(...this.guard(), compare(this.key).modRevision('=', this.#modRevision))
      .then(op.put(this.key, value, { lease: id }))
      .else(op.get(this.key))
      .commit()
    if (succeeded) {
      this.#modRevision = revision
      return true
    }
    const own = responses[0]
    const kv = own?.type === 'get' ? own.kvs[0] : undefined
    if (kv?.createRevision !== this.fencingToken) throw this.#held.lose('deleted')
    this.#modRevision = kv.modRevision
    return Buffer.compare(kv.value, value) === 0
  }
}
