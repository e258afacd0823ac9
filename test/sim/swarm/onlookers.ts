/** Those who watch the members of a life as it goes: the live judges, and who counts. */

import type { Entry } from '../../../client/wire/generated/raft.js'
import type { Witness } from '../../../server/member/witness.js'
import type { RaftStatus, Ready } from '../../../server/raft/raft.js'
import type { Applied } from '../../../server/state/applied.js'
import { AgreementJudge } from '../../check/agreement.js'
import type { Committed } from '../../check/committed.js'
import type { Violation } from '../../check/operation.js'
import { RaftJudge } from '../../check/raft-rules.js'

/** See the head of the file. */
export class Onlookers {
  readonly #raft: RaftJudge
  readonly #agreement = new AgreementJudge()

  /** @param nowMs true time. */
  constructor(nowMs: () => number) {
    this.#raft = new RaftJudge(nowMs)
  }

  /** One who looks on at the life that a machine's member begins. */
  witness(name: string): Witness {
    const raft = this.#raft.witness(name)
    const agreement = this.#agreement.witness(name)
    return {
      ready: (ready: Ready, status: RaftStatus) => raft.ready!(ready, status),
      applied: (entry: Entry, applied: Applied | undefined) => {
        raft.applied!(entry, applied)
        agreement.applied!(entry, applied)
      },
      installed: (index: number) => raft.installed!(index),
    }
  }

  /** The first broken rule. */
  get violation(): Violation | undefined {
    return this.#raft.violation ?? this.#agreement.violation
  }

  /** What the log decided, in order. */
  get committed(): readonly Committed[] {
    return this.#raft.committed
  }

  /** Terms that had a leader. */
  get leaders(): number {
    return this.#raft.leaders
  }
}
