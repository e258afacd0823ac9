/**
 * One member seen from its driver: asynchronous storage, limits, batching, restarts. What several
 * members do together is told in test/transcripts.
 */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes } from '../../client/wire/codec.js'
import {
  ConfigChange,
  type ConfState,
  type Entry,
  EntryType,
  Kind,
  Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import { Raft, type RaftConfig, type RaftInitial, type Ready, raftDefaults } from './raft.js'

const ME = 1n

function voters(...members: bigint[]): ConfState {
  return { voters: members, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false }
}

function member(
  config: Partial<RaftConfig> = {},
  members = [1n, 2n, 3n],
  initial: Partial<RaftInitial> = {},
): Raft {
  return new Raft(
    { ...raftDefaults, preVote: false, random: () => 0, id: ME, ...config },
    {
      hardState: { term: 1, vote: 0n, commit: 1 },
      snapshot: { index: 1, term: 1, confState: voters(...members) },
      entries: [],
      applied: 1,
      ...initial,
    },
  )
}

function entry(index: number, term: number, text = ''): Entry {
  return { index, term, type: EntryType.NORMAL, data: new TextEncoder().encode(text) }
}

function from(raft: Raft, id: bigint, type: MessageType, fields: Partial<Message> = {}): void {
  const { term } = raft.state
  raft.step(Message.create({ from: id, to: ME, type, term, ...fields }))
}

/** Takes all output; the disk is as fast as `persist` says. */
function drain(raft: Raft, persist = true): Ready[] {
  const taken: Ready[] = []
  for (let ready = raft.ready(); ready; ready = raft.ready()) {
    taken.push(ready)
    if (ready.persist && persist) raft.persisted(ready.persist.sequence)
    const last = ready.committed.at(-1)
    if (last) raft.applied(last.index)
  }
  return taken
}

function sent(readies: Ready[], type: MessageType): Message[] {
  return readies.flatMap(({ messages }) => messages).filter((message) => message.type === type)
}

function committed(readies: Ready[]): number[] {
  return readies.flatMap((ready) => ready.committed.map(({ index }) => index))
}

function leader(config: Partial<RaftConfig> = {}, members = [1n, 2n, 3n]): Raft {
  const raft = member(config, members)
  raft.campaign()
  drain(raft)
  for (const id of members) if (id !== ME) from(raft, id, MessageType.VOTE_RESPONSE)
  drain(raft)
  for (const id of members) if (id !== ME) acknowledge(raft, id, raft.state.lastIndex)
  drain(raft)
  expect(raft.state).toMatchObject({ role: 'leader', commit: raft.state.lastIndex })
  return raft
}

function acknowledge(raft: Raft, id: bigint, index: number): void {
  from(raft, id, MessageType.APPEND_RESPONSE, { index })
}

describe('while the disk is slow', () => {
  test('a leader counts its own copy only when it is durable', () => {
    const raft = leader()
    raft.propose(new Uint8Array(1))
    const [first] = drain(raft, false)
    acknowledge(raft, 2n, 3)
    expect(raft.state.commit).toBe(2)
    expect(raft.state.progress.get(ME)?.match).toBe(2)
    acknowledge(raft, 3n, 3)
    expect(raft.state.commit).toBe(3)
    expect(committed(drain(raft, false))).toEqual([])
    raft.persisted(first!.persist!.sequence)
    expect(committed(drain(raft))).toEqual([3])
  })

  test('one of two cannot commit before its own disk', () => {
    const raft = leader({}, [1n, 2n])
    raft.propose(new Uint8Array(1))
    const [first] = drain(raft, false)
    acknowledge(raft, 2n, 3)
    expect(raft.state.commit).toBe(2)
    raft.persisted(first!.persist!.sequence)
    expect(raft.state.commit).toBe(3)
  })

  test('a leader counts of its own copy what each batch brought', () => {
    const raft = leader({}, [1n, 2n])
    raft.propose(new Uint8Array(1))
    const [first] = drain(raft, false)
    raft.propose(new Uint8Array(1))
    drain(raft, false)
    acknowledge(raft, 2n, 4)
    raft.persisted(first!.persist!.sequence)
    expect(raft.state).toMatchObject({ commit: 3, lastIndex: 4 })
  })

  test('several batches are under way, and answers leave as each becomes durable', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1, entries: [entry(2, 2)] })
    const first = drain(raft, false)
    from(raft, 2n, MessageType.APPEND, { index: 2, logTerm: 2, entries: [entry(3, 2)] })
    const second = drain(raft, false)
    expect([...first, ...second].map((ready) => ready.persist?.sequence)).toEqual([1, 2])
    expect(sent([...first, ...second], MessageType.APPEND_RESPONSE)).toEqual([])
    raft.persisted(1)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toMatchObject([{ index: 2 }])
    raft.persisted(2)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toMatchObject([{ index: 3 }])
  })

  test('an answer that repeats what is durable still waits for the write that is under way', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1 })
    const first = drain(raft, false)
    expect(first[0]?.persist).toMatchObject({ mustSync: true, hardState: { term: 2 } })
    from(raft, 2n, MessageType.APPEND, { index: 1, logTerm: 1 })
    expect(drain(raft, false)).toEqual([])
    raft.persisted(1)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toHaveLength(2)
  })

  test('an acknowledgment of entries that a later leader replaced does not count', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1, entries: [entry(2, 2)] })
    drain(raft, false)
    const entries = [entry(2, 3), entry(3, 3)]
    from(raft, 3n, MessageType.APPEND, { term: 3, index: 1, logTerm: 1, entries, commit: 3 })
    drain(raft, false)
    raft.persisted(1)
    expect(raft.state).toMatchObject({ durableIndex: 1, commit: 3 })
    expect(committed(drain(raft))).toEqual([])
    raft.persisted(2)
    expect(committed(drain(raft))).toEqual([2, 3])
  })

  test('a refusal does not wait', () => {
    const raft = member()
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 9, logTerm: 2 })
    const refusals = sent(drain(raft, false), MessageType.APPEND_RESPONSE)
    expect(refusals).toMatchObject([{ reject: true, rejectHint: 1, logTerm: 1 }])
  })

  test('a campaign that is over asks nobody any more', () => {
    const raft = member()
    raft.campaign()
    drain(raft, false)
    from(raft, 2n, MessageType.APPEND, { term: 5, index: 1, logTerm: 1 })
    drain(raft, false)
    raft.persisted(1)
    raft.persisted(2)
    expect(sent(drain(raft), MessageType.VOTE)).toEqual([])
  })

  test('the disk never hears of a commit beyond what it holds', () => {
    const raft = member()
    const entries = [entry(2, 2), entry(3, 2)]
    from(raft, 2n, MessageType.APPEND, { term: 2, index: 1, logTerm: 1, entries, commit: 3 })
    const [first] = drain(raft, false)
    expect(first?.persist?.hardState).toEqual({ term: 2, vote: 0n, commit: 1 })
    raft.persisted(1)
    const [second] = drain(raft, false)
    expect(second?.persist).toMatchObject({ hardState: { commit: 3 }, mustSync: false })
  })

  test('a restored snapshot keeps its member from campaigning until it is durable', () => {
    const raft = member()
    const snapshot = { index: 9, term: 2, confState: voters(1n, 2n, 3n) }
    from(raft, 2n, MessageType.SNAPSHOT, { term: 2, snapshot })
    const [ready] = drain(raft, false)
    expect(ready).toMatchObject({ snapshot: { index: 9 }, persist: { snapshot: { index: 9 } } })
    raft.campaign()
    expect(raft.state.role).toBe('follower')
    raft.persisted(1)
    expect(sent(drain(raft), MessageType.APPEND_RESPONSE)).toMatchObject([{ index: 9 }])
    raft.campaign()
    expect(raft.state.role).toBe('candidate')
  })
})

