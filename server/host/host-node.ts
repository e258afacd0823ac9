/** The real world for a member: this process's clock, disk, network and chance. */

import { nodeClock } from '../../client/host/clock-node.js'
import { type Log, silentLog } from '../../client/host/log.js'
import { nodeRandom } from '../../client/host/random-node.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { MemoryDatabases } from './database-memory.js'
import { MemoryDisk } from './disk-memory.js'
import { NodeDisk } from './disk-node.js'
import type { Host } from './host.js'
import { GrpcListener } from './listener-grpc.js'
import type { InProcessNetwork } from './network-inprocess.js'

/** How to furnish the world. */
export interface NodeHostOptions {
  /** `memory` keeps everything in this process: gone when it ends, and no native code is loaded. */
  readonly storage: 'disk' | 'memory'
  /** Meet others of this process without sockets. */
  readonly network?: InProcessNetwork | undefined
  readonly log?: Log | undefined
  readonly exit: (reason: Error) => void
}

/** A host over Node. LMDB is loaded only when the storage is on disk. */
export async function createNodeHost(options: NodeHostOptions): Promise<Host> {
  const { storage, network, exit } = options
  const log = options.log ?? silentLog
  const onDisk = storage === 'disk'
  return {
    clock: nodeClock,
    random: nodeRandom,
    disk: onDisk ? new NodeDisk() : new MemoryDisk(),
    databases: onDisk
      ? new (await import('./database-lmdb.js')).LmdbDatabases()
      : new MemoryDatabases(),
    transport: network ?? new GrpcTransport(),
    listener: network ?? new GrpcListener({ log }),
    log,
    exit,
  }
}
