/** The replay acquits what a state machine makes of a log, and convicts every result that differs. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes, type Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command, type PipelineBatch } from '../../client/wire/generated/command.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { AlarmAction, AlarmType } from '../../client/wire/generated/rpc.js'
import type { ApplyResult, BatchResponse } from '../../server/state/applied.js'
import { checkTxn } from '../../server/state/check.js'
import type { Call } from '../model/call.js'
import { generateCalls } from '../model/generate.js'
import { del, op, put, txn } from '../model/requests.js'
import { MachineBed } from '../state/machine-bed.js'
import type { Committed } from './committed.js'
import { replayLog } from './log-replay.js'

/** A state machine, and its log with what it made of it. */
interface Noted {
  readonly bed: MachineBed
  readonly log: Committed[]
}

async function opened(quotaBytes = 0): Promise<Noted> {
  return { bed: await MachineBed.open({ quotaBytes }), log: [] }
}

function apply({ bed, log }: Noted, ...commands: Init<Command>[]): ApplyResult {
  for (const init of commands) {
    const { index, result, raiseNoSpace: overQuota } = bed.apply(init)
    const command = Command.create(init)
    const rest = { change: undefined, atMs: index, member: 'm1' }
    log.push({ index, term: bed.term, command, result, overQuota, ...rest })
  }
  return log.at(-1)!.result!
}

function broken({ log }: Noted): string[] {
  return replayLog(log).violations.map(({ message }) => message)
}

/** What is said of the last entry when it came to this instead. */
function brokenWith({ bed, log }: Noted, last: Partial<Committed>): string {
  const messages = broken({ bed, log: [...log.slice(0, -1), { ...log.at(-1)!, ...last }] })
  expect(messages).toHaveLength(1)
  return messages[0]!
}

/** Only such calls become commands. */
function passesTheDoor(call: Call): boolean {
  try {
    if (call.kind === 'txn') checkTxn(call.request)
    return call.kind !== 'range'
  } catch {
    return false
  }
}

const grant = (ID: bigint) => ({ leaseGrant: { ID, TTL: 60 } })
const revoke = (ID: bigint, leaderTerm = 0) => ({ leaseRevoke: { ID, leaderTerm } })
const refused = (error: keyof typeof etcdErrors): ApplyResult => {
  return { ok: false, error: etcdErrors[error].error() }
}
const carriedOut = (response: object): ApplyResult => ({ ok: true, response })

function alarm(action: AlarmAction, kind: AlarmType): Init<Command> {
  return { alarm: { action, memberID: 1n, alarm: kind } }
}

/** A batch of the session of lease 7, granted by entry 1. */
function batch(
  first: number,
  calls: readonly Init<PipelineCall>[],
  more: Partial<PipelineBatch> = {},
): Init<Command> {
  const bytes = calls.map((call) => encodeBytes(PipelineCall, call))
  return {
    pipeline: { session: 7n, grantedIndex: 1, acknowledged: 0, first, calls: bytes, ...more },
  }
}
const write = (key: string): Init<PipelineCall> => ({ put: put(key, `of ${key}`) })
/** Everything that uses up a number: done, refused by rule, by a member, by the session. */
const MIXED: readonly Init<PipelineCall>[] = [
  write('a'),
  { put: put('b', '1', { lease: 9n }) },
  { txn: txn([], [op.put('c', '1'), op.range('a')]) },
  { deleteRange: del('a', '', { prevKv: true }) },
  { leaseGrant: { ID: 8n, TTL: 60 } },
  { refusal: { status: 8, text: 'etcdserver: too many requests' } },
  { range: { key: new Uint8Array([1]) } },
  {},
  { put: put('', '1') },
  { sequence: 3, ...write('x') },
  { compaction: { revision: 2 } },
  { leaseRevoke: { ID: 8n } },
]

