/** The machine against the sequential model, and the promises that do not depend on the commands: order, replay, determinism. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes, type Init, NO_BYTES } from '../../client/wire/codec.js'
import { type EtcdErrorName, etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import { EntryType } from '../../client/wire/generated/raft.js'
import {
  DeleteRangeResponse,
  LeaseGrantResponse,
  PutResponse,
  RangeResponse,
  RequestOp,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { RpcError } from '../../client/wire/status.js'
import type { Call, Outcome } from '../../test/model/call.js'
import { generateCalls } from '../../test/model/generate.js'
import { Model } from '../../test/model/model.js'
import { SeededRandom } from '../../test/model/random.js'
import { op, put, txn } from '../../test/model/requests.js'
import { allOf } from '../../test/model/state.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { rangeRequest } from '../mvcc/range-query.js'
import { toWire } from '../mvcc/store.js'
import { checkDeleteRange, checkLeaseGrant, checkPut, checkRange, checkTxn } from './check.js'

/** What the door says. */
function check(call: Call): void {
  if (call.kind === 'range') checkRange(call.request)
  else if (call.kind === 'put') checkPut(call.request)
  else if (call.kind === 'deleteRange') checkDeleteRange(call.request)
  else if (call.kind === 'txn') checkTxn(call.request)
  else if (call.kind === 'leaseGrant') checkLeaseGrant(call.request)
}

function command(call: Call): Init<Command> {
  if (call.kind === 'leaseRevoke') return { leaseRevoke: { ID: call.request.ID } }
  return { [call.kind]: call.request }
}

const RESPONSES = {
  range: RangeResponse,
  put: PutResponse,
  deleteRange: DeleteRangeResponse,
  txn: TxnResponse,
  compaction: PutResponse,
  leaseGrant: LeaseGrantResponse,
  leaseRevoke: PutResponse,
} as const

/** A response as it arrives: every field there. */
function arrived(call: Call, response: object): unknown {
  const codec = RESPONSES[call.kind] as typeof PutResponse
  return codec.decode(codec.encode(response).finish())
}

/** Runs a call as a server does: the door, then the log, or the store for a range. */
function execute(bed: MachineBed, call: Call): Outcome<unknown> {
  try {
    check(call)
    if (call.kind === 'range') {
      const { store } = bed.machine
      const { kvs, more, count } = rangeRequest(store, call.request)
      const header = { revision: store.revision }
      return { ok: true, response: arrived(call, { header, kvs: kvs.map(toWire), more, count }) }
    }
    return { ok: true, response: arrived(call, bed.ok<object>(command(call))) }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return { ok: false, error: etcdErrorNamed(error.details) as EtcdErrorName }
  }
}

function expected(call: Call, outcome: Outcome): Outcome<unknown> {
  if (!outcome.ok) return outcome
  return { ok: true, response: arrived(call, outcome.response) }
}

/** The entries of a bed that ran these calls. */
async function log(seed: number, count: number): Promise<MachineBed> {
  const bed = await MachineBed.founded(3)
  for (const call of generateCalls(seed, count)) execute(bed, call)
  return bed
}

describe('machine and model', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'give the same answers and end in the same state (seed %i)',
    async (seed) => {
      const bed = await MachineBed.open()
      const model = new Model()
      for (const [i, call] of generateCalls(seed, 600).entries()) {
        const wanted = expected(call, model.execute(call))
        const got = execute(bed, call)
        try {
          expect(got).toEqual(wanted)
        } catch (error) {
          throw new Error(
            `call ${i}: ${JSON.stringify(call, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`,
            { cause: error },
          )
        }
        if (i % 50 === 0) await bed.restart()
      }
      const { store, lessor } = bed.machine
      expect([store.revision, store.compactRevision]).toEqual([
        model.revision,
        model.compactRevision,
      ])
      const { kvs } = store.range({ from: '', to: undefined }, {})
      expect(kvs.map((kv) => ({ ...toWire(kv) }))).toEqual(
        allOf(model.state).map((kv) => ({
          ...kv,
          key: Buffer.from(kv.key, 'latin1'),
          value: Buffer.from(kv.value),
        })),
      )
      expect([...lessor.records()].map(({ ID }) => ID)).toEqual([...model.leases.keys()].sort())
      for (const id of model.leases.keys()) expect(lessor.keys(id)).toEqual(model.leaseKeys(id))
    },
  )
})

