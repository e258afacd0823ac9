/**
 * Several mutexes as one: all of them are held, or none.
 *
 * Promise: **a multi-lock that is returned holds every one of its mutexes, and `signal` fires
 * before the server grants any of them to another.** They are the mutexes of these names,
 * for everybody: also for `Mutex`, `etcdctl lock` and Go.
 *
 * To *try*, one transaction takes all that are free and unclaimed, or none
 * (multilock-grab.ts). To *acquire*, that is tried first; when somebody has one of them,
 * they are acquired one after the other in the order of their names. Since everybody uses
 * that order, two who want the same mutexes never wait for each other. One deadline holds
 * for the whole; whatever ends the wait, what was acquired until then is given back.
 *
 * Every mutex has its own fencing token, and there is none for the whole. Of two who share
 * only one mutex, the later need not have the greater maximum: with tokens 10 and 5 for `a`
 * and `b`, the next holder of `b` and `c` may have 7 and 6. So send what `b` protects the
 * token of `b`.
 *
 * | | round trips |
 * | --- | --- |
 * | `tryAcquire` | 1; 0 when this session holds one of them or waits for it |
 * | `acquire`, all are free | 1 |
 * | `acquire`, some are not | 1, then those of each mutex |
 * | `release` | 1 for each, at the same time |
 * | holding for longer than a second | a watch on each key |
 *
 * Lease lost, partition, crash: as with a mutex, for all of them at the same moment. One key
 * deleted by an operator: `signal` fires; the others are held until `release`.
 */

import { setMaxListeners } from 'node:events'
import type { Compare, RequestOptions } from '../client/index.js'
import { onAbort } from './abort.js'
import { exceptLost, invalidArgument, NotHeldError } from './errors.js'
import { useHandle } from './handle.js'
import type { Held } from './held.js'
import { KeyQueue } from './key-queue.js'
import { Grab } from './multilock-grab.js'
import { Lock, Mutex, type Participant } from './mutex.js'
import { checkSession } from './names.js'
import type { Session } from './session.js'
import { type WaitOptions, waitingFor } from './waiting.js'

/** How a {@link MultiLock} behaves. */
export interface MultiLockOptions {
  /** Who we are; it is the value of the keys. Default the owner of the session. */
  readonly owner?: string
}

/** Most names: so many operations fit into one transaction of etcd. */
const NAMES_MAX = 128

/** What a multi-lock needs of each of its locks. */
type Part = Held | Lock

/**
 * Several mutexes by name, on a session; see the head of the file. Making one costs nothing.
 *
 * @example
 * const accounts = new MultiLock(session, ['account/7', 'account/3'])
 * await accounts.using((locks) => client.txn().if(...locks.guard()).then(op.put('paid', 'yes')).commit())
 */
export class MultiLock {
  readonly session: Session
  /** In the order in which they are acquired. */
  readonly names: readonly string[]
  readonly owner: string
  readonly #what: string
  readonly #queues: readonly KeyQueue[]

  /**
   * @param names 1 to 128, each as of a {@link Mutex}, none twice, none inside of another
   *   as `a/b` is inside of `a`.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, names: readonly string[], options: MultiLockOptions = {}) {
    checkSession(session)
    const { owner = session.owner } = options
    if (owner === '') throw invalidArgument('An owner must not be empty.')
    checkNames(names)
    this.session = session
    this.names = names.toSorted()
    this.owner = owner
    this.#what = `The locks ${this.names.map((name) => `'${name}'`).join(', ')}`
    this.#queues = this.names.map((name) => new KeyQueue(session.client, name))
  }

  /**
   * Waits until we hold all of them. When it fails, no key stays behind.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded` (`timeoutMs` is for the whole),
   *   `permission-denied`, ….
   * @throws {LostError} the session was lost, or a key deleted, while we waited.
   */
  async acquire(options: WaitOptions = {}): Promise<MultiLockHeld> {
    return waitingFor(this.session, options, this.#what, async (waiting) => {
      const { signal } = waiting
      const grabbed = await this.tryAcquire({ signal })
      if (grabbed !== undefined) return grabbed
      const parts: Part[] = []
      try {
        for (const name of this.names) {
          const mutex = new Mutex(this.session, name, { owner: this.owner })
          parts.push(await mutex.acquire({ signal }))
          for (const part of parts) part.signal.throwIfAborted()
        }
        waiting.check()
      } catch (error) {
        await Promise.allSettled(parts.map((part) => part.release()))
        throw error
      }
      return new MultiLockHeld(this.names, parts, this.#what)
    })
  }

