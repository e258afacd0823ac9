/**
 * The edges that random sequences do not reach, by hand and beside etcd: sizes, ids and
 * numbers out of the ordinary, alarms, fragments, lone services.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Channel } from '../../client/host/transport.js'
import type { Init } from '../../client/wire/codec.js'
import {
  AlarmType,
  type TxnRequest,
  type WatchRequest,
  type WatchResponse,
} from '../../client/wire/generated/rpc.js'
import { Cluster, KV, Lease, Maintenance, Watch } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { bytesOf } from '../model/requests.js'
import { Conversation } from './conversation.js'
import { findEtcd } from './etcd-process.js'
import { type RunningPair, startPair } from './pair-of-servers.js'

const KiB = 1024
const ACTIVATE = 1
const DEACTIVATE = 2
const etcd = findEtcd()
const describeBeside = etcd === undefined && process.env['CI'] !== 'true' ? describe.skip : describe

let pair: RunningPair

/** What both servers say; fails when they say different things. */
async function both<T>(ask: (channel: Channel) => Promise<T>): Promise<T | string> {
  const [ours, theirs] = [await outcome(ask, pair.ours), await outcome(ask, pair.etcd)]
  expect(ours).toEqual(theirs)
  return ours
}

async function outcome<T>(ask: (channel: Channel) => Promise<T>, channel: Channel) {
  try {
    return await ask(channel)
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return `${error.code} ${error.details}`
  }
}

/** What each of them says where they are known to differ. */
async function each<T>(ask: (channel: Channel) => Promise<T>) {
  return { ours: await outcome(ask, pair.ours), etcd: await outcome(ask, pair.etcd) }
}

function put(key: string, bytes: number) {
  return async (channel: Channel) => {
    const value = new Uint8Array(bytes)
    const { header, prevKv } = await channel.call(KV.put, { key: bytesOf(key), value })
    return { revision: header?.revision, prevKv }
  }
}

/** Sends requests on a stream of its own and collects responses until there are enough. */
function watching(requests: readonly Init<WatchRequest>[], enough: number, halfClose = false) {
  return (channel: Channel) =>
    new Promise<object[]>((resolve, reject) => {
      const stream = channel.stream(Watch.watch)
      const seen: object[] = []
      stream.receive({
        message: (response) => {
          seen.push(told(response))
          if (seen.length === enough) stream.fail(new RpcError(Status.CANCELLED, 'enough'))
        },
        close: (error) => (seen.length >= enough ? resolve(seen) : reject(error)),
      })
      for (const request of requests) stream.send(request)
      if (halfClose) stream.end()
    })
}

function told({
  watchId,
  created,
  canceled,
  cancelReason,
  compactRevision,
  events,
}: WatchResponse) {
  const keys = events.map(({ kv }) => `${Buffer.from(kv!.key)}@${kv!.modRevision}`)
  return { watchId, created, canceled, cancelReason, compactRevision, keys }
}

function create(key: string, more: NonNullable<Init<WatchRequest>['createRequest']> = {}) {
  return { createRequest: { key: bytesOf(key), ...more } }
}

async function currentRevision(channel: Channel): Promise<number> {
  const { header } = await channel.call(KV.range, { key: bytesOf('a'), countOnly: true })
  return header!.revision
}