describe('the log', () => {
  test('an entry at or below the applied index does nothing, however often it comes', async () => {
    const bed = await MachineBed.open()
    bed.apply({ put: put('a', '1') })
    const before = await bed.machine.fingerprint()
    expect(bed.machine.apply(bed.entries[0]!)).toBeUndefined()
    expect(await bed.machine.fingerprint()).toBe(before)
  })

  test('an entry out of order, of the wrong type, or that is no command ends the member', async () => {
    const bed = await MachineBed.open()
    const data = encodeBytes(Command, { put: put('a', '1') })
    const entry = { index: 1, term: 1, type: EntryType.NORMAL, data }
    expect(() => bed.machine.apply({ ...entry, index: 2 })).toThrow('cannot be applied after')
    expect(() => bed.machine.apply({ ...entry, type: EntryType.CONFIG_CHANGE })).toThrow('type')
    expect(() => bed.machine.apply({ ...entry, data: Uint8Array.of(255) })).toThrow('Command')
    expect(() =>
      bed.machine.apply({ ...entry, data: encodeBytes(Command, { requestId: 5 }) }),
    ).toThrow('does not know')
    expect(bed.machine.appliedIndex).toBe(0)
  })

  test('an entry that slipped past the door is refused like any other, and stops nobody', async () => {
    const bed = await MachineBed.open()
    expect(bed.refused({ put: put('', 'v') })).toBe('emptyKey')
    const sorted = op.range('a', 'z', { sortTarget: 9 as 0, sortOrder: 1 })
    expect(bed.refused({ txn: txn([], [op.put('a', ''), sorted]) })).toBe('invalidSortOption')
    expect(bed.refused({ txn: txn([], [op.put('a', ''), op.put('', '')]) })).toBe('emptyKey')
    bed.ok({ txn: txn([], [op.put('a', '1'), op.put('a', '2'), op.del('a'), RequestOp.create()]) })
    expect(bed.machine.store.keyCount).toBe(0)
  })

  test('the empty entry of a new leader advances the index and answers nobody', async () => {
    const bed = await MachineBed.open()
    bed.term = 4
    expect(bed.machine.apply(bed.entry(NO_BYTES))).toBeUndefined()
    expect([bed.machine.appliedIndex, bed.machine.appliedTerm]).toEqual([1, 4])
  })

  test('the answer names the caller that waits', async () => {
    const bed = await MachineBed.open()
    const applied = bed.apply({ put: put('a', '1'), proposer: 9n, requestId: 1234 })
    expect(applied).toMatchObject({ index: 1, proposer: 9n, requestId: 1234, raiseNoSpace: false })
  })

  test('a restart remembers index, term, voters and the version of the cluster', async () => {
    const bed = await MachineBed.founded(3)
    bed.term = 2
    bed.ok({ clusterVersion: { version: '3.7.0' } })
    const before = await bed.machine.fingerprint()
    await bed.restart()
    expect(bed.machine.clusterVersion).toBe('3.7.0')
    expect(bed.machine.confState.voters).toEqual([1n, 2n, 3n])
    expect(await bed.machine.fingerprint()).toBe(before)
  })
})

describe('determinism', () => {
  test('restarts, leadership and local settings leave no trace in the state', async () => {
    const random = new SeededRandom(5)
    const source = await log(21, 400)
    const one = await MachineBed.founded(3)
    const two = await MachineBed.founded(3, { quotaBytes: 1, leaseCheckpointIntervalMs: 7 })
    one.feed(source.entries)
    for (const entry of source.entries) {
      two.feed([entry])
      two.clock.advance(random.between(0, 400_000))
      const { lessor } = two.machine
      if (random.chance(0.1)) lessor.promote(random.between(0, 5000))
      if (random.chance(0.1)) lessor.demote()
      lessor.expired(5)
      lessor.checkpoints()
      if (random.chance(0.05)) await two.restart()
    }
    const fingerprint = await source.machine.fingerprint()
    expect(await one.machine.fingerprint()).toBe(fingerprint)
    expect(await two.machine.fingerprint()).toBe(fingerprint)
  })

  test('a crash at any moment, and the replay, end in the same state', async () => {
    const source = await log(22, 300)
    const fingerprint = await source.machine.fingerprint()
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const random = new SeededRandom(seed)
      const bed = await MachineBed.founded(3)
      await bed.backend.commit()
      for (const entry of source.entries) {
        bed.feed([entry])
        if (random.chance(0.3)) void bed.backend.commit()
        // A turn lets a batch be cut, and more of them let it finish: crash in between too.
        if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve))
        if (random.chance(0.2)) bed.clock.advance(100)
        if (random.chance(0.1)) await bed.crash(random.between(0, 1))
      }
      expect(await bed.machine.fingerprint()).toBe(fingerprint)
    }
  })

  test('restore equals replay: a copy of the state at any cut, fed the rest, ends the same', async () => {
    const source = await log(23, 200)
    const fingerprint = await source.machine.fingerprint()
    const { entries } = source
    for (let cut = 0; cut <= entries.length; cut += 9) {
      const bed = await MachineBed.founded(3)
      bed.feed(entries.slice(0, cut))
      const copy = await bed.copy()
      expect(await copy.machine.fingerprint()).toBe(await bed.machine.fingerprint())
      copy.feed(entries.slice(cut))
      expect(await copy.machine.fingerprint()).toBe(fingerprint)
    }
  })
})
