/**
 * Compactions, one after the other for the whole world, at revisions that somebody may
 * still read; now and then one that must be refused.
 */

import type { CompactionRequest } from '../../../client/wire/generated/rpc.js'
import type { SeededRandom } from '../../model/random.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

class Compactions implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    const { known, plan, recorder } = this.#worker
    if (recorder.nowMs < known.compactionDueMs) return
    known.compactionDueMs = recorder.nowMs + plan.compactionIntervalMs
    await this.#worker.perform({ kind: 'compaction', request: this.#request() })
  }

  #request(): CompactionRequest {
    const { revision, compactRevision } = this.#worker.known
    const random = this.#random
    const physical = random.chance(0.3)
    if (random.chance(0.1)) {
      const wrong = [-1, 0, compactRevision - 1, compactRevision, revision + random.between(1, 50)]
      return { revision: random.pick(wrong), physical }
    }
    const from = Math.min(revision, compactRevision + 1)
    const recent = Math.max(from, revision - random.between(0, 20))
    return { revision: random.chance(0.7) ? recent : random.between(from, revision), physical }
  }
}

/** See the head of the file. */
export const compaction: WorkloadRow = {
  usualWeight: 5,
  make: (worker, random) => new Compactions(worker, random),
}
