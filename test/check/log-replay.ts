/**
 * Replays the committed commands through the model and compares what each came to.
 *
 * The model knows keys and leases; what it does not know is added here, as plainly:
 *
 * - alarms: while CORRUPT is raised, commands of clients are refused, and while NOSPACE
 *   is, those that fill the store;
 * - a revocation by a leader (`leader_term`) counts in that leader's term only, and for the
 *   lease that it had seen (`applied_index`), not for a later one with the same id;
 * - checkpoints, attributes of members and the cluster's version touch no key;
 * - a batch of a session is its calls, those that were applied before and those behind a gap
 *   left out (test/model/sessions.ts). Each of the others becomes an entry of its own in the
 *   truth, so that no other judge knows of batches.
 *
 * A member over its quota answers "space exceeded" although it carried the command out:
 * that is its own opinion, and the model carries the command out as well.
 *
 * The fruit is the truth of the run, as the model has it, whatever the members made of it.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import { AlarmType } from '../../client/wire/generated/rpc.js'
import { SESSION_ANSWERS_MAX, SESSION_REFUSALS_MAX } from '../../server/limits.js'
import type { ApplyResult } from '../../server/state/applied.js'
import type { Call, Outcome } from '../model/call.js'
import { Model } from '../model/model.js'
import { isUnnumbered, ModelSessions } from '../model/sessions.js'
import { AlarmModel } from './alarm-model.js'
import { applyResultOf, differentAnswer } from './batch-answers.js'
import { putsOf } from './call-parts.js'
import type { Committed } from './committed.js'
import { difference } from './difference.js'
import type { Violation } from './operation.js'
import { show } from './show.js'
import type { Compaction, Truth } from './truth.js'

/** Once members and model differ, everything that follows may: so many are told. */
const VIOLATIONS_MAX = 10

/** What a log comes to. */
export interface Replayed {
  readonly truth: Truth
  /** Where members and model differ; empty when they agree. */
  readonly violations: Violation[]
}

/** Replays commands in log order, from the first of the cluster on. */
export function replayLog(committed: readonly Committed[]): Replayed {
  const replay = new Replay()
  const violations: Violation[] = []
  for (const entry of committed) {
    const message = replay.take(entry)
    if (message === undefined || violations.length === VIOLATIONS_MAX) continue
    const at = `entry ${entry.index} of term ${entry.term}`
    violations.push({ rule: 'replay', message: `${at}: ${show(entry.command)}: ${message}` })
  }
  return { truth: replay.truth, violations }
}

