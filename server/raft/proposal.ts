/**
 * What enters the log on request: data, configuration changes, and the wish to hand over.
 *
 * A follower passes requests on to its leader, once: whoever is asked and does not lead drops them.
 * A request that was passed on and dropped is not heard of again; its proposer sees no entry and
 * may try again.
 */

import { encodeBytes } from '../../client/wire/codec.js'
import {
  ConfigChange,
  type Entry,
  EntryType,
  type Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import { changeConfig, isJoint, isLeave } from './config-change.js'
import type { Core } from './core.js'
import { ProposalDropped } from './proposal-dropped.js'
import { appendOwn, handOver } from './replication.js'

type Proposed = Pick<Entry, 'type' | 'data'>

/** Proposes data. Throws ProposalDropped. */
export function propose(core: Core, data: Uint8Array): void {
  submit(core, { type: EntryType.NORMAL, data })
}

/** Proposes a change of the voter sets. Throws ProposalDropped. */
export function proposeConfigChange(core: Core, change: ConfigChange): void {
  submit(core, { type: EntryType.CONFIG_CHANGE, data: encodeBytes(ConfigChange, change) })
}

function submit(core: Core, proposed: Proposed): void {
  if (core.role === 'leader') {
    accept(core, proposed)
    return
  }
  const { leader, config } = core
  if (leader === 0n)
    throw new ProposalDropped('noLeader', 'no leader is known; try again once there is one')
  const entries = [{ term: 0, index: 0, ...proposed }]
  core.output.sendProposal(
    core.message(MessageType.PROPOSE, leader, { entries }),
    config.appendBytesMax,
  )
}

/** A follower passes proposals on. */
export function receiveProposals(core: Core, { from, entries }: Message): void {
  if (core.role !== 'leader') return
  for (const { type, data } of entries) {
    try {
      accept(core, { type, data })
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
      core.notes.debug('a forwarded proposal was dropped', { from, reason: error.reason })
    }
  }
}

/** Appends a proposal to the log of the leader, or throws ProposalDropped. */
function accept(core: Core, proposed: Proposed): void {
  if (!core.tracker.isMember(core.id))
    throw new ProposalDropped('removed', 'this member was removed from the cluster')
  if (core.transferee !== 0n)
    throw new ProposalDropped('transferring', 'leadership is being handed over; try again shortly')
  const { uncommittedBytes, config } = core
  const bytes = proposed.data.length
  if (bytes > 0 && uncommittedBytes > 0 && uncommittedBytes + bytes > config.uncommittedBytesMax)
    throw new ProposalDropped('overloaded', 'too much waits to be committed; try again later')
  const isChange = proposed.type === EntryType.CONFIG_CHANGE
  if (isChange) checkChange(core, ConfigChange.decode(proposed.data))
  appendOwn(core, [proposed])
  if (isChange) core.pendingConfigIndex = core.log.last
}

function checkChange(core: Core, change: ConfigChange): void {
  if (core.pendingConfigIndex > core.applied)
    throw new ProposalDropped(
      'pendingChange',
      'an earlier configuration change is not applied yet; wait for it',
    )
  if (isJoint(core.confState) && !isLeave(change))
    throw new ProposalDropped(
      'pendingChange',
      'a joint configuration is in force; leave it before another change',
    )
  const result = changeConfig(core.confState, change)
  if (!result.ok) throw new ProposalDropped('illegalChange', `${result.problem}; check the steps`)
}

/** Hands leadership to `to`, or asks the leader to. Throws ProposalDropped. */
export function transferLeadership(core: Core, to: bigint): void {
  if (core.role === 'leader') startTransfer(core, to)
  else if (core.leader === 0n)
    throw new ProposalDropped('noLeader', 'no leader is known that could hand over')
  else core.send(MessageType.TRANSFER_LEADER, core.leader, { transferee: to })
}

/** A member asks this leader to hand over. */
export function receiveTransferLeader(core: Core, { from, transferee }: Message): void {
  const to = transferee === 0n ? from : transferee
  if (core.role === 'leader' && core.tracker.isVoter(to)) startTransfer(core, to)
}

function startTransfer(core: Core, to: bigint): void {
  if (to === core.id || to === core.transferee) return
  const progress = core.tracker.progress.get(to)
  if (progress === undefined || !core.tracker.isVoter(to))
    throw new ProposalDropped('notVoter', 'only a voting member can lead; name another one')
  core.transferee = to
  core.transferElapsed = 0
  handOver(core, progress)
}
