/**
 * A latch: it counts down, once per caller, and those who wait go on at zero.
 *
 * Promise: **`wait` returns only if so many different callers have counted down, and each of
 * them is counted once, however often it asks and whatever becomes of its requests.**
 *
 * Keys: `<name>/latch` with the count, whose create revision is the generation, and one key
 * `<name>/down/<id>` for each caller who has counted down. None hangs on a lease.
 *
 * 1. **Generation**: put `<name>/latch` if it is missing, else read it. The count must be ours.
 * 2. **Count down**: if the generation is the one that we know and our key is missing, put our
 *    key; count the keys in any case. It may be repeated: the second does nothing. One that
 *    arrives after a reset finds another generation.
 * 3. **Wait**: count the keys, then watch them from that revision on, counting along, until
 *    there are enough. A latch that was open for a moment, and then reset, lets through all who
 *    waited, also those who were cut off meanwhile.
 * 4. **Reset**: if the generation is the one that was read, delete all keys.
 *
 * | | round trips |
 * | --- | --- |
 * | `countDown` | 1, and 1 before the first |
 * | `count`, `wait` at zero | 1 |
 * | `wait` | 1, and a watch that is told of each caller who counts down |
 * | `reset` | 2 |
 *
 * Crash of a caller: what it counted stays counted; it may ask again with the same id.
 * Partition: calls go on when the cluster can be reached again.
 */

import { ConclaveError, compare, type Keyspace, op, type RequestOptions } from '../client/index.js'
import { hasCode, isInDoubt, isTransient } from './errors.js'
import { ask } from './looking.js'
import { checkName, checkSegment } from './names.js'
import { checkWhole } from './numbers.js'
import { pause } from './pause.js'
import { randomOwner } from './session-options.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** How a {@link Latch} behaves. */
export interface LatchOptions {
  /** Who we are: the same id is counted once, also after a restart. Not empty, no `/`. Default a random id. */
  readonly id?: string
}

/** How to count down. */
export interface CountDownOptions extends WaitOptions {
  /** Who counts down. Default the id of the latch. */
  readonly id?: string
}

const COUNT_MAX = 1_000_000
const RETRY_MS = 100

/**
 * A latch by name; see the head of the file. Making one costs nothing.
 *
 * @example
 * const latch = new Latch(client, 'imports/monday', 3, { id: 'part-1' })
 * await latch.countDown()
 * await latch.wait({ timeoutMs: 60_000 })
 */
export class Latch {
  readonly name: string
  /** Callers that are needed. */
  readonly total: number
  /** Who we are. */
  readonly id: string
  readonly #client: Keyspace
  readonly #latchKey: string
  readonly #downs: { readonly prefix: string }
  /** Create revision of the latch, as we know it. */
  #generation: number | undefined

  /**
   * @param name not empty, not ending in `/`. Everything under `<name>/` is the latch's.
   * @param count callers that are needed, from 1 on. All must give the same.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, name: string, count: number, options: LatchOptions = {}) {
    checkName(name)
    checkWhole(count, 'A count', 1, COUNT_MAX)
    const { id = randomOwner(client) } = options
    checkSegment(id, 'A caller id')
    this.#client = client
    this.name = name
    this.total = count
    this.id = id
    this.#latchKey = `${name}/latch`
    this.#downs = { prefix: `${name}/down/` }
  }

  /**
   * Counts a caller, if it was not counted before. Asks until the cluster answers.
   *
   * @returns how many are still missing.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`: ask again with the same id;
   *   `failed-precondition`: the latch has another count, or was reset before it was clear
   *   whether we had been counted.
   */
  countDown({ id = this.id, ...options }: CountDownOptions = {}): Promise<number> {
    checkSegment(id, 'A caller id')
    return this.#while(options, (waiting) => this.#countDown(`${this.#downs.prefix}${id}`, waiting))
  }

  /** How many callers are still missing. */
  async count(options: RequestOptions = {}): Promise<number> {
    return this.#left((await this.#look(options)).downs)
  }

