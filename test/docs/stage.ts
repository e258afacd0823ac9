/** Where the examples of the documentation play: a cluster for them, and what they leave open. */

import type { Client, Transport } from '../../client/index.js'
import type { Cluster } from '../../server/index.js'

/** The cluster that examples reach whatever endpoint they name, and what to end after each. */
export const stage: {
  endpoints: readonly string[]
  transport: Transport | undefined
  clients: Client[]
  clusters: Cluster[]
} = { endpoints: [], transport: undefined, clients: [], clusters: [] }

/** Ends what an example left open. */
export async function clearStage(): Promise<void> {
  for (const client of stage.clients.splice(0)) client.close()
  await Promise.all(stage.clusters.splice(0).map((cluster) => cluster.stop()))
}