  /** Holds all of them if nobody holds or waits for any; undefined otherwise. Fails as {@link acquire}. */
  async tryAcquire(options: WaitOptions = {}): Promise<MultiLockHeld | undefined> {
    return waitingFor(this.session, options, this.#what, async (waiting) => {
      const wanted = this.#queues.map((queue) => ({
        queue,
        seat: this.session.seat(this.session.keyUnder(queue.name)),
        what: `The lock '${queue.name}'`,
      }))
      const parts = await new Grab(this.session, wanted, waiting, this.owner).run()
      return parts && new MultiLockHeld(this.names, parts, this.#what)
    })
  }

  /**
   * Holds all of them while `work` runs, whose failure is ours.
   *
   * @throws {LostError} one was lost before `work` ended, though it ended well.
   */
  async using<T>(
    work: (locks: MultiLockHeld) => T | Promise<T>,
    options: WaitOptions = {},
  ): Promise<T> {
    return useHandle(await this.acquire(options), work)
  }

  /** Who holds and who waits, in order, for each name. 1 round trip for each. */
  async participants(options: RequestOptions = {}): Promise<Map<string, Participant[]>> {
    const each = this.names.map(async (name) => {
      const mutex = new Mutex(this.session, name)
      return [name, await mutex.participants(options)] as const
    })
    return new Map(await Promise.all(each))
  }
}

/** Several mutexes that are held. */
export class MultiLockHeld implements AsyncDisposable {
  /** The token of each name: send each thing that is protected the token of its own lock. */
  readonly fencingTokens: ReadonlyMap<string, number>
  readonly #parts: readonly Part[]
  readonly #what: string
  readonly #controller = new AbortController()
  #released = false

  /** @internal */
  constructor(names: readonly string[], parts: readonly Part[], what: string) {
    this.#parts = parts
    this.#what = what
    setMaxListeners(0, this.#controller.signal)
    this.fencingTokens = new Map(names.map((name, i) => [name, parts[i]!.fencingToken]))
    for (const { signal } of parts) onAbort(signal, () => this.#controller.abort(signal.reason))
  }

  /** Fires when any of them is lost, not when they are released; its reason is a {@link LostError}. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether all are held right now, asking the time too. */
  get held(): boolean {
    return !this.#released && this.#parts.every(isHeld)
  }

  /** Whether they were released. */
  get released(): boolean {
    return this.#released
  }

  /** Conditions that make any transaction fail once one of them is lost or released. */
  guard(): Compare[] {
    return this.#parts.flatMap((part) => part.guard())
  }

  /**
   * Gives all of them back, also when one was lost. Asks until the server answers, or the
   * session ends.
   *
   * @throws {LostError} one was lost before.
   * @throws {NotHeldError} they were released before.
   */
  async release(): Promise<void> {
    if (this.#released) throw new NotHeldError(this.#what)
    this.#released = true
    const ends = await Promise.allSettled(this.#parts.map((part) => part.release()))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Releases what is still held, unless they are released. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#released) await this.release().catch(exceptLost)
  }
}

function checkNames(names: readonly string[]): void {
  if (!Array.isArray(names) || names.length < 1 || names.length > NAMES_MAX)
    throw invalidArgument(`A multi-lock has 1 to ${NAMES_MAX} names.`)
  const sorted = names.map((name) => `${name}/`).toSorted()
  for (const [i, name] of sorted.entries())
    if (i > 0 && name.startsWith(sorted[i - 1]!))
      throw invalidArgument(`'${name.slice(0, -1)}' is named twice, or inside of another name.`)
}

/** Asks the time too. */
function isHeld(part: Part): boolean {
  return part instanceof Lock ? part.held : part.state === 'held'
}