  /**
   * Waits until nobody is missing.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `failed-precondition`, ….
   */
  wait(options: WaitOptions = {}): Promise<void> {
    return this.#while(options, async (waiting) => {
      for (;;) {
        const { signal } = waiting
        const { downs, revision } = await ask(waiting, () => this.#look({ signal }))
        if (downs >= this.total || (await this.#reaches(downs, revision, waiting))) return
      }
    })
  }

  /**
   * Begins anew, with all callers missing, whatever was counted. Those who wait go on
   * waiting, for the new generation. One who had counted down may do so again.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, ….
   */
  reset(options: WaitOptions = {}): Promise<void> {
    return this.#while(options, async (waiting) => {
      const { signal } = waiting
      const found = await ask(waiting, () => this.#client.kv.get(this.#latchKey, { signal }))
      if (found === null) return
      await ask(waiting, () =>
        this.#client
          .txn()
          .if(compare(this.#latchKey).createRevision('=', found.createRevision))
          .then(op.delete({ prefix: `${this.name}/` }))
          .commit({ signal }),
      )
      this.#generation = undefined
    })
  }

  #left(downs: number): number {
    return Math.max(0, this.total - downs)
  }

  /** Step 2. */
  async #countDown(key: string, waiting: Waiting): Promise<number> {
    for (let inDoubt = false; ; ) {
      waiting.check()
      const generation = this.#generation ?? (await this.#join(waiting))
      try {
        const result = await this.#client
          .txn()
          .if(compare(this.#latchKey).createRevision('=', generation), compare(key).missing())
          .then(op.put(key, ''), op.get(this.#downs, { countOnly: true }))
          .else(op.get(this.#latchKey), op.get(this.#downs, { countOnly: true }))
          .commit({ signal: waiting.signal })
        const left = this.#left(result.responses[1].count)
        if (result.succeeded || result.responses[0].kvs[0]?.createRevision === generation)
          return left
        this.#generation = undefined
        if (inDoubt) throw new ConclaveError('failed-precondition', `${this.#what} was reset.`)
      } catch (error) {
        waiting.check()
        if (!isTransient(error)) throw error
        inDoubt ||= isInDoubt(error)
        await pause(this.#client, RETRY_MS, waiting.signal)
      }
    }
  }

  /** Step 1. */
  async #join(waiting: Waiting): Promise<number> {
    const { signal } = waiting
    const result = await ask(waiting, () =>
      this.#client
        .txn()
        .if(compare(this.#latchKey).missing())
        .then(op.put(this.#latchKey, String(this.total)))
        .else(op.get(this.#latchKey))
        .commit({ signal }),
    )
    const kv = result.succeeded ? undefined : result.responses[0].kvs[0]
    if (kv !== undefined) this.#checkCount(kv.text())
    this.#generation = kv?.createRevision ?? result.revision
    return this.#generation
  }

  async #look(options: RequestOptions): Promise<{ downs: number; revision: number }> {
    const { responses, revision } = await this.#client
      .txn()
      .then(op.get(this.#latchKey), op.get(this.#downs, { countOnly: true }))
      .commit(options)
    const [latch, downs] = responses
    const kv = latch?.kvs[0]
    if (kv !== undefined) this.#checkCount(kv.text())
    return { downs: downs?.count ?? 0, revision }
  }

  /** Step 3: true when there were enough; false: look again. */
  async #reaches(downs: number, revision: number, waiting: Waiting): Promise<boolean> {
    const { signal } = waiting
    let counted = downs
    try {
      const watcher = this.#client.watch(this.#downs, { startRevision: revision + 1, signal })
      for await (const { type, kv } of watcher) {
        if (type === 'delete') counted--
        else if (kv.createRevision === kv.modRevision) counted++
        if (counted >= this.total) return true
      }
    } catch (error) {
      waiting.check()
      if (hasCode(error, 'compacted')) return false
      if (!isTransient(error)) throw error
      await pause(this.#client, RETRY_MS, signal)
    }
    return false
  }

  #checkCount(text: string): void {
    if (text === String(this.total)) return
    const message = `${this.#what} needs ${text} callers, not ${this.total}; all must give the same.`
    throw new ConclaveError('failed-precondition', message)
  }

  get #what(): string {
    return `The latch '${this.name}'`
  }

  async #while<T>(options: WaitOptions, run: (waiting: Waiting) => Promise<T>): Promise<T> {
    const waiting = new Waiting(this.#client, options, this.#what)
    try {
      return await run(waiting)
    } finally {
      waiting.close()
    }
  }
}
