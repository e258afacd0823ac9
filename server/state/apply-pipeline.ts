/**
 * A batch of writes of one session, as apply runs it.
 *
 *   1. The session's lease must be there, and be the one that the batch means; else
 *      nothing happens.
 *   2. Answers that the client acknowledged are forgotten.
 *   3. Calls that are applied already are passed over. When the first call does not
 *      follow on the last one applied there is a gap, and the rest does nothing.
 *   4. Each other call is decoded, checked and run by the same code as a command of its
 *      own, and its answer kept, whether it succeeded or was refused. A call uses up
 *      its number in either case. One whose answer could not be kept is not run, nor is
 *      what comes behind it.
 *
 * No call ends a member: bytes that are none are a refusal like any other. And no
 * member's own settings decide: checks that the door makes with a setting are made
 * here without a bound, and the space quota only says whether an alarm is due.
 */

import { InvalidMessage } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { PipelineBatch } from '../../client/wire/generated/command.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { AlarmType } from '../../client/wire/generated/rpc.js'
import { RpcError } from '../../client/wire/status.js'
import type { ReplicatedState } from './apply.js'
import { applyCompaction, applyDeleteRange, applyPut } from './apply-kv.js'
import { applyLeaseGrant, revokeLease } from './apply-lease.js'
import { checkDeleteRange, checkTxn } from './check.js'
import {
  encodeAnswer,
  encodeError,
  encodePutAnswer,
  encodeRefusal,
  sessionErrors,
} from './pipeline-answer.js'
import { cost } from './quota.js'
import { applyTxn, isReadOnly } from './txn.js'

/** A call stands one level above the request in it, which was let in as the outermost. */
const CALL_DEPTH = -1

/** How a batch came out. */
export interface PipelineOutcome {
  /** The calls that were carried out. */
  readonly writes: number
  /** What they may have added, in bytes, as the quota counts it. */
  readonly costBytes: number
  /** Encoded PipelineAnswers of the calls that were run, also of those refused; for onlookers. */
  readonly answers: readonly Uint8Array[]
}

/**
 * A call as the door and apply both read it.
 *
 * @throws InvalidMessage the bytes are no call.
 */
export function decodeCall(bytes: Uint8Array): PipelineCall {
  return PipelineCall.decode(bytes, undefined, CALL_DEPTH)
}

/**
 * Runs a batch; see the head of the file.
 *
 * @param index of the log entry that it stands in.
 * @throws leaseNotFound the session is gone, or another one; nothing has been changed.
 */
export function applyPipeline(
  state: ReplicatedState,
  batch: PipelineBatch,
  index: number,
): PipelineOutcome {
  const { store, sessions } = state
  const { calls, first } = batch
  const open = sessions.open(batch.session, batch.grantedIndex, batch.acknowledged)
  const run = new BatchRun(state, index)
  const next = open.session.applied + 1 - first
  store.group(() => {
    for (let i = next; i >= 0 && i < calls.length; i++) {
      if (open.ended) break
      if (sessions.isStuck(open)) {
        sessions.wait(open)
        break
      }
      sessions.begin(open)
      const answer = run.answer(calls[i]!, first + i, sessions.isFull(open))
      run.answers.push(answer)
      sessions.keep(open, answer)
    }
  })
  sessions.close(open)
  return run
}

class BatchRun implements PipelineOutcome {
  writes = 0
  costBytes = 0
  readonly answers: Uint8Array[] = []
  readonly #state: ReplicatedState
  readonly #index: number
  /** No call of a batch raises or lowers an alarm. */
  readonly #corrupt: boolean
  readonly #noSpace: boolean

  constructor(state: ReplicatedState, index: number) {
    this.#state = state
    this.#index = index
    this.#corrupt = state.alarms.active(AlarmType.CORRUPT)
    this.#noSpace = state.alarms.active(AlarmType.NOSPACE)
  }

  /** Carries a call out, or refuses it. Returns the encoded answer. */
  answer(bytes: Uint8Array, sequence: number, full: boolean): Uint8Array {
    const { store } = this.#state
    const before = store.revision
    try {
      if (full) throw etcdErrors.requestTooManyRequests.error()
      return this.#run(readCall(bytes, sequence))
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (store.revision !== before)
        throw new Error('A refused call has changed the state', { cause: error })
      return encodeRefusal(before, error)
    }
  }

  /** @throws RpcError a refusal; nothing has been changed. */
  #run(call: PipelineCall): Uint8Array {
    if (call.refusal) return encodeError(this.#state.store.revision, call.refusal)
    const bytes = cost(call)
    if (this.#corrupt) throw etcdErrors.corrupt.error()
    if (this.#noSpace && bytes > 0) throw etcdErrors.noSpace.error()
    const answer = this.#execute(call)
    this.writes++
    this.costBytes += bytes
    return answer
  }

  #execute(call: PipelineCall): Uint8Array {
    const { put, txn, deleteRange, compaction, leaseGrant, leaseRevoke } = call
    const state = this.#state
    if (put) return encodePutAnswer(applyPut(state, put))
    if (txn) {
      if (isReadOnly(txn)) throw sessionErrors.numberedRead.error()
      checkTxn(txn, Number.POSITIVE_INFINITY)
      return encodeAnswer('txn', applyTxn(state, txn))
    }
    if (deleteRange) {
      checkDeleteRange(deleteRange)
      return encodeAnswer('deleteRange', applyDeleteRange(state, deleteRange))
    }
    if (compaction) return encodeAnswer('compaction', applyCompaction(state, compaction))
    if (leaseGrant)
      return encodeAnswer('leaseGrant', applyLeaseGrant(state, leaseGrant, this.#index))
    if (leaseRevoke) return encodeAnswer('leaseRevoke', revokeLease(state, leaseRevoke.ID))
    throw (call.range ? sessionErrors.numberedRead : sessionErrors.invalidCall).error()
  }
}

/** @throws invalidCall the bytes are no call, or one with another number. */
function readCall(bytes: Uint8Array, sequence: number): PipelineCall {
  const call = decoded(bytes)
  if (call === undefined || (call.sequence !== 0 && call.sequence !== sequence))
    throw sessionErrors.invalidCall.error()
  return call
}

function decoded(bytes: Uint8Array): PipelineCall | undefined {
  try {
    return decodeCall(bytes)
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error
    return undefined
  }
}
