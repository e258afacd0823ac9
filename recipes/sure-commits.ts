/**
 * Transactions whose outcome is known, also where a lost answer leaves it open.
 *
 * Promise: **a transaction is done at most once, and its caller is told whether it was,
 * unless the cluster stays silent for longer than the caller waits.**
 *
 * On the pipeline the client sees to that, and nothing is added. Where each call is a request
 * of its own (`at-most-once`), a transaction carries a *mark*: a key of this process that it
 * puts along with the rest, on the condition that the mark is as this process left it.
 *
 * 1. Commit: if the conditions hold and the mark has the revision that we know, do the rest
 *    and put the number of this use into the mark.
 * 2. Answered: done. The mark is free for the next transaction, at its new revision.
 * 3. The answer is lost: if the mark still has the old revision, put a cross into it; else
 *    read it. A cross means that the transaction was not done and never will be, since its
 *    condition on the mark fails for ever: it is sent again. The number means that it was
 *    done, at the revision of the mark. A lost answer to this is answered by asking again.
 *
 * Marks live for a minute at most (marks.ts). A transaction that arrives even later is refused
 * for want of their lease.
 *
 * | | round trips |
 * | --- | --- |
 * | commit on the pipeline | 1 |
 * | commit elsewhere | 1, with a condition and a put more; 1 more for the lease every 30 s of use |
 * | a lost answer elsewhere | 1, and 1 to commit again if it was not done |
 */

import {
  type Compare,
  ConclaveError,
  compare,
  type Keyspace,
  type Lease,
  type Op,
  type OpResult,
  op,
} from '../client/index.js'
import { hasCode, isInDoubt, undecided } from './errors.js'
import { insist } from './insist.js'
import { type Mark, Marks } from './marks.js'
import type { Waiting } from './waiting.js'

/** What is to be done. */
export interface Deed {
  readonly conditions: readonly Compare[]
  /** Done if they hold. */
  readonly writes: readonly Op[]
  /** Done if they do not. */
  readonly reads: readonly Op[]
}

/** What came of it. */
export interface DeedResult {
  readonly succeeded: boolean
  /** Of the reads, when it did not succeed; empty otherwise. */
  readonly responses: readonly OpResult[]
  /** Of the deed itself when it succeeded; else of the store as the reads saw it. */
  readonly revision: number
}

/** Conditions, writes and reads that a mark adds to a transaction, each. */
export const MARK_OPS = 1

/** A wait that is over leaves so much time to find out what became of a commit, in milliseconds. */
const DECIDE_MS = 1_000
/** Leases of marks that may vanish under one commit. */
const REFUSED_MAX = 3

const known = new WeakMap<Keyspace, Map<string, SureCommits>>()

/** See the head of the file. */
export class SureCommits {
  readonly #client: Keyspace
  readonly #marks: Marks

  private constructor(client: Keyspace, prefix: string) {
    this.#client = client
    this.#marks = new Marks(client, prefix)
  }

  /** Those of a client, with marks under this prefix. */
  static of(client: Keyspace, prefix: string): SureCommits {
    let byPrefix = known.get(client)
    if (byPrefix === undefined) {
      byPrefix = new Map()
      known.set(client, byPrefix)
    }
    let commits = byPrefix.get(prefix)
    if (commits === undefined) {
      commits = new SureCommits(client, prefix)
      byPrefix.set(prefix, commits)
    }
    return commits
  }