describe('what a state machine does is acquitted', () => {
  test.each([1, 2, 3, 4])('random commands (seed %i)', async (seed) => {
    const noted = await opened()
    for (const call of generateCalls(seed, 600, { invalid: 0 }).filter(passesTheDoor))
      apply(noted, { [call.kind]: call.request })
    const { truth, violations } = replayLog(noted.log)
    expect(violations).toEqual([])
    const { revision, compactRevision } = noted.bed.machine.store
    expect(truth).toMatchObject({ revision, compactRevision })
    expect(truth.compactions!.at(-1)?.revision).toBe(compactRevision)
    expect(truth.events.at(-1)?.revision).toBe(revision)
  })

  test('a leader revokes in its own term only, and checkpoints touch nothing', async () => {
    const noted = await opened()
    noted.bed.term = 3
    apply(noted, grant(7n), { put: put('a', '1', { lease: 7n }) })
    apply(noted, { leaseCheckpoint: { checkpoints: [{ ID: 7n, remaining_TTL: 9 }] } })
    expect(apply(noted, revoke(7n, 2)).ok).toBe(false)
    expect(apply(noted, revoke(7n, 3)).ok).toBe(true)
    expect(apply(noted, revoke(7n, 3)).ok).toBe(false)
    expect(apply(noted, grant(0n)).ok).toBe(false)
    expect(broken(noted)).toEqual([])
    expect(
      replayLog(noted.log).truth.events.map(({ revision, prev }) => [revision, prev?.lease]),
    ).toEqual([
      [2, undefined],
      [3, 7n],
    ])
  })

  test('alarms refuse what they forbid, until they are lowered', async () => {
    const noted = await opened()
    const { ACTIVATE, DEACTIVATE, GET } = AlarmAction
    const filling = txn([], [], [op.txn([], [op.put('a', '1')])])
    apply(noted, { put: put('a', '0') }, alarm(ACTIVATE, AlarmType.NOSPACE))
    expect(apply(noted, { txn: filling }).ok).toBe(false)
    expect(apply(noted, grant(1n)).ok).toBe(false)
    expect(apply(noted, { deleteRange: del('a') }).ok).toBe(true)
    apply(noted, alarm(ACTIVATE, AlarmType.CORRUPT), alarm(GET, AlarmType.NONE))
    expect(apply(noted, { compaction: { revision: 2 } }).ok).toBe(false)
    apply(noted, alarm(DEACTIVATE, AlarmType.CORRUPT), alarm(DEACTIVATE, AlarmType.NOSPACE))
    expect(apply(noted, { txn: filling }).ok).toBe(true)
    expect(broken(noted)).toEqual([])
  })

  test('over its quota a member refuses what it carried out', async () => {
    const noted = await opened(1)
    expect(apply(noted, { put: put('a', '1') }).ok).toBe(false)
    expect(broken(noted)).toEqual([])
    expect(replayLog(noted.log).truth.revision).toBe(2)
    expect(brokenWith(noted, { overQuota: false })).toContain('should be carried out')
    apply(noted, { put: put('b', '1', { lease: 9n }) })
    expect(brokenWith(noted, { overQuota: true })).toContain('should be refused as leaseNotFound')
  })
})

