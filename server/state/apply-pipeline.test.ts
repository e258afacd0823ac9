/** Batches of a session: each call once, in order, with an answer that is kept; and no call ends a member. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeBytes } from '../../client/wire/codec.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { AlarmAction, AlarmType, type TxnRequest } from '../../client/wire/generated/rpc.js'
import { answerTooLarge } from '../../client/wire/pipeline-errors.js'
import { Status } from '../../client/wire/status.js'
import { compare, del, op, put, range, txn } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { SessionBed } from '../../test/state/session-bed.js'
import { SESSION_ANSWERS_BYTES_MAX, SESSION_ANSWERS_MAX, SESSION_REFUSALS_MAX } from '../limits.js'
import { sessionErrors } from './pipeline-answer.js'

async function session(): Promise<SessionBed> {
  return SessionBed.granted(await MachineBed.founded(3))
}

/** The live keys with their values, as text. */
function content({ bed }: SessionBed): Record<string, string> {
  const { kvs } = bed.machine.store.range({ from: '', to: undefined }, {})
  return Object.fromEntries(kvs.map(({ key, value }) => [key, Buffer.from(value).toString()]))
}

describe('a batch', () => {
  test('is carried out call by call, each with the revision and the response of its own', async () => {
    const client = await session()
    const answers = client.send(
      { put: put('a', '1') },
      { put: put('a', '2', { prevKv: true }) },
      { deleteRange: del('a', 'b', { prevKv: true }) },
      { txn: txn([compare('a', { version: 0 })], [op.put('b', '1'), op.range('b')]) },
      { leaseGrant: { ID: 9n, TTL: 30 } },
      { compaction: { revision: 3, physical: false } },
      { leaseRevoke: { ID: 9n } },
    )
    expect(answers.map(({ revision }) => revision)).toEqual([2, 3, 4, 5, 5, 5, 5])
    const [, second, deletion, branch, grant] = answers
    expect(second?.put).toMatchObject({ header: undefined, prevKv: { version: 1 } })
    expect(deletion?.deleteRange).toMatchObject({ deleted: 1, prevKvs: [{ modRevision: 3 }] })
    expect(branch?.txn?.succeeded).toBe(true)
    expect(branch?.txn?.responses[1]?.responseRange?.count).toBe(1)
    expect(grant?.leaseGrant).toEqual({ header: undefined, ID: 9n, TTL: 30, error: '' })
    expect(answers.map(({ error }) => error)).toEqual(Array(7).fill(undefined))
    expect(client.bed.machine.store.compactRevision).toBe(3)
  })

  test('that comes again changes nothing and finds its first answers', async () => {
    const client = await session()
    const calls = [{ put: put('a', '1') }, { put: put('a', '2', { prevKv: true }) }]
    const answers = client.send(...calls)
    const { revision } = client.bed.machine.store
    client.batch(calls, { first: 1 })
    expect(client.bed.machine.store.revision).toBe(revision)
    expect([client.answer(1), client.answer(2)]).toEqual(answers)
  })

  test('that overlaps what is applied goes on behind it', async () => {
    const client = await session()
    client.send({ put: put('a', '1') }, { put: put('b', '1') })
    client.batch([{ put: put('b', 'x') }, { put: put('c', '1') }, { put: put('d', '1') }], {
      first: 2,
    })
    expect(content(client)).toEqual({ a: '1', b: '1', c: '1', d: '1' })
    expect(client.view?.applied).toBe(4)
  })

  test('with a gap before it does nothing, and leaves nothing behind', async () => {
    const client = await session()
    client.batch([{ put: put('a', '1') }], { first: 2 })
    expect(content(client)).toEqual({})
    expect([client.view?.applied, client.records]).toEqual([0, 0])
    client.send({ put: put('a', '1') })
    client.batch([{ put: put('b', '1') }], { first: 3, acknowledged: 1 })
    expect(content(client)).toEqual({ a: '1' })
    expect(client.view).toMatchObject({ applied: 1, acknowledged: 1 })
  })

  test('of a lease that is gone, or was granted again since, is refused as a whole', async () => {
    const client = await session()
    const { grantedIndex } = client.view!
    client.send({ put: put('a', '1') })
    client.bed.ok({ leaseRevoke: { ID: client.id } })
    const late = () => client.batch([{ put: put('b', '1') }], { grantedIndex, first: 2 }).result
    expect(late()).toMatchObject({ ok: false, error: { code: Status.NOT_FOUND } })
    client.bed.ok({ leaseGrant: { ID: client.id, TTL: 60 } })
    expect(late()).toMatchObject({ ok: false, error: { code: Status.NOT_FOUND } })
    expect(content(client)).toEqual({ a: '1' })
    expect(client.view).toMatchObject({ applied: 0, answerCount: 0 })
  })
})

