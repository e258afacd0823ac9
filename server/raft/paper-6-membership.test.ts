/** The extended Raft paper, section 6: membership changes through joint consensus. */

import { describe, expect, test } from '@jest/globals'
import { Kind, MessageType, Transition } from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  change,
  changeEntry,
  converse,
  grant,
  member,
  sent,
  settle,
  settledLeader,
  step,
  tick,
} from './paper-member.test.fixture.js'
import { ProposalDropped, type Raft } from './raft.js'

const command = new Uint8Array([7])

/** The reason why a request was dropped, or undefined when it was taken up. */
function dropped(request: () => void): string | undefined {
  try {
    request()
    return undefined
  } catch (error) {
    if (error instanceof ProposalDropped) return error.reason
    throw error
  }
}

/** A leader 1 in the joint configuration of old voters 1, 2, 3 and new voters 1, 4, 5. */
function jointLeader(transition: Transition = Transition.JOINT_EXPLICIT): Raft {
  const raft = settledLeader()
  raft.proposeConfigChange(
    change(
      [
        [Kind.ADD_VOTER, 4n],
        [Kind.ADD_VOTER, 5n],
        [Kind.REMOVE, 2n],
        [Kind.REMOVE, 3n],
      ],
      transition,
    ),
  )
  settle(raft)
  acknowledge(raft, 2n)
  return raft
}

function acknowledgeAll(raft: Raft): void {
  const { voters, learners, votersOutgoing } = raft.state.confState
  for (const id of new Set([...voters, ...learners, ...votersOutgoing])) {
    if (id !== raft.state.id && raft.state.role === 'leader') acknowledge(raft, id)
  }
}

test('6 several changes at once go through a joint configuration of old and new', () => {
  const { confState } = jointLeader().state
  expect([...confState.voters].sort()).toEqual([1n, 4n, 5n])
  expect([...confState.votersOutgoing].sort()).toEqual([1n, 2n, 3n])
  expect(confState.autoLeave).toBe(false)
})

test.each([
  ['the old voters only', [2n, 3n], 0],
  ['the new voters only', [4n, 5n], 0],
  ['one of each', [2n, 4n], 1],
])(
  '6 joint: an entry on the leader and %s is committed by both majorities only',
  (_, ids, more) => {
    const raft = jointLeader()
    acknowledgeAll(raft)
    const before = raft.state.commit
    raft.propose(command)
    settle(raft)
    for (const id of ids) acknowledge(raft, id)
    expect(raft.state.commit - before).toBe(more)
  },
)

describe('6 joint: a candidate needs both majorities', () => {
  const joint = { voters: [1n, 4n, 5n], votersOutgoing: [1n, 2n, 3n], log: [1] }
  test.each([
    ['the old voters', [2n, 3n], 'candidate'],
    ['the new voters', [4n, 5n], 'candidate'],
    ['one of each', [3n, 5n], 'leader'],
  ])('votes of itself and %s', (_, ids, role) => {
    const raft = member(joint)
    raft.campaign()
    const asks = sent(settle(raft), MessageType.VOTE)
    expect(asks.map(({ to }) => to).sort()).toEqual([2n, 3n, 4n, 5n])
    for (const ask of asks) if (ids.includes(ask.to)) grant(raft, ask)
    expect(raft.state.role).toBe(role)
  })
})

test('6 joint: an implicit change is left by the leader itself', () => {
  const raft = jointLeader(Transition.JOINT_IMPLICIT)
  acknowledgeAll(raft)
  acknowledgeAll(raft)
  expect([...raft.state.confState.voters].sort()).toEqual([1n, 4n, 5n])
  expect(raft.state.confState.votersOutgoing).toEqual([])
})

test('6 joint: an explicit change is left when the driver says so, and not before', () => {
  const raft = jointLeader()
  acknowledgeAll(raft)
  acknowledgeAll(raft)
  expect(raft.state.confState.votersOutgoing).toHaveLength(3)
  raft.proposeConfigChange(change([]))
  settle(raft)
  acknowledgeAll(raft)
  expect(raft.state.confState.votersOutgoing).toEqual([])
})

test('6 joint: nothing else may change before it is left', () => {
  const raft = jointLeader()
  acknowledgeAll(raft)
  const reason = dropped(() => raft.proposeConfigChange(change([[Kind.ADD_VOTER, 6n]])))
  expect(reason).toBeDefined()
  expect(raft.state.confState.voters).toHaveLength(3)
})

test('6 one change waits for the one before', () => {
  const raft = settledLeader()
  raft.proposeConfigChange(change([[Kind.ADD_VOTER, 4n]]))
  settle(raft)
  expect(dropped(() => raft.proposeConfigChange(change([[Kind.ADD_VOTER, 5n]])))).toBe(
    'pendingChange',
  )
  acknowledge(raft, 2n)
  expect(dropped(() => raft.proposeConfigChange(change([[Kind.ADD_VOTER, 5n]])))).toBeUndefined()
})