describeBeside('beside etcd', () => {
  beforeAll(async () => {
    if (etcd === undefined) throw new Error('no etcd: set ETCD_BIN or put etcd on the PATH')
    pair = await startPair(etcd, 'memory')
  })
  afterAll(() => pair?.stop())

  describe('sizes', () => {
    test('a request of 1.5 MiB is taken, a larger one is too large', async () => {
      expect(await both(put('size', 1536 * KiB - 200))).toMatchObject({ prevKv: undefined })
      expect(await both(put('size', 1536 * KiB))).toBe('3 etcdserver: request is too large')
      expect(await both(put('size', 2048 * KiB - 50))).toBe('3 etcdserver: request is too large')
    })

    test('beyond 2 MiB gRPC itself refuses, each in its own words', async () => {
      const { ours, etcd: theirs } = await each(put('size', 2048 * KiB))
      expect(ours).toMatch(/^8 .*larger than max \(2097163 vs 2097152\)/)
      expect(theirs).toMatch(/^8 .*larger than max \(2097163 vs. 2097152\)/)
    })

    test('a large revision comes in fragments if asked for, and whole if not', async () => {
      const txn = async (channel: Channel, first: number) => {
        const ops = [first, first + 1].map((i) => ({
          requestPut: { key: bytesOf(`f${i}`), value: new Uint8Array(700 * KiB) },
        }))
        await channel.call(KV.txn, { success: ops })
      }
      const answer = await both(async (channel) => {
        const startRevision = (await currentRevision(channel)) + 1
        for (const first of [1, 3, 5]) await txn(channel, first)
        const range = { rangeEnd: bytesOf('g'), startRevision }
        const whole = await keysUntil(channel, create('f', range))
        const pieces = await keysUntil(channel, create('f', { ...range, fragment: true }))
        return { whole, pieces }
      })
      expect(answer).toEqual({ whole: KEYS, pieces: KEYS })
    })
  })

  describe('transactions', () => {
    const nested = (levels: number): Init<TxnRequest> =>
      levels === 1
        ? { success: [{ requestPut: { key: bytesOf('deep') } }] }
        : { success: [{ requestTxn: nested(levels - 1) }] }

    test('nest 128 deep, and no deeper', async () => {
      const deep = (levels: number) => async (channel: Channel) =>
        (await channel.call(KV.txn, nested(levels))).succeeded
      expect(await both(deep(128))).toBe(true)
      expect(await both(deep(129))).toBe('3 etcdserver: too many operations in txn request')
      expect(await both(deep(400))).toBe('3 etcdserver: too many operations in txn request')
    })
  })

  describe('watches', () => {
    test('ids may be negative, and -1 is one', async () => {
      const requests = [create('x', { watchId: -1 }), create('x', { watchId: -1 })]
      await both(watching([...requests, create('x', { watchId: -7 })], 3))
    })

    test('empty requests and unknown ids are passed over', async () => {
      await both(watching([{}, { cancelRequest: { watchId: 5 } }, create('x')], 1))
    })

    test('go on after the half-close of the client', async () => {
      await both(async (channel) => {
        const { revision } = await put('half', 1)(channel)
        return watching([create('half', { startRevision: revision! })], 2, true)(channel)
      })
    })

    test('below zero is compacted from the beginning; etcd 3.4 lets it begin', async () => {
      const { ours, etcd: theirs } = await each(watching([create('x', { startRevision: -1 })], 1))
      const reason = 'etcdserver: mvcc: required revision has been compacted'
      expect(ours).toMatchObject([{ watchId: -1, canceled: true, cancelReason: reason }])
      expect(theirs).toMatchObject([{ watchId: 0, canceled: false }])
    })
  })

  describe('leases', () => {
    const grant = (ID: bigint, TTL: number) => async (channel: Channel) => {
      const response = await channel.call(Lease.leaseGrant, { ID, TTL })
      await channel.call(Lease.leaseRevoke, { ID: response.ID })
      return { TTL: response.TTL, isPositive: response.ID > 0n }
    }

    test('short ones are made two seconds, long ones are taken up to 9,000,000,000', async () => {
      for (const TTL of [0, -5, 1, 2]) expect(await both(grant(5n, TTL))).toMatchObject({ TTL: 2 })
      expect(await both(grant(5n, 9_000_000_000))).toMatchObject({ TTL: 9_000_000_000 })
      expect(await both(grant(5n, 9_000_000_001))).toBe('11 etcdserver: too large lease TTL')
    })

    test('id 0 asks for any, and is never there', async () => {
      expect(await both(grant(0n, 100))).toEqual({ TTL: 100, isPositive: true })
      await both(async (channel) => (await channel.call(Lease.leaseRevoke, {})).header?.revision)
    })

    test('an expired one takes its keys along and is told to watchers', async () => {
      const answer = await both(async (channel) => {
        await channel.call(Lease.leaseGrant, { ID: 9n, TTL: 2 })
        const key = bytesOf('short')
        const { header } = await channel.call(KV.put, { key, lease: 9n })
        const startRevision = header!.revision
        await watching([create('short', { startRevision })], 3)(channel)
        const keepAlives = new Conversation(channel.stream(Lease.leaseKeepAlive))
        const { TTL } = await keepAlives.ask({ ID: 9n })
        keepAlives.close()
        return { TTL, left: (await channel.call(KV.range, { key })).count }
      })
      expect(answer).toEqual({ TTL: 0, left: 0 })
    })
  })

  describe('ranges', () => {
    test('an unknown order is refused; etcd 3.4 does not sort', async () => {
      const ask = async (channel: Channel) => {
        const key = bytesOf('none')
        return (await channel.call(KV.range, { key, sortOrder: 7 as 0 })).count
      }
      expect(await each(ask)).toEqual({ ours: '3 etcdserver: invalid sort option', etcd: 0 })
    })

    test('RangeStream is new in 3.7', async () => {
      const ask = (channel: Channel) =>
        new Promise<number>((resolve, reject) => {
          const stream = channel.stream(KV.rangeStream)
          let count = 0
          stream.receive({
            message: ({ rangeResponse }) => {
              count = rangeResponse?.count ?? 0
            },
            close: (error) => (error === undefined ? resolve(count) : reject(error)),
          })
          stream.send({ key: bytesOf('f'), rangeEnd: bytesOf('g'), keysOnly: true })
          stream.end()
        })
      const { ours, etcd: theirs } = await each(ask)
      expect(ours).toBe(6)
      expect(theirs).toBe('12 unknown method RangeStream for service etcdserverpb.KV')
    })
  })

  describe('the cluster', () => {
    test('has one member, of the same shape', async () => {
      for (const linearizable of [false, true]) {
        const answer = await both(async (channel) => {
          const { header, members } = await channel.call(Cluster.memberList, { linearizable })
          const urls = members.map(
            ({ peerURLs, clientURLs }) => [peerURLs, clientURLs].flat().length,
          )
          const isKnown = members[0]?.ID === header?.memberId && header!.clusterId !== 0n
          return { revision: header?.revision, urls, isKnown, isLearner: members[0]?.isLearner }
        })
        expect(answer).toEqual({ revision: 0, urls: [2], isKnown: true, isLearner: false })
      }
    })

    test('says how it is; 3.7 says more', async () => {
      const isThere = (value: unknown) => value !== undefined && value !== 0 && value !== ''
      const { ours, etcd: theirs } = await each(async (channel) => {
        const { header, errors, isLearner, ...rest } = await channel.call(Maintenance.status, {})
        const present = Object.entries(rest).filter(([, value]) => isThere(value))
        return {
          leads: rest.leader === header?.memberId,
          errors,
          isLearner,
          has: Object.fromEntries(present),
        }
      })
      expect(ours).toMatchObject({ leads: true, errors: [], isLearner: false })
      expect(theirs).toMatchObject({ leads: true, errors: [], isLearner: false })
      const names = (side: unknown) => Object.keys((side as { has: object }).has)
      const added = ['storageVersion', 'dbSizeQuota', 'downgradeInfo']
      expect(names(ours).sort()).toEqual([...names(theirs), ...added].sort())
    })

    test('the hash of a revision is refused like a read of it', async () => {
      const hash = (revision: number) => async (channel: Channel) =>
        (await channel.call(Maintenance.hashKV, { revision })).compactRevision
      await both(async (channel) => {
        await channel.call(KV.compact, { revision: 3, physical: true })
      })
      expect(await both(hash(2))).toMatch(/^11 .*has been compacted/)
      expect(await both(hash(100_000))).toMatch(/^11 .*is a future revision/)
      expect(await both(hash(0))).toBe(3)
    })
  })

  describe('alarms', () => {
    const alarm = (action: number, alarm: AlarmType) => async (channel: Channel) => {
      const request = { action: action as 0, memberID: 5n, alarm }
      return (await channel.call(Maintenance.alarm, request)).alarms
    }
    const requests = {
      put: (channel: Channel) => channel.call(KV.put, { key: bytesOf('alarm') }),
      txn: (channel: Channel) =>
        channel.call(KV.txn, { failure: [{ requestPut: { key: bytesOf('alarm') } }] }),
      readOnly: (channel: Channel) =>
        channel.call(KV.txn, { success: [{ requestRange: { key: bytesOf('alarm') } }] }),
      range: (channel: Channel) => channel.call(KV.range, { key: bytesOf('alarm') }),
      deleteRange: (channel: Channel) => channel.call(KV.deleteRange, { key: bytesOf('alarm') }),
      compact: (channel: Channel) => channel.call(KV.compact, { revision: 1 }),
      grant: (channel: Channel) => channel.call(Lease.leaseGrant, { ID: 77n, TTL: 100 }),
      revoke: (channel: Channel) => channel.call(Lease.leaseRevoke, { ID: 78n }),
    }

    for (const [name, kind] of Object.entries(AlarmType).slice(1))
      test(`${name} refuses what it must until it is taken back`, async () => {
        const raised = [{ memberID: 5n, alarm: kind }]
        expect(await both(alarm(ACTIVATE, kind))).toEqual(raised)
        expect(await both(alarm(ACTIVATE, kind))).toEqual(raised)
        expect(await both(alarm(0, AlarmType.NONE))).toEqual(raised)
        for (const request of Object.values(requests))
          await both(async (channel) => typeof (await request(channel)))
        expect(await both(alarm(DEACTIVATE, kind))).toEqual(raised)
        expect(await both(alarm(DEACTIVATE, kind))).toEqual([])
        await both(async (channel) => typeof (await requests.put(channel)))
      })

    test('a nested put needs room too; etcd 3.4 does not look inside', async () => {
      const inner = { success: [{ requestPut: { key: bytesOf('alarm') } }] }
      await both(alarm(ACTIVATE, AlarmType.NOSPACE))
      const { ours, etcd: theirs } = await each(async (channel) => {
        return (await channel.call(KV.txn, { success: [{ requestTxn: inner }] })).succeeded
      })
      expect([ours, theirs]).toEqual(['8 etcdserver: mvcc: database space exceeded', true])
      await both(alarm(DEACTIVATE, AlarmType.NOSPACE))
    })

    test('no alarm cannot be raised; etcd 3.4 answers as if it could', async () => {
      const { ours, etcd: theirs } = await each(alarm(ACTIVATE, AlarmType.NONE))
      expect([ours, theirs]).toEqual([[], [{ memberID: 5n, alarm: AlarmType.NONE }]])
    })
  })
})

const KEYS = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6']

/** The keys of the first six events, however they are cut. */
function keysUntil(channel: Channel, request: Init<WatchRequest>): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const stream = channel.stream(Watch.watch)
    const keys: string[] = []
    stream.receive({
      message: ({ events }) => {
        keys.push(...events.map(({ kv }) => Buffer.from(kv!.key).toString()))
        if (keys.length >= KEYS.length) stream.fail(new RpcError(Status.CANCELLED, 'enough'))
      },
      close: (error) => (keys.length >= KEYS.length ? resolve(keys) : reject(error)),
    })
    stream.send(request)
  })
}
