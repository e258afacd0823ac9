/**
 * Which compactions an operation must have seen, and which it may have.
 *
 * A compaction is known by the log, or by its answer. It happened at the revision that its
 * answer shows, and before the next one was made; two in a row happened in the order of
 * what they asked for.
 */

import type { Operation } from '../operation.js'
import type { Compaction, Truth } from '../truth.js'
import type { Claim } from './claim.js'
import { mayHaveHappened } from './claim.js'
import { countPassing, type RealTime } from './real-time.js'

/** A compaction and the operation that asked for it, if any is known. */
interface Known extends Compaction {
  readonly operation: Operation | undefined
}

/** See the head of the file. */
export class Compactions {
  /** By revision, and so by `at`, unless the answers lie. */
  readonly #known: Known[]
  /** Asked for without an answer: they may have happened at any time. */
  readonly #unsure: Operation[]

  constructor(truth: Truth, operations: readonly Operation[]) {
    const compactions = operations.filter(({ call }) => call.kind === 'compaction')
    const answered = compactions.filter(({ answer }) => answer?.kind === 'ok')
    const unsure = compactions.filter(mayHaveHappened)
    const asked = new Map(answered.map((each) => [revisionAsked(each), each]))
    const known = truth.compactions ?? answered.map((each) => compactionOf(each))
    this.#known = known.map((each) => ({ ...each, operation: asked.get(each.revision) }))
    this.#known.sort((a, b) => a.revision - b.revision)
    this.#unsure = truth.compactions === undefined ? unsure : []
  }

  /** The highest compaction that an answered operation must have seen; -1 for none. */
  seenBy({ operation, revision, changes, serializable }: Claim): number {
    let seen = countPassing(this.#known, ({ at }) => at < revision)
    // Of those at the very revision that it saw, whatever was over before it began.
    const present = !changes && !serializable
    for (let i = seen; present && this.#known[i]?.at === revision; i++)
      if (this.#wasOver(this.#known[i]!, operation)) seen = i + 1
    return this.#known[seen - 1]?.revision ?? -1
  }

  /** Whether some compaction of at least this revision may have happened before the operation ended. */
  mayHaveReached(revision: number, operation: Operation, time: RealTime): boolean {
    const ceiling = time.ceiling(operation.ended)
    const inTime = (by: Operation) => by !== operation && by.began < operation.ended
    const known = this.#known.some(
      (each) =>
        each.revision >= revision &&
        each.at < ceiling &&
        (each.operation === undefined || inTime(each.operation)),
    )
    return known || this.#unsure.some((each) => inTime(each) && revisionAsked(each) >= revision)
  }

  #wasOver({ operation: by }: Known, operation: Operation): boolean {
    return by !== undefined && by.ended < operation.began
  }

  /** What is wrong with the answer to a compaction. */
  judge({ operation, revision }: Claim): string | undefined {
    const asked = revisionAsked(operation)
    const known = this.#known.find((each) => each.revision === asked)
    if (known === undefined) return `there was no compaction ${asked}`
    if (known.operation !== operation) return `compaction ${asked} was answered twice`
    if (known.at !== revision) return `it was carried out at revision ${known.at}`
    if (asked > revision) return `it is beyond the revision of its answer`
    const before = this.#known[this.#known.indexOf(known) - 1]
    if (before === undefined || before.at <= revision) return undefined
    return `compaction ${before.revision} was carried out later, at ${before.at}`
  }
}

function revisionAsked({ call }: Operation): number {
  return call.kind === 'compaction' ? call.request.revision : 0
}

function compactionOf(operation: Operation): Compaction {
  const { answer } = operation
  const at = answer?.kind === 'ok' ? (answer.response.header?.revision ?? 0) : 0
  return { revision: revisionAsked(operation), at }
}
