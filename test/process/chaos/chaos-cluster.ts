/**
 * Three real members between whom, and before whom, everything goes through our proxy.
 *
 *     member a ── link a→b ──> proxy of b's peer port ──> b
 *     client c ── link c→b ──> proxy of its own ────────> b
 *
 * A peer port has one proxy, since all members must know the same URL; who dialled it is
 * found by the process that owns the connection. A client has a proxy for every member.
 */

import { Link } from '../link.js'
import { type Doors, ProcessCluster, type ProcessMember } from '../process-cluster.js'
import { TcpProxy } from '../proxy.js'
import { ownerOf } from '../socket-owner.js'

/** Quick elections, and snapshots often enough that a member that was away needs one. */
const FLAGS = [
  '--heartbeat-interval=50',
  '--election-timeout=500',
  '--snapshot-count=300',
  '--snapshot-catchup-entries=50',
]

/** Runs `work` on a cluster of its own. Whatever happens, every process that was started is ended. */
export async function onChaosCluster<T>(work: (cluster: ChaosCluster) => Promise<T>): Promise<T> {
  const cluster = await ChaosCluster.start()
  const endAll = () => {
    for (const member of cluster.members) {
      member.signal('SIGCONT')
      member.signal('SIGKILL')
    }
  }
  // Should this process end in the middle, no member outlives it.
  process.once('exit', endAll)
  try {
    return await work(cluster)
  } finally {
    await cluster.stop()
    process.off('exit', endAll)
  }
}

/** See the head of the file. */
export class ChaosCluster {
  readonly #proxies: TcpProxy[]
  readonly #cluster: ProcessCluster
  readonly #links: Map<string, Link>

  /** Starts three members and waits for their leader. */
  static async start(): Promise<ChaosCluster> {
    const proxies: TcpProxy[] = []
    const links = new Map<string, Link>()
    let members: readonly ProcessMember[] = []
    const pids = () => new Map(members.flatMap(({ name, pid }) => (pid ? [[name, pid]] : [])))
    const doors: Doors = {
      client: async (_name, url) => url,
      peer: async (name, url) => {
        const proxy = await TcpProxy.open(portOf(url), async (fromPort, proxyPort) => {
          const owner = await ownerOf(fromPort, proxyPort, pids())
          return owner === undefined ? undefined : linkIn(links, owner, name)
        })
        proxies.push(proxy)
        return proxy.url
      },
      made: (all) => {
        members = all
      },
    }
    try {
      const cluster = await ProcessCluster.start(3, FLAGS, doors)
      return new ChaosCluster(cluster, proxies, links)
    } catch (error) {
      for (const proxy of proxies) await proxy.close()
      throw error
    }
  }

  private constructor(cluster: ProcessCluster, proxies: TcpProxy[], links: Map<string, Link>) {
    this.#cluster = cluster
    this.#proxies = proxies
    this.#links = links
  }

  get members(): readonly ProcessMember[] {
    return this.#cluster.members
  }

  /** Their own addresses, past all proxies. */
  get endpoints(): string[] {
    return this.#cluster.endpoints
  }

  /** @throws there is no such member. */
  member(name: string): ProcessMember {
    const found = this.members.find((member) => member.name === name)
    if (found === undefined) throw new Error(`there is no member ${name}`)
    return found
  }

  /** What `from` opens to `to`; a member's name or a client's. */
  link(from: string, to: string): Link {
    return linkIn(this.#links, from, to)
  }

  /** Addresses for a client of its own; call it once for each. */
  async endpointsOf(client: string): Promise<string[]> {
    const urls: string[] = []
    for (const { name, endpoint } of this.members) {
      const proxy = await TcpProxy.open(portOf(endpoint), () => this.link(client, name))
      this.#proxies.push(proxy)
      urls.push(proxy.url)
    }
    return urls
  }

  /** Resolves when all know the leader. */
  async leader(): Promise<ProcessMember> {
    return this.#cluster.leader()
  }

  /** Whether all members answer, and have applied the same part of the log. */
  async isLevel(): Promise<boolean> {
    const answers = await Promise.all(this.members.map((member) => member.status()))
    const indexes = new Set(answers.map((answer) => answer?.raftAppliedIndex))
    return indexes.size === 1 && !indexes.has(undefined)
  }

  /** Ends all processes and proxies, and removes the data. */
  async stop(): Promise<void> {
    await this.#cluster.stop()
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
  }
}

function linkIn(links: Map<string, Link>, from: string, to: string): Link {
  const key = `${from}>${to}`
  const link = links.get(key) ?? new Link(from, to)
  links.set(key, link)
  return link
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
