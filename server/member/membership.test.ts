/** What is asked of the membership: checked, handed on, and answered once. */

import { beforeEach, describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { MemberRecord } from '../../client/wire/generated/command.js'
import { type ConfigChange, Kind } from '../../client/wire/generated/raft.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { memberId } from '../cluster/identity.js'
import type { Peers } from '../cluster/peers.js'
import type { RaftStatus } from '../raft/raft.js'
import type { Members } from '../state/members.js'
import type { LeaderTransfer } from './leader-transfer.js'
import { Membership } from './membership.js'

const SELF = 1n
const URL_OF_NEW = 'http://127.0.0.1:9'

function voter(ID: bigint): MemberRecord {
  return { ID, name: `m${ID}`, peerUrls: [], clientUrls: [], isLearner: false }
}

/** One member of two that have been connected for long. */
class Bed {
  readonly clock = new VirtualClock()
  leader = SELF
  learnerMatch = 100
  hasHeir = true
  readonly steps: string[] = []
  readonly changes: ConfigChange[] = []
  removed = new Set<bigint>()
  /** What the leader elsewhere answers. */
  there: () => Promise<unknown> = async () => ({ members: [] })
  keep: () => void = () => {}
  readonly membership = new Membership({
    clock: this.clock,
    selfId: SELF,
    timeoutMs: 7_000,
    learnersMax: 1,
    isStrict: true,
    raft: () =>
      ({
        id: SELF,
        leader: this.leader,
        role: this.leader === SELF ? 'leader' : 'follower',
        progress: new Map([
          [SELF, { match: 100, isLearner: false, recentActive: true }],
          [2n, { match: 100, isLearner: false, recentActive: true }],
          [3n, { match: this.learnerMatch, isLearner: true, recentActive: true }],
        ]),
      }) as unknown as RaftStatus,
    members: () =>
      ({
        list: () => [voter(SELF), voter(2n)],
        get: (id: bigint) => (id < 3n ? voter(id) : undefined),
        isRemoved: (id: bigint) => this.removed.has(id),
        checkAdd: () => {},
        checkRemove: () => {},
        checkPromote: () => {},
      }) as unknown as Members,
    peers: {
      activeSinceMs: () => this.clock.now() - 60_000,
      channel: () => ({ call: () => this.there() }),
    } as unknown as Peers,
    transfer: {
      start: async (to: bigint) => {
        this.steps.push(`lead ${to}`)
        return this.hasHeir
      },
    } as unknown as LeaderTransfer,
    forGood: (id) => {
      this.steps.push(`keep ${id}`)
      return new Promise((resolve) => {
        this.keep = resolve
      })
    },
    submit: async (change) => {
      const made = change({ proposer: SELF, requestId: 1 })
      this.changes.push(made)
      this.steps.push(`propose ${made.steps[0]!.kind}`)
      return { members: [] }
    },
  })
}

let bed: Bed
beforeEach(() => {
  bed = new Bed()
})

describe('adding', () => {
  test('gives the id that etcd would give, and another when that is taken', async () => {
    const seconds = Math.floor(bed.clock.wall() / 1000)
    const expected = memberId([URL_OF_NEW], '', seconds)
    const request = { peerURLs: [` ${URL_OF_NEW} `], isLearner: false }
    await bed.membership.add(request)
    bed.removed.add(expected)
    await bed.membership.add(request)
    const ids = bed.changes.map(({ steps }) => steps[0]!.member)
    expect(ids).toEqual([expected, memberId([URL_OF_NEW], '', seconds + 1)])
  })

  test.each(['', 'junk', 'http://h', 'http://h:1/', 'https://h:1', 'http://u@h:1', 'http://h:x'])(
    'is refused at %j',
    async (url) => {
      const request = { peerURLs: [URL_OF_NEW, url], isLearner: false }
      await expect(bed.membership.add(request)).rejects.toThrow('given member URLs are invalid')
      const update = { ID: 2n, peerURLs: [url] }
      await expect(bed.membership.update(update)).rejects.toThrow('given member URLs are invalid')
    },
  )
})

describe('removing', () => {
  test('is answered when it cannot be forgotten any more', async () => {
    let answered = false
    void bed.membership.remove(2n).then(() => {
      answered = true
    })
    await bed.clock.run(0)
    expect(bed.steps).toEqual([`propose ${Kind.REMOVE}`, 'keep 2'])
    expect(answered).toBe(false)
    bed.keep()
    await bed.clock.run(0)
    expect(answered).toBe(true)
  })

  test('a leader hands over first, to us or to another', async () => {
    void bed.membership.remove(SELF)
    await bed.clock.run(0)
    expect(bed.steps[0]).toBe('lead 2')
    bed.leader = 2n
    bed.steps.length = 0
    void bed.membership.remove(2n)
    await bed.clock.run(0)
    expect(bed.steps[0]).toBe('lead 1')
  })
})

describe('removing a leader that nobody takes over from', () => {
  test('is refused: the last of two could be left without the news', async () => {
    bed.hasHeir = false
    await expect(bed.membership.remove(SELF)).rejects.toThrow('unhealthy cluster')
    expect(bed.changes).toEqual([])
  })
})

describe('promoting', () => {
  test('needs nine tenths of the log of the leader', async () => {
    bed.learnerMatch = 89
    await expect(bed.membership.promote(3n)).rejects.toThrow('in sync with leader')
    bed.learnerMatch = 90
    await bed.membership.promote(3n)
    expect(bed.steps).toEqual([`propose ${Kind.ADD_VOTER}`])
  })

  test('is done by the leader, found again when it has moved', async () => {
    bed.leader = 2n
    let asked = 0
    bed.there = async () => {
      if (++asked < 3) throw etcdErrors.notLeader.error()
      return { members: [] }
    }
    const promoted = bed.membership.promote(3n)
    await bed.clock.run(1_000)
    expect(await promoted).toEqual({ members: [] })
    expect(asked).toBe(3)
  })

  test('is not asked for again when the answer is lost: it may have been done', async () => {
    bed.leader = 2n
    let asked = 0
    bed.there = async () => {
      asked++
      throw new RpcError(Status.UNAVAILABLE, 'the connection broke')
    }
    await expect(bed.membership.promote(3n)).rejects.toThrow('request timed out')
    expect(asked).toBe(1)
  })
})
