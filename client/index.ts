/** The public door of the client. */

export type { Access, AuthClient, AuthStatus, Permission, Roles, Users } from './auth.js'
export type { Bytes } from './bytes.js'
export type {
  Cache,
  CacheChange,
  CacheEvents,
  CacheOptions,
  CacheWait,
  ConsistentRead,
  PresentRead,
} from './cache.js'
export type { CallTrace } from './calls-observed.js'
export { Client, connect } from './client.js'
export type { AddedMember, ClusterClient, Member } from './cluster.js'
export { Compare, CompareTargets, compare, type Operator } from './compare.js'
export type { RequestOptions } from './connection/connection.js'
export type { DiscoveryOptions } from './connection/discovery.js'
export type { Credentials } from './connection/tokens.js'
export { ConclaveError, type ConclaveErrorOptions, type ErrorCode, type Intent } from './errors.js'
export { goDurationMs } from './go-duration.js'
export type {
  GuardedOptions,
  GuardedResult,
  UpdateOptions,
  UpdateResult,
} from './guarded-writes.js'
export type { Clock, Timer } from './host/clock.js'
export { type ServiceRecord, type ServiceRecords, ServiceRecordsError } from './host/dns.js'
export type { Environment } from './host/environment-node.js'
export type { Log, LogFields } from './host/log.js'
export type { Random } from './host/random.js'
export { randomId } from './host/random.js'
export type { TlsOptions, Transport } from './host/transport.js'
export { leavable } from './iteration.js'
export type { KeepAlive, KeepAliveListener } from './keep-alive.js'
export { KeyValue } from './key-value.js'
export type { Keyspace } from './keyspace.js'
export type { KvClient, PagesOptions } from './kv.js'
export type { GrantedLease, Lease, LeaseClient, TimeToLive } from './lease.js'
export type {
  Alarm,
  DatabaseHash,
  KeysHash,
  MaintenanceClient,
  MemberStatus,
  SavedSnapshot,
} from './maintenance.js'
export type { Namespace } from './namespace.js'
export { Op, type ResultsOf } from './op.js'
export type {
  DeleteOpResult,
  GetOpResult,
  OpResult,
  PutOpResult,
  TxnOpResult,
  TxnOutcome,
  TxnResult,
} from './op-result.js'
export { type NestedResult, op } from './operations.js'
export type { ConnectOptions, RetryOptions } from './options.js'
export type { Guarantees, PipelineMode } from './pipeline/guarantees.js'
export { prefixEnd, type Range } from './range.js'
export type { PiecesOptions } from './range-cursor.js'
export type {
  DeleteOptions,
  DeleteResult,
  Header,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  ReadOptions,
} from './requests.js'
export type { SnapshotChunk, SnapshotOptions } from './snapshot.js'
export type {
  ClientMetrics,
  ConnectionNotice,
  KeepAliveNotice,
  MethodMetrics,
  WatchNotice,
} from './telemetry.js'
export type { TlsSettings } from './tls-settings.js'
export type { Txn, TxnParts } from './txn.js'
export { type Listener, TypedEvents } from './typed-events.js'
export type {
  TypedDeleteResult,
  TypedKeyValue,
  TypedKv,
  TypedPutResult,
  TypedRangeResult,
} from './typed-kv.js'
export {
  bytes,
  encodeValue,
  json,
  SchemaError,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
  schemaCheck,
  text,
  type ValueCodec,
} from './value-codec.js'
export type { WatchOptions } from './watch.js'
export type { Relisted, WatchBatch, WatchEvent } from './watch-event.js'
export type { Watcher, WatcherEvents } from './watcher.js'
export { Election as ElectionService, Lock as LockService } from './wire/methods.js'
