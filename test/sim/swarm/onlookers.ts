/** Those who watch the members of a life as it goes: the live judges, and who counts. */

import type { Entry } from '../../../client/wire/generated/raft.js'
import type { Witness } from '../../../server/member/witness.js'
import type { RaftStatus, Ready } from '../../../server/raft/raft.js'
import type { Applied } from '../../../server/state/applied.js'
import { AgreementJudge } from '../../check/agreement.js'
import type { Committed } from '../../check/committed.js'
import type { Violation } from '../../check/operation.js'
import { RaftJudge } from '../../check/raft-rules.js'
import type { SelfEnd, Turn } from '../../check/safe-halt.js'
import { SessionStateJudge } from '../../check/session-state.js'
import type { Machine } from '../world/world.js'

/** See the head of the file. */
export class Onlookers {
  readonly #raft: RaftJudge
  readonly #agreement = new AgreementJudge()
  readonly #sessions = new SessionStateJudge()
  /** Records of `committed` that the judge of sessions knows. */
  #learned = 0
  readonly #nowMs: () => number
  /** When members began to answer from another state. */
  readonly turns: Turn[] = []
  /** Who ended itself. */
  readonly ends: SelfEnd[] = []

  /** @param nowMs true time. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#raft = new RaftJudge(nowMs)
  }

  /** One who looks on at the life that a machine's member begins. */
  witness(machine: Machine): Witness {
    const { name } = machine
    const raft = this.#raft.witness(name)
    const agreement = this.#agreement.witness(name)
    return {
      ready: (ready: Ready, status: RaftStatus) => raft.ready!(ready, status),
      applied: (entry: Entry, applied: Applied | undefined) => {
        raft.applied!(entry, applied)
        agreement.applied!(entry, applied)
        this.#lookAtSessions(machine, entry.index)
      },
      installed: (index: number) => {
        raft.installed!(index)
        this.turned('installed', machine)
      },
    }
  }

  /** A member answers from another state from now on. */
  turned(kind: Turn['kind'], { member }: Machine): void {
    if (member !== undefined) this.turns.push({ memberId: member.id, kind, atMs: this.#nowMs() })
  }

  /** The first broken rule. */
  get violation(): Violation | undefined {
    return this.#raft.violation ?? this.#agreement.violation ?? this.#sessions.violation
  }

  /** How often the sessions of a member were looked at. */
  get sessionLooks(): number {
    return this.#sessions.looks
  }

  /** What the log decided, in order. */
  get committed(): readonly Committed[] {
    return this.#raft.committed
  }

  /** Terms that had a leader. */
  get leaders(): number {
    return this.#raft.leaders
  }

  /** What a member that is just starting keeps is seen at its next batch. */
  #lookAtSessions({ name, member }: Machine, index: number): void {
    const { committed } = this.#raft
    for (; this.#learned < committed.length; this.#learned++)
      this.#sessions.learn(committed[this.#learned]!)
    if (member?.machine.appliedIndex === index)
      this.#sessions.applied(name, index, member.machine.sessions)
  }
}
