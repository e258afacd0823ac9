/** What a state machine keeps of sessions is acquitted; every way to keep something else is convicted. */

import { describe, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import { encodeBytes } from '../../client/wire/codec.js'
import { Command, type PipelineBatch } from '../../client/wire/generated/command.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { Status } from '../../client/wire/status.js'
import { put } from '../model/requests.js'
import { MachineBed } from '../state/machine-bed.js'
import { type KeptSessions, SessionStateJudge } from './session-state.js'

/** A machine whose sessions are judged after each entry; a test may show others instead. */
async function judged() {
  const bed = await MachineBed.open()
  const judge = new SessionStateJudge()
  const apply = (init: Init<Command>, shown: Partial<KeptSessions> = {}) => {
    const { index, result, raiseNoSpace: overQuota } = bed.apply(init)
    const command = Command.create(init)
    const rest = { term: 1, change: undefined, atMs: 0, member: 'm1' }
    judge.learn({ index, command, result, overQuota, ...rest })
    const { sessions } = bed.machine
    const get = (id: bigint) => sessions.get(id)
    const answer = (id: bigint, sequence: number) => sessions.answer(id, sequence)
    judge.applied('m2', index, { get, answer, ...shown })
    return judge.violation?.message
  }
  const batch = (first: number, calls: number, more: Partial<PipelineBatch> = {}) => ({
    pipeline: {
      session: 7n,
      grantedIndex: 1,
      acknowledged: 0,
      first,
      calls: Array.from({ length: calls }, () => encodeBytes(PipelineCall, { put: put('k', 'v') })),
      ...more,
    },
  })
  apply({ leaseGrant: { ID: 7n, TTL: 60 } })
  return { judge, apply, batch, view: () => bed.machine.sessions.get(7n)! }
}

const encoded = (call: Init<PipelineCall>) => encodeBytes(PipelineCall, call)

describe('acquitted', () => {
  test('new, repeated and overlapping batches, gaps, acknowledgements, other leases', async () => {
    const { judge, apply, batch } = await judged()
    apply(batch(1, 5))
    apply(batch(1, 5, { acknowledged: 3 }))
    apply(batch(4, 5, { acknowledged: 2 }))
    apply(batch(20, 5, { acknowledged: 99 }))
    apply(batch(9, 1, { grantedIndex: 2 }))
    apply(
      batch(9, 2, {
        acknowledged: 9,
        calls: [encoded({}), encoded({ leaseGrant: { ID: 8n, TTL: 9 } })],
      }),
    )
    apply(batch(1, 2, { session: 8n, grantedIndex: 7 }))
    apply(batch(11, 1, { calls: [encoded({ leaseRevoke: { ID: 7n } }), encoded({})] }))
    apply({ leaseGrant: { ID: 7n, TTL: 60 } })
    apply(batch(12, 2))
    apply(batch(1, 2, { grantedIndex: 10 }))
    expect(judge.violation).toBeUndefined()
    expect(judge.looks).toBe(9)
  })

  test('the end of another session behind a call that was refused at the door', async () => {
    const { judge, apply, batch } = await judged()
    apply({ leaseGrant: { ID: 8n, TTL: 60 } })
    const refusal = { status: Status.INVALID_ARGUMENT, text: 'etcdserver: key is not provided' }
    const calls = [encoded({ refusal }), encoded({}), encoded({ leaseRevoke: { ID: 8n } })]
    apply(batch(1, 3, { calls }))
    apply(batch(1, 1, { session: 8n, grantedIndex: 2 }))
    expect(judge.violation).toBeUndefined()
    expect(judge.looks).toBe(1)
  })
})

describe('convicted', () => {
  test('a session that is not there', async () => {
    const { apply, batch } = await judged()
    expect(apply(batch(1, 5), { get: () => undefined })).toContain('it is not there')
  })

  test('one that is ahead, or behind', async () => {
    for (const applied of [4, 6]) {
      const { apply, batch, view } = await judged()
      const shown = { get: () => ({ ...view(), applied }) }
      expect(apply(batch(1, 5), shown)).toContain(`applied ${applied}, should be 5`)
    }
  })

  test('answers that were forgotten before they were acknowledged, and kept afterwards', async () => {
    const early = await judged()
    early.apply(early.batch(1, 5))
    const shown = { get: () => ({ ...early.view(), acknowledged: 5 }) }
    expect(early.apply(early.batch(6, 1, { acknowledged: 2 }), shown)).toContain(
      'acknowledged 5, should be 2',
    )
    const late = await judged()
    late.apply(late.batch(1, 5))
    const kept = { get: () => ({ ...late.view(), answerCount: 6 }) }
    expect(late.apply(late.batch(6, 1, { acknowledged: 2 }), kept)).toContain('should be 4')
    const lost = await judged()
    expect(lost.apply(lost.batch(1, 5), { answer: () => undefined })).toContain(
      'forgotten answer 1',
    )
  })
})
