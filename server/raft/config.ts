/**
 * What a raft member is told when it is made: how fast it ticks over, how much it may
 * keep in flight, and what its disk remembers.
 */

import type { Log } from '../../client/host/log.js'
import type {
  ConfState,
  Entry,
  HardState,
  SnapshotMetadata,
} from '../../client/wire/generated/raft.js'

/** How a leader proves that it still leads before it answers a read. */
export type ReadOnlyMode = 'safe' | 'lease'

/** Settings of one member; {@link raftDefaults} fills what is usually left alone. */
export interface RaftConfig {
  /** This member; never 0n, which means "nobody". */
  readonly id: bigint
  /** Ticks without a leader before a member campaigns, at least; each wait is drawn from [n, 2n). */
  readonly electionTicks: number
  /** Ticks between two heartbeats of a leader; less than {@link electionTicks}. */
  readonly heartbeatTicks: number
  /** Ask around before raising the term, so that a rejoining member disturbs nobody (thesis 9.6). */
  readonly preVote: boolean
  /**
   * A leader that has not heard a majority for an election timeout steps down, and a member
   * that has heard a leader within one ignores candidates (thesis 6.2, 4.2.3).
   */
  readonly checkQuorum: boolean
  /**
   * `safe` asks a majority for every batch of reads; `lease` trusts the clocks for a little less
   * than an election timeout after the last confirmed heartbeat. `lease` needs `checkQuorum`.
   */
  readonly readOnly: ReadOnlyMode
  /** Bytes of entries in one append message; a single larger entry still travels alone. */
  readonly appendBytesMax: number
  /** Append messages on their way to one follower. */
  readonly inflightMessagesMax: number
  /** Bytes of entries on their way to one follower; 0 means no limit. */
  readonly inflightBytesMax: number
  /** A leader drops proposals while more than this many bytes of data are not yet committed. */
  readonly uncommittedBytesMax: number
  /** Bytes of committed entries in one Ready; a single larger entry still comes out alone. */
  readonly applyBytesMax: number
  /** Uniform in [0, 1); spreads the election timeouts. */
  readonly random: () => number
  /** Where unusual events are told; silent when absent. */
  readonly log?: Log
}

/** The settings that fit a cluster in one data centre at 100 ms per tick. */
export const raftDefaults = {
  electionTicks: 10,
  heartbeatTicks: 1,
  preVote: true,
  checkQuorum: true,
  readOnly: 'safe',
  appendBytesMax: 512 * 1024,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  applyBytesMax: 4 * 1024 * 1024,
} as const

/** What the disk remembers of a member; all zero and empty for a new one. */
export interface RaftInitial {
  readonly hardState: HardState
  /**
   * Where the log begins: `entries` continue after `index`.
   *
   * A new cluster starts at a snapshot of index 1, term 1 that names its voters. (At index 0 the
   * voters would be in no log, and a member that joins later could not learn them by replaying.)
   */
  readonly snapshot: SnapshotMetadata
  readonly entries: Entry[]
  /** The last index that the state machine has applied; at least `snapshot.index`. */
  readonly applied: number
  /**
   * The voter sets as of `applied`. When absent, they are `snapshot.confState` plus the
   * configuration changes among the entries up to `applied`.
   */
  readonly confState?: ConfState
}

/** Refuses settings that cannot work. Throws RangeError. */
export function checkConfig(config: RaftConfig): void {
  const positive = (name: keyof RaftConfig) => {
    const value = config[name]
    if (!(Number.isInteger(value) && (value as number) > 0))
      throw new RangeError(`raft: ${name} must be a positive integer, not ${String(value)}`)
  }
  if (config.id === 0n) throw new RangeError('raft: id 0 means nobody; give the member an id')
  positive('electionTicks')
  positive('heartbeatTicks')
  positive('appendBytesMax')
  positive('inflightMessagesMax')
  positive('uncommittedBytesMax')
  positive('applyBytesMax')
  if (config.electionTicks <= config.heartbeatTicks)
    throw new RangeError('raft: electionTicks must be greater than heartbeatTicks')
  if (config.readOnly === 'lease' && !config.checkQuorum)
    throw new RangeError('raft: lease-based reads need checkQuorum')
}
