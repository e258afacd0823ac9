/** The Cluster service: who the members are, and changes of that. */

import type { ServiceTable } from '../../client/host/service.js'
import { Cluster } from '../../client/wire/methods.js'
import { memberToWire } from '../cluster/peer-service.js'
import type { Member } from '../server.js'
import { gatedUnary } from './gate.js'

/** The rows of the Cluster service over a member. */
export function clusterService(member: Member): ServiceTable {
  const { membership } = member
  // The cluster service alone says no revision, as in etcd.
  const header = () => member.header(0)
  return [
    gatedUnary(member, Cluster.memberAdd, async (request) => {
      const { member: added, members } = await membership.add(request)
      return { header: header(), member: added, members }
    }),
    gatedUnary(member, Cluster.memberRemove, async ({ ID }) => {
      const { members } = await membership.remove(ID)
      return { header: header(), members }
    }),
    gatedUnary(member, Cluster.memberUpdate, async (request) => {
      const { members } = await membership.update(request)
      return { header: header(), members }
    }),
    gatedUnary(member, Cluster.memberPromote, async ({ ID }) => {
      const { members } = await membership.promote(ID)
      return { header: header(), members }
    }),
    gatedUnary(member, Cluster.memberList, async ({ linearizable }) => {
      if (linearizable) await member.readBarrier()
      const members = member.machine.members.list().map(memberToWire)
      return { header: header(), members }
    }),
  ]
}
