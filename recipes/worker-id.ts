/**
 * Small whole numbers for those who live: for snowflake ids, shards, ports.
 *
 * Promise: **no two who hold an id of the same name hold the same one, and with a quarantine
 * none is given out again before that time is over, however its holder ended.** As with every
 * lease, a process that stands still may not notice that it has lost its id: look at `signal`,
 * or let the quarantine be longer than processes stand still.
 *
 * An id is the key `<name>/ids/<id>` on a lease. Who wants one waits for a mutex,
 * `<name>/queue`, reads which are taken, and claims the smallest that is free, on the condition
 * that it still holds the mutex. If none is free it waits, still with the mutex, until one
 * becomes free; the others wait for the mutex, in order. A claim whose answer is lost is
 * repeated, and knows itself by a random word in the value; one that arrives late is refused,
 * since the mutex was given back.
 *
 * With a quarantine the key hangs on a lease of its own, which lives half as long again as the
 * session's TTL and the quarantine together. It is renewed as long as the session lives, and
 * left to run out from then on, also when the id is released.
 *
 * | | round trips |
 * | --- | --- |
 * | `acquire` | 4: mutex, read, claim, mutex; 1 more with a quarantine |
 * | `release` | 1; with a quarantine 0 |
 */

import { type Compare, compare, type KeyValue, op, type RequestOptions } from '../client/index.js'
import { invalidArgument, LostError } from './errors.js'
import { Held } from './held.js'
import { insist } from './insist.js'
import { nextChange } from './looking.js'
import { Mutex } from './mutex.js'
import { checkName, checkSession } from './names.js'
import { checkWhole } from './numbers.js'
import { Session } from './session.js'
import { Waiting, type WaitOptions } from './waiting.js'
import { WorkerId } from './worker-id-handle.js'

/** Which ids there are. */
export interface WorkerIdOptions {
  /** Ids are from 0 to 2^bits - 1; from 1 to 20. Default 10, as in snowflake ids. */
  readonly bits?: number
  /** Instead of `bits`: ids are from 0 to `max`. */
  readonly max?: number
  /** How long an id that was released or lost is not given out again, in milliseconds. Default 0. */
  readonly quarantineMs?: number
}

/** Somebody who holds an id; or held it, and it is in quarantine. */
export interface WorkerIdHolder {
  readonly id: number
  /** The owner of the session. */
  readonly owner: string
  readonly fencingToken: number
  readonly leaseId: bigint
}

const BITS = 10
const BITS_MAX = 20
const MAX = 2 ** BITS_MAX - 1
const WORD_BYTES = 8
/** A wait that is over rejects when its claim is settled, but no later than this, in milliseconds. */
const WITHDRAW_MS = 1_000

/**
 * The ids of a name, on a session; see the head of the file. All who use a name must agree on
 * `bits` or `max`.
 *
 * @example
 * await using worker = await new WorkerIds(session, 'orders').acquire()
 * console.log(worker.id)
 */
