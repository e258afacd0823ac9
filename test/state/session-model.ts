/**
 * The plain model of sessions: the sequential model of the store, and for each lease a
 * numbered list of answers that is never shortened.
 *
 * Bounds and alarms are left out; whoever drives it stays below the ones and raises
 * none of the others.
 */

import { encodeBytes } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { PipelineAnswer } from '../../client/wire/generated/pipeline.js'
import type { TxnRequest } from '../../client/wire/generated/rpc.js'
import { sessionErrors } from '../../server/state/pipeline-answer.js'
import type { Call } from '../model/call.js'
import { Model } from '../model/model.js'

/** A call of a session; undefined stands for bytes that are none. */
export type SessionCall = Call | undefined

/** A session as the model has it. */
export interface ModelSession {
  readonly grantedIndex: number
  /** Encoded; the answer of write n is at n - 1. */
  readonly answers: Uint8Array[]
  acknowledged: number
}

/** What a batch says, its calls not encoded. */
export interface ModelBatch {
  readonly session: bigint
  readonly grantedIndex: number
  readonly acknowledged: number
  readonly first: number
  readonly calls: readonly SessionCall[]
}

/** See the head of the file. */
export class SessionModel {
  readonly store: Model = new Model({
    txnOpsMax: Number.POSITIVE_INFINITY,
    leaseTtlSecondsMin: 1,
  })
  /** One for each living lease. */
  readonly sessions = new Map<bigint, ModelSession>()

  /** The entry at `index` is this call, outside of any session. */
  execute(index: number, call: Call): void {
    this.#run(index, call, [])
  }

  /** The entry at `index` is this batch. Returns what is heard by observers of the sessions that there were. */
  batch(index: number, batch: ModelBatch): string[] {
    const heard: string[] = []
    const session = this.sessions.get(batch.session)
    if (session?.grantedIndex !== batch.grantedIndex) return heard
    const observed = new Set(this.sessions.keys())
    const { answers } = session
    const acknowledged = Math.min(batch.acknowledged, answers.length)
    session.acknowledged = Math.max(session.acknowledged, acknowledged)
    for (const [i, call] of batch.calls.entries()) {
      if (batch.first + i !== answers.length + 1) continue
      const lost: bigint[] = []
      answers.push(this.#run(index, call, lost))
      const told = lost.filter((id) => observed.delete(id))
      // The last answer of a session goes out before its end is told.
      const ended = lost.includes(batch.session)
      heard.push(...told.filter((id) => id !== batch.session).map((id) => `${id}: lost`))
      heard.push(`${batch.session}: ${answers.length}`)
      if (!ended) continue
      heard.push(`${batch.session}: lost`)
      break
    }
    return heard
  }

  #run(index: number, call: SessionCall, lost: bigint[]): Uint8Array {
    if (call === undefined) return this.#refusal(sessionErrors.invalidCall)
    if (call.kind === 'range' || (call.kind === 'txn' && onlyReads(call.request)))
      return this.#refusal(sessionErrors.numberedRead)
    const outcome = this.store.execute(call)
    if (!outcome.ok) return this.#refusal(etcdErrors[outcome.error])
    if (call.kind === 'leaseGrant') {
      const session = { grantedIndex: index, answers: [], acknowledged: 0 }
      this.sessions.set(call.request.ID, session)
    } else if (call.kind === 'leaseRevoke') {
      this.sessions.delete(call.request.ID)
      lost.push(call.request.ID)
    }
    const { header, ...response } = outcome.response
    return encodeBytes(PipelineAnswer, { revision: header!.revision, [call.kind]: response })
  }

  #refusal({ code, text }: { code: number; text: string }): Uint8Array {
    const error = { status: code, text }
    return encodeBytes(PipelineAnswer, { revision: this.store.revision, error })
  }
}

function onlyReads({ success, failure }: TxnRequest): boolean {
  const writes = ({ requestRange }: (typeof success)[number]) => requestRange === undefined
  return !success.some(writes) && !failure.some(writes)
}
