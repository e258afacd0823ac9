/**
 * Histories made up for tests of the judges: processes ask, the model answers.
 *
 * An operation begins, happens, and ends, each at a place of one numbering, and others may
 * begin, happen and end in between. What happens goes into a log, so a story has a truth.
 */

import type { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import type { ApplyResult } from '../../server/state/applied.js'
import type { Call, Outcome } from '../model/call.js'
import { Model } from '../model/model.js'
import { isRead } from './call-parts.js'
import type { Committed } from './committed.js'
import { replayLog } from './log-replay.js'
import type { Answer, Operation } from './operation.js'
import type { Truth } from './truth.js'

/** An operation that a test may still change. */
export type Draft = { -readonly [Field in keyof Operation]: Operation[Field] }

/** See the head of the file. */
export class Story {
  readonly operations: Draft[] = []
  readonly model = new Model()
  readonly log: Committed[] = []
  #place = 0

  /** What happened. */
  get truth(): Truth {
    return replayLog(this.log).truth
  }

  /** A call that nobody overlaps: it begins, happens and ends. */
  ask(process: string, call: Call): Draft {
    const operation = this.begin(process, call)
    return this.end(operation, answerOf(this.happen(call)))
  }

  begin(process: string, call: Call): Draft {
    const operation: Draft = {
      id: this.operations.length,
      process,
      call,
      began: this.#place++,
      beganMs: this.#place,
      ended: Number.POSITIVE_INFINITY,
      endedMs: undefined,
      answer: undefined,
    }
    this.operations.push(operation)
    return operation
  }

  /** The call takes effect. */
  happen(call: Call): Outcome {
    const outcome = this.model.execute(call)
    if (!outcome.ok || isRead(call)) return outcome
    const index = this.log.length + 1
    const command = Command.create({ [call.kind]: call.request })
    const result: ApplyResult = { ok: true, response: outcome.response }
    const rest = { change: undefined, overQuota: false, atMs: this.#place, member: 'm1' }
    this.log.push({ index, term: 1, command, result, ...rest })
    return outcome
  }

  /** An unknown outcome never ends. */
  end(operation: Draft, answer: Answer): Draft {
    const place = this.#place++
    if (answer.kind !== 'unknown') operation.ended = place
    operation.endedMs = place
    operation.answer = answer
    return operation
  }
}

/** As the process hears it. */
export function answerOf(outcome: Outcome): Answer {
  if (outcome.ok) return { kind: 'ok', response: outcome.response }
  return { kind: 'refused', error: outcome.error }
}

/** Nobody heard how it came out. */
export const UNKNOWN: Answer = { kind: 'unknown', reason: 'deadline' }
/** It did not happen, as the process was told. */
export const FAILED: Answer = { kind: 'failed', reason: 'no leader' }

/** A member of the cluster refused, for the reason of that name. */
export function refused(error: keyof typeof etcdErrors): Answer {
  return { kind: 'refused', error }
}