export class WorkerIds {
  readonly session: Session
  readonly name: string
  /** The greatest id. */
  readonly max: number
  readonly #quarantineMs: number
  readonly #mutex: Mutex

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the recipe's.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(session: Session, name: string, options: WorkerIdOptions = {}) {
    checkSession(session)
    const { bits = BITS, quarantineMs = 0 } = options
    checkName(name)
    checkWhole(bits, 'bits', 1, BITS_MAX)
    const { max = 2 ** bits - 1 } = options
    checkWhole(max, 'max', 0, MAX)
    if (!(quarantineMs >= 0 && Number.isFinite(quarantineMs)))
      throw invalidArgument(`quarantineMs is a number from 0 on, not ${quarantineMs}.`)
    this.session = session
    this.name = name
    this.max = max
    this.#quarantineMs = quarantineMs
    this.#mutex = new Mutex(session, `${name}/queue`)
  }

  /**
   * Waits until there is a free id, and holds it.
   *
   * @throws {LostError} the session was lost meanwhile.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `invalid-argument`, ….
   */
  acquire(options: WaitOptions = {}): Promise<WorkerId> {
    return this.#waiting(options, async (waiting) => {
      const id = await this.#claimed(waiting, true)
      return id!
    })
  }

  /** Holds an id if one is free; undefined otherwise, also while somebody else takes one. Fails as {@link acquire}. */
  tryAcquire(options: WaitOptions = {}): Promise<WorkerId | undefined> {
    return this.#waiting(options, (waiting) => this.#claimed(waiting, false))
  }

  /** Who holds which id, those in quarantine too, by id. */
  async participants(options: RequestOptions = {}): Promise<WorkerIdHolder[]> {
    const { kvs } = await this.session.client.kv.getAll(this.#prefix, options)
    return kvs
      .map((kv) => ({
        id: this.#idOf(kv),
        owner: kv.text().slice(0, -1 - 2 * WORD_BYTES),
        fencingToken: kv.createRevision,
        leaseId: kv.lease,
      }))
      .sort((a, b) => a.id - b.id)
  }

  get #prefix(): string {
    return `${this.name}/ids/`
  }

  #idOf({ keyString }: KeyValue): number {
    return Number(keyString.slice(this.#prefix.length))
  }

  async #waiting<T extends WorkerId | undefined>(
    options: WaitOptions,
    run: (waiting: Waiting) => Promise<T>,
  ): Promise<T> {
    const waiting = new Waiting(this.session, options, `An id of '${this.name}'`)
    const running = run(waiting)
    try {
      return await Promise.race([running, waiting.overdue(WITHDRAW_MS)])
    } catch (error) {
      // A claim that is seen through although nobody waits for it any more.
      void running.then((worker) => worker?.release()).catch(() => {})
      throw waiting.over ? waiting.signal.reason : error
    } finally {
      waiting.close()
    }
  }

  async #claimed(waiting: Waiting, waits: boolean): Promise<WorkerId | undefined> {
    const { signal } = waiting
    const lock = waits
      ? await this.#mutex.acquire({ signal })
      : await this.#mutex.tryAcquire({ signal })
    if (lock === undefined) return undefined
    const home = await this.#home(waiting)
    let worker: WorkerId | undefined
    try {
      const id = await this.#free(waiting, waits)
      if (id !== undefined) worker = await this.#claim(home, id, lock.guard(), waiting)
      return worker
    } finally {
      if (worker === undefined && home !== this.session) await home.close()
      // With the lock given back, no claim that is still on its way can do anything.
      await lock[Symbol.asyncDispose]()
    }
  }

  /** What the key hangs on. */
  async #home({ signal }: Waiting): Promise<Session> {
    const { client, ttlSeconds, owner } = this.session
    if (this.#quarantineMs === 0) return this.session
    const seconds = 1.5 * (ttlSeconds + this.#quarantineMs / 1_000)
    return Session.create(client, { ttlSeconds: Math.ceil(seconds), owner, signal })
  }

  /** The smallest id that is free. */
  async #free(waiting: Waiting, waits: boolean): Promise<number | undefined> {
    const { client } = this.session
    const { signal } = waiting
    for (;;) {
      const range = { prefix: this.#prefix }
      const { kvs, revision } = await client.kv.getAll(range, { keysOnly: true, signal })
      const taken = new Set(kvs.map((kv) => this.#idOf(kv)))
      for (let id = 0; id <= this.max; id++) if (!taken.has(id)) return id
      if (!waits) return undefined
      await nextChange(waiting, [{ keyOrRange: range, filters: ['noPut'] }], revision)
      waiting.check()
    }
  }

  async #claim(
    home: Session,
    id: number,
    guard: readonly Compare[],
    waiting: Waiting,
  ): Promise<WorkerId | undefined> {
    const { client } = this.session
    const key = `${this.#prefix}${id}`
    const word = Buffer.from(client.random.bytes(WORD_BYTES)).toString('hex')
    const value = `${this.session.owner} ${word}`
    const seat = home.seat(key)
    await seat.enter(waiting)
    const claim = async () => {
      const { succeeded, responses, revision } = await client
        .txn()
        .if(...guard, compare(key).missing())
        .then(op.put(key, value, { lease: home.id }))
        .else(op.get(key))
        .commit()
      if (succeeded) return revision
      const [kv] = responses[0].kvs
      return kv?.text() === value ? kv.createRevision : 0
    }
    let token: number | undefined
    try {
      // A claim that was sent is seen through, as long as the session lives.
      token = await insist(client, () => !this.session.alive, claim, this.session.signal)
    } finally {
      if (!token) seat.leave()
    }
    this.session.check()
    if (!token) throw new LostError(`The turn to take an id of '${this.name}'`, 'deleted')
    return new WorkerId(
      this.session,
      home,
      new Held(seat, `The id ${id} of '${this.name}'`, token),
      id,
    )
  }
}
