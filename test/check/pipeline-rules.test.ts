/** Every promise of the pipeline convicts a made-up history that breaks it, and acquits those that keep it. */

import { describe, expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import { AlarmAction, AlarmType } from '../../client/wire/generated/rpc.js'
import type { ApplyResult } from '../../server/state/applied.js'
import type { Call } from '../model/call.js'
import { Model } from '../model/model.js'
import { op, put, range, txn } from '../model/requests.js'
import { isUnnumbered } from '../model/sessions.js'
import type { Committed } from './committed.js'
import type { Answer, Operation } from './operation.js'
import { judgePipeline } from './pipeline-rules.js'
import { FAILED, refused, UNKNOWN } from './story.js'

const GRANTED_INDEX = 3

/** A history in which every call is answered by the model, and every write has a number, as long as a test does not interfere. */
class History {
  readonly operations: Operation[] = []
  log: Committed[] = []
  readonly #model = new Model()
  readonly #numbers = new Map<bigint, number>()

  /** Somebody asks and is answered. */
  ask(
    call: Call,
    { process = 'c1', session = 7n }: { process?: string; session?: bigint } = {},
  ): this {
    const result = this.happen(call, session)
    const answer: Answer = result.ok
      ? { kind: 'ok', response: result.response as never }
      : refused('leaseNotFound')
    return this.note(call, answer, process)
  }

  /** Somebody asks; it comes to nothing. */
  note(call: Call, answer: Answer | undefined, process = 'c1'): this {
    const id = this.operations.length
    const times = { began: 2 * id, ended: 2 * id + 1, beganMs: id, endedMs: id }
    this.operations.push({ id, process, call, ...times, answer })
    return this
  }

  /** A write takes the next number of its session; 0n: it is an entry of its own. */
  happen(call: Call, id = 7n): ApplyResult {
    const outcome = this.#model.execute(call)
    const result: ApplyResult = outcome.ok
      ? { ok: true, response: outcome.response as never }
      : { ok: false, error: etcdErrors[outcome.error].error() }
    if (isUnnumbered(call)) return result
    const sequence = (this.#numbers.get(id) ?? 0) + 1
    this.#numbers.set(id, sequence)
    this.log.push({
      index: 10 + this.log.length,
      term: 1,
      command: Command.create({ [call.kind]: call.request }),
      change: undefined,
      result,
      overQuota: false,
      atMs: 0,
      member: 'm1',
      ...(id !== 0n && { session: { id, grantedIndex: GRANTED_INDEX, sequence } }),
    })
    return result
  }

  /** A number of the session is used up by what no operation asked for. */
  fill(id = 7n): this {
    this.#numbers.set(id, (this.#numbers.get(id) ?? 0) + 1)
    return this
  }

  get verdict(): ReturnType<typeof judgePipeline> {
    const riding = new Set(['c1', 'c2'])
    return judgePipeline({ operations: this.operations, log: this.log, riding })
  }

  /** The rules that were broken. */
  get broken(): string[] {
    return this.verdict.violations.map(({ rule }) => rule.replace('pipeline: ', ''))
  }
}

const write = (value: string, lease = 0n): Call => ({
  kind: 'put',
  request: put('k', value, { lease }),
})
const READ: Call = { kind: 'range', request: range('k') }

/** Keeps the history and replaces one answer. */
function answering(history: History, id: number, answer: Answer | undefined): History {
  history.operations[id] = { ...history.operations[id]!, answer }
  return history
}

describe('right histories are acquitted', () => {
  test('writes in order, reads between them, refusals, two clients', () => {
    const history = new History()
    history.ask(write('1')).ask(READ).ask(write('2', 9n)).ask(READ)
    history.ask(write('3'), { process: 'c2', session: 8n }).ask(READ, { process: 'c2' })
    history.ask({ kind: 'txn', request: txn([], [op.put('k', '4'), op.range('k')]) }).ask(READ)
    expect(history.verdict).toEqual({
      violations: [],
      writes: 4,
      answered: 3,
      reads: 4,
      sessions: 2,
    })
  })

  test('unknown outcomes that happened, that did not, and that a member refused in their place', () => {
    const history = new History().ask(write('1'))
    history.happen(write('2'))
    history.note(write('2'), UNKNOWN).fill().note(write('3'), UNKNOWN).ask(write('4'))
    history.note(write('5'), UNKNOWN).note(write('6'), FAILED).note(write('7'), undefined)
    expect(history.broken).toEqual([])
  })

  test('a session that is lost with its writes, and the next one', () => {
    const history = new History().ask(write('1')).note(write('2'), UNKNOWN)
    history.happen(write('2'))
    history.ask(READ).ask(write('3'), { session: 8n })
    expect(history.broken).toEqual([])
  })

  test('the same request twice, which is for others to judge', () => {
    const history = new History().ask(write('1')).ask(write('1')).ask(write('2'))
    expect(history.broken).toEqual([])
  })

  test('a transaction that reads inside another one, and was carried out after its caller gave up', () => {
    const call: Call = { kind: 'txn', request: txn([], [op.txn([], [op.range('k')])]) }
    const history = new History().note(call, FAILED).note(call, FAILED)
    history.happen(call)
    expect(history.broken).toEqual([])
  })

  test('a client without pipeline, whose reads may be late and whose writes have no number', () => {
    const history = new History().ask(write('1'), { process: 'c9', session: 0n })
    history.note(READ, { kind: 'ok', response: { header: { revision: 1 } } as never }, 'c9')
    expect(history.broken).toEqual([])
  })

  test('a full cluster, which grants no session', () => {
    const history = new History().ask(write('1'), { session: 0n })
    expect(history.broken).toEqual(['rides'])
    const alarm = { action: AlarmAction.ACTIVATE, alarm: AlarmType.NOSPACE, memberID: 1n }
    history.log.push({ ...history.log[0]!, command: Command.create({ alarm }) })
    expect(history.broken).toEqual([])
  })
})

describe('convicts', () => {
  test('a write that stands in the log twice, in one session or in two', () => {
    for (const session of [7n, 8n, 0n]) {
      const history = new History().ask(write('1'))
      history.happen(write('1'), session)
      expect(history.broken).toEqual(['once'])
    }
  })

  test('a write of unknown outcome that happened twice', () => {
    const history = new History().note(write('1'), UNKNOWN)
    history.happen(write('1'))
    history.happen(write('1'), 8n)
    expect(history.broken).toEqual(['once'])
  })

  test('a write that was answered and never happened', () => {
    const history = new History().ask(write('1')).ask(write('2'))
    history.log.splice(0, 1)
    expect(history.broken).toContain('once')
  })

  test('a write that was refused, or failed for sure, and happened', () => {
    expect(answering(new History().ask(write('1')), 0, FAILED).broken).toEqual(['once'])
    const second = answering(new History().ask(write('1')), 0, refused('leaseNotFound'))
    expect(second.broken).toEqual(['once'])
  })

  test('an answer that belongs to another write', () => {
    const history = new History().ask(write('1')).ask(write('2'))
    const [{ answer }] = history.operations as [Operation]
    expect(answering(history, 1, answer).broken).toEqual(['answer'])
  })

  test('a refusal for another reason', () => {
    const history = new History().ask(write('1', 9n))
    expect(answering(history, 0, refused('keyNotFound')).broken).toEqual(['answer'])
  })

  test('writes in another order than they were asked for', () => {
    const history = new History()
    history.happen(write('2'))
    history.happen(write('1'))
    history.note(write('1'), UNKNOWN).note(write('2'), UNKNOWN)
    expect(history.broken).toEqual(['order'])
  })

  test('writes of two processes in one session', () => {
    const history = new History().ask(write('1')).ask(write('2'), { process: 'c2' })
    expect(history.broken).toEqual(['order'])
  })

  test('a hole before a write', () => {
    const history = new History().ask(write('1')).note(write('2'), UNKNOWN).ask(write('3'))
    expect(history.broken).toEqual(['order'])
  })

  test('a read that misses an answered write before it', () => {
    const history = new History().ask(write('1')).ask(READ)
    const early = { kind: 'ok', response: { header: { revision: 1 } } as never } as const
    expect(answering(history, 1, early).broken).toEqual(['sees'])
  })

  test('a read that misses a write before it whose caller gave up, also when the session was lost', () => {
    const history = new History().ask(READ)
    const early = history.operations[0]!.answer
    history.note(write('1'), UNKNOWN).note(READ, early)
    expect(history.broken).toEqual([])
    history.happen(write('1'))
    expect(history.broken).toEqual(['sees'])
    history.ask(write('2'), { session: 8n })
    expect(history.broken).toEqual(['sees'])
  })

  test('a read that goes back behind the one before it', () => {
    const history = new History().ask(READ).ask(write('1'), { process: 'c2', session: 8n })
    history.ask(READ).note(READ, history.operations[0]!.answer)
    expect(history.broken).toEqual(['sees'])
  })

  test('a refusal that etcd does not know', () => {
    const history = new History().note(write('1'), { kind: 'failed', reason: 'invalid-argument' })
    expect(history.broken).toEqual(['plain'])
  })
})
