/** All services that a member offers its clients, in one table. */

import type { ServiceTable } from '../../client/host/service.js'
import type { Host } from '../host/host.js'
import type { Member } from '../server.js'
import { clusterService } from './cluster.js'
import { healthService } from './health.js'
import { kvService } from './kv.js'
import { leaseService } from './lease.js'
import { maintenanceService } from './maintenance.js'
import { pipelineService } from './pipeline.js'
import { watchService } from './watch.js'

/** A path that is not here is answered with UNIMPLEMENTED by the listener. */
export function clientServices(member: Member, host: Pick<Host, 'clock' | 'random'>): ServiceTable {
  const { clock, random } = host
  return [
    ...kvService(member, clock),
    ...watchService(member, clock),
    ...leaseService(member, clock, random),
    ...clusterService(member),
    ...maintenanceService(member),
    ...pipelineService(member, clock),
    ...healthService(member),
  ]
}
