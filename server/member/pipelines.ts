/**
 * All pipeline streams of a member, and what happens to them from outside.
 *
 *     a leader is known      what is not applied is proposed again, to that leader
 *     raft did not take it   it is proposed when apply has moved on, or a transfer was given up
 *     nothing moves          a follower proposes again after a while: what it passed on may be lost
 *     nothing moves for long the stream fails with etcd's error, and the client goes elsewhere
 *     a snapshot, a stop     every stream fails; clients resume where a state is
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { RpcError } from '../../client/wire/status.js'
import { APPLY_LAG_MAX, PIPELINE_REPEAT_ELECTIONS } from '../limits.js'
import { ProposalDropped } from '../raft/raft.js'
import type { Sessions } from '../state/sessions.js'
import type { CallsUnderWay } from './calls-under-way.js'
import {
  type PipelineClient,
  type PipelineSession,
  PipelineStream,
  type PipelineTuning,
} from './pipeline-stream.js'
import { PipelineWrites } from './pipeline-writes.js'

/** What pipelines need of their member. */
export interface PipelinesOptions {
  readonly clock: Clock
  readonly tuning: PipelineTuning
  readonly electionTimeoutMs: number
  /** How long a call may wait without any progress of its stream. */
  readonly timeoutMs: number
  /** Encoded calls in one proposal. */
  readonly batchBytesMax: number
  /** Of the state as of now. */
  readonly sessions: () => Sessions
  readonly readBarrier: () => Promise<void>
  /** Hands bytes to raft. @throws {ProposalDropped} */
  readonly propose: (data: Uint8Array) => void
  /** Committed entries that wait for apply. */
  readonly applyLag: () => number
  readonly isLeader: () => boolean
  readonly leaderlessSinceMs: () => number | undefined
  readonly timeoutError: (startedAtMs: number) => RpcError
  readonly calls: CallsUnderWay
}

/** A stream, and what its session is at. */
export interface OpenedPipeline {
  readonly stream: PipelineStream
  /** The last write of the session that is applied; 0 for none. */
  readonly applied: number
  /** The log entry that granted the lease; 0 without a session. */
  readonly grantedIndex: number
}

/** See the head of the file. */
export class Pipelines {
  readonly #options: PipelinesOptions
  readonly #streams = new Set<PipelineStream>()
  /** Those with writes that raft did not take. */
  readonly #held = new Set<PipelineStream>()
  #timer: Timer | undefined
  /** No streams are opened any more, for this reason. */
  #closed: RpcError | undefined

  constructor(options: PipelinesOptions) {
    this.#options = options
  }

  /** How much of one stream may be unanswered: what a client is told. */
  get window(): { readonly callsMax: number; readonly bytesMax: number } {
    const { pipelineCallsMax: callsMax, pipelineBytesMax: bytesMax } = this.#options.tuning
    return { callsMax, bytesMax }
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size
  }

  /**
   * Opens a stream of this session; 0n is a stream that only reads.
   *
   * @param client the far end.
   * @param grantedIndex the log entry that granted the lease, as far as the client knows; 0: it does not.
   * @throws leaseNotFound also when the lease was granted by another entry; stopped
   */
  open(session: bigint, client: PipelineClient, grantedIndex = 0): OpenedPipeline {
    if (this.#closed !== undefined) throw this.#closed
    const { clock, tuning, readBarrier, calls } = this.#options
    const sessions = this.#options.sessions()
    const view = session === 0n ? undefined : sessions.get(session)
    const isMeant = grantedIndex === 0 || view?.grantedIndex === grantedIndex
    if (session !== 0n && (view === undefined || !isMeant)) throw etcdErrors.leaseNotFound.error()
    const stream: PipelineStream = new PipelineStream({
      clock,
      tuning,
      client,
      session: view && this.#session(session, view.grantedIndex, () => this.#held.add(stream)),
      readBarrier,
      busy: (isBusy) => (isBusy ? calls.begun() : calls.ended()),
      over: () => {
        release?.()
        this.#streams.delete(stream)
        this.#held.delete(stream)
        if (this.#streams.size === 0) this.#disarm()
      },
    })
    const release = view && sessions.observe(session, stream)
    this.#streams.add(stream)
    if (this.#timer === undefined) this.#arm()
    return { stream, applied: view?.applied ?? 0, grantedIndex: view?.grantedIndex ?? 0 }
  }

  /** A leader is known, perhaps another one. */
  leaderKnown(): void {
    this.#held.clear()
    for (const stream of this.#streams) stream.repeat()
  }

  /** What was not taken may be taken now: apply moved on, or leadership stays here after all. */
  resume(): void {
    for (const stream of this.#held) {
      this.#held.delete(stream)
      // What is not taken of one is not taken of the others either.
      if (!stream.resume()) return
    }
  }

  /** The state is replaced: every stream fails. Others may be opened on the new one. */
  detach(): void {
    this.#failAll(etcdErrors.stopped.error())
  }

  /** Takes no more; streams end when what they took is answered. */
  drain(): void {
    this.#closed ??= etcdErrors.stopped.error()
    for (const stream of this.#streams) stream.drain()
  }

  /** Ends all streams at once. */
  stop(error: RpcError): void {
    this.#closed = error
    this.#failAll(error)
  }

  #session(id: bigint, grantedIndex: number, hold: () => void): PipelineSession {
    const { sessions, batchBytesMax } = this.#options
    const propose = (data: Uint8Array): boolean => {
      const taken = this.#propose(data)
      if (!taken) hold()
      return taken
    }
    return {
      writes: new PipelineWrites({ session: id, grantedIndex, batchBytesMax, propose }),
      view: () => sessions().get(id),
      answer: (sequence) => sessions().answer(id, sequence),
      answerBytesAbove: (sequence) => sessions().answerBytesAbove(id, sequence),
    }
  }

  /** @returns whether raft took it. */
  #propose(data: Uint8Array): boolean {
    const { applyLag, propose } = this.#options
    if (applyLag() > APPLY_LAG_MAX) return false
    try {
      propose(data)
      return true
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
      return false
    }
  }

  #failAll(error: RpcError): void {
    for (const stream of [...this.#streams]) stream.fail(error)
  }

  #arm(): void {
    const { clock, electionTimeoutMs } = this.#options
    this.#timer = clock.after(electionTimeoutMs, () => {
      this.#arm()
      this.#look()
    })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #look(): void {
    const { clock, electionTimeoutMs, timeoutMs, timeoutError } = this.#options
    const nowMs = clock.now()
    const leaderlessSinceMs = this.#options.leaderlessSinceMs()
    if (leaderlessSinceMs !== undefined && nowMs - leaderlessSinceMs >= timeoutMs) {
      this.#failAll(timeoutError(leaderlessSinceMs))
      return
    }
    const repeatMs = PIPELINE_REPEAT_ELECTIONS * electionTimeoutMs
    const patience = { repeatMs, timeoutMs, timeoutError, isSafe: this.#options.isLeader() }
    for (const stream of [...this.#streams]) stream.look(nowMs, patience)
  }
}
