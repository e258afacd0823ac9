/** `conclave/server` as the examples of the documentation import it: clusters are ended after them. */

import { type Cluster, type ClusterOptions, startCluster as realStart } from '../../server/index.js'
import { stage } from './stage.js'

export * from '../../server/index.js'

/** As the real one. */
export async function startCluster(options?: ClusterOptions): Promise<Cluster> {
  const cluster = await realStart(options)
  stage.clusters.push(cluster)
  return cluster
}
