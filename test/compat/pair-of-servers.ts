/** Our server and etcd, each on its socket, both new. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { freePorts } from '../../server/host/free-port.js'
import { startServer } from '../../server/index.js'
import { startEtcd } from './etcd-process.js'
import type { Pair } from './run-sequence.js'

/** A pair that runs until it is stopped. */
export interface RunningPair extends Pair {
  stop(): Promise<void>
}

/** Starts both. @param storage where our server keeps its data. */
export async function startPair(
  etcdBinary: string,
  storage: 'disk' | 'memory',
): Promise<RunningPair> {
  const ours = await startOurs(storage)
  const etcd = await startEtcd(etcdBinary).catch(async (error: unknown) => {
    await ours.stop()
    throw error
  })
  const transport = new GrpcTransport()
  const channels = {
    ours: transport.connect(ours.url),
    etcd: transport.connect(etcd.endpoints[0]!),
  }
  return {
    ...channels,
    async stop() {
      channels.ours.close()
      channels.etcd.close()
      await Promise.all([ours.stop(), etcd.stop()])
    },
  }
}

async function startOurs(storage: 'disk' | 'memory') {
  const [client, peer] = await freePorts(2)
  const directory = await mkdtemp(join(tmpdir(), 'conclave-differential-'))
  const url = `http://127.0.0.1:${client}`
  const peerUrl = `http://127.0.0.1:${peer}`
  const server = await startServer({
    name: 'ours',
    dataDir: join(directory, 'data'),
    storage,
    listenClientUrls: [url],
    advertiseClientUrls: [url],
    listenPeerUrls: [peerUrl],
    initialAdvertisePeerUrls: [peerUrl],
    initialCluster: { ours: [peerUrl] },
  })
  await server.ready()
  return {
    url,
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
