/**
 * The limits of a member in one place, with unit, value and reason.
 *
 * Those that a user may set are defaults of `MemberOptions`; the others are ours to
 * change. A room that keeps a bound to itself (the sizes of log segments, of snapshot
 * chunks, of watch queues) has it as a constant beside the code that needs it.
 */

const KiB = 1024
const MiB = 1024 * KiB

/** Largest client request, as etcd's `--max-request-bytes`: 1.5 MiB. */
export const REQUEST_BYTES_MAX = 1.5 * MiB

/** What a gRPC message may exceed {@link REQUEST_BYTES_MAX} by: framing and our log command around it. */
export const REQUEST_OVERHEAD_BYTES = 512 * KiB

/** Operations in one branch of a transaction, nested ones included, as etcd's `--max-txn-ops`. */
export const TXN_OPS_MAX = 128

/** Size at which a member raises NOSPACE when nothing else was asked: 2 GiB. */
export const QUOTA_BYTES_DEFAULT = 2048 * MiB

/** Applied entries after which the log is compacted, as etcd's `--snapshot-count`. */
export const SNAPSHOT_COUNT_DEFAULT = 10_000

/** Keep-alives of one stream that may wait for the leader; then the stream is paused. */
export const KEEP_ALIVES_WAITING_MAX = 1_000

/** Entries kept behind the compaction point so that a slow member needs no snapshot. */
export const CATCH_UP_ENTRIES = 5_000

/** Entry bytes kept in memory; beyond it the log is compacted early, whatever the count. */
export const LOG_BYTES_MAX = 128 * MiB

/** Entry bytes in one append message. */
export const APPEND_BYTES_MAX = 1 * MiB

/** Append messages under way to one follower. */
export const INFLIGHT_MESSAGES_MAX = 256

/** Entry bytes under way to one follower. */
export const INFLIGHT_BYTES_MAX = 16 * MiB

/** Proposed bytes that are not committed yet; the leader refuses more. */
export const UNCOMMITTED_BYTES_MAX = 64 * MiB

/** Committed entry bytes handed to apply at once. */
export const APPLY_BYTES_MAX = 4 * MiB

/** How long apply may hold the event loop before it gives way, in milliseconds. */
export const APPLY_SLICE_MS = 5

/** How long apply waits for a backend whose disk is behind before it looks again, in milliseconds. */
export const APPLY_RETRY_MS = 10

/** Written bytes that the backend may hold uncommitted; apply waits beyond it. */
export const BACKEND_UNCOMMITTED_BYTES_MAX = 256 * MiB

/** Writes in one backend commit: building a commit of so many holds the event loop some milliseconds. */
export const BACKEND_COMMIT_WRITES_MAX = 4_000

/** Committed entries that may wait for apply; beyond it new requests are refused, as in etcd. */
export const APPLY_LAG_MAX = 5_000

/** Callers that may wait for their proposal on one member. */
export const PROPOSALS_WAITING_MAX = 50_000

/** Encoded bytes of proposals that wait for a leader to appear. */
export const PARKED_BYTES_MAX = 64 * MiB

/** Callers that may wait for a read index on one member. */
export const READS_WAITING_MAX = 100_000

/** A read round without an answer is tried anew, with a fresh context, after this long. */
export const READ_RETRY_MS = 500

/** What a request may take on top of two election timeouts, as in etcd (`ReqTimeout`). */
export const REQUEST_TIMEOUT_BASE_MS = 5_000

/** Raft message bytes that wait for one peer's stream; more are dropped, as by a lossy network. */
export const PEER_QUEUE_BYTES_MAX = 64 * MiB

/** Raft message bytes in one batch to a peer; a single larger message travels alone. */
export const PEER_BATCH_BYTES = 4 * MiB

/** Largest message that a member accepts from a peer. */
export const PEER_MESSAGE_BYTES_MAX = 16 * MiB

/** How long a follower waits for the leader's word on a lease, in milliseconds. */
export const PEER_CALL_TIMEOUT_MS = 2_000

