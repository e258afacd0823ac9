/** Changes of the voter sets: a table, and properties over random sequences. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ConfigChange, type ConfState, Kind, Transition } from '../../client/wire/generated/raft.js'
import { changeConfig, membersOf } from './config-change.js'

const { ADD_VOTER, ADD_LEARNER, REMOVE, UPDATE } = Kind
const { AUTO, JOINT_IMPLICIT, JOINT_EXPLICIT } = Transition

type Step = readonly [Kind, number]

function conf(voters: number[], learners: number[] = [], rest: Partial<ConfState> = {}): ConfState {
  return {
    voters: voters.map(BigInt),
    learners: learners.map(BigInt),
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
    ...rest,
  }
}

function joint(
  voters: number[],
  outgoing: number[],
  learners: number[] = [],
  next: number[] = [],
  autoLeave = true,
): ConfState {
  return conf(voters, learners, {
    votersOutgoing: outgoing.map(BigInt),
    learnersNext: next.map(BigInt),
    autoLeave,
  })
}

function apply(current: ConfState, transition: Transition, ...steps: Step[]) {
  return changeConfig(
    current,
    ConfigChange.create({
      transition,
      steps: steps.map(([kind, member]) => ({ kind, member: BigInt(member) })),
    }),
  )
}

describe('a change', () => {
  test.each<[string, ConfState, Transition, Step[], ConfState]>([
    ['adds a voter', conf([1]), AUTO, [[ADD_VOTER, 2]], conf([1, 2])],
    ['adds a learner', conf([1]), AUTO, [[ADD_LEARNER, 2]], conf([1], [2])],
    ['promotes a learner', conf([1], [2]), AUTO, [[ADD_VOTER, 2]], conf([1, 2])],
    ['demotes a voter', conf([1, 2]), AUTO, [[ADD_LEARNER, 2]], conf([1], [2])],
    ['removes a voter', conf([1, 2]), AUTO, [[REMOVE, 2]], conf([1])],
    ['removes a learner', conf([1], [2]), AUTO, [[REMOVE, 2]], conf([1])],
    ['adds a voter that is there', conf([1, 2]), AUTO, [[ADD_VOTER, 2]], conf([1, 2])],
    ['removes nobody', conf([1]), AUTO, [[REMOVE, 9]], conf([1])],
    ['updates', conf([1], [2]), AUTO, [[UPDATE, 1]], conf([1], [2])],
    [
      'moves one voter and any learners at once',
      conf([1], [2]),
      AUTO,
      [
        [ADD_VOTER, 2],
        [ADD_LEARNER, 3],
        [ADD_LEARNER, 4],
      ],
      conf([1, 2], [3, 4]),
    ],
    [
      'replaces a voter through a joint configuration',
      conf([1, 2, 3]),
      AUTO,
      [
        [ADD_VOTER, 4],
        [REMOVE, 3],
      ],
      joint([1, 2, 4], [1, 2, 3]),
    ],
    [
      'is joint when it is asked to be',
      conf([1, 2]),
      JOINT_IMPLICIT,
      [[ADD_VOTER, 3]],
      joint([1, 2, 3], [1, 2]),
    ],
    [
      'waits to be left when it is asked to',
      conf([1, 2]),
      JOINT_EXPLICIT,
      [[ADD_VOTER, 3]],
      joint([1, 2, 3], [1, 2], [], [], false),
    ],
    [
      'demotes a voter that still votes in the old set',
      conf([1, 2, 3]),
      JOINT_IMPLICIT,
      [
        [ADD_LEARNER, 3],
        [ADD_LEARNER, 4],
      ],
      joint([1, 2], [1, 2, 3], [4], [3]),
    ],
    [
      'leaves the joint configuration',
      joint([1, 2], [1, 2, 3], [4], [3]),
      AUTO,
      [],
      conf([1, 2], [3, 4]),
    ],
  ])('%s', (_, current, transition, steps, expected) => {
    expect(apply(current, transition, ...steps)).toEqual({ ok: true, confState: expected })
  })

  test.each<[string, ConfState, Step[], string]>([
    ['that leaves no voter', conf([1]), [[REMOVE, 1]], 'no voter'],
    ['that demotes the last voter', conf([1]), [[ADD_LEARNER, 1]], 'no voter'],
    ['of member 0', conf([1]), [[ADD_VOTER, 0]], 'member 0'],
    ['in a joint configuration', joint([1], [1, 2]), [[ADD_VOTER, 3]], 'must be left'],
    ['that leaves what is not joint', conf([1]), [], 'no joint configuration'],
  ])('%s is refused', (_, current, steps, problem) => {
    const result = apply(current, AUTO, ...steps)
    expect(result).toEqual({ ok: false, problem: expect.stringContaining(problem) })
  })
})

test('whatever is changed, the sets stay sound and majorities overlap', () => {
  const step = fc.tuple(
    fc.constantFrom(ADD_VOTER, ADD_LEARNER, REMOVE, UPDATE),
    fc.integer({ min: 1, max: 6 }),
  )
  const change = fc.tuple(
    fc.constantFrom(AUTO, JOINT_IMPLICIT, JOINT_EXPLICIT),
    fc.array(step, { maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      let current = conf([1, 2, 3])
      for (const [transition, steps] of changes) {
        const before = structuredClone(current)
        const result = apply(current, transition, ...steps)
        expect(current).toEqual(before)
        if (!result.ok) continue
        expectSound(result.confState)
        expectSafeStep(current, result.confState)
        current = result.confState
      }
    }),
    { numRuns: 400 },
  )
})

function expectSound({ voters, learners, votersOutgoing, learnersNext, autoLeave }: ConfState) {
  expect(voters.length).toBeGreaterThan(0)
  const voting = new Set([...voters, ...votersOutgoing])
  expect(learners.filter((id) => voting.has(id))).toEqual([])
  expect(learnersNext.filter((id) => !votersOutgoing.includes(id) || voters.includes(id))).toEqual(
    [],
  )
  if (votersOutgoing.length === 0) expect([learnersNext, autoLeave]).toEqual([[], false])
}

/** Either one voter moves, or one of the two configurations contains the voters of the other. */
function expectSafeStep(from: ConfState, to: ConfState): void {
  if (to.votersOutgoing.length > 0) expect(to.votersOutgoing).toEqual(from.voters)
  else if (from.votersOutgoing.length > 0) expect(to.voters).toEqual(from.voters)
  else {
    const union = new Set([...from.voters, ...to.voters]).size
    expect(2 * union - from.voters.length - to.voters.length).toBeLessThan(2)
  }
}

test('the members of a joint configuration are all of both sets', () => {
  expect([...membersOf(joint([1, 4], [1, 2], [5]))].sort()).toEqual([1n, 2n, 4n, 5n])
})
