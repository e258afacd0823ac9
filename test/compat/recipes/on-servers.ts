/** The same tests on every kind of server that recipes run on: ours, on the pipeline and call by call, and etcd. */

import { afterAll, afterEach, beforeAll, describe, test } from '@jest/globals'
import { type Client, connect } from '../../../client/index.js'
import { startCluster } from '../../../server/index.js'
import { findEtcd, type RunningCluster, startEtcd } from '../etcd-process.js'

/** What a test is given. */
export interface OnServer {
  readonly endpoints: readonly string[]
  /** Another client; closed after the test. */
  client(): Client
}

async function startOurs(): Promise<RunningCluster> {
  const cluster = await startCluster({ size: 1, storage: 'memory' })
  return { endpoints: [...cluster.endpoints], stop: () => cluster.stop() }
}

/** Declares the tests once for each kind; without etcd, the last kind is one skipped test. */
export function onServers(tests: (server: OnServer) => void): void {
  suite('on our server, over the pipeline', startOurs, 'auto', tests)
  suite('on our server, call by call', startOurs, 'off', tests)
  const etcd = findEtcd()
  if (etcd !== undefined) suite('on etcd', () => startEtcd(etcd), 'auto', tests)
  else test.skip('on etcd: skipped: no etcd; set ETCD_BIN or put etcd on the PATH', () => {})
}

function suite(
  on: string,
  start: () => Promise<RunningCluster>,
  pipeline: 'auto' | 'off',
  tests: (server: OnServer) => void,
): void {
  describe(on, () => {
    let cluster: RunningCluster
    const clients: Client[] = []
    beforeAll(async () => {
      cluster = await start()
    })
    afterEach(() => {
      for (const client of clients.splice(0)) client.close()
    })
    afterAll(() => cluster?.stop())
    tests({
      get endpoints() {
        return cluster.endpoints
      },
      client() {
        const client = connect({ endpoints: cluster.endpoints, pipeline })
        clients.push(client)
        return client
      },
    })
  })
}
