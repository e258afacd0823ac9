/** The Cluster service: who the members are. Changes of membership are not offered yet. */

import type { ServiceTable } from '../../client/host/service.js'
import { Cluster } from '../../client/wire/methods.js'
import { memberToWire } from '../cluster/peer-service.js'
import type { Member } from '../server.js'
import { gatedUnary } from './gate.js'

/** The rows of the Cluster service over a member. */
export function clusterService(member: Member): ServiceTable {
  return [
    gatedUnary(member, Cluster.memberList, async ({ linearizable }) => {
      if (linearizable) await member.readBarrier()
      const members = member.machine.members.list().map(memberToWire)
      // The cluster service alone says no revision, as in etcd.
      return { header: member.header(0), members }
    }),
  ]
}
