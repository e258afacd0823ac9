/**
 * What the clients of a world tell each other: the newest revisions that anybody saw, and
 * leases that may live.
 *
 * A client that uses what another has heard makes stale answers visible: whoever reads
 * after the news must not read older than the news.
 */

import type { Answer, Operation } from '../../check/operation.js'
import type { SeededRandom } from '../../model/random.js'

/** Leases that are remembered; older ones are forgotten. */
const LEASES_MAX = 16

/** See the head of the file. */
export class Known {
  /** The newest revision that an answer named. */
  revision = 1
  /** The newest compaction that was acknowledged; 0 before the first. */
  compactRevision = 0
  /** When the next compaction may be asked for, on the recorder's time. */
  compactionDueMs = 0
  readonly #leases: bigint[] = []

  /** An operation is over. */
  heard({ call, answer }: Operation): void {
    this.revision = Math.max(this.revision, revisionOf(answer))
    if (call.kind === 'compaction' && answer?.kind === 'ok')
      this.compactRevision = Math.max(this.compactRevision, call.request.revision)
    if (call.kind === 'leaseGrant' && answer?.kind !== 'failed') this.#remember(call.request.ID)
  }

  /** A revision to read or to watch from: mostly one that can be read, sometimes none of those. */
  someRevision(random: SeededRandom): number {
    const { revision, compactRevision } = this
    if (random.chance(0.1))
      return Math.max(1, random.pick([compactRevision - 1, compactRevision, revision + 1]))
    const from = Math.max(1, compactRevision)
    return random.chance(0.5)
      ? random.between(from, Math.max(from, revision))
      : Math.max(from, revision - random.between(0, 10))
  }

  /** A lease that somebody asked for and that may live; 0n when there is none. */
  someLease(random: SeededRandom): bigint {
    return this.#leases.length === 0 ? 0n : random.pick(this.#leases)
  }

  #remember(id: bigint): void {
    this.#leases.push(id)
    if (this.#leases.length > LEASES_MAX) this.#leases.shift()
  }
}

/** The revision in an answer; 0 when it names none. */
export function revisionOf(answer: Answer | undefined): number {
  return answer?.kind === 'ok' ? (answer.response.header?.revision ?? 0) : 0
}
