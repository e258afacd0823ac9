/**
 * Which command is run by what, and which alarms forbid it. One row per kind of command,
 * except for batches of sessions: apply-pipeline.ts runs those, and asks the alarms for
 * each call.
 */

import type { Init } from '../../client/wire/codec.js'
import type { Command } from '../../client/wire/generated/command.js'
import type { Entry } from '../../client/wire/generated/raft.js'
import {
  AlarmAction,
  type AlarmMember,
  type AlarmRequest,
  type AlarmResponse,
} from '../../client/wire/generated/rpc.js'
import type { Alarms } from './alarms.js'
import type { ApplyResponse } from './applied.js'
import type { AppliedState } from './applied-state.js'
import { applyCompaction, applyDeleteRange, applyPut, type KvState } from './apply-kv.js'
import { applyLeaseCheckpoint, applyLeaseGrant, applyLeaseRevoke } from './apply-lease.js'
import type { Members } from './members.js'
import { cost } from './quota.js'
import type { Sessions } from './sessions.js'
import { applyTxn } from './txn.js'

/** All that commands work on, besides how far the log is applied. */
export interface ReplicatedState extends KvState {
  readonly sessions: Sessions
  readonly members: Members
  readonly alarms: Alarms
}

/** Refused while CORRUPT is raised: whatever a client may change (behaviour 5.8). */
export function isCorruptible(command: Command): boolean {
  const { put, deleteRange, txn, compaction, leaseGrant, leaseRevoke } = command
  return Boolean(put || deleteRange || txn || compaction || leaseGrant || leaseRevoke)
}

/** Refused while NOSPACE is raised: puts, transactions with a put, lease grants. */
export function isFilling(command: Command): boolean {
  return cost(command) > 0
}

/**
 * Runs a command.
 *
 * @param entry the log entry that it stands in.
 * @throws RpcError a refusal; nothing has been changed.
 * @throws Error the command is of no kind that this version knows.
 */
export function runCommand(
  state: ReplicatedState,
  applied: AppliedState,
  command: Command,
  { index, term }: Pick<Entry, 'index' | 'term'>,
): ApplyResponse {
  if (command.put) return applyPut(state, command.put)
  if (command.txn) return applyTxn(state, command.txn)
  if (command.deleteRange) return applyDeleteRange(state, command.deleteRange)
  if (command.compaction) return applyCompaction(state, command.compaction)
  if (command.leaseGrant) return applyLeaseGrant(state, command.leaseGrant, index)
  if (command.leaseRevoke) return applyLeaseRevoke(state, command.leaseRevoke, command, term)
  if (command.leaseCheckpoint) return applyLeaseCheckpoint(state, command.leaseCheckpoint, command)
  if (command.alarm) return applyAlarm(state, command.alarm)
  if (command.memberAttributes) {
    state.members.updateAttributes(command.memberAttributes)
    return {}
  }
  if (command.clusterVersion) {
    applied.setClusterVersion(command.clusterVersion.version)
    return {}
  }
  throw new Error('A log entry holds a command that this version does not know')
}

/** GET lists by kind; ACTIVATE and DEACTIVATE answer the alarm concerned, if there is one. */
function applyAlarm(
  { alarms, store }: ReplicatedState,
  request: AlarmRequest,
): Init<AlarmResponse> {
  const { action, memberID, alarm } = request
  const header = { revision: store.revision }
  if (action === AlarmAction.GET) return { header, alarms: alarms.get(alarm) }
  let affected: AlarmMember | undefined
  if (action === AlarmAction.ACTIVATE) affected = alarms.activate({ memberID, alarm })
  else if (action === AlarmAction.DEACTIVATE) affected = alarms.deactivate({ memberID, alarm })
  return { header, alarms: affected ? [affected] : [] }
}
