/** Where an example finds a cluster: at `CONCLAVE_ENDPOINTS`, or one of its own in this process. */

import { startCluster } from 'conclave/server'

/** Runs an example on a cluster, and ends the cluster after it if it was the example's own. */
export async function withCluster(
  example: (endpoints: readonly string[]) => Promise<void>,
): Promise<void> {
  const given = process.env['CONCLAVE_ENDPOINTS']
  if (given !== undefined && given !== '') return example(given.split(','))
  const cluster = await startCluster({ size: 1, storage: 'memory' })
  try {
    await example(cluster.endpoints)
  } finally {
    await cluster.stop()
  }
}