test('6 a new leader holds changes back until it knows that none is under way', () => {
  const raft = member({ log: [1] })
  raft.campaign()
  for (const ask of sent(settle(raft), MessageType.VOTE)) grant(raft, ask)
  expect(dropped(() => raft.proposeConfigChange(change([[Kind.ADD_VOTER, 4n]])))).toBe(
    'pendingChange',
  )
  acknowledge(raft, 2n)
  expect(dropped(() => raft.proposeConfigChange(change([[Kind.ADD_VOTER, 4n]])))).toBeUndefined()
})

test('6 a server that joins gets the log before it votes, as a learner', () => {
  const raft = settledLeader()
  raft.proposeConfigChange(change([[Kind.ADD_LEARNER, 4n]]))
  settle(raft)
  const output = acknowledge(raft, 2n)
  expect(raft.state.confState.learners).toEqual([4n])
  expect([...output.messages, ...tick(raft, 1).messages].some(({ to }) => to === 4n)).toBe(true)
})

test('6 a leader that the change removes leads until the change is committed, then steps down', () => {
  const raft = settledLeader()
  raft.proposeConfigChange(change([[Kind.REMOVE, 1n]]))
  const output = settle(raft)
  expect(raft.state.role).toBe('leader')
  expect(sent(output, MessageType.APPEND)).toHaveLength(2)
  acknowledge(raft, 2n)
  acknowledge(raft, 3n)
  expect([...raft.state.confState.voters].sort()).toEqual([2n, 3n])
  expect(raft.state.role).not.toBe('leader')
  tick(raft, 100)
  expect(raft.state).toMatchObject({ role: 'follower', term: 1 })
})

test('6 the last voter cannot be removed', () => {
  const raft = settledLeader({ voters: [1n] })
  expect(dropped(() => raft.proposeConfigChange(change([[Kind.REMOVE, 1n]])))).toBe('illegalChange')
})

test('6 a removed server does not disturb those that hear a leader', () => {
  const raft = member({ checkQuorum: true, term: 1 })
  step(raft, MessageType.HEARTBEAT, { term: 1 })
  for (let term = 2; term < 10; term++) {
    step(raft, MessageType.VOTE, { from: 9n, term, index: 100, logTerm: 50 })
  }
  expect(raft.state).toMatchObject({ term: 1, leader: 2n, vote: 0n })
})

test('6 those who stay learn of a removal whose last word was lost', () => {
  const removed = settledLeader({ voters: [1n, 2n] })
  const stays = member({ id: 2n, voters: [1n, 2n] })
  step(stays, MessageType.APPEND, { from: 1n, term: 1, entries: removed.entries(1, 1) })
  removed.proposeConfigChange(change([[Kind.REMOVE, 1n]]))
  for (let i = 0; i < 5; i++) removed.propose(command)
  const [append] = sent(settle(removed), MessageType.APPEND)
  stays.step({ ...append!, entries: append!.entries.slice(0, 1) })
  settle(stays)
  acknowledge(removed, 2n, 2)
  expect(removed.state).toMatchObject({ role: 'follower', commit: 2, lastIndex: 7 })
  expect(stays.state.commit).toBeLessThan(2)
  for (let i = 0; i < 5 && stays.state.role !== 'leader'; i++) {
    tick(stays, 10)
    stays.campaign()
    converse([stays, removed])
  }
  expect(stays.state).toMatchObject({ role: 'leader' })
  expect(stays.state.confState.voters).toEqual([2n])
})

test('6 a member that comes back with two changes in its log campaigns in the first one at least', () => {
  // The second was proposed only after the first had been applied; the commit index was lost.
  const entries = [
    changeEntry(1, 1, change([[Kind.ADD_VOTER, 4n]])),
    changeEntry(1, 2, change([[Kind.ADD_VOTER, 5n]])),
  ]
  const raft = member({ entries })
  const asks = [...tick(raft, 40).messages].filter(({ type }) => type === MessageType.VOTE)
  expect(new Set(asks.map(({ to }) => to))).toEqual(new Set([2n, 3n, 4n]))
  expect([...raft.state.confState.voters].sort()).toEqual([1n, 2n, 3n, 4n])
})

test('6 a candidate that learns of its own removal does not lead', () => {
  const entries = [changeEntry(1, 1, change([[Kind.REMOVE, 1n]]))]
  const raft = member({ voters: [1n, 2n, 3n, 4n], entries })
  raft.campaign()
  settle(raft)
  step(raft, MessageType.VOTE_RESPONSE, { from: 2n, term: 2, reject: true, commit: 1, logTerm: 1 })
  expect([...raft.state.confState.voters].sort()).toEqual([2n, 3n, 4n])
  for (const from of [3n, 4n]) step(raft, MessageType.VOTE_RESPONSE, { from, term: 2 })
  expect(raft.state.role).toBe('follower')
})
