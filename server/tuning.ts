/**
 * Sizes that decide which of two branches is taken, and never what the outcome is.
 *
 * Users do not set them: production runs with {@link DEFAULT_TUNING}, chosen by measurement.
 * The simulated world draws small ones, so that rare branches (a full window, a cut batch, a
 * new segment, the next slice) are taken all the time.
 */

import * as limits from './limits.js'

const MiB = 1024 * 1024

/** See the head of the file. */
export interface Tuning {
  /** Entry bytes in one append message. */
  readonly appendBytesMax: number
  /** Append messages under way to one follower. */
  readonly inflightMessagesMax: number
  /** Entry bytes under way to one follower. */
  readonly inflightBytesMax: number
  /** Proposed bytes that are not committed yet; the leader refuses more. */
  readonly uncommittedBytesMax: number
  /** Committed entry bytes handed to apply at once. */
  readonly applyBytesMax: number
  /** How long apply may hold the event loop before it gives way, in milliseconds. */
  readonly applySliceMs: number
  /** Writes in one backend commit. */
  readonly backendCommitWritesMax: number
  /** Written bytes that the backend may hold uncommitted; apply waits beyond it. */
  readonly backendUncommittedBytesMax: number
  /** Raft message bytes in one batch to a peer; a single larger message travels alone. */
  readonly peerBatchBytes: number
  /** Raft message bytes that wait for one peer's stream; more are dropped. */
  readonly peerQueueBytesMax: number
  /** Bytes of a log segment after which the next one is begun. */
  readonly walSegmentBytes: number
  /** Records that compaction, hashing and the loading of a store handle in one slice. */
  readonly sliceRecords: number
  /** Events that a watcher which is behind reads in one slice. */
  readonly watchSliceEvents: number
  /** Responses that may wait on one watch stream; a watcher beyond it falls behind. */
  readonly watchQueueResponses: number
  /** Leases revoked in one look of the leader, so that a mass expiry does not crowd out clients. */
  readonly leaseRevokesMax: number
  /** How often the remaining time of long leases is written down, in milliseconds. */
  readonly leaseCheckpointIntervalMs: number
  /** Encoded bytes of proposals that wait for a leader to appear. */
  readonly parkedBytesMax: number
  /** Entry bytes kept in memory; beyond it the log is compacted early. */
  readonly logBytesMax: number
  /** Calls of one pipeline stream that may be unanswered. */
  readonly pipelineCallsMax: number
  /** What those calls may weigh, in bytes. */
  readonly pipelineBytesMax: number
  /** Bytes of answers in one message of a pipeline. */
  readonly pipelineResponseBytes: number
  /** Bytes of answers that a client of a pipeline has not taken; beyond it reads wait. */
  readonly pipelineUnsentBytes: number
}

/** What production runs with. */
export const DEFAULT_TUNING: Tuning = {
  appendBytesMax: limits.APPEND_BYTES_MAX,
  inflightMessagesMax: limits.INFLIGHT_MESSAGES_MAX,
  inflightBytesMax: limits.INFLIGHT_BYTES_MAX,
  uncommittedBytesMax: limits.UNCOMMITTED_BYTES_MAX,
  applyBytesMax: limits.APPLY_BYTES_MAX,
  applySliceMs: limits.APPLY_SLICE_MS,
  backendCommitWritesMax: limits.BACKEND_COMMIT_WRITES_MAX,
  backendUncommittedBytesMax: limits.BACKEND_UNCOMMITTED_BYTES_MAX,
  peerBatchBytes: limits.PEER_BATCH_BYTES,
  peerQueueBytesMax: limits.PEER_QUEUE_BYTES_MAX,
  walSegmentBytes: 64 * MiB,
  sliceRecords: 1_000,
  watchSliceEvents: 1_000,
  watchQueueResponses: 1_024,
  leaseRevokesMax: limits.LEASE_REVOKES_MAX,
  leaseCheckpointIntervalMs: 300_000,
  parkedBytesMax: limits.PARKED_BYTES_MAX,
  logBytesMax: limits.LOG_BYTES_MAX,
  pipelineCallsMax: limits.PIPELINE_CALLS_MAX,
  pipelineBytesMax: limits.PIPELINE_BYTES_MAX,
  pipelineResponseBytes: limits.PIPELINE_RESPONSE_BYTES,
  pipelineUnsentBytes: limits.PIPELINE_UNSENT_BYTES,
}
