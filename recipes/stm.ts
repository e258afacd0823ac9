/**
 * Software transactional memory: a function over the store that happens at once or not at all.
 *
 * Promise: **the writes of a body that ended well are done once, all at one revision, as if
 * nothing else had happened between its first read and that moment; as far as the isolation
 * level says.**
 *
 * The algorithm, at the default level `serializable-snapshot`:
 *
 * 1. Run the body. Its first read fixes a revision of the *store*; all other reads are of that
 *    revision (stm/reads.ts). Writes are kept here, and its own reads see them (stm/writes.ts).
 * 2. Commit, one transaction: if each key that was read has the revision that it had, nothing
 *    is newer in the ranges that were read, and no other key that is written was put after the
 *    revision of the first read, then write. To compare those with the smallest revision of the
 *    keys that were read, as the Node client of etcd does, makes a transfer between accounts of
 *    different age fail for ever.
 * 3. In vain? The same transaction has read everything again, at one revision; the body runs
 *    on that at once. If that is in vain too, wait for a time that grows and is drawn at
 *    random, and begin with fresh reads: old ones would only be in vain again.
 * 4. The answer to the commit is lost? It is found out what became of it (sure-commits.ts).
 *
 * A body that only reads needs no commit: what it read was true at one revision. At
 * `repeatable-reads` it does, if it read more than once.
 *
 * | | round trips |
 * | --- | --- |
 * | reads | 1 for all that are asked for in one turn; 0 for what was read or written before |
 * | commit | 1; 0 when nothing is written (`repeatable-reads`: 1, if it read more than once) |
 * | after a conflict | 0 to read again the first time, then 1, in turns |
 */

import { ConclaveError, json, type Keyspace } from '../client/index.js'
import { invalidArgument } from './errors.js'
import { checkName } from './names.js'
import { checkWhole } from './numbers.js'
import { pause } from './pause.js'
import { type Isolation, LEVELS, type Level } from './stm/isolation.js'
import { type Prefetch, Reads } from './stm/reads.js'
import { endedError, Transaction } from './stm/transaction.js'
import { Writes } from './stm/writes.js'
import { commitBare, type Deed, type DeedResult, MARK_OPS, SureCommits } from './sure-commits.js'
import { Waiting, type WaitOptions } from './waiting.js'

export type { Isolation } from './stm/isolation.js'
export { Transaction, type TransactionEntry } from './stm/transaction.js'

/** How to run a transaction. */
export interface StmOptions extends WaitOptions {
  /** What it may rely on. Default `serializable-snapshot`. */
  readonly isolation?: Isolation
  /** Attempts before it fails with a {@link ConflictError}, from 1 on. Default 64. */
  readonly attemptsMax?: number
  /** Conditions, and writes, that a server takes in one transaction: etcd's `--max-txn-ops`. Default 128. */
  readonly opsMax?: number
  /**
   * Where the marks are that tell what became of a commit whose answer was lost, on clients
   * without the pipeline: keys under `<markPrefix>/`, which the client must be allowed to
   * write. False: no marks; such a commit fails with `outcome-unknown`. Default `stm-marks`.
   */
  readonly markPrefix?: string | false
  /** Told after each attempt that was in vain; for metrics. What it throws is thrown by `stm`. */
  readonly onConflict?: (attempt: number) => void
}

/** Others were faster each time. Nothing was written. */
export class ConflictError extends ConclaveError {
  /** Attempts that were made. */
  readonly attempts: number

  constructor(what: string, attempts: number) {
    super(
      'conflict',
      `${what} met a conflict in each of ${attempts} attempts, and wrote nothing; try again later, share the work, or touch fewer keys at once.`,
    )
    this.attempts = attempts
  }
}

const ATTEMPTS_MAX = 64
const OPS_MAX = 128
const MARK_PREFIX = 'stm-marks'
const BACK_OFF_MS_MIN = 5
const BACK_OFF_MS_MAX = 250

/**
 * Runs a transaction: the body, perhaps several times, and then its writes; see the head of
 * the file. A body must do nothing but read, compute and write through its `tx`; one that
 * throws has written nothing. A transaction inside a body is one of its own.
 *
 * @returns what the body returned that was committed.
 * @throws {ConflictError} after `attemptsMax`.
 * @throws {ConclaveError} `too-many-operations`, `outcome-unknown`, `cancelled`,
 *   `deadline-exceeded`, `lease-not-found`, …; what the body throws.
 * @example
 * await stm(client, async (tx) => {
 *   const accounts = tx.withCodec(json<number>())
 *   const [from, to] = await Promise.all([accounts.get('alice'), accounts.get('bob')])
 *   accounts.put('alice', (from ?? 0) - 10)
 *   accounts.put('bob', (to ?? 0) + 10)
 * })
 */
export async function stm<T>(
  client: Keyspace,
  body: (tx: Transaction) => T | Promise<T>,
  options: StmOptions = {},
): Promise<T> {
  checkOptions(options)
  const waiting = new Waiting(client, options, 'The transaction')
  try {
    return await new Runner(client, body, waiting, options).run()
  } finally {
    waiting.close()
  }
}

