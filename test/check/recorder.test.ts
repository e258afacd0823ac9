/** The recorder: how it numbers, and how it classes each way in which a call can fail. */

import { describe, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  PutResponse,
  type RangeResponse,
  type RangeStreamResponse,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { fakeMembers, settled, silence } from '../client/fake-members.js'
import type { Call } from '../model/call.js'
import { latin1 } from '../model/history.js'
import { bytesOf, op, put, range, txn } from '../model/requests.js'
import { answerOf, intentOf, Recorder } from './recorder.js'

const PUT: Call = { kind: 'put', request: put('k', 'v') }
const GET: Call = { kind: 'range', request: range('k') }

/** A recorder, and a process with a client of `count` members. */
function stage(count = 1) {
  const fakes = fakeMembers(count, { timeoutMs: 1_000 })
  const recorder = new Recorder(() => fakes.clock.now())
  return { ...fakes, recorder, asker: { process: 'p', client: fakes.client } }
}

/** How a call comes out when the member answers with this error. */
async function outcome(call: Call, error: Error) {
  const { recorder, asker, first, clock } = stage()
  const refuse = () => {
    throw error
  }
  first.onPut = refuse
  first.onRange = refuse
  const done = recorder.perform(asker, call)
  await clock.run(2_000)
  return (await done).answer
}

describe('an operation', () => {
  test('that is answered keeps the whole response', async () => {
    const { recorder, asker, first } = stage()
    first.onPut = () => ({ header: { revision: 7, memberId: 3n } })
    const { answer } = await recorder.perform(asker, PUT)
    expect(answer).toEqual({
      kind: 'ok',
      response: PutResponse.create({ header: { revision: 7, memberId: 3n } }),
    })
  })

  test('takes a place when it begins and one when it ends', async () => {
    const { recorder, asker, first, clock } = stage()
    let answerFirst = () => {}
    first.onPut = () =>
      new Promise((resolve) => {
        answerFirst = () => resolve({})
      })
    const slow = recorder.perform(asker, PUT)
    await settled()
    await clock.run(10)
    await recorder.perform(asker, GET)
    const [under] = recorder.operations
    expect(under).toMatchObject({ began: 0, ended: Number.POSITIVE_INFINITY, endedMs: undefined })
    expect(under!.answer).toBeUndefined()
    answerFirst()
    await slow
    expect(recorder.operations).toMatchObject([
      { id: 0, process: 'p', began: 0, ended: 3, beganMs: 0, endedMs: 10 },
      { id: 1, process: 'p', began: 1, ended: 2, beganMs: 10, endedMs: 10 },
    ])
    expect(recorder.mark()).toEqual({ at: 4, ms: 10 })
  })

  test('of unknown outcome never ends, though its process goes on', async () => {
    const { recorder, asker, first, clock } = stage()
    first.onPut = silence
    const done = recorder.perform(asker, PUT)
    await clock.run(1_000)
    expect(await done).toMatchObject({
      ended: Number.POSITIVE_INFINITY,
      endedMs: 1_000,
      answer: { kind: 'unknown', reason: 'outcome-unknown' },
    })
  })
})

describe('a write', () => {
  test.each(['compacted', 'leaseNotFound', 'keyNotFound', 'requestTooLarge'] as const)(
    'that meets %s is refused',
    async (name) => {
      expect(await outcome(PUT, etcdErrors[name].error())).toEqual({ kind: 'refused', error: name })
    },
  )

  test.each(['noSpace', 'corrupt', 'leaderChanged', 'timeout', 'stopped'] as const)(
    'that meets %s may have happened',
    async (name) => {
      expect(await outcome(PUT, etcdErrors[name].error())).toEqual({
        kind: 'unknown',
        reason: name,
      })
    },
  )

  test('that breaks with its connection may have happened', async () => {
    const error = new RpcError(Status.UNAVAILABLE, 'the connection broke')
    expect(await outcome(PUT, error)).toEqual({ kind: 'unknown', reason: 'outcome-unknown' })
  })

  test('that the server failed to answer may have happened', async () => {
    const answer = await outcome(PUT, new RpcError(Status.INTERNAL, 'oops'))
    expect(answer).toEqual({ kind: 'unknown', reason: 'internal' })
  })

  test.each(['requestTooManyRequests', 'noLeader'] as const)(
    'that was turned away with %s did not happen',
    async (name) => {
      expect(await outcome(PUT, etcdErrors[name].error())).toEqual({ kind: 'failed', reason: name })
    },
  )

  test('that found nobody did not happen', async () => {
    const { recorder, asker, first, clock } = stage()
    first.up = false
    const done = recorder.perform(asker, PUT)
    await clock.run(2_000)
    expect((await done).answer.kind).toBe('failed')
  })

  test('that was cancelled on its way may have happened', async () => {
    const { recorder, asker, first } = stage()
    first.onPut = silence
    const controller = new AbortController()
    const done = recorder.perform(asker, PUT, { signal: controller.signal })
    await settled()
    controller.abort()
    expect((await done).answer).toEqual({ kind: 'unknown', reason: 'cancelled' })
  })

  test('that the closing of the client cut short may have happened', async () => {
    const { recorder, asker, first, client } = stage()
    first.onPut = silence
    const done = recorder.perform(asker, PUT)
    await settled()
    client.close()
    expect((await done).answer.kind).toBe('unknown')
    expect((await recorder.perform(asker, PUT)).answer).toEqual({
      kind: 'failed',
      reason: 'closed',
    })
  })

  test('is sent once when it fails on the way', async () => {
    const { recorder, asker, members, clock } = stage(3)
    for (const member of members)
      member.onPut = () => {
        throw new RpcError(Status.UNAVAILABLE, 'the connection broke')
      }
    const done = recorder.perform(asker, PUT)
    await clock.run(2_000)
    await done
    expect(members.reduce((sum, { puts }) => sum + puts, 0)).toBe(1)
  })
})

describe('a read', () => {
  test.each(['compacted', 'futureRev', 'emptyKey'] as const)(
    'that meets %s is refused',
    async (name) => {
      expect(await outcome(GET, etcdErrors[name].error())).toEqual({ kind: 'refused', error: name })
    },
  )

  test.each(['noLeader', 'corrupt', 'notSupportedForLearner', 'timeout'] as const)(
    'that meets %s is failed',
    async (name) => {
      expect(await outcome(GET, etcdErrors[name].error())).toEqual({ kind: 'failed', reason: name })
    },
  )

  test('goes to another member by the rules of the client', async () => {
    const { recorder, asker, members } = stage(3)
    members[0]!.onRange = () => {
      throw etcdErrors.noLeader.error()
    }
    members[1]!.onRange = () => ({ header: { revision: 9 } })
    const { answer } = await recorder.perform(asker, GET)
    expect(answer).toMatchObject({ kind: 'ok', response: { header: { revision: 9 } } })
  })
})

describe('a range that comes in pieces', () => {
  const pieces = async (...last: Init<RangeStreamResponse>[]) => {
    const { recorder, asker, first } = stage()
    first.onRangeStream = (stream) => {
      stream.send({ rangeResponse: { kvs: [{ key: bytesOf('a') }] } })
      for (const each of last) stream.send(each)
      stream.end()
    }
    return recorder.perform(asker, GET, { streamed: true })
  }

  test('is noted as a plain one', async () => {
    const header = { revision: 9 }
    const { answer } = await pieces({
      rangeResponse: { header, kvs: [{ key: bytesOf('b') }], count: 2 },
    })
    const { header: noted, kvs, count } = (answer as { response: RangeResponse }).response
    expect([noted?.revision, kvs.map(({ key }) => latin1(key)), count]).toEqual([9, ['a', 'b'], 2])
  })

  test('is wrong when it ends well without its last piece', async () => {
    await expect(pieces()).rejects.toThrow(/too early/)
  })

  test('is failed, or refused, when it ends with an error', async () => {
    const { recorder, asker, first } = stage()
    for (const name of ['compacted', 'noLeader'] as const) {
      first.onRangeStream = (stream) => stream.fail(etcdErrors[name].error())
      await recorder.perform(asker, GET, { streamed: true })
    }
    const answers = recorder.operations.map(({ answer }) => answer)
    expect(answers).toEqual([
      { kind: 'refused', error: 'compacted' },
      { kind: 'failed', reason: 'noLeader' },
    ])
  })
})

test('a transaction is a read when no branch at any depth writes', () => {
  const inner = (...ops: Parameters<typeof txn>[1][number][]) => op.txn([], [], ops)
  const call = (...ops: Parameters<typeof txn>[1][number][]): Call => ({
    kind: 'txn',
    request: txn([], ops),
  })
  expect(intentOf(call(op.range('k'), inner(op.range('k'))))).toBe('read')
  expect(intentOf(call(op.range('k'), inner(op.put('k', 'v'))))).toBe('write')
  expect(intentOf(call(op.del('k')))).toBe('write')
  expect(intentOf({ kind: 'txn', request: TxnRequest.create() })).toBe('read')
})

test('what the client says is definite, and no rule, is a failure', async () => {
  const { client } = stage()
  client.close()
  const error = await client.kv.put('k', 'v').catch((thrown) => thrown)
  expect(answerOf(error, 'write')).toEqual({ kind: 'failed', reason: 'closed' })
})
