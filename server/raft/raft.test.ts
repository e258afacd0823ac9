/** One member seen from its driver; what several do together is told in test/transcripts. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes } from '../../client/wire/codec.js'
import {
  ConfigChange,
  type Entry,
  EntryType,
  Kind,
  Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import {
  acknowledge,
  committed,
  drain,
  entry,
  from,
  leader,
  ME,
  member,
  sent,
  voters,
} from './member.test.fixture.js'

describe('what makes no sense', () => {
  test('is refused at the door', () => {
    expect(() => member({ id: 0n })).toThrow('id 0 means nobody')
    expect(() => member({ readOnly: 'lease', checkQuorum: false })).toThrow('need checkQuorum')
    expect(() => member({ electionTicks: 1 })).toThrow('greater than heartbeatTicks')
    expect(() => member({ appendBytesMax: 0 })).toThrow('appendBytesMax must be a positive')
  })

  test('does not go past the address', () => {
    const raft = member()
    raft.step(Message.create({ type: MessageType.HEARTBEAT, from: 2n, to: 3n, term: 9 }))
    expect(raft.state.term).toBe(1)
  })

  test('an acknowledgment of an entry that does not exist commits nothing', () => {
    const raft = leader()
    acknowledge(raft, 2n, 99)
    expect(raft.state.commit).toBe(2)
  })

  test('strangers are not counted', () => {
    const raft = leader()
    raft.propose(new Uint8Array(1))
    drain(raft)
    acknowledge(raft, 9n, 3)
    from(raft, 9n, MessageType.HEARTBEAT_RESPONSE)
    expect(raft.state.commit).toBe(3 - 1)
  })

  test('a heartbeat beyond the own log means that the disk was lost', () => {
    const raft = member()
    expect(() => from(raft, 2n, MessageType.HEARTBEAT, { commit: 9 })).toThrow('was the disk lost')
  })
})

describe('a restart', () => {
  const change = encodeBytes(ConfigChange, {
    steps: [{ kind: Kind.ADD_LEARNER, member: 4n }],
  })
  const log: Entry[] = [
    entry(2, 1),
    { index: 3, term: 1, type: EntryType.CONFIG_CHANGE, data: change },
  ]

  test('delivers again what was committed and not applied', () => {
    const raft = member({}, [1n, 2n, 3n], {
      hardState: { term: 1, vote: 2n, commit: 3 },
      entries: log,
    })
    expect(raft.state.confState.learners).toEqual([])
    expect(committed(drain(raft))).toEqual([2, 3])
  })

  test('finds the configuration of what was applied', () => {
    const raft = member({}, [1n, 2n, 3n], { entries: log, applied: 3 })
    expect(raft.state.confState.learners).toEqual([4n])
    expect(raft.state).toMatchObject({ commit: 3, applied: 3 })
  })

  test('believes the configuration that it is given', () => {
    const confState = voters(1n, 7n)
    const raft = member({}, [1n, 2n, 3n], { entries: log, applied: 3, confState })
    expect(raft.state.confState).toBe(confState)
  })

  test('does not campaign while a committed change is not applied', () => {
    const raft = member({}, [1n, 2n, 3n], {
      hardState: { term: 1, vote: 0n, commit: 3 },
      entries: log,
    })
    raft.campaign()
    expect(raft.state.role).toBe('follower')
  })

  test('knows that all but the last change in its log are committed', () => {
    const raft = member({}, [1n, 2n, 3n], { entries: [...log, { ...log[1]!, index: 4 }] })
    raft.campaign()
    expect(raft.state).toMatchObject({ role: 'follower', commit: 3 })
    expect(committed(drain(raft))).toEqual([2, 3])
    raft.campaign()
    expect(raft.state.role).toBe('candidate')
  })

  test('does not vote twice in a term', () => {
    const raft = member({}, [1n, 2n, 3n], { hardState: { term: 4, vote: 2n, commit: 1 } })
    from(raft, 3n, MessageType.VOTE, { index: 9, logTerm: 3 })
    from(raft, 2n, MessageType.VOTE, { index: 9, logTerm: 3 })
    const votes = sent(drain(raft), MessageType.VOTE_RESPONSE)
    expect(votes.map(({ to, reject }) => [to, reject])).toEqual([
      [3n, true],
      [2n, false],
    ])
  })

  test('takes the term of its last entry when the disk lost the later one', () => {
    const raft = member({}, [1n, 2n, 3n], { entries: [entry(2, 5)] })
    expect(raft.state).toMatchObject({ term: 5, vote: 0n })
    expect(raft.ready()?.persist).toMatchObject({ hardState: { term: 5 }, mustSync: true })
  })
})

describe('an election', () => {
  test('counts the first vote of each member only', () => {
    const raft = member({}, [1n, 2n, 3n, 4n, 5n])
    raft.campaign()
    drain(raft)
    from(raft, 2n, MessageType.VOTE_RESPONSE, { reject: true })
    from(raft, 2n, MessageType.VOTE_RESPONSE)
    from(raft, 3n, MessageType.VOTE_RESPONSE)
    expect(raft.state.role).toBe('candidate')
    from(raft, 4n, MessageType.VOTE_RESPONSE)
    expect(raft.state.role).toBe('leader')
  })

  test('after a restart waits for the lease that the process before may have granted', () => {
    const raft = member({ readOnly: 'lease' })
    const wish = { term: 7, index: 9, logTerm: 6 }
    from(raft, 2n, MessageType.VOTE, wish)
    expect(drain(raft)).toEqual([])
    for (let i = 0; i < 9; i++) raft.tick()
    from(raft, 2n, MessageType.VOTE, wish)
    expect(drain(raft)).toEqual([])
    raft.step(Message.create({ type: MessageType.VOTE, from: 2n, to: ME, ...wish, transfer: true }))
    expect(sent(drain(raft), MessageType.VOTE_RESPONSE)).toHaveLength(1)
  })

  test('makes a leader that changes no voters before it has applied what it inherited', () => {
    const raft = member({}, [1n, 2n, 3n], { entries: [entry(2, 1)] })
    raft.campaign()
    drain(raft)
    from(raft, 2n, MessageType.VOTE_RESPONSE)
    drain(raft)
    const learner = ConfigChange.create({ steps: [{ kind: Kind.ADD_LEARNER, member: 4n }] })
    expect(() => raft.proposeConfigChange(learner)).toThrow(
      expect.objectContaining({ reason: 'pendingChange' }),
    )
    acknowledge(raft, 2n, 3)
    drain(raft)
    raft.proposeConfigChange(learner)
    expect(raft.state.lastIndex).toBe(4)
  })
})