describe('a refused call', () => {
  test('uses up its number, and its answer is kept like any other', async () => {
    const client = await session()
    const answers = client.send(
      { put: put('a', '1') },
      { put: put('b', '1', { lease: 99n }) },
      { put: put('c', '1') },
    )
    expect(answers[1]).toMatchObject({ revision: 2, error: { status: Status.NOT_FOUND } })
    expect(content(client)).toEqual({ a: '1', c: '1' })
    client.bed.ok({ leaseGrant: { ID: 99n, TTL: 60 } })
    client.batch([{ put: put('b', '1', { lease: 99n }) }], { first: 2 })
    expect(content(client)).toEqual({ a: '1', c: '1' })
  })

  test('is refused here too when it slipped past the door', async () => {
    const client = await session()
    const twice: TxnRequest = txn([], [op.put('a', '1'), op.put('a', '2')])
    expect(client.refused({ put: put('', 'v') })).toBe('emptyKey')
    expect(client.refused({ deleteRange: del('', '\0') })).toBe('emptyKey')
    expect(client.refused({ txn: twice })).toBe('duplicateKey')
    expect(client.refused({ leaseGrant: { ID: 0n, TTL: 5 } })).toBe('leaseNotFound')
    expect(client.refused({ leaseGrant: { ID: 7n, TTL: 5 } })).toBe('leaseExist')
    expect(client.refused({ leaseRevoke: { ID: 8n } })).toBe('leaseNotFound')
    expect(client.refused({ compaction: { revision: 9, physical: false } })).toBe('futureRev')
    expect(client.bed.machine.store.revision).toBe(1)
  })

  test('a transaction with more operations than this member would let in is carried out', async () => {
    const client = await session()
    const many = Array.from({ length: 300 }, (_, i) => op.put(`k${i}`, ''))
    expect(client.send({ txn: txn([], many) })[0]?.txn?.responses).toHaveLength(300)
  })

  test('bytes that are no call are one, and so is a call with another number', async () => {
    const client = await session()
    const text = sessionErrors.invalidCall.text
    expect(client.refused(Uint8Array.of(255))).toBe(text)
    expect(client.refused(Uint8Array.of(90, 200))).toBe(text)
    expect(client.refused({})).toBe(text)
    expect(client.refused({ sequence: 9, put: put('a', '1') })).toBe(text)
    expect(client.send({ sequence: 5, put: put('a', '1') })[0]?.put).toBeDefined()
    expect(client.view?.applied).toBe(5)
  })

  test('any bytes are a call, and the next one goes on behind them', async () => {
    const valid = [
      { put: put('a', '1', { prevKv: true }) },
      { txn: txn([compare('a', { version: 0 })], [op.put('b', '1'), op.range('a')]) },
      { deleteRange: del('a', '\0') },
      { leaseGrant: { ID: -1n, TTL: -5 } },
      { refusal: { status: 3, text: 'no' } },
    ].map((call) => encodeBytes(PipelineCall, call))
    const damaged = fc
      .tuple(fc.constantFrom(...valid), fc.nat(), fc.nat(255))
      .map(([bytes, at, byte]) =>
        Uint8Array.from(bytes).fill(byte, at % bytes.length, (at % bytes.length) + 1),
      )
    const calls = fc.array(fc.oneof(fc.uint8Array(), damaged), { minLength: 1, maxLength: 20 })
    const client = await session()
    const twin = await session()
    fc.assert(
      fc.property(calls, (calls) => {
        const before = client.view!.applied
        const options = { acknowledged: before }
        expect(client.batch(calls, options).result.ok).toBe(true)
        twin.batch(calls, options)
        expect(client.view?.applied).toBe(before + calls.length)
      }),
    )
    expect(await client.bed.machine.fingerprint()).toBe(await twin.bed.machine.fingerprint())
  })

  test('a read with a number is one', async () => {
    const client = await session()
    const text = sessionErrors.numberedRead.text
    expect(client.refused({ range: range('a') })).toBe(text)
    expect(client.refused({ txn: txn([], [op.range('a')]) })).toBe(text)
  })

  test('what the door put in its place is answered as it stands', async () => {
    const client = await session()
    const refusal = { status: Status.RESOURCE_EXHAUSTED, text: 'no room here' }
    expect(client.send({ refusal })[0]).toMatchObject({ revision: 1, error: refusal })
  })

  test('a transaction as deep as the door lets in is carried out, and a deeper one is refused', async () => {
    const nested = (levels: number): TxnRequest => {
      let request = txn([], [op.put('deep', '')])
      for (let i = 1; i < levels; i++)
        request = txn([], [{ ...op.put('', ''), requestPut: undefined, requestTxn: request }])
      return request
    }
    const client = await session()
    client.batch([{ txn: nested(500) }])
    expect(content(client)).toEqual({ deep: '' })
    expect(client.refused({ txn: nested(502) })).toBe(sessionErrors.invalidCall.text)
  })
})

