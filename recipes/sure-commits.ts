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
 * A process has as many marks as it has commits under way. They hang on a lease that is not
 * renewed: a new one is granted after half of its time, and the old one takes its marks
 * along. A transaction that arrives even later is refused for want of its lease.
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
import { undecided } from './inbox.js'
import { insist } from './insist.js'
import { grantLease } from './lease.js'
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

const LEASE_TTL_SECONDS = 60
/** How long a lease is given to new commits: its marks outlive them by as much. */
const LEASE_USE_MS = 30_000
/** A wait that is over leaves so much time to find out what became of a commit, in milliseconds. */
const DECIDE_MS = 1_000
/** Leases of marks that may vanish under one commit. */
const REFUSED_MAX = 3

/** A key that one commit at a time writes to. */
interface Mark {
  readonly key: string
  /** Of its last put; 0 before the first. Invariant: known while the mark is free. */
  revision: number
  uses: number
}

/** A lease and what hangs on it. */
interface Epoch {
  readonly lease: Lease
  readonly free: Mark[]
  made: number
}

const known = new WeakMap<Keyspace, Map<string, SureCommits>>()

/** See the head of the file. */
export class SureCommits {
  readonly #client: Keyspace
  readonly #prefix: string
  #epoch: Epoch | undefined
  #granting: Promise<Epoch> | undefined

  private constructor(client: Keyspace, prefix: string) {
    this.#client = client
    this.#prefix = prefix
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
      if (waiting.over) throw aborted(waiting)
      const epoch = await this.#current()
      const mark = epoch.free.pop() ?? this.#newMark(epoch)
      try {
        const result = await this.#attempt(deed, epoch, mark, waiting)
        epoch.free.push(mark)
        if (result !== undefined) return result
      } catch (error) {
        const isDefinite = error instanceof ConclaveError && !error.outcomeUnknown
        if (isDefinite && (!isLeaseLost(error) || (await this.#lives(epoch.lease))))
          epoch.free.push(mark)
        else if (isDefinite && ++refused < REFUSED_MAX) {
          if (this.#epoch === epoch) this.#epoch = undefined
          continue
        }
        throw error
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
    { lease }: Epoch,
    mark: Mark,
    waiting: Waiting,
  ): Promise<DeedResult | undefined> {
    const use = String(++mark.uses)
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
      if (!(error instanceof ConclaveError && error.outcomeUnknown)) throw error
      return this.#decide(mark, use, lease, waiting, error)
    }
  }

  /** Step 3. */
  async #decide(
    mark: Mark,
    use: string,
    lease: Lease,
    waiting: Waiting,
    error: ConclaveError,
  ): Promise<DeedResult | undefined> {
    const cross = `x${use}`
    const asked = () =>
      this.#client
        .txn()
        .if(compare(mark.key).modRevision('=', mark.revision))
        .then(op.put(mark.key, cross, { lease }))
        .else(op.get(mark.key))
        .commit()
    const endsAtMs = lease.grantedAtMs + lease.ttlSeconds * 1_000
    const over = () => waiting.over || this.#client.clock.now() > endsAtMs
    const answer = await insist(this.#client, over, asked, waiting.signal).catch((failure) => {
      if (isLeaseLost(failure)) return undefined
      throw failure
    })
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

  async #current(): Promise<Epoch> {
    const { clock } = this.#client
    const epoch = this.#epoch
    if (epoch !== undefined && clock.now() < epoch.lease.grantedAtMs + LEASE_USE_MS) return epoch
    this.#granting ??= this.#grant().finally(() => {
      this.#granting = undefined
    })
    return this.#granting
  }

  async #grant(): Promise<Epoch> {
    const lease = await grantLease(this.#client, LEASE_TTL_SECONDS, {})
    this.#epoch = { lease, free: [], made: 0 }
    return this.#epoch
  }

  #newMark(epoch: Epoch): Mark {
    const key = `${this.#prefix}/${epoch.lease.id.toString(16)}/${++epoch.made}`
    return { key, revision: 0, uses: 0 }
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
  return error instanceof ConclaveError && error.code === 'lease-not-found' && !error.outcomeUnknown
}

/** The wait is over, and nothing was done. */
function aborted({ signal }: Waiting): ConclaveError {
  const { code, message, cause } = signal.reason as ConclaveError
  return new ConclaveError(code, message, { cause })
}
