/** Asking about leases through the real client, and noting what it heard for the lease judge. */

import { ConclaveError, type KeepAlive } from '../../../client/index.js'
import { LeaseTimeToLiveRequest } from '../../../client/wire/generated/rpc.js'
import { Lease } from '../../../client/wire/methods.js'
import type { LeaseAnswer, LeaseRecord } from '../../check/lease-record.js'
import type { Moment } from '../../check/lock-record.js'
import type { Answer } from '../../check/operation.js'
import type { Worker } from './worker.js'

/** A record whose end is still to be filled in. */
type Pending = { -readonly [Field in keyof LeaseRecord]: LeaseRecord[Field] }

/** What a client's clock may be wrong by while an answer is on its way. */
const CLOCK_ERROR = 0.1

/** The lease calls of one process. */
export class LeaseNotes {
  readonly #worker: Worker

  constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Grants under an id of our own, so that a grant of unknown outcome has a name. */
  grant(ID: bigint, TTL: number): Promise<LeaseAnswer> {
    return this.#noted('grant', ID, async (record) => {
      const operation = await this.#worker.perform({ kind: 'leaseGrant', request: { ID, TTL } })
      record.operation = operation.id
      return leaseAnswer(operation.answer)
    })
  }

  revoke(ID: bigint): Promise<LeaseAnswer> {
    return this.#noted('revoke', ID, async (record) => {
      const operation = await this.#worker.perform({ kind: 'leaseRevoke', request: { ID } })
      record.operation = operation.id
      return leaseAnswer(operation.answer)
    })
  }

  /** One renewal. */
  keepAliveOnce(ID: bigint): Promise<LeaseAnswer> {
    const { client, timeoutMs } = this.#worker
    return this.#noted('keepAlive', ID, async () => {
      const ttlSeconds = await client.lease.keepAliveOnce(ID, { timeoutMs })
      return { kind: 'ok', ttlSeconds }
    })
  }

  /** How long it still lives, and with which keys. */
  timeToLive(ID: bigint, keys: boolean): Promise<LeaseAnswer> {
    const { client, timeoutMs } = this.#worker
    return this.#noted('timeToLive', ID, async () => {
      const request = LeaseTimeToLiveRequest.create({ ID, keys })
      const options = { timeoutMs, intent: 'read' as const }
      const response = await client.rpc(Lease.leaseTimeToLive, request, options)
      if (response.TTL < 0) return { kind: 'gone' }
      return {
        kind: 'ok',
        ttlSeconds: response.TTL,
        grantedTtlSeconds: response.grantedTTL,
        ...(keys && { keys: response.keys }),
        revision: response.header!.revision,
        memberId: response.header!.memberId,
      }
    })
  }

  /**
   * Renews until it is closed or lost, as the client does by itself; each renewal that was
   * answered is noted.
   *
   * @param onLost nobody renews it any more.
   */
  keepAlive(ID: bigint, onLost: () => void): KeepAlive {
    const { client, recorder } = this.#worker
    let began = recorder.mark()
    return client.lease.keepAlive(ID, {
      onRenewed: (sentAtMs, ttlSeconds) => {
        const ended = recorder.mark()
        const elapsedMs = (client.clock.now() - sentAtMs) * (1 + CLOCK_ERROR)
        const sent = { at: began.at, ms: Math.max(began.ms, ended.ms - elapsedMs) }
        this.#note(ID, sent, ended, { kind: 'ok', ttlSeconds })
        began = ended
      },
      onLost: (error) => {
        this.#note(ID, began, recorder.mark(), failureOf(error))
        onLost()
      },
    })
  }

  #note(leaseId: bigint, began: Moment, ended: Moment, answer: LeaseAnswer): void {
    const record = this.#begin('keepAlive', leaseId, began)
    this.#worker.material.leases.push(record)
    finish(record, ended, answer)
  }

  async #noted(
    kind: LeaseRecord['kind'],
    leaseId: bigint,
    ask: (record: Pending) => Promise<LeaseAnswer>,
  ): Promise<LeaseAnswer> {
    const { recorder, material } = this.#worker
    const record = this.#begin(kind, leaseId, recorder.mark())
    material.leases.push(record)
    const answer = await ask(record).catch(failureOf)
    finish(record, recorder.mark(), answer)
    return answer
  }

  #begin(kind: LeaseRecord['kind'], leaseId: bigint, began: Moment): Pending {
    return {
      process: this.#worker.process,
      leaseId,
      kind,
      began: began.at,
      beganMs: began.ms,
      ended: Number.POSITIVE_INFINITY,
      endedMs: undefined,
      answer: undefined,
    }
  }
}

function finish(record: Pending, ended: Moment, answer: LeaseAnswer): void {
  if (answer.kind !== 'unknown') record.ended = ended.at
  record.endedMs = ended.ms
  record.answer = answer
}

function leaseAnswer(answer: Answer): LeaseAnswer {
  if (answer.kind === 'refused' && answer.error === 'leaseNotFound') return { kind: 'gone' }
  if (answer.kind !== 'ok') return answer
  const { header } = answer.response
  const ttlSeconds = 'TTL' in answer.response ? answer.response.TTL : 0
  return { kind: 'ok', ttlSeconds, revision: header!.revision, memberId: header!.memberId }
}

/** A renewal that nobody answered may have arrived; a time to live changes nothing, whoever fails to tell it. */
function failureOf(error: unknown): LeaseAnswer {
  if (!(error instanceof ConclaveError)) throw error
  if (error.code === 'lease-not-found') return { kind: 'gone' }
  return { kind: 'unknown', reason: error.code }
}
