/** The Maintenance service: how this member is. */

import type { ServiceTable } from '../../client/host/service.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  type AlarmResponse,
  AlarmType,
  type HashKVRequest,
  type HashKVResponse,
  type StatusResponse,
} from '../../client/wire/generated/rpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import { QUOTA_BYTES_DEFAULT } from '../limits.js'
import type { Member } from '../server.js'
import { ETCD_VERSION, STORAGE_VERSION } from '../version.js'
import { answer } from './answer.js'
import { gatedUnary } from './gate.js'

/** The rows of the Maintenance service over a member. */
export function maintenanceService(member: Member): ServiceTable {
  return [
    gatedUnary(member, Maintenance.status, () => status(member)),
    gatedUnary(member, Maintenance.alarm, (alarm) => answer<AlarmResponse>(member, { alarm })),
    gatedUnary(member, Maintenance.hashKV, (request) => hashKv(member, request)),
    gatedUnary(member, Maintenance.moveLeader, async ({ targetID }) => {
      await member.membership.moveLeader(targetID)
      // Without a header, as in etcd.
      return {}
    }),
  ]
}

function status(member: Member): Init<StatusResponse> {
  const { raft, machine, sizes, config } = member
  const errors = machine.alarms
    .get(AlarmType.NONE)
    .map(({ memberID, alarm }) => `memberID:${memberID} alarm:${alarmName(alarm)}`)
  if (raft.leader === 0n) errors.unshift(etcdErrors.noLeader.text)
  return {
    header: member.header(),
    version: ETCD_VERSION,
    storageVersion: STORAGE_VERSION,
    // etcdctl divides by it: a store that was never written to disk still is not empty.
    dbSize: Math.max(1, sizes.totalBytes),
    dbSizeInUse: Math.max(1, sizes.usedBytes),
    dbSizeQuota:
      config.quotaBackendBytes === 0 ? QUOTA_BYTES_DEFAULT : Math.max(0, config.quotaBackendBytes),
    leader: raft.leader,
    raftIndex: raft.commit,
    raftTerm: raft.term,
    raftAppliedIndex: machine.appliedIndex,
    errors,
    isLearner: member.isLearner,
    downgradeInfo: { enabled: false, targetVersion: '' },
  }
}

/** Local, as in etcd: whoever compares members asks each of them for the same revision. */
async function hashKv(member: Member, request: HashKVRequest): Promise<Init<HashKVResponse>> {
  const { store } = member.machine
  const hashed = store.hash(request.revision).catch((error: unknown) => {
    // What ends it in the middle is the end of the state that it reads.
    member.assertReadable()
    throw member.machine.store === store ? error : etcdErrors.timeout.error()
  })
  const { hash, compactRevision, revision } = await hashed
  return { header: member.header(), hash, compactRevision, hashRevision: revision }
}

function alarmName(alarm: number): string {
  return Object.entries(AlarmType).find(([, value]) => value === alarm)?.[0] ?? String(alarm)
}
