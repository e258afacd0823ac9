/** Configurations coming into force, as one member sees them. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes } from '../../client/wire/codec.js'
import { ConfigChange, EntryType, Kind, MessageType } from '../../client/wire/generated/raft.js'
import { acknowledge, drain, from, leader, member, voters } from './member.test.fixture.js'

describe('the configuration', () => {
  const joint = ConfigChange.create({
    steps: [
      { kind: Kind.ADD_VOTER, member: 4n },
      { kind: Kind.ADD_VOTER, member: 5n },
      { kind: Kind.REMOVE, member: 2n },
      { kind: Kind.REMOVE, member: 3n },
    ],
  })

  test('is joint until a leader of a later term has left it', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, {
      term: 2,
      index: 1,
      logTerm: 1,
      entries: [
        {
          index: 2,
          term: 2,
          type: EntryType.CONFIG_CHANGE,
          data: encodeBytes(ConfigChange, joint),
        },
      ],
      commit: 2,
    })
    drain(raft)
    raft.applyConfigChange(joint)
    for (let i = 0; i < 10; i++) raft.tick()
    drain(raft)
    from(raft, 2n, MessageType.VOTE_RESPONSE)
    expect(raft.state.role).toBe('candidate')
    from(raft, 4n, MessageType.VOTE_RESPONSE)
    expect(raft.state.role).toBe('leader')
    drain(raft)
    acknowledge(raft, 2n, 3)
    drain(raft)
    expect(raft.state).toMatchObject({ commit: 2, lastIndex: 3 })
    acknowledge(raft, 4n, 3)
    drain(raft)
    raft.applied(3)
    expect(raft.state.lastIndex).toBe(4)
    expect(raft.entries(4, 4)).toMatchObject([
      { type: EntryType.CONFIG_CHANGE, data: { length: 0 } },
    ])
  })

  test('that shrinks can commit what waits', () => {
    const raft = leader({}, [1n, 2n])
    raft.propose(new Uint8Array(1))
    drain(raft)
    expect(raft.state.commit).toBe(2)
    raft.applyConfigChange(ConfigChange.create({ steps: [{ kind: Kind.REMOVE, member: 2n }] }))
    expect(raft.state.commit).toBe(3)
  })

  test('a change that is illegal where it stands does nothing', () => {
    const raft = leader({}, [1n])
    const before = raft.state.confState
    const none = ConfigChange.create({ steps: [{ kind: Kind.REMOVE, member: 1n }] })
    expect(raft.applyConfigChange(none)).toBe(before)
  })

  test('a snapshot that does not know this member is not taken', () => {
    const raft = member()
    const snapshot = { index: 9, term: 2, confState: voters(2n, 3n) }
    from(raft, 2n, MessageType.SNAPSHOT, { term: 2, snapshot })
    const [ready] = drain(raft)
    expect(ready?.snapshot).toBeUndefined()
    expect(raft.state.commit).toBe(1)
  })
})
