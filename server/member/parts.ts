/**
 * What a member is made of. Each part is a file of this room; here is what there is and
 * in which order it is made.
 *
 * A part knows of the others what it is given when it is made, most of it as functions:
 * the other one may be made later, and the state is another object after a snapshot was
 * installed.
 */

import type { Log } from '../../client/host/log.js'
import type { Peers } from '../cluster/peers.js'
import type { MemberConfig } from '../config.js'
import type { Host } from '../host/host.js'
import { REQUEST_TIMEOUT_BASE_MS } from '../limits.js'
import type { WatchHub } from '../mvcc/watch-hub.js'
import type { Raft } from '../raft/raft.js'
import type { StateMachine } from '../state/machine.js'
import type { Tuning } from '../tuning.js'
import type { Booted } from './boot.js'
import { CallsUnderWay } from './calls-under-way.js'
import type { Leadership } from './leadership.js'
import type { LeaseCalls } from './lease-calls.js'
import type { LogKeeper } from './log-keeper.js'
import {
  keeperOf,
  leadershipOf,
  loopOf,
  peersOf,
  reconfigurationOf,
  snapshotsOf,
} from './parts-around-raft.js'
import {
  leaseCallsOf,
  pipelinesOf,
  proposalsOf,
  publisherOf,
  readsOf,
  spaceAlarmOf,
  watchHubOf,
} from './parts-for-callers.js'
import type { Pipelines } from './pipelines.js'
import type { Proposals } from './proposals.js'
import type { Publisher } from './publisher.js'
import { RaftInputs } from './raft-inputs.js'
import type { RaftLoop } from './raft-loop.js'
import { raftOf } from './raft-of.js'
import { RaftOutputs } from './raft-outputs.js'
import type { Reads } from './reads.js'
import type { Reconfiguration } from './reconfiguration.js'
import type { SnapshotTraffic } from './snapshot-traffic.js'
import type { SpaceAlarm } from './space-alarm.js'
import type { Witness } from './witness.js'

/** What the parts stand on. */
export interface MemberGround {
  readonly host: Host
  readonly config: MemberConfig
  readonly booted: Booted
  readonly tuning: Tuning
  readonly witness: Witness | undefined
  /** False from the end of the member on. Asked only after the parts are made. */
  readonly isRunning: () => boolean
}

/** See the head of the file. */
export class Parts {
  readonly ground: MemberGround
  readonly log: Log
  readonly calls = new CallsUnderWay()
  readonly raft: Raft
  readonly inputs = new RaftInputs(this)
  readonly outputs = new RaftOutputs(this)
  readonly peers: Peers
  readonly leadership: Leadership
  readonly proposals: Proposals
  readonly reads: Reads
  readonly publisher: Publisher
  readonly space: SpaceAlarm
  readonly leaseCalls: LeaseCalls
  readonly pipelines: Pipelines
  readonly reconfiguration: Reconfiguration
  readonly snapshots: SnapshotTraffic
  readonly keeper: LogKeeper
  readonly loop: RaftLoop
  readonly watchHub: WatchHub

  constructor(ground: MemberGround) {
    const { host, config, booted, tuning } = ground
    this.ground = ground
    this.log = host.log.child({ member: booted.memberId.toString(16), name: config.name })
    this.raft = raftOf(config, { random: host.random, log: this.log, booted, tuning })
    this.peers = peersOf(this)
    this.leadership = leadershipOf(this)
    this.proposals = proposalsOf(this)
    this.reads = readsOf(this)
    this.publisher = publisherOf(this)
    this.space = spaceAlarmOf(this)
    this.leaseCalls = leaseCallsOf(this)
    this.pipelines = pipelinesOf(this)
    this.reconfiguration = reconfigurationOf(this)
    this.snapshots = snapshotsOf(this)
    this.keeper = keeperOf(this)
    this.loop = loopOf(this)
    this.watchHub = watchHubOf(this)
  }

  get clusterId(): bigint {
    return this.ground.booted.clusterId
  }

  get id(): bigint {
    return this.ground.booted.memberId
  }

  /** The replicated state. Another object after a snapshot was installed: never keep it. */
  get machine(): StateMachine {
    return this.ground.booted.state.machine
  }

  get isLeader(): boolean {
    return this.raft.state.leader === this.id
  }

  /** etcd's request timeout: 5 s and two election timeouts. */
  get requestTimeoutMs(): number {
    return REQUEST_TIMEOUT_BASE_MS + 2 * this.ground.config.electionTimeoutMs
  }
}