/** See the head of the file. */
class Replay {
  /** The door and the least TTL are the proposer's part: a command is taken as it is. */
  readonly #model = new Model({ txnOpsMax: Number.POSITIVE_INFINITY, leaseTtlSecondsMin: 1 })
  readonly #alarms = new AlarmModel()
  readonly #compactions: Compaction[] = []
  /** By lease, the entry that granted it last. */
  readonly #grants = new Map<bigint, number>()
  readonly #sessions = new ModelSessions({
    answersMax: SESSION_ANSWERS_MAX,
    refusalsMax: SESSION_REFUSALS_MAX,
  })
  /** The entries, batches as their calls. */
  readonly #log: Committed[] = []
  #index = 0

  /** Runs one entry. Returns what is wrong with its result. */
  take(entry: Committed): string | undefined {
    const { index, term, command, result, overQuota } = entry
    if (index <= this.#index) return `comes after entry ${this.#index}`
    this.#index = index
    if (command?.pipeline) return this.#takeBatch(entry)
    this.#log.push(entry)
    // Who is a member, and may say its name, is not for this judge.
    if (command === undefined || command.memberAttributes !== undefined) return undefined
    const expected = this.#run(command, term)
    if (result === undefined) return 'has no result'
    if (!overQuota) return compare(result, expected)
    if (!expected.ok) return `was refused for the quota, should be refused as ${expected.error}`
    return compare(result, { ok: false, error: 'noSpace' })
  }

  get truth(): Truth {
    return {
      events: this.#model.events(0, Number.POSITIVE_INFINITY, '', '\0'),
      revision: this.#model.revision,
      compactions: this.#compactions,
      compactRevision: this.#model.compactRevision,
      log: this.#log,
    }
  }

  /** Runs the calls of a batch. Returns what is wrong with their answers. */
  #takeBatch(entry: Committed): string | undefined {
    const { command, result } = entry
    const batch = command!.pipeline!
    const ran = this.#sessions.run(batch, (call) => this.#runNumbered(call))
    const { session: id, grantedIndex } = batch
    for (const { sequence, call, answer } of ran ?? [])
      this.#log.push({
        ...entry,
        command: call && Command.create({ [call.kind]: call.request }),
        result: applyResultOf(answer),
        overQuota: false,
        session: { id, grantedIndex, sequence },
      })
    if (result === undefined) return 'has no result'
    if (ran === undefined) return compare(result, { ok: false, error: 'leaseNotFound' })
    if (!result.ok) return `was refused as "${result.error.details}", should be carried out`
    return differentAnswer(result.response, ran)
  }

  /** A write of a session; undefined: it is none. */
  #runNumbered(call: Call | undefined): Outcome | undefined {
    const refusal = this.#alarmed(call)
    if (refusal !== undefined) return refusal
    return call === undefined || isUnnumbered(call) ? undefined : this.#execute(call)
  }

  #run(command: Command, term: number): Outcome<object> {
    const call = callOf(command)
    if (call === undefined) return this.#runOther(command)
    const refusal = this.#alarmed(call)
    if (refusal !== undefined) return refusal
    const leaderTerm = command.leaseRevoke?.leaderTerm ?? 0
    if (leaderTerm !== 0 && leaderTerm !== term) return { ok: false, error: 'notLeader' }
    const { appliedIndex } = command
    if (call.kind === 'leaseRevoke' && appliedIndex !== 0) {
      const isLater = (this.#grants.get(call.request.ID) ?? 0) > appliedIndex
      if (isLater) return { ok: false, error: 'leaseNotFound' }
    }
    return this.#execute(call)
  }

  #alarmed(call: Call | undefined): Outcome | undefined {
    if (this.#alarms.active(AlarmType.CORRUPT)) return { ok: false, error: 'corrupt' }
    const isFull = this.#alarms.active(AlarmType.NOSPACE) && call !== undefined && fills(call)
    return isFull ? { ok: false, error: 'noSpace' } : undefined
  }

  #execute(call: Call): Outcome {
    if (call.kind === 'leaseGrant' && call.request.ID === 0n)
      return { ok: false, error: 'leaseNotFound' }
    const outcome = this.#model.execute(call)
    if (!outcome.ok) return outcome
    if (call.kind === 'leaseGrant') {
      this.#grants.set(call.request.ID, this.#index)
      this.#sessions.granted(call.request.ID, this.#index)
    } else if (call.kind === 'leaseRevoke') this.#sessions.ended(call.request.ID)
    else if (call.kind === 'compaction')
      this.#compactions.push({ revision: call.request.revision, at: this.#model.revision })
    return outcome
  }

  /** What no client's key depends on. */
  #runOther({ alarm, leaseCheckpoint }: Command): Outcome<object> {
    const header = { revision: this.#model.revision }
    if (alarm) return { ok: true, response: { header, alarms: this.#alarms.run(alarm) } }
    return { ok: true, response: leaseCheckpoint ? { header } : {} }
  }
}

/** The call that became this command, if a client's call can. */
export function callOf(command: Command): Call | undefined {
  const { put, deleteRange, txn, compaction, leaseGrant, leaseRevoke } = command
  if (put) return { kind: 'put', request: put }
  if (deleteRange) return { kind: 'deleteRange', request: deleteRange }
  if (txn) return { kind: 'txn', request: txn }
  if (compaction) return { kind: 'compaction', request: compaction }
  if (leaseGrant) return { kind: 'leaseGrant', request: leaseGrant }
  if (leaseRevoke) return { kind: 'leaseRevoke', request: { ID: leaseRevoke.ID } }
  return undefined
}

/** Whether a call may need room: whatever puts a key in some branch, or makes a lease. */
function fills(call: Call): boolean {
  return call.kind === 'leaseGrant' || putsOf(call).length > 0
}

function compare(result: ApplyResult, expected: Outcome<object>): string | undefined {
  if (result.ok && expected.ok) return difference(result.response, expected.response)
  if (result.ok && !expected.ok) return `was carried out, should be refused as ${expected.error}`
  if (result.ok || expected.ok) {
    const text = result.ok ? '' : result.error.details
    return `was refused as "${text}", should be carried out`
  }
  const { code, text } = etcdErrors[expected.error]
  if (result.error.code === code && result.error.details === text) return undefined
  return `was refused as "${result.error.details}", should be as "${text}"`
}
