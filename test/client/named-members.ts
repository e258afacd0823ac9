/** A client of members that a test plays by hand, named `a`, `b`, …, in one process and in virtual time. */

import { connect } from '../../client/client.js'
import type { ServiceTable } from '../../client/host/service.js'
import { InProcessTransport } from '../../client/host/transport-inprocess.js'
import type { ConnectOptions } from '../../client/options.js'
import { VirtualClock } from '../sim/virtual-clock.js'

/** A member that is up serves its table; another refuses connections. */
export interface NamedMember {
  readonly up: boolean
  readonly services: ServiceTable
}

/** The first in order is the one that the client uses first. */
export function clientOf(members: readonly NamedMember[], options: Partial<ConnectOptions>) {
  const clock = new VirtualClock()
  const names = members.map((_, i) => String.fromCharCode(97 + i))
  const services = (address: string) => {
    const member = members[names.indexOf(address)]
    return member?.up ? member.services : undefined
  }
  const transport = new InProcessTransport({ clock, services })
  return { client: connect({ endpoints: names, transport, clock, ...options }), clock }
}
