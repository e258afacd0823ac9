/**
 * Putting configuration changes in force (thesis 4).
 *
 * A change counts from the moment a member applies it, not from when it is appended; one change
 * at a time is proposed only after the one before has been applied by the leader, and no member
 * campaigns while it knows of a committed change that it has not applied.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { type ConfigChange, type ConfState, EntryType } from '../../client/wire/generated/raft.js'
import { changeConfig, isJoint } from './config-change.js'
import type { Core } from './core.js'
import { confirmRounds } from './read-index.js'
import { advanceCommit, appendOwn } from './replication.js'

/**
 * Applies a change from the log. A change that is illegal where it stands in the log does nothing,
 * on every member alike.
 */
export function applyConfigChange(core: Core, change: ConfigChange): ConfState {
  const result = changeConfig(core.confState, change)
  if (!result.ok) {
    core.notes.warn('a configuration change did nothing', { problem: result.problem })
    return core.confState
  }
  core.tracker.setConfState(result.confState, core.log.last)
  if (core.role === 'leader') leaderReconfigured(core)
  // A candidate can learn of its own removal from those it asks; it must not win any more.
  else if (core.role !== 'follower' && !core.tracker.isVoter(core.id))
    core.becomeFollower(core.term, 0n)
  return result.confState
}

function leaderReconfigured(core: Core): void {
  if (!core.tracker.isVoter(core.id)) {
    core.notes.info('this member no longer votes; stepping down', { term: core.term })
    core.becomeFollower(core.term, 0n)
    return
  }
  if (core.transferee !== 0n && !core.tracker.isVoter(core.transferee)) core.transferee = 0n
  core.reads.forgetConfirmed()
  // A smaller majority may have been reached already.
  advanceCommit(core)
  confirmRounds(core)
}

/** Proposes to leave a joint configuration that leaves by itself, once it is in force. */
export function leaveJointIfDue(core: Core): void {
  const { confState } = core
  if (core.role !== 'leader' || !isJoint(confState) || !confState.autoLeave) return
  if (core.applied < core.pendingConfigIndex) return
  appendOwn(core, [{ type: EntryType.CONFIG_CHANGE, data: NO_BYTES }])
  core.pendingConfigIndex = core.log.last
}
