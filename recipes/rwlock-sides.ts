/**
 * The two ways to want a read-write lock: with others, or alone; the lock itself is in rwlock.ts.
 *
 * Code that `read.using` runs knows, wherever it calls from, that it reads: its asynchronous
 * context carries the lock. So asking to write from there can be refused, while other work
 * of the same process, with the same objects, waits its turn.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Compare, KeyValue } from '../client/index.js'
import { Contender } from './contender.js'
import { UpgradeError } from './errors.js'
import { useHandle } from './handle.js'
import type { Held } from './held.js'
import type { Line } from './line.js'
import { ReadLock, WriteLock } from './rwlock-handles.js'
import type { ReadWriteKeys, RWKind } from './rwlock-line.js'
import type { Session } from './session.js'
import { Slots } from './slots.js'
import type { WaitOptions } from './waiting.js'

/** A read lock that the code which runs now was given by `using`, and those around it. */
interface Reading {
  readonly lock: ReadLock
  readonly side: Side
  readonly outer: Reading | undefined
}

const readings = new AsyncLocalStorage<Reading | undefined>()

/** One of the two ways to want it. */
abstract class Side {
  /** @internal */
  readonly session: Session
  /** @internal */
  readonly keys: ReadWriteKeys
  protected readonly owner: string
  readonly #kind: RWKind
  readonly #line: Line
  readonly #free: Compare
  readonly #slots: Slots
  readonly #contender: Contender

  constructor(
    kind: RWKind,
    session: Session,
    keys: ReadWriteKeys,
    owner: string,
    line: Line,
    free: Compare,
  ) {
    this.#kind = kind
    this.session = session
    this.keys = keys
    this.owner = owner
    this.#line = line
    this.#free = free
    this.#slots = new Slots(session, keys.nameOf(kind))
    this.#contender = new Contender(session, this.what, () => this.#slots.free())
  }

  /** Names it in errors. */
  protected get what(): string {
    return `The ${this.#kind} lock '${this.keys.queue.name}'`
  }

  protected enter(options: WaitOptions): Promise<Held> {
    return this.#contender.enter(this.#line, { value: this.owner }, options)
  }

  protected tryEnter(options: WaitOptions): Promise<Held | undefined> {
    return this.#contender.tryEnter(this.#line, [this.#free], { value: this.owner }, options)
  }

  protected async resumeHeld(options: WaitOptions): Promise<Held | undefined> {
    const read = (signal: AbortSignal) => this.keys.queue.all({ signal })
    const names = ['read', 'write'].map((kind) => `${this.keys.queue.name}/${kind}/`)
    const lineOf = (kv: KeyValue) => {
      const isOurs = names.some((prefix) => kv.keyString.startsWith(prefix))
      return isOurs && this.keys.kindOf(kv) === this.#kind ? this.#line : undefined
    }
    return (await this.#slots.resume(this.what, read, lineOf, options))?.held
  }
}

/** Reading: {@link RWLock.read}. */
export class ReadSide extends Side {
  /** @internal */
  constructor(session: Session, keys: ReadWriteKeys, owner: string) {
    super('read', session, keys, owner, keys, keys.noWriters)
  }

  /**
   * Waits until every writer before us is gone. When it fails, no key stays behind.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded` (after `timeoutMs`),
   *   `permission-denied`, ….
   * @throws {LostError} the session was lost, or the key deleted, while we waited.
   */
  async acquire(options: WaitOptions = {}): Promise<ReadLock> {
    return new ReadLock(await this.enter(options), this.owner)
  }

  /** Holds it if nobody writes or waits to write; undefined otherwise. Fails as {@link acquire}. */
  async tryAcquire(options: WaitOptions = {}): Promise<ReadLock | undefined> {
    const held = await this.tryEnter(options)
    return held && new ReadLock(held, this.owner)
  }

  /**
   * Holds it while `work` runs, whose failure is ours.
   *
   * @throws {LostError} it was lost before `work` ended, though it ended well.
   */
  async using<T>(work: (lock: ReadLock) => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
    return useHandle(await this.acquire(options), (lock) => {
      const reading = { lock, side: this, outer: readings.getStore() }
      return readings.run(reading, () => work(lock))
    })
  }

  /**
   * A read lock that a resumed session holds from its earlier life; undefined when there is
   * none left. Call it until then, before you acquire any other: what is not taken up stays
   * held until the session ends. 2 round trips.
   */
  async resume(options: WaitOptions = {}): Promise<ReadLock | undefined> {
    const held = await this.resumeHeld(options)
    return held && new ReadLock(held, this.owner)
  }
}

/** Writing: {@link RWLock.write}. */
export class WriteSide extends Side {
  /** @internal */
  constructor(session: Session, keys: ReadWriteKeys, owner: string) {
    super('write', session, keys, owner, keys.queue, keys.queue.empty)
  }

  /**
   * Waits until everybody before us is gone. When it fails, no key stays behind.
   *
   * @throws {UpgradeError} this runs inside of `read.using` of the same lock.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded` (after `timeoutMs`),
   *   `permission-denied`, ….
   * @throws {LostError} the session was lost, or the key deleted, while we waited.
   */
  async acquire(options: WaitOptions = {}): Promise<WriteLock> {
    this.#refuseUpgrade()
    return new WriteLock(await this.enter(options), this.owner)
  }

  /** Holds it if nobody holds it and nobody waits; undefined otherwise. Fails as {@link acquire}. */
  async tryAcquire(options: WaitOptions = {}): Promise<WriteLock | undefined> {
    this.#refuseUpgrade()
    const held = await this.tryEnter(options)
    return held && new WriteLock(held, this.owner)
  }

  /**
   * Holds it while `work` runs, whose failure is ours. If `work` downgrades it, the read lock
   * is for `work` to release, or for whom it gives it to.
   *
   * @throws {LostError} it was lost before `work` ended, though it ended well.
   */
  async using<T>(work: (lock: WriteLock) => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
    return useHandle(await this.acquire(options), work)
  }

  /** The write lock that a resumed session holds from its earlier life, or undefined. As `read.resume`. */
  async resume(options: WaitOptions = {}): Promise<WriteLock | undefined> {
    const held = await this.resumeHeld(options)
    return held && new WriteLock(held, this.owner)
  }

  #refuseUpgrade(): void {
    const { client } = this.session
    for (let reading = readings.getStore(); reading !== undefined; reading = reading.outer) {
      const { lock, side } = reading
      const isSame = side.session.client === client && side.keys.queue.name === this.keys.queue.name
      if (isSame && lock.held) throw new UpgradeError(`The lock '${this.keys.queue.name}'`)
    }
  }
}
