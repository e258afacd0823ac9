/** The membership: one copy, changed with the voters, and nobody returns from the dead. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes } from '../../client/wire/codec.js'
import { Command, type MemberRecord } from '../../client/wire/generated/command.js'
import { ConfigChange, Kind, Transition } from '../../client/wire/generated/raft.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import {
  addMember,
  encodeChangeContext,
  promoteMember,
  removeMember,
  updateMember,
} from './member-change.js'

const ORIGIN = { proposer: 1n, requestId: 99 }

function record(ID: bigint, more: Partial<MemberRecord> = {}): MemberRecord {
  return {
    ID,
    name: '',
    peerUrls: [`http://peer:${ID}`],
    clientUrls: [],
    isLearner: false,
    ...more,
  }
}

/** The text of the refusal. */
function refusal(bed: MachineBed, change: ConfigChange): string {
  const result = bed.change(change)?.result
  if (result === undefined || result.ok) throw new Error('not refused')
  return result.error.details
}

describe('changes', () => {
  test('a member is added with the voters, unnamed until it tells its name', async () => {
    const bed = await MachineBed.founded(3)
    const applied = bed.change(addMember(ORIGIN, record(4n)))
    expect(applied).toMatchObject({ proposer: 1n, requestId: 99, result: { ok: true } })
    const response = applied?.result.ok ? applied.result.response : {}
    expect(response).toMatchObject({ member: { ID: 4n, name: '', peerURLs: ['http://peer:4'] } })
    expect(bed.machine.confState.voters).toEqual([1n, 2n, 3n, 4n])
    bed.ok({ memberAttributes: { memberId: 4n, name: 'four', clientUrls: ['http://c:4'] } })
    await bed.restart()
    expect(bed.machine.members.get(4n)).toEqual(
      record(4n, { name: 'four', clientUrls: ['http://c:4'] }),
    )
    expect(bed.machine.confState.voters).toEqual([1n, 2n, 3n, 4n])
  })

  test('a learner is promoted once', async () => {
    const bed = await MachineBed.founded(1)
    bed.change(addMember(ORIGIN, record(2n, { isLearner: true })))
    expect(bed.machine.confState).toMatchObject({ voters: [1n], learners: [2n] })
    expect(() => bed.machine.members.checkAdd(record(3n, { isLearner: true }), 1)).toThrow(
      'too many learner members',
    )
    bed.change(promoteMember(ORIGIN, 2n))
    expect(bed.machine.confState).toMatchObject({ voters: [1n, 2n], learners: [] })
    expect(bed.machine.members.get(2n)?.isLearner).toBe(false)
    expect(refusal(bed, promoteMember(ORIGIN, 2n))).toContain('can only promote a learner')
  })

  test('updates name the fields they change: peer URLs do not promote, names do not move', async () => {
    const bed = await MachineBed.founded(1)
    bed.change(addMember(ORIGIN, record(2n, { isLearner: true })))
    bed.ok({ memberAttributes: { memberId: 2n, name: 'two', clientUrls: ['http://c'] } })
    bed.change(updateMember(ORIGIN, 2n, ['http://moved']))
    expect(bed.machine.members.get(2n)).toEqual(
      record(2n, {
        name: 'two',
        clientUrls: ['http://c'],
        peerUrls: ['http://moved'],
        isLearner: true,
      }),
    )
    expect(bed.machine.confState).toMatchObject({ voters: [1n], learners: [2n] })
  })

  test('a removed id never returns, not even after a restart', async () => {
    const bed = await MachineBed.founded(3)
    bed.change(removeMember(ORIGIN, 3n))
    expect(refusal(bed, addMember(ORIGIN, record(3n)))).toBe('etcdserver: member not found')
    await bed.restart()
    expect(bed.machine.members.isRemoved(3n)).toBe(true)
    expect(refusal(bed, addMember(ORIGIN, record(3n)))).toBe('etcdserver: member not found')
    expect(refusal(bed, removeMember(ORIGIN, 3n))).toBe('etcdserver: member not found')
    expect(bed.refused({ memberAttributes: { memberId: 3n, name: 'ghost' } })).toBe(
      'memberNotFound',
    )
    expect(bed.machine.members.list().map(({ ID }) => ID)).toEqual([1n, 2n])
  })

  test('what the members refuse leaves the voters as they were', async () => {
    const bed = await MachineBed.founded(2)
    const before = bed.machine.confState
    const taken = record(9n, { peerUrls: ['http://peer:1'] })
    expect(refusal(bed, addMember(ORIGIN, taken))).toContain('Peer URLs already exists')
    expect(refusal(bed, addMember(ORIGIN, record(1n)))).toContain('member ID already exist')
    expect(refusal(bed, promoteMember(ORIGIN, 9n))).toContain('member not found')
    expect(refusal(bed, updateMember(ORIGIN, 1n, ['http://peer:2']))).toContain('Peer URLs')
    expect(bed.machine.confState).toEqual(before)
    bed.change(removeMember(ORIGIN, 2n))
    expect(refusal(bed, removeMember(ORIGIN, 1n))).toContain('not enough started members')
    expect(bed.machine.confState.voters).toEqual([1n])
    expect(bed.machine.members.size).toBe(1)
  })

  test('several members change in one joint step, and leaving it answers nobody', async () => {
    const bed = await MachineBed.founded(3)
    const steps = [
      { kind: Kind.REMOVE, member: 3n },
      { kind: Kind.ADD_VOTER, member: 4n },
    ]
    const context = encodeChangeContext(ORIGIN, [record(4n)])
    const transition = Transition.JOINT_IMPLICIT
    bed.change(ConfigChange.create({ transition, steps, context }))
    expect(bed.machine.confState).toMatchObject({
      voters: [1n, 2n, 4n],
      votersOutgoing: [1n, 2n, 3n],
    })
    expect(bed.change(ConfigChange.create())).toBeUndefined()
    expect(bed.machine.confState).toMatchObject({ voters: [1n, 2n, 4n], votersOutgoing: [] })
    expect(bed.machine.members.list().map(({ ID }) => ID)).toEqual([1n, 2n, 4n])
  })

  test('a change is replayed as little as a command', async () => {
    const bed = await MachineBed.founded(1)
    bed.change(addMember(ORIGIN, record(2n)))
    const fingerprint = await bed.machine.fingerprint()
    await bed.backend.commit()
    await bed.crash()
    expect(await bed.machine.fingerprint()).toBe(fingerprint)
  })
})

describe('founding', () => {
  test('founders begin with equal states, and only once', async () => {
    const [one, two] = [await MachineBed.founded(3), await MachineBed.founded(3)]
    expect(await one.machine.fingerprint()).toBe(await two.machine.fingerprint())
    expect(one.machine.members.clusterId).toBe(77n)
    const { confState } = one.machine
    const again = { clusterId: 1n, members: [], index: 1, term: 1, confState }
    expect(() => one.machine.bootstrap(again)).toThrow('Only an empty state')
  })

  test('bytes that are no change end the member', async () => {
    const bed = await MachineBed.founded(1)
    const entry = bed.entry(encodeBytes(Command, {}), 1)
    const broken = { ...entry, data: Uint8Array.of(255) }
    expect(() => bed.machine.applyConfigChange(broken, () => bed.machine.confState)).toThrow()
  })
})
