/**
 * Sessions as the protocol promises them (docs/protocol.md): numbered writes, each carried
 * out once and in order.
 *
 * A session is a lease. It knows how many of its writes were carried out, and up to which
 * number their answers were acknowledged. What a write does is not known here: whoever
 * drives the model carries it out.
 */

import { InvalidMessage } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { PipelineBatch } from '../../client/wire/generated/command.js'
import { PipelineCall, type PipelineError } from '../../client/wire/generated/pipeline.js'
import { Status } from '../../client/wire/status.js'
import type { Call, Calls, Outcome } from './call.js'

/** What a write of a session was answered. */
export type SessionAnswer =
  | { readonly ok: true; readonly response: Calls[Call['kind']][1] }
  | { readonly ok: false; readonly error: PipelineError }

/** A write that was carried out or refused, and so used up its number. */
export interface NumberedCall {
  readonly sequence: number
  /** Undefined for bytes that are no call, and for a call that a member refused at its door. */
  readonly call: Call | undefined
  readonly answer: SessionAnswer
}

/** One living session. */
export interface ModelSession {
  /** The log entry that granted its lease. */
  readonly grantedIndex: number
  /** The last write that was carried out or refused; 0 before the first. */
  applied: number
  /** Answers up to here are forgotten. */
  acknowledged: number
}

/** How many answers a session keeps. */
export interface SessionBounds {
  /** Beyond it further writes are refused. */
  readonly answersMax: number
  /** Beyond both together further writes are not even refused. */
  readonly refusalsMax: number
}

/** A call stands one level above the request in it. */
const CALL_DEPTH = -1

/** What only sessions refuse. */
const UNREADABLE: PipelineError = {
  status: Status.INVALID_ARGUMENT,
  text: 'conclave: the call cannot be read',
}
const NUMBERED_READ: PipelineError = {
  status: Status.INVALID_ARGUMENT,
  text: 'conclave: a call that only reads takes no sequence number',
}

/** See the head of the file. */
export class ModelSessions {
  /** By lease; every living lease is a session. */
  readonly living = new Map<bigint, ModelSession>()
  readonly #bounds: SessionBounds

  constructor(bounds: SessionBounds) {
    this.#bounds = bounds
  }

  /** A lease was granted by this log entry. */
  granted(id: bigint, grantedIndex: number): void {
    this.living.set(id, { grantedIndex, applied: 0, acknowledged: 0 })
  }

  /** The lease has ended. */
  ended(id: bigint): void {
    this.living.delete(id)
  }

  /**
   * Runs a batch.
   *
   * @param execute carries out the call with this number, or refuses it; undefined stands for
   *   what is none. It tells `granted` and `ended`.
   * @returns the writes that were new, in order; undefined when there is no such session.
   */
  run(
    batch: PipelineBatch,
    execute: (call: Call | undefined, sequence: number) => Outcome | undefined,
  ): NumberedCall[] | undefined {
    const session = this.living.get(batch.session)
    if (session?.grantedIndex !== batch.grantedIndex) return undefined
    const acknowledged = Math.min(batch.acknowledged, session.applied)
    session.acknowledged = Math.max(session.acknowledged, acknowledged)
    const ran: NumberedCall[] = []
    for (const [i, bytes] of batch.calls.entries()) {
      const sequence = batch.first + i
      const kept = session.applied - session.acknowledged
      const { answersMax, refusalsMax } = this.#bounds
      if (sequence !== session.applied + 1 || kept >= answersMax + refusalsMax) continue
      session.applied++
      ran.push({ sequence, ...answered(bytes, sequence, kept >= answersMax, execute) })
      // It has ended itself: nothing comes behind that.
      if (this.living.get(batch.session) !== session) break
    }
    return ran
  }
}

function answered(
  bytes: Uint8Array,
  sequence: number,
  isFull: boolean,
  execute: (call: Call | undefined, sequence: number) => Outcome | undefined,
): Pick<NumberedCall, 'call' | 'answer'> {
  const refuse = (error: PipelineError, call?: Call) =>
    ({ call, answer: { ok: false, error } }) as const
  if (isFull) return refuse(named('requestTooManyRequests'))
  const message = decoded(bytes)
  if (message === undefined || (message.sequence !== 0 && message.sequence !== sequence))
    return refuse(UNREADABLE)
  if (message.refusal) return refuse(message.refusal)
  const call = callIn(message)
  const outcome = execute(call, sequence)
  if (outcome === undefined) return refuse(call === undefined ? UNREADABLE : NUMBERED_READ, call)
  if (!outcome.ok) return refuse(named(outcome.error), call)
  return { call, answer: outcome }
}

/** The error as it is on the wire. */
export function named(error: keyof typeof etcdErrors): PipelineError {
  const { code, text } = etcdErrors[error]
  return { status: code, text }
}

/** Whether a call has no effect, so that it must have no number. A transaction in a transaction counts as one. */
export function isUnnumbered(call: Call): boolean {
  if (call.kind !== 'txn') return call.kind === 'range'
  const { success, failure } = call.request
  return [...success, ...failure].every(({ requestRange }) => requestRange !== undefined)
}

/** The call that a message holds. */
export function callIn(message: PipelineCall): Call | undefined {
  const { range, put, deleteRange, txn, compaction, leaseGrant, leaseRevoke } = message
  if (range) return { kind: 'range', request: range }
  if (put) return { kind: 'put', request: put }
  if (deleteRange) return { kind: 'deleteRange', request: deleteRange }
  if (txn) return { kind: 'txn', request: txn }
  if (compaction) return { kind: 'compaction', request: compaction }
  if (leaseGrant) return { kind: 'leaseGrant', request: leaseGrant }
  return leaseRevoke && { kind: 'leaseRevoke', request: leaseRevoke }
}

function decoded(bytes: Uint8Array): PipelineCall | undefined {
  try {
    return PipelineCall.decode(bytes, undefined, CALL_DEPTH)
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error
    return undefined
  }
}
