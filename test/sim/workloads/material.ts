/** What the workloads of a life noted: the material that the judges get. */

import type { ClientWatchRecord } from '../../check/client-watch.js'
import type { Visit } from '../../check/gathering-record.js'
import type { GroupStay, GroupView } from '../../check/group-record.js'
import type { LeaseRecord } from '../../check/lease-record.js'
import type { FencedWrite, LockRecord, Observation, Proclamation } from '../../check/lock-record.js'
import type { Violation } from '../../check/operation.js'
import type { DeliveryRecord, EnqueueRecord } from '../../check/queue-record.js'
import type {
  AddRecord,
  NumbersRecord,
  TransferRecord,
  WorkerIdRecord,
} from '../../check/swap-record.js'
import type { WatchTrace } from '../../check/watch-trace.js'

/** A watcher that should be told everything in the end. */
export interface Follower {
  /** For people. */
  readonly name: string
  /** Whether it was told everything up to this revision, as far as it knows. */
  isLevel(revision: number): boolean
  /** Asks the server how far it is. */
  askProgress(): void
  /** Ends what begins after this revision: as long as one of a stream waits, none learns how far it is. */
  endFuture(revision: number): void
}

/** Everything but the operations, which the recorder has. Lists only grow. */
export class Material {
  /** One for each time that a watcher was created on a stream. */
  readonly watchTraces: WatchTrace[] = []
  /** One for each watch of the real client. */
  readonly clientWatches: ClientWatchRecord[] = []
  readonly leases: LeaseRecord[] = []
  readonly locks = {
    grants: [] as LockRecord[],
    writes: [] as FencedWrite[],
    proclamations: [] as Proclamation[],
    observations: [] as Observation[],
  }
  readonly swaps = {
    transfers: [] as TransferRecord[],
    adds: [] as AddRecord[],
    numbers: [] as NumbersRecord[],
    workerIds: [] as WorkerIdRecord[],
  }
  /** To double barriers. */
  readonly visits: Visit[] = []
  readonly queues = {
    enqueues: [] as EnqueueRecord[],
    deliveries: [] as DeliveryRecord[],
  }
  readonly groups = { stays: [] as GroupStay[], views: [] as GroupView[] }
  /** What no judge is needed for: an answer that belongs to no question, say. */
  readonly violations: Violation[] = []
  /** Watchers that are open. */
  readonly followers = new Set<Follower>()
}
