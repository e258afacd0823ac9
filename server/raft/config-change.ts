/**
 * Changes of the voter sets, as pure functions from one {@link ConfState} to the next.
 *
 * A simple change moves at most one voter, so that old and new majorities always share a member
 * (thesis 4.1). Anything larger goes through a joint configuration (4.3): the old voters become
 * `votersOutgoing`, the new ones `voters`, and both must agree until the joint configuration is
 * left by a change without steps. A voter that becomes a learner stays a voter of the outgoing
 * set until then; `learnersNext` remembers it.
 */

import {
  type ConfigChange,
  type ConfigChangeStep,
  type ConfState,
  Kind,
  Transition,
} from '../../client/wire/generated/raft.js'

/** The next configuration, or a sentence that says why there is none. */
export type ConfigChangeResult =
  | { readonly ok: true; readonly confState: ConfState }
  | { readonly ok: false; readonly problem: string }

/** A joint configuration is in force. */
export function isJoint(confState: ConfState): boolean {
  return confState.votersOutgoing.length > 0
}

/** Leaves a joint configuration: a change without steps. */
export function isLeave(change: ConfigChange): boolean {
  return change.steps.length === 0
}

/** The members of a configuration, each once: voters of both sets and learners. */
export function membersOf(confState: ConfState): Set<bigint> {
  return new Set([...confState.voters, ...confState.votersOutgoing, ...confState.learners])
}

/**
 * What `change` makes of `current`; `current` stays as it is. Steps take effect in order. Adding
 * what is there, removing what is not, and UPDATE change nothing.
 */
export function changeConfig(current: ConfState, change: ConfigChange): ConfigChangeResult {
  if (isLeave(change)) return leaveJoint(current)
  if (isJoint(current)) return refuse('a joint configuration must be left before another change')
  const sets = new Sets(current)
  for (const step of change.steps) {
    const problem = sets.take(step)
    if (problem !== undefined) return refuse(problem)
  }
  if (sets.voters.size === 0) return refuse('the change would leave no voter')
  const simple = change.transition === Transition.AUTO && moved(current.voters, sets.voters) <= 1
  if (simple) return accept([...sets.voters], [...sets.learners])
  const outgoing = new Set(current.voters)
  const later = [...sets.learners].filter((id) => outgoing.has(id))
  const now = [...sets.learners].filter((id) => !outgoing.has(id))
  const autoLeave = change.transition !== Transition.JOINT_EXPLICIT
  return accept([...sets.voters], now, current.voters, later, autoLeave)
}

function leaveJoint(current: ConfState): ConfigChangeResult {
  if (!isJoint(current)) return refuse('there is no joint configuration to leave')
  return accept(current.voters, [...current.learners, ...current.learnersNext])
}

function accept(
  voters: readonly bigint[],
  learners: readonly bigint[],
  votersOutgoing: readonly bigint[] = [],
  learnersNext: readonly bigint[] = [],
  autoLeave = false,
): ConfigChangeResult {
  return {
    ok: true,
    confState: {
      voters: sorted(voters),
      learners: sorted(learners),
      votersOutgoing: sorted(votersOutgoing),
      learnersNext: sorted(learnersNext),
      autoLeave,
    },
  }
}

function refuse(problem: string): ConfigChangeResult {
  return { ok: false, problem }
}

/** Ascending, so that equal configurations look equal on every member. */
function sorted(ids: readonly bigint[]): bigint[] {
  return [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** How many voters come or go. */
function moved(before: readonly bigint[], after: ReadonlySet<bigint>): number {
  const old = new Set(before)
  let count = 0
  for (const id of old) if (!after.has(id)) count++
  for (const id of after) if (!old.has(id)) count++
  return count
}

/** The two sets while steps are taken. Invariant: no member is in both. */
class Sets {
  readonly voters: Set<bigint>
  readonly learners: Set<bigint>

  constructor(confState: ConfState) {
    this.voters = new Set(confState.voters)
    this.learners = new Set(confState.learners)
  }

  /** Returns what is wrong with the step, if anything. */
  take({ kind, member }: ConfigChangeStep): string | undefined {
    if (member === 0n) return 'member 0 means nobody; name a member'
    switch (kind) {
      case Kind.ADD_VOTER:
        this.learners.delete(member)
        this.voters.add(member)
        return undefined
      case Kind.ADD_LEARNER:
        this.voters.delete(member)
        this.learners.add(member)
        return undefined
      case Kind.REMOVE:
        this.voters.delete(member)
        this.learners.delete(member)
        return undefined
      case Kind.UPDATE:
        return undefined
      default:
        return `a step of unknown kind ${String(kind)}`
    }
  }
}
