/** Skeleton of the door; filled in the following commits. */

import type {
  ConfigChange,
  ConfState,
  Entry,
  HardState,
  Message,
  SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import type { RaftConfig, RaftInitial } from './config.js'
import type { RaftStatus, Role } from './status.js'

export { type RaftConfig, type RaftInitial, raftDefaults } from './config.js'
export { ProposalDropped } from './proposal-dropped.js'
export type { RaftStatus } from './status.js'

/** A batch for the disk. */
export interface Persist {
  readonly sequence: number
  readonly hardState?: HardState
  readonly entries: Entry[]
  readonly snapshot?: SnapshotMetadata
  readonly mustSync: boolean
}

/** All that the driver has to do next. */
export interface Ready {
  readonly messages: Message[]
  readonly persist?: Persist
  readonly committed: Entry[]
  readonly reads: { context: number; index: number }[]
  readonly snapshot?: SnapshotMetadata
  readonly leadership?: { leader: bigint; role: Role; term: number }
}

/** One member. */
export declare class Raft {
  constructor(config: RaftConfig, initial: RaftInitial)
  readonly state: RaftStatus
  tick(): void
  step(message: Message): void
  propose(data: Uint8Array): void
  proposeConfigChange(change: ConfigChange): void
  applyConfigChange(change: ConfigChange): ConfState
  readIndex(context: number): void
  transferLeadership(to: bigint): void
  campaign(): void
  ready(): Ready | undefined
  persisted(sequence: number): void
  applied(index: number): void
  compact(index: number): void
  reportUnreachable(id: bigint): void
  reportSnapshot(id: bigint, ok: boolean): void
  term(index: number): number | undefined
  entries(from: number, to: number, bytesMax?: number): Entry[]
}