/** One call of {@link stm}. */
class Runner<T> {
  readonly #client: Keyspace
  readonly #body: (tx: Transaction) => T | Promise<T>
  readonly #waiting: Waiting
  readonly #level: Level
  readonly #attemptsMax: number
  readonly #opsMax: number
  readonly #markPrefix: string | false
  readonly #onConflict: ((attempt: number) => void) | undefined

  constructor(
    client: Keyspace,
    body: (tx: Transaction) => T | Promise<T>,
    waiting: Waiting,
    options: StmOptions,
  ) {
    this.#client = client
    this.#body = body
    this.#waiting = waiting
    this.#level = LEVELS[options.isolation ?? 'serializable-snapshot']
    this.#attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX
    this.#opsMax = options.opsMax ?? OPS_MAX
    this.#markPrefix = options.markPrefix ?? MARK_PREFIX
    this.#onConflict = options.onConflict
  }

  async run(): Promise<T> {
    let prefetch: Prefetch | undefined
    for (let attempt = 1; ; attempt++) {
      const reads = new Reads(this.#client, this.#level, this.#waiting.signal, prefetch)
      const writes = new Writes()
      const outcome = await this.#once(reads, writes)
      if (outcome.done) return outcome.value
      this.#onConflict?.(attempt)
      if (attempt >= this.#attemptsMax) throw new ConflictError('The transaction', attempt)
      const isFresh = prefetch === undefined
      prefetch = isFresh ? outcome.prefetch : undefined
      if (prefetch === undefined) await this.#backOff(attempt)
    }
  }

  /** Steps 1 and 2. */
  async #once(
    reads: Reads,
    writes: Writes,
  ): Promise<
    | { readonly done: true; readonly value: T }
    | { readonly done: false; readonly prefetch: Prefetch | undefined }
  > {
    const value = await this.#run(reads, writes)
    if (reads.stale) return { done: false, prefetch: undefined }
    const { succeeded, responses, revision } = await this.#commit(reads, writes)
    if (succeeded) return { done: true, value: value as T }
    return { done: false, prefetch: reads.prefetched(responses, revision) }
  }

  /** Runs the body; undefined when it could not read what it needs. */
  async #run(reads: Reads, writes: Writes): Promise<T | undefined> {
    let isOpen = true
    const checkOpen = () => {
      this.#waiting.check()
      if (!isOpen) throw endedError()
    }
    const checkSize = () => this.#checkSize(reads, writes)
    const { signal } = this.#waiting
    const attempt = { reads, writes, signal, checkOpen, checkSize }
    this.#waiting.check()
    try {
      const running = (async () => this.#body(new Transaction(attempt, json<unknown>())))()
      return await Promise.race([running, this.#waiting.overdue(0)])
    } catch (error) {
      this.#waiting.check()
      if (reads.stale) return undefined
      throw error
    } finally {
      isOpen = false
    }
  }

  #commit(reads: Reads, writes: Writes): Promise<DeedResult> | DeedResult {
    const deed = { ...this.#deed(reads, writes), writes: writes.ops() }
    if (writes.size > 0) {
      if (this.#markPrefix === false) return commitBare(this.#client, deed, this.#waiting)
      return SureCommits.of(this.#client, this.#markPrefix).commit(deed, this.#waiting)
    }
    const isOneMoment = this.#level.pinsRevision || reads.batches <= 1
    if (isOneMoment || deed.conditions.length === 0)
      return { succeeded: true, responses: [], revision: 0 }
    return commitBare(this.#client, deed, this.#waiting)
  }

  #deed(reads: Reads, writes: Writes): Omit<Deed, 'writes'> {
    const conditions = reads.conditions()
    if (this.#level.guardsWrites && reads.revision !== undefined)
      conditions.push(...writes.conditions(reads.revision, (key) => reads.guards(key)))
    return { conditions, reads: reads.again() }
  }

  #checkSize(reads: Reads, writes: Writes): void {
    const marks = this.#markPrefix === false ? 0 : MARK_OPS
    const written = this.#level.guardsWrites ? this.#deed(reads, writes).conditions.length : 0
    const conditions = Math.max(written, reads.conditionCount) + marks
    const needed = Math.max(conditions, writes.size + marks)
    if (needed <= this.#opsMax) return
    throw new ConclaveError(
      'too-many-operations',
      `The transaction needs ${conditions} conditions and ${writes.size + marks} writes, and a server takes ${this.#opsMax} of each: read and write fewer keys, split it, or raise --max-txn-ops of the servers and opsMax here.`,
    )
  }

  async #backOff(attempt: number): Promise<void> {
    const mostMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** (attempt / 2))
    const { client, signal } = this.#waiting
    await pause(client, client.random.next() * mostMs, signal)
    this.#waiting.check()
  }
}

function checkOptions({ isolation, attemptsMax = 1, opsMax = 1, markPrefix }: StmOptions): void {
  if (isolation !== undefined && !Object.hasOwn(LEVELS, isolation))
    throw invalidArgument(`isolation is one of ${Object.keys(LEVELS).join(', ')}.`)
  checkWhole(attemptsMax, 'attemptsMax', 1)
  checkWhole(opsMax, 'opsMax', 1)
  if (markPrefix !== undefined && markPrefix !== false) checkName(markPrefix, 'A prefix of marks')
}
