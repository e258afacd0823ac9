/** A member in this process for the tests of one file, with a client and an empty key space for each. */

import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { type Client, connect } from '../../client/index.js'
import { type Cluster, startCluster } from '../../server/index.js'

/** @param take is given them before the first test. */
export function oneMember(take: (client: Client, cluster: Cluster) => void): void {
  let [client, cluster]: [Client | undefined, Cluster | undefined] = [undefined, undefined]
  beforeAll(async () => {
    cluster = await startCluster({ size: 1, storage: 'memory', sockets: false })
    client = connect({ endpoints: cluster.endpoints, transport: cluster.transport })
    take(client, cluster)
  })
  afterEach(() => client?.kv.delete({ all: true }))
  afterAll(async () => {
    client?.close()
    await cluster?.stop()
  })
}
