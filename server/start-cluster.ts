/** Starts a whole cluster inside this process: for embedding, demos and tests. */

import { nodeClock } from '../client/host/clock-node.js'
import type { Transport } from '../client/host/transport.js'
import { freePorts } from './host/free-port.js'
import { InProcessNetwork } from './host/network-inprocess.js'
import { type Server, type ServerOptions, startServer } from './start-server.js'

/** Options of {@link startCluster}; the others go to every member. */
export interface ClusterOptions
  extends Omit<
    ServerOptions,
    | 'name'
    | 'listenClientUrls'
    | 'advertiseClientUrls'
    | 'listenPeerUrls'
    | 'initialAdvertisePeerUrls'
    | 'initialCluster'
    | 'network'
  > {
  /** How many members: 1, 3 or 5 make sense. Default 3. */
  readonly size?: number
  /**
   * Listen on free loopback ports (default), or not at all: then members and clients
   * meet inside the process, and {@link Cluster.transport} is the way in.
   */
  readonly sockets?: boolean
  /**
   * First of consecutive loopback ports, two for each member. Default: whichever are
   * free. A cluster on disk that shall come back on its data needs the same ones again.
   */
  readonly port?: number
}

/** A running cluster. */
export interface Cluster extends AsyncDisposable {
  readonly members: readonly Server[]
  /** One address for each member, for `connect`. */
  readonly endpoints: readonly string[]
  /** Reaches the endpoints; pass it to `connect` when the cluster has no sockets. */
  readonly transport: Transport | undefined
  /** Stops all members, leader last, so that leadership does not wander. */
  stop(): Promise<void>
}

/**
 * Starts a cluster and waits for its leader.
 *
 * @example
 * const cluster = await startCluster({ size: 3, storage: 'memory' })
 * const client = connect({ endpoints: cluster.endpoints })
 *
 * @throws whatever {@link startServer} throws; members that had started are stopped.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { size = 3, sockets = true, port, dataDir = 'default.conclave', ...rest } = options
  if (!Number.isSafeInteger(size) || size < 1 || size > 9)
    throw new RangeError(`a cluster has 1 to 9 members, not ${size}`)
  const network = sockets ? undefined : new InProcessNetwork(nodeClock)
  const from = port ?? (sockets ? undefined : 1)
  const ports =
    from === undefined
      ? await freePorts(2 * size)
      : Array.from({ length: 2 * size }, (_, i) => from + i)
  const names = Array.from({ length: size }, (_, i) => `m${i + 1}`)
  const clientUrl = (i: number): string => `http://127.0.0.1:${ports[2 * i]}`
  const peerUrl = (i: number): string => `http://127.0.0.1:${ports[2 * i + 1]}`
  const initialCluster = Object.fromEntries(names.map((name, i) => [name, [peerUrl(i)]]))

  const members: Server[] = []
  const stop = async (): Promise<void> => {
    // All first: without its quorum no member could answer what is under way.
    await Promise.all(members.map((member) => member.drain()))
    const followers = members.filter((member) => !member.isLeader)
    const leaders = members.filter((member) => member.isLeader)
    const ends = await Promise.allSettled(followers.map((member) => member.stop()))
    ends.push(...(await Promise.allSettled(leaders.map((member) => member.stop()))))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  try {
    for (const [i, name] of names.entries())
      members.push(
        await startServer({
          ...rest,
          name,
          dataDir: `${dataDir}/${name}`,
          listenClientUrls: [clientUrl(i)],
          advertiseClientUrls: [clientUrl(i)],
          listenPeerUrls: [peerUrl(i)],
          initialAdvertisePeerUrls: [peerUrl(i)],
          initialCluster,
          ...(network === undefined ? {} : { network }),
        }),
      )
    await Promise.all(members.map((member) => member.ready()))
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
  return {
    members,
    endpoints: names.map((_, i) => clientUrl(i)),
    transport: network,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