describe('limits', () => {
  test('what is proposed in one turn travels in one message', () => {
    const raft = leader()
    for (let i = 0; i < 5; i++) raft.propose(new Uint8Array(1))
    const appends = sent(drain(raft), MessageType.APPEND)
    expect(appends.map(({ to, entries }) => [to, entries.length])).toEqual([
      [2n, 5],
      [3n, 5],
    ])
  })

  test('appends are cut at their bytes, and stop at the window', () => {
    const raft = leader({ appendBytesMax: 250, inflightBytesMax: 500 })
    for (let i = 0; i < 9; i++) raft.propose(new Uint8Array(100))
    const appends = sent(drain(raft), MessageType.APPEND).filter(({ to }) => to === 2n)
    expect(appends.map(({ entries }) => entries.length)).toEqual([2, 2, 2])
    acknowledge(raft, 2n, 4)
    const more = sent(drain(raft), MessageType.APPEND).filter(({ to }) => to === 2n)
    expect(more.flatMap(({ entries }) => entries.map(({ index }) => index))).toEqual([9, 10])
  })

  test('a follower passes on what is proposed in one turn together', () => {
    const raft = member()
    from(raft, 2n, MessageType.HEARTBEAT, { term: 2 })
    for (let i = 0; i < 3; i++) raft.propose(new Uint8Array(1))
    expect(sent(drain(raft), MessageType.PROPOSE)).toMatchObject([{ entries: { length: 3 } }])
  })

  test('too much that is not committed is refused, until it is', () => {
    const raft = leader({ uncommittedBytesMax: 100 })
    raft.propose(new Uint8Array(60))
    expect(() => raft.propose(new Uint8Array(60))).toThrow(
      expect.objectContaining({ name: 'ProposalDropped', reason: 'overloaded' }),
    )
    drain(raft)
    acknowledge(raft, 2n, 3)
    raft.propose(new Uint8Array(1_000))
    expect(raft.state.lastIndex).toBe(4)
  })

  test('committed entries come out in portions', () => {
    const raft = leader({ applyBytesMax: 50 })
    for (let i = 0; i < 4; i++) raft.propose(new Uint8Array(10))
    drain(raft)
    acknowledge(raft, 2n, 6)
    const portions = drain(raft).map((ready) => ready.committed.length)
    expect(portions.filter((count) => count > 0)).toEqual([1, 1, 1, 1])
  })
})