describe('a batch of a session', () => {
  test('is its calls, each an entry of its own in the truth', async () => {
    const noted = await opened()
    apply(noted, grant(7n), batch(1, MIXED), { put: put('d', '1') })
    const { truth, violations } = replayLog(noted.log)
    expect(violations).toEqual([])
    expect(truth.revision).toBe(noted.bed.machine.store.revision)
    expect(truth.compactions).toEqual([{ revision: 2, at: 4 }])
    expect(truth.log!.map(({ index, session }) => [index, session?.sequence])).toEqual([
      [1, undefined],
      ...MIXED.map((_, i) => [2, i + 1]),
      [3, undefined],
    ])
    expect(truth.log!.filter(({ result }) => result?.ok).length).toBe(8)
  })

  test('that comes again, overlaps, leaves a gap or is of no session does what is new in it', async () => {
    const noted = await opened()
    const five = ['a', 'b', 'c', 'd', 'e'].map(write)
    apply(noted, grant(7n), batch(1, five), batch(1, five), batch(4, five, { acknowledged: 9 }))
    apply(
      noted,
      batch(10, five),
      batch(9, five, { grantedIndex: 2 }),
      batch(1, five, { session: 9n }),
    )
    apply(noted, batch(9, [{ leaseRevoke: { ID: 7n } }, write('z')]), grant(7n))
    apply(noted, batch(10, five), batch(1, [write('y')], { grantedIndex: 9 }))
    const { truth, violations } = replayLog(noted.log)
    expect(violations).toEqual([])
    const numbers = truth.log!.flatMap(({ session }) => session?.sequence ?? [])
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1])
  })

  test('is refused call by call while an alarm is raised', async () => {
    const noted = await opened()
    const { ACTIVATE } = AlarmAction
    apply(noted, grant(7n), alarm(ACTIVATE, AlarmType.NOSPACE), batch(1, MIXED))
    apply(noted, alarm(ACTIVATE, AlarmType.CORRUPT), batch(13, MIXED))
    expect(broken(noted)).toEqual([])
  })

  test('over a quota of its member keeps its answers', async () => {
    const noted = await opened(1)
    apply(noted, grant(7n), batch(1, [write('a')]))
    expect(noted.log.at(-1)!.overQuota).toBe(true)
    expect(broken(noted)).toEqual([])
  })

  test('is convicted when a call is done twice, left out, done behind a gap, or answered otherwise', async () => {
    const noted = await opened()
    apply(noted, grant(7n), batch(1, [write('a'), write('b')]))
    const { result } = noted.log.at(-1)!
    if (!result?.ok) throw new Error('the batch was refused')
    const { answers } = result.response as BatchResponse
    const answering = (...wrong: (Uint8Array | undefined)[]) =>
      brokenWith(noted, { result: carriedOut({ answers: wrong }) })
    expect(answering(...answers, answers[1])).toContain('carried out 3 calls, should be 2')
    expect(answering(answers[0])).toContain('carried out 1 calls, should be 2')
    expect(answering(answers[1], answers[0])).toContain('call 1: revision is 3, should be 2')
    expect(brokenWith(noted, { result: carriedOut({}) })).toContain('does not tell')
    apply(noted, batch(4, [write('c')]))
    expect(answering(answers[0])).toContain('carried out 1 calls, should be 0')
  })

  test('is convicted when it counts for another lease of the same id', async () => {
    const noted = await opened()
    apply(noted, grant(7n), revoke(7n), grant(7n), batch(1, [write('a')]))
    expect(brokenWith(noted, { result: carriedOut({ answers: [] }) })).toContain(
      'should be refused as leaseNotFound',
    )
  })
})

describe('a wrong result is convicted', () => {
  test('a response that differs in one field', async () => {
    const noted = await opened()
    apply(noted, { put: put('a', '1') }, { put: put('a', '2', { prevKv: true }) })
    const { result } = noted.log.at(-1)!
    if (!result?.ok) throw new Error('the put was refused')
    const { header, prevKv } = result.response as { header: object; prevKv: object }
    const wrong = carriedOut({ header, prevKv: { ...prevKv, version: 2 } })
    expect(brokenWith(noted, { result: wrong })).toContain('prevKv.version is 2, should be 1')
    const missing = carriedOut({ header })
    expect(brokenWith(noted, { result: missing })).toContain('prevKv is nothing')
    const later = carriedOut({ header: { revision: 4 }, prevKv })
    expect(brokenWith(noted, { result: later })).toContain('header.revision is 4, should be 3')
  })

  test('a transaction that took the other branch', async () => {
    const noted = await opened()
    apply(noted, { txn: txn([], [op.put('a', '1')], [op.del('a')]) })
    const response = { header: { revision: 2 }, responses: [{ responsePut: {} }] }
    const result = carriedOut({ ...response, succeeded: false })
    expect(brokenWith(noted, { result })).toContain('succeeded is false, should be true')
  })

  test('carried out instead of refused, refused instead of carried out, or for another reason', async () => {
    const noted = await opened()
    apply(noted, { put: put('a', '1', { lease: 5n }) })
    const result = carriedOut({ header: { revision: 2 } })
    expect(brokenWith(noted, { result })).toContain('should be refused as leaseNotFound')
    expect(brokenWith(noted, { result: refused('keyNotFound') })).toContain('should be as')
    apply(noted, { put: put('a', '1') })
    expect(brokenWith(noted, { result: refused('noSpace') })).toContain('should be carried out')
    expect(brokenWith(noted, { result: undefined })).toContain('has no result')
  })

  test('a revocation of an old leader that counts all the same', async () => {
    const noted = await opened()
    noted.bed.term = 3
    apply(noted, grant(7n), revoke(7n, 2))
    const result = carriedOut({ header: { revision: 1 } })
    expect(brokenWith(noted, { result })).toContain('should be refused as notLeader')
  })

  test('an entry that comes again', async () => {
    const noted = await opened()
    apply(noted, { put: put('a', '1') })
    noted.log.push(noted.log[0]!)
    expect(broken(noted)[0]).toContain('comes after entry 1')
  })
})