  /**
   * Does it, or finds that the conditions do not hold.
   *
   * @throws {ConclaveError} with `outcomeUnknown` if it cannot be decided: nobody answered
   *   before the wait was over, or the pipeline's session was lost.
   */
  async commit(deed: Deed, waiting: Waiting): Promise<DeedResult> {
    waiting.check()
    if (this.#client.guarantees.writes === 'exactly-once')
      return commitBare(this.#client, deed, waiting)
    return answered(this.#commit(deed, waiting), waiting)
  }

  async #commit(deed: Deed, waiting: Waiting): Promise<DeedResult> {
    for (let refused = 0; ; ) {
      const mark = await this.#marks.take()
      try {
        if (waiting.over) throw aborted(waiting)
        const result = await this.#attempt(deed, mark, waiting)
        this.#marks.giveBack(mark)
        if (result !== undefined) return result
      } catch (error) {
        const isDefinite = error instanceof ConclaveError && !error.outcomeUnknown
        const isGone = isLeaseLost(error) && !(await this.#lives(mark.lease))
        if (isDefinite && !isGone) this.#marks.giveBack(mark)
        if (!isGone || ++refused === REFUSED_MAX) throw error
        this.#marks.forget(mark.lease)
      }
    }
  }

  /** A lease that is missing may be one of the deed's own. */
  async #lives(lease: Lease): Promise<boolean> {
    try {
      await this.#client.lease.timeToLive(lease)
      return true
    } catch (error) {
      if (isLeaseLost(error)) return false
      throw error
    }
  }

  /** Step 1. @returns undefined: it was not done, and never will be. */
  async #attempt(
    { conditions, writes, reads }: Deed,
    mark: Mark,
    waiting: Waiting,
  ): Promise<DeedResult | undefined> {
    const { lease } = mark
    const use = String(mark.uses)
    try {
      const { succeeded, responses, revision } = await this.#client
        .txn()
        .if(...conditions, compare(mark.key).modRevision('=', mark.revision))
        .then(...writes, op.put(mark.key, use, { lease }))
        .else(...reads, op.get(mark.key))
        .commit()
      if (succeeded) {
        mark.revision = revision
        return { succeeded, responses: [], revision }
      }
      if (revisionIn(responses.at(-1)) !== mark.revision)
        throw new ConclaveError('lease-not-found', `The mark ${mark.key} is gone.`)
      return { succeeded, responses: responses.slice(0, -1), revision }
    } catch (error) {
      if (!isInDoubt(error)) throw error
      return this.#decide(mark, waiting, error)
    }
  }

  /** Step 3. */
  async #decide(
    mark: Mark,
    waiting: Waiting,
    error: ConclaveError,
  ): Promise<DeedResult | undefined> {
    const { lease } = mark
    const cross = `x${mark.uses}`
    const asked = () =>
      this.#client
        .txn()
        .if(compare(mark.key).modRevision('=', mark.revision))
        .then(op.put(mark.key, cross, { lease }))
        .else(op.get(mark.key))
        .commit()
    const endsAtMs = lease.grantedAtMs + lease.ttlSeconds * 1_000
    const over = () => waiting.over || this.#client.clock.now() > endsAtMs
    // Whatever keeps us from asking says nothing about the deed.
    const answer = await insist(this.#client, over, asked, waiting.signal).catch(() => undefined)
    if (answer === undefined) throw undecided(error)
    if (answer.succeeded) {
      mark.revision = answer.revision
      return undefined
    }
    const [found] = answer.responses[0].kvs
    if (found === undefined) throw undecided(error)
    mark.revision = found.modRevision
    if (found.text() === cross) return undefined
    return { succeeded: true, responses: [], revision: found.modRevision }
  }
}

/**
 * Commits without a mark: a lost answer leaves the outcome open.
 *
 * @throws {ConclaveError} as {@link SureCommits.commit}.
 */
export async function commitBare(
  client: Keyspace,
  { conditions, writes, reads }: Deed,
  waiting: Waiting,
): Promise<DeedResult> {
  const running = client
    .txn()
    .if(...conditions)
    .then(...writes)
    .else(...reads)
    .commit()
  const { succeeded, responses, revision } = await answered(running, waiting)
  return { succeeded, responses: succeeded ? [] : responses, revision }
}

/** What comes of a commit, as long as somebody waits for it. */
async function answered<T>(running: Promise<T>, waiting: Waiting): Promise<T> {
  try {
    return await Promise.race([running, waiting.overdue(DECIDE_MS)])
  } catch (error) {
    if (error === waiting.signal.reason) throw undecided(error as ConclaveError)
    throw error
  }
}

function revisionIn(result: OpResult | undefined): number {
  return (result?.type === 'get' && result.kvs[0]?.modRevision) || 0
}

function isLeaseLost(error: unknown): boolean {
  return hasCode(error, 'lease-not-found') && !error.outcomeUnknown
}

/** The wait is over, and nothing was done. */
function aborted({ signal }: Waiting): ConclaveError {
  const { code, message, cause } = signal.reason as ConclaveError
  return new ConclaveError(code, message, { cause })
}