describe('alarms', () => {
  const raise = (client: SessionBed, alarm: AlarmType) =>
    client.bed.ok({ alarm: { action: AlarmAction.ACTIVATE, memberID: 1n, alarm } })

  test('NOSPACE refuses what fills the database, CORRUPT every write; both answers are kept', async () => {
    const client = await session()
    raise(client, AlarmType.NOSPACE)
    expect(client.refused({ put: put('a', '1') })).toBe('noSpace')
    expect(client.refused({ leaseGrant: { ID: 9n, TTL: 5 } })).toBe('noSpace')
    expect(client.send({ deleteRange: del('a') })[0]?.deleteRange).toBeDefined()
    raise(client, AlarmType.CORRUPT)
    expect(client.refused({ deleteRange: del('a') })).toBe('corrupt')
    expect(client.view?.applied).toBe(4)
  })

  test("a member's own quota asks for the alarm and touches no answer", async () => {
    const bed = await MachineBed.founded(3, { quotaBytes: 1 })
    bed.apply({ leaseGrant: { ID: 7n, TTL: 60 } })
    const client = new SessionBed(bed)
    const { raiseNoSpace, result } = client.batch([{ put: put('a', '1') }])
    expect([raiseNoSpace, result.ok]).toEqual([true, true])
    expect(client.answer(1).put).toBeDefined()
    const again = client.batch([{ put: put('a', '1') }], { first: 1 })
    const free = client.batch([{ deleteRange: del('a') }])
    expect([again.raiseNoSpace, free.raiseNoSpace]).toEqual([false, false])
  })
})

describe('bounds', () => {
  const call = encodeBytes(PipelineCall, { put: put('a', '1') })

  test('a client that acknowledges nothing is refused at so many answers, then waits', async () => {
    const client = await session()
    client.batch(Array(SESSION_ANSWERS_MAX).fill(call))
    const { revision } = client.bed.machine.store
    client.batch(Array(SESSION_REFUSALS_MAX + 5).fill(call))
    expect(client.bed.machine.store.revision).toBe(revision)
    expect(client.answer(SESSION_ANSWERS_MAX).put).toBeDefined()
    const last = SESSION_ANSWERS_MAX + SESSION_REFUSALS_MAX
    expect(client.answer(last).error?.status).toBe(Status.RESOURCE_EXHAUSTED)
    expect(client.view?.applied).toBe(last)
    client.batch([call], { acknowledged: last })
    expect(client.answer(last + 1).put).toBeDefined()
    expect(client.view).toMatchObject({ answerCount: 1, applied: last + 1 })
  })

  test('with so many bytes of answers further calls wait, and acknowledging makes room', async () => {
    const client = await session()
    const value = 'v'.repeat(1 << 20)
    const get = { txn: txn([], [op.put('b', '1'), op.range('a', 'b')]) }
    client.send({ put: put('a', value) })
    const count = Math.ceil(SESSION_ANSWERS_BYTES_MAX / (1 << 20))
    let waits = 0
    const observer = { applied: () => {}, lost: () => {}, waiting: () => waits++ }
    client.bed.machine.sessions.observe(client.id, observer)
    client.batch(Array(count).fill(get))
    expect([client.view?.applied, waits]).toEqual([count + 1, 0])
    client.batch([get, get])
    expect([client.view?.applied, waits]).toEqual([count + 1, 1])
    client.batch([get], { acknowledged: 3 })
    expect(client.answer(count + 2).txn).toBeDefined()
  })

  test('an answer that is too large for itself is replaced by an error; the call is carried out', async () => {
    const client = await session()
    client.send({ put: put('a', 'v'.repeat(1 << 20)) })
    const reads = Array(17).fill(op.range('a'))
    expect(client.refused({ txn: txn([], [op.put('b', '1'), ...reads]) })).toBe(answerTooLarge.text)
    expect(content(client)).toHaveProperty('b', '1')
  })
})
