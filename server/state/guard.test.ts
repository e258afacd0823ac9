/**
 * The guard against the store: nothing is read, revealed or changed that `effects` did
 * not declare. The store is watched from outside while random commands run.
 */

import { describe, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import { Command } from '../../client/wire/generated/command.js'
import {
  AlarmAction,
  type DeleteRangeResponse,
  type PutResponse,
  RequestOp,
  type TxnResponse,
} from '../../client/wire/generated/rpc.js'
import type { Call } from '../../test/model/call.js'
import { generateCalls } from '../../test/model/generate.js'
import { bytesOf, compare, del, op, put, range, txn } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { type Interval, point } from '../mvcc/interval.js'
import type { Store } from '../mvcc/store.js'
import { type Effect, effects } from './guard.js'

/** What the store was asked for. */
interface Touches {
  readonly read: Interval[]
  readonly write: Interval[]
}

/** Notes every interval that goes through the store, and through its transactions. */
function watched(store: Store): Touches {
  const touches: Touches = { read: [], write: [] }
  const { read, write } = touches
  const spy = (target: object, name: string, note: (argument: never) => void) => {
    const real = Reflect.get(target, name) as (...args: unknown[]) => unknown
    Object.defineProperty(target, name, {
      configurable: true,
      value: (...args: unknown[]) => {
        note(args[0] as never)
        return real.apply(target, args)
      },
    })
  }
  const reads = (target: object) => {
    spy(target, 'range', (interval: Interval) => read.push(interval))
    spy(target, 'get', (key: string) => read.push(point(key)))
  }
  reads(store)
  const begin = store.begin.bind(store)
  store.begin = () => {
    const transaction = begin()
    reads(transaction)
    spy(transaction, 'put', (key: string) => write.push(point(key)))
    spy(transaction, 'deleteRange', (interval: Interval) => write.push(interval))
    return transaction
  }
  return touches
}

function within(inner: Interval, outer: Interval): boolean {
  if (inner.from < outer.from) return false
  return outer.to === undefined || (inner.to !== undefined && inner.to <= outer.to)
}

/** Every key that an answer shows. */
function shown(response: Init<PutResponse & DeleteRangeResponse & TxnResponse>): string[] {
  const kvs = [response.prevKv, ...(response.prevKvs ?? [])].filter((kv) => kv !== undefined)
  const keys = kvs.map((kv) => Buffer.from(kv.key ?? '').toString('latin1'))
  for (const inner of response.responses ?? []) {
    const { responseRange, responsePut, responseDeleteRange, responseTxn } = inner
    if (responseRange) keys.push(...shown({ prevKvs: responseRange.kvs ?? [] }))
    keys.push(...shown(responsePut ?? {}), ...shown(responseDeleteRange ?? {}))
    keys.push(...shown(responseTxn ?? {}))
  }
  return keys
}

function commandOf(call: Call): Init<Command> {
  return call.kind === 'leaseRevoke'
    ? { leaseRevoke: { ID: call.request.ID } }
    : { [call.kind]: call.request }
}

/** The intervals of one kind of access; a lease stands for its keys. */
function intervals(list: readonly Effect[], access: string, bed: MachineBed): Interval[] {
  return list
    .filter((effect) => effect.access === access)
    .flatMap((effect) => {
      if ('interval' in effect) return [effect.interval]
      return 'lease' in effect ? bed.machine.lessor.keys(effect.lease).map(point) : []
    })
}

describe('effects', () => {
  test.each([1, 2, 3])(
    'declare all that a command reads, shows and changes (seed %i)',
    async (seed) => {
      const bed = await MachineBed.open()
      const touches = watched(bed.machine.store)
      for (const call of generateCalls(seed, 500, { weights: { range: 0, compaction: 0 } })) {
        const command = Command.create(commandOf(call))
        const list = effects(command)
        const write = intervals(list, 'write', bed)
        const read = intervals(list, 'read', bed)
        touches.read.length = 0
        touches.write.length = 0
        const { result } = bed.apply(command)
        const all = [...read, ...write]
        const undeclared = (list: readonly Interval[], inner: Interval) =>
          !list.some((declared) => within(inner, declared))
        const keys = result.ok ? shown(result.response as Init<TxnResponse>) : []
        const found = {
          written: touches.write.filter((touched) => undeclared(write, touched)),
          read: touches.read.filter((touched) => undeclared(all, touched)),
          shown: keys.filter((key) => undeclared(read, point(key))),
        }
        expect(found).toEqual({ written: [], read: [], shown: [] })
      }
    },
  )

  test('both branches count, at any depth, with what puts and deletions give back', () => {
    const inner = RequestOp.create({
      requestTxn: txn([compare('c', {})], [], [op.put('p', '', { prevKv: true, lease: 9n })]),
    })
    const request = txn([], [op.range('r', 's')], [inner, op.del('d', '\0', { prevKv: true })])
    expect(effects({ txn: request })).toEqual([
      { access: 'read', interval: { from: 'r', to: 's' } },
      { access: 'read', interval: point('c') },
      { access: 'write', interval: point('p') },
      { access: 'read', interval: point('p') },
      { access: 'write', lease: 9n },
      { access: 'write', interval: { from: 'd', to: undefined } },
      { access: 'read', interval: { from: 'd', to: undefined } },
    ])
  })

  test('a plain put or deletion shows nothing', () => {
    expect(effects({ put: put('a', 'v') })).toEqual([{ access: 'write', interval: point('a') }])
    expect(effects({ deleteRange: del('a') })).toEqual([{ access: 'write', interval: point('a') }])
  })

  test('ranges and watches read what they name; a watch without a key reads everything', () => {
    expect(effects({ range: range('a', 'b') })).toEqual([
      { access: 'read', interval: { from: 'a', to: 'b' } },
    ])
    const watch = (key: string, rangeEnd: string) => ({
      key: bytesOf(key),
      rangeEnd: bytesOf(rangeEnd),
      startRevision: 0,
      progressNotify: false,
      filters: [],
      prevKv: false,
      watchId: 0,
      fragment: false,
    })
    expect(effects({ watch: watch('', '\0') })).toEqual([
      { access: 'read', interval: { from: '\0', to: undefined } },
    ])
  })

  test('leases stand for their keys; the cluster is for administrators; what is unknown is denied', () => {
    expect(effects({ leaseRevoke: { ID: 3n, leaderTerm: 0 } })).toEqual([
      { access: 'write', lease: 3n },
    ])
    expect(effects({ leaseKeepAlive: { ID: 3n } })).toEqual([{ access: 'write', lease: 3n }])
    expect(effects({ leaseTimeToLive: { ID: 3n, keys: true } })).toEqual([
      { access: 'read', lease: 3n },
    ])
    expect(effects({ leaseGrant: { ID: 0n, TTL: 1 } })).toEqual([])
    const admin = [{ access: 'admin' }]
    expect(effects({ compaction: { revision: 1, physical: false } })).toEqual(admin)
    const alarm = { memberID: 0n, alarm: 1 } as const
    expect(effects({ alarm: { action: AlarmAction.GET, ...alarm } })).toEqual([])
    expect(effects({ alarm: { action: AlarmAction.DEACTIVATE, ...alarm } })).toEqual(admin)
    expect(effects({ clusterVersion: { version: '3.7.0' } })).toEqual(admin)
    expect(() => effects({})).toThrow('known kind')
  })
})
