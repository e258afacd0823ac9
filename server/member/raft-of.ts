/** A member's raft: its configuration in raft's terms, on what the member came up with. */

import type { Log } from '../../client/host/log.js'
import type { Random } from '../../client/host/random.js'
import type { MemberConfig } from '../config.js'
import { Raft } from '../raft/raft.js'
import type { Tuning } from '../tuning.js'
import type { Booted } from './boot.js'

/** What {@link raftOf} needs besides the configuration. */
export interface RaftGround {
  readonly random: Random
  readonly log: Log
  readonly booted: Booted
  readonly tuning: Tuning
}

/** Makes it; a tick is a heartbeat interval. */
export function raftOf(config: MemberConfig, { random, log, booted, tuning }: RaftGround): Raft {
  const { hardState, snapshot, entries, state, memberId } = booted
  return new Raft(
    {
      id: memberId,
      electionTicks: Math.floor(config.electionTimeoutMs / config.heartbeatIntervalMs),
      heartbeatTicks: 1,
      preVote: config.preVote,
      checkQuorum: true,
      readOnly: 'safe',
      appendBytesMax: tuning.appendBytesMax,
      inflightMessagesMax: tuning.inflightMessagesMax,
      inflightBytesMax: tuning.inflightBytesMax,
      uncommittedBytesMax: tuning.uncommittedBytesMax,
      applyBytesMax: tuning.applyBytesMax,
      random: () => random.next(),
      log,
    },
    {
      hardState,
      snapshot,
      entries,
      applied: state.machine.appliedIndex,
      confState: state.machine.confState,
    },
  )
}
