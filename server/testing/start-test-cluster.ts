/** Starts a cluster for a test: the way in of `conclave/testing`. */

import { nodeClock } from '../../client/host/clock-node.js'
import { type Log, silentLog } from '../../client/host/log.js'
import { nodeRandom } from '../../client/host/random-node.js'
import type { MemberOptions } from '../config.js'
import { MemoryDatabases } from '../host/database-memory.js'
import { MemoryDisk } from '../host/disk-memory.js'
import { MemberNetwork } from './member-network.js'
import { TestCluster } from './test-cluster.js'
import { MemberMachine } from './test-member.js'

/** Options of {@link startTestCluster}; those of members go to every one of them. */
export interface TestClusterOptions
  extends Omit<
    MemberOptions,
    | 'name'
    | 'dataDir'
    | 'listenClientUrls'
    | 'advertiseClientUrls'
    | 'listenPeerUrls'
    | 'initialAdvertisePeerUrls'
    | 'initialCluster'
    | 'initialClusterState'
  > {
  /** How many members, 1 to 9. Default 3. */
  readonly size?: number
  /** Milliseconds between heartbeats. Default 20, so that tests are quick. */
  readonly heartbeatIntervalMs?: number
  /** Milliseconds without a leader before a member campaigns. Default 10 heartbeats. */
  readonly electionTimeoutMs?: number
  /** Where members log; nowhere by default. */
  readonly log?: Log
}

const HEARTBEAT_MS = 20
const HEARTBEATS_PER_ELECTION = 10

/**
 * Starts a cluster inside this process and waits for its leader.
 *
 * @example
 * await using cluster = await startTestCluster()
 * const client = connect({ endpoints: cluster.endpoints, transport: cluster.transport })
 * await (await cluster.leader()).kill()
 *
 * @throws {RangeError} the size is none. @throws {ConfigError} an option cannot work.
 */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { size = 3, log = silentLog, heartbeatIntervalMs = HEARTBEAT_MS, ...others } = options
  const { electionTimeoutMs = HEARTBEATS_PER_ELECTION * heartbeatIntervalMs, ...rest } = others
  if (!Number.isSafeInteger(size) || size < 1 || size > 9)
    throw new RangeError(`a cluster has 1 to 9 members, not ${size}`)
  const network = new MemberNetwork(nodeClock)
  const names = Array.from({ length: size }, (_, i) => `m${i + 1}`)
  // No socket is opened: the ports only have to differ.
  const clientUrl = (i: number): string => `http://127.0.0.1:${2 * i + 1}`
  const peerUrl = (i: number): string => `http://127.0.0.1:${2 * i + 2}`
  const initialCluster = Object.fromEntries(names.map((name, i) => [name, [peerUrl(i)]]))
  const machines = names.map((name, i) => {
    const disk = new MemoryDisk()
    const databases = new MemoryDatabases()
    const ground = { clock: nodeClock, random: nodeRandom, network, disk, databases, log }
    return new MemberMachine(name, clientUrl(i), ground, {
      ...rest,
      heartbeatIntervalMs,
      electionTimeoutMs,
      name,
      dataDir: '/data',
      listenClientUrls: [clientUrl(i)],
      advertiseClientUrls: [clientUrl(i)],
      listenPeerUrls: [peerUrl(i)],
      initialAdvertisePeerUrls: [peerUrl(i)],
      initialCluster,
    })
  })
  const cluster = new TestCluster(machines, network, nodeClock)
  try {
    await Promise.all(machines.map((machine) => machine.start()))
    await cluster.leader()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}