describe('a follower that needs a snapshot', () => {
  function lagging(): Raft {
    const raft = leader()
    from(raft, 3n, MessageType.APPEND_RESPONSE, { index: 2 })
    for (let i = 0; i < 3; i++) raft.propose(new Uint8Array(1))
    drain(raft)
    acknowledge(raft, 2n, 5)
    drain(raft)
    raft.compact(5)
    return raft
  }

  function refuse(raft: Raft): Message[] {
    from(raft, 3n, MessageType.APPEND_RESPONSE, {
      index: 5,
      reject: true,
      rejectHint: 2,
      logTerm: 2,
    })
    return sent(drain(raft), MessageType.SNAPSHOT)
  }

  test('gets it once, also when an old answer of it comes in later', () => {
    const raft = lagging()
    expect(refuse(raft)).toMatchObject([{ to: 3n, snapshot: { index: 5 } }])
    raft.reportSnapshot(3n, true)
    acknowledge(raft, 3n, 2)
    expect(sent(drain(raft), MessageType.SNAPSHOT)).toEqual([])
    acknowledge(raft, 3n, 5)
    expect(raft.state.progress.get(3n)).toMatchObject({ state: 'replicate', match: 5 })
  })

  test('does not get it while it is silent', () => {
    const raft = lagging()
    for (let i = 0; i < 10; i++) {
      raft.tick()
      from(raft, 2n, MessageType.HEARTBEAT_RESPONSE)
    }
    raft.reportUnreachable(3n)
    expect(sent(drain(raft), MessageType.SNAPSHOT)).toEqual([])
    from(raft, 3n, MessageType.HEARTBEAT_RESPONSE)
    expect(sent(drain(raft), MessageType.SNAPSHOT)).toMatchObject([{ to: 3n }])
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
