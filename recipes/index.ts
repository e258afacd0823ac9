/** The public door of `conclave/recipes`. */

export { Barrier } from './barrier.js'
export { Config, type ConfigOptions } from './config.js'
export { ConfigTree, type ConfigTreeOptions } from './config-tree.js'
export { Counter, CounterOverflowError } from './counter.js'
export type { JobInfo, RunningRun } from './cron/catalogue.js'
export { Cron, type CronOptions, type StopOptions } from './cron/cron.js'
export type { CronEvents, StartedRun } from './cron/events.js'
export { GoJob, type GoJobTask, newGoJob } from './cron/gojob.js'
export type {
  CatchUp,
  CronJob,
  JobAfter,
  JobRecord,
  OverlapPolicy,
  RetryPolicy,
} from './cron/job.js'
export type { TriggerOptions } from './cron/manual.js'
export type { PauseOptions } from './cron/pauses.js'
export type {
  LaneState,
  NodeTags,
  PauseRecord,
  RunCause,
  RunOutcome,
  RunRecord,
} from './cron/records.js'
export type { JobHandler, RunContext } from './cron/run-context.js'
export { RunCoordinator, type RunCoordinatorOptions } from './cron/run-coordinator.js'
export {
  type DstRule,
  parseSchedule,
  type Schedule,
  type ScheduleOptions,
} from './cron/schedule.js'
export { type BarrierParticipant, DoubleBarrier } from './double-barrier.js'
export { BarrierFullError } from './double-barrier-entrance.js'
export { Election, type ElectionValue, Leadership } from './election.js'
export {
  LimitError,
  type LossReason,
  LostError,
  NotHeldError,
  TakenError,
  UpgradeError,
} from './errors.js'
export { type GroupChange, type GroupEvents, GroupMember } from './group-member.js'
export { GroupMembership, type GroupOptions } from './group-membership.js'
export { type HttpCheckOptions, httpCheck, tcpCheck } from './host/probes.js'
export type { AbsenceReason } from './key-keeper.js'
export type { ConfigEvents } from './last-good.js'
export { type CountDownOptions, Latch, type LatchOptions } from './latch.js'
export {
  LeaderSelector,
  type LeaderSelectorEvents,
  type LeaderSelectorOptions,
} from './leader-selector.js'
export { LeaderTerm, type LeaderWork, WorkStuckError } from './leader-term.js'
export { MultiLock, MultiLockHeld, type MultiLockOptions } from './multilock.js'
export { Lock, Mutex, type MutexOptions, type Participant } from './mutex.js'
export { Candidate, ElectionObserver } from './observer.js'
export {
  Partitioner,
  type PartitionerEvents,
  type PartitionerOptions,
  PartitionMove,
} from './partitioner.js'
export { Permit } from './permit.js'
export { PersistentNode } from './persistent-node.js'
export type { PersistentNodeEvents, PersistentNodeOptions } from './persistent-node-options.js'
export type { Retention as TopicRetention } from './pubsub/publisher.js'
export { type Missed, TopicMessage } from './pubsub/subscription.js'
export {
  type SubscribeOptions,
  Topic,
  TopicCursor,
  type TopicOptions,
} from './pubsub.js'
export {
  type ConsumeOptions,
  Consumer,
  type ConsumerEvents,
  type ItemHandler,
} from './queue/consumer.js'
export { type DeadLetter, DeadLetters, type DeadListOptions } from './queue/dead-letters.js'
export type { InflightItem, QueueParticipant, QueueReport, WaitingItem } from './queue/inspect.js'
export { type NackOptions, QueueItem } from './queue/item.js'
export type { ItemOptions } from './queue/new-item.js'
export type { Enqueued } from './queue/producer.js'
export {
  type ClaimOptions,
  type EnqueueOptions,
  Queue,
  type QueueOptions,
} from './queue/queue.js'
export { QueueFullError } from './queue/queue-full.js'
export type { RetryOptions as QueueRetryOptions } from './queue/retry-rule.js'
export { type AcquireOptions, RateLimiter, type RateLimiterOptions } from './rate-limiter.js'
export { type BalancerOptions, Picked, type PickOptions } from './registry/balancer.js'
export type { EjectionOptions } from './registry/ejection.js'
export {
  type Check,
  type Checking,
  type CheckOptions,
  checkAll,
  checkOwn,
} from './registry/health.js'
export type {
  Instance,
  InstanceChange,
  InstanceMetadata,
  InstanceStatus,
  NewInstance,
} from './registry/instance.js'
export type { PickPolicy } from './registry/policies.js'
export { type DrainOptions, Registration } from './registry/registration.js'
export { Registry, type RegistryOptions } from './registry/registry.js'
export { Service, type ServiceEvents, type ServiceOptions } from './registry/service.js'
export { type RendezvousMember, RendezvousOrder, rendezvous } from './rendezvous-order.js'
export { RWLock, type RWLockOptions, type RWParticipant } from './rwlock.js'
export { ReadLock, WriteLock } from './rwlock-handles.js'
export type { RWKind } from './rwlock-line.js'
export { ReadSide, WriteSide } from './rwlock-sides.js'
export {
  type PermitOptions,
  type PermitParticipant,
  Semaphore,
  type SemaphoreOptions,
} from './semaphore.js'
export { Sequence, type SequenceOptions } from './sequence.js'
export { Session } from './session.js'
export type { SessionOptions } from './session-options.js'
export { SessionSource } from './session-source.js'
export {
  ConflictError,
  type Isolation,
  type StmOptions,
  stm,
  Transaction,
  type TransactionEntry,
} from './stm.js'
export type { WaitOptions } from './waiting.js'
export { type WorkerIdHolder, type WorkerIdOptions, WorkerIds } from './worker-id.js'
export { WorkerId } from './worker-id-handle.js'
