/** Reads, as one member sees them. */

import { describe, expect, test } from '@jest/globals'
import { ConfigChange, Kind, MessageType } from '../../client/wire/generated/raft.js'
import { drain, from, leader, member, sent } from './member.test.fixture.js'

describe('reads', () => {
  test('of a follower ignore answers to a try of an earlier process', () => {
    const raft = member({ random: () => 0.5 })
    from(raft, 2n, MessageType.HEARTBEAT, { term: 2 })
    raft.readIndex(7)
    const [asked] = sent(drain(raft), MessageType.READ_INDEX)
    from(raft, 2n, MessageType.READ_INDEX_RESPONSE, { context: 7, index: 1 })
    expect(drain(raft)).toEqual([])
    from(raft, 2n, MessageType.READ_INDEX_RESPONSE, { context: asked!.context, index: 5 })
    expect(drain(raft)[0]?.reads).toEqual([{ context: 7, index: 5 }])
    from(raft, 2n, MessageType.READ_INDEX_RESPONSE, { context: asked!.context, index: 5 })
    expect(drain(raft)).toEqual([])
  })

  test('are not confirmed by an answer to an earlier round', () => {
    const raft = leader()
    raft.readIndex(1)
    const [old] = sent(drain(raft), MessageType.HEARTBEAT)
    raft.readIndex(2)
    const [fresh] = sent(drain(raft), MessageType.HEARTBEAT)
    from(raft, 2n, MessageType.HEARTBEAT_RESPONSE, { context: old!.context })
    expect(drain(raft).flatMap(({ reads }) => reads)).toEqual([{ context: 1, index: 2 }])
    from(raft, 2n, MessageType.HEARTBEAT_RESPONSE, { context: fresh!.context })
    expect(drain(raft).flatMap(({ reads }) => reads)).toEqual([{ context: 2, index: 2 }])
  })

  test('are confirmed by the next heartbeat when the messages of their round were lost', () => {
    const raft = leader()
    raft.readIndex(1)
    drain(raft)
    raft.tick()
    const [again] = sent(drain(raft), MessageType.HEARTBEAT)
    from(raft, 3n, MessageType.HEARTBEAT_RESPONSE, { context: again!.context })
    expect(drain(raft).flatMap(({ reads }) => reads)).toEqual([{ context: 1, index: 2 }])
  })

  test('of a lost leadership are not answered', () => {
    const raft = leader()
    raft.readIndex(1)
    drain(raft)
    from(raft, 2n, MessageType.HEARTBEAT, { term: 9 })
    from(raft, 2n, MessageType.HEARTBEAT_RESPONSE, { term: 9, context: 1 })
    expect(drain(raft).flatMap(({ reads }) => reads)).toEqual([])
  })

  test('by lease stop being free when the voters change', () => {
    const raft = leader({ readOnly: 'lease' })
    raft.tick()
    const [beat] = sent(drain(raft), MessageType.HEARTBEAT)
    from(raft, 2n, MessageType.HEARTBEAT_RESPONSE, { context: beat!.context })
    raft.readIndex(1)
    expect(drain(raft).flatMap(({ reads }) => reads)).toHaveLength(1)
    raft.applyConfigChange(ConfigChange.create({ steps: [{ kind: Kind.ADD_VOTER, member: 4n }] }))
    raft.readIndex(2)
    expect(drain(raft).flatMap(({ reads }) => reads)).toEqual([])
  })
})