/** Waiting time before a peer's stream is opened anew: the first, and the longest. */
export const PEER_RETRY_MS = 100
export const PEER_RETRY_MS_MAX = 2_000

/** A connection to a peer is asked for a sign of life this often, and given up when none comes in time. */
export const PEER_KEEP_ALIVE_INTERVAL_MS = 1_000
export const PEER_KEEP_ALIVE_TIMEOUT_MS = 4_000

/** A connection to a peer that does not come about in this time is given up. */
export const PEER_CONNECT_TIMEOUT_MS = 2_000

/** How often members greet each other, so that each knows who is there. */
export const PEER_GREETING_INTERVAL_MS = 500

/** A peer that was not heard for so long counts as gone until it is heard again. */
export const PEER_SILENCE_MS = 2_000

/** How long a link to a removed member stays open for what is on its way. */
export const PEER_LEAVING_MS = 1_000

/** Members that are not known to be members, and are answered. */
export const STRANGERS_MAX = 16

/** How long the connection to a peer must have lasted for a change of the membership, as in etcd (`HealthInterval`). */
export const PEER_HEALTHY_AFTER_MS = 5_000

/** Learners in a cluster, as etcd's `--max-learners`. */
export const LEARNERS_MAX = 1

/** Changes of the membership that wait for the one before. */
export const CHANGES_WAITING_MAX = 64

/** How long a member that was removed still answers before it stops, as in etcd. */
export const REMOVED_STOP_DELAY_MS = 1_000

/** Snapshots sent at the same time by one member. */
export const SNAPSHOTS_SENDING_MAX = 2

/** How often the leader looks for expired leases, as in etcd. */
export const LEASE_EXPIRY_INTERVAL_MS = 500

/** Leases revoked in one such look, so that a mass expiry does not crowd out clients. */
export const LEASE_REVOKES_MAX = 500

/** How often the leader looks for leases whose checkpoint is due. */
export const LEASE_CHECKPOINT_LOOK_MS = 1_000

/** Answers of one session that are kept because the client has not acknowledged them; further writes are refused. */
export const SESSION_ANSWERS_MAX = 16_384

/** Refusals kept beyond {@link SESSION_ANSWERS_MAX}; then writes of the session wait until it acknowledges. */
export const SESSION_REFUSALS_MAX = 1_024

/** Bytes of kept answers beyond which writes of the session wait until it acknowledges, and the largest answer that is kept. */
export const SESSION_ANSWERS_BYTES_MAX = 16 * MiB

/** Calls of one pipeline stream that may be unanswered; the member reads no further. Half of {@link SESSION_ANSWERS_MAX}. */
export const PIPELINE_CALLS_MAX = 8_192

/** What those calls may weigh, in bytes. */
export const PIPELINE_BYTES_MAX = 8 * MiB

/** Writes in one proposal of a pipeline, which apply runs in one go. Puts take some milliseconds then. */
export const PIPELINE_BATCH_CALLS_MAX = 512

/** Bytes of answers in one message of a pipeline; a single larger answer goes alone. */
export const PIPELINE_RESPONSE_BYTES = 1 * MiB

/** Bytes of answers that a client has not taken yet; beyond it reads wait and no more calls are taken. */
export const PIPELINE_UNSENT_BYTES = 4 * MiB

/** How long the reads of one pipeline may hold the event loop before they give way, in milliseconds. */
export const PIPELINE_SLICE_MS = 5

/** Election timeouts without progress after which a follower proposes the writes of a pipeline again. */
export const PIPELINE_REPEAT_ELECTIONS = 2

/** Lease checkpoints in one log entry. */
export const LEASE_CHECKPOINTS_MAX = 1_000

/** How often a member that joins looks whether it has got a state, in milliseconds. */
export const STATE_LOOK_MS = 10

/** How often a stopping leader looks whether its successor has taken over, in milliseconds. */
export const HAND_OVER_LOOK_MS = 10

/** How long open calls may finish when a server stops, in milliseconds. */
export const STOP_GRACE_MS = 2_000
