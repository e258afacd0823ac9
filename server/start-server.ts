/**
 * Starts one member and its listeners: what `conclave server` and embedding programs call.
 *
 *     open the member (data, log, state) -> listen for peers -> listen for clients
 *
 * Stopping goes the other way: clients are drained first, then leadership is handed
 * over, then the data is closed.
 */

import type { Log } from '../client/host/log.js'
import type { ServiceTable } from '../client/host/service.js'
import type { Transport } from '../client/host/transport.js'
import { InProcessTransport } from '../client/host/transport-inprocess.js'
import { clientServices } from './api/services.js'
import { peerService } from './cluster/peer-service.js'
import { ConfigError, type MemberOptions, resolveConfig } from './config.js'
import type { Host } from './host/host.js'
import { createNodeHost } from './host/host-node.js'
import type { Listening } from './host/listener.js'
import type { InProcessNetwork } from './host/network-inprocess.js'
import { PEER_MESSAGE_BYTES_MAX, REQUEST_OVERHEAD_BYTES, STOP_GRACE_MS } from './limits.js'
import { MemberRemoved } from './member/removals.js'
import { Member } from './server.js'

/** Options of {@link startServer}: those of etcd's flags, and how to live in this process. */
export interface ServerOptions extends MemberOptions {
  /** `disk` (default) keeps the data in `dataDir`; `memory` keeps it in this process only. */
  readonly storage?: 'disk' | 'memory'
  /** Where to log; nowhere by default. */
  readonly log?: Log
  /** Meet other members of this process without sockets. */
  readonly network?: InProcessNetwork
}

/** A running member of a cluster. */
export interface Server extends AsyncDisposable {
  readonly name: string
  readonly memberId: bigint
  readonly clusterId: bigint
  /** Where clients reach it; empty when it listens on no client URL. */
  readonly clientUrls: readonly string[]
  readonly peerUrls: readonly string[]
  /** Reaches this member from within the process, without a socket; the address does not matter. */
  readonly transport: Transport
  /** Whether this member leads right now. */
  readonly isLeader: boolean
  /**
   * Resolves when a leader is known, so that reads and writes are answered.
   *
   * @throws the reason why the member ended itself, or `etcdserver: server stopped`.
   */
  ready(): Promise<void>
  /**
   * Resolves at once with the reason if the member has to end itself, as after a failed
   * disk, or when it was removed from the cluster (`MEMBER_REMOVED`). Its ports and data are then being given back; `stop` resolves when they are.
   */
  readonly failed: Promise<Error>
  /** Takes no new calls and waits for those under way, two seconds at most. Idempotent. */
  drain(): Promise<void>
  /** Drains clients, hands leadership over, closes the data. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a member. Resolves when it listens; see {@link Server.ready} for a leader.
 *
 * @example
 * const server = await startServer({ name: 'a', dataDir: 'data/a' })
 * await server.ready()
 *
 * @throws {ConfigError} an option cannot work (`CONFIG_INVALID`).
 * @throws {BootError} the data directory is not this member's, or damaged (`BOOT_REFUSED`).
 * @throws {Error} with `code`: `ELOCKED` (another process has the data directory),
 *   `EADDRINUSE` (a port is taken), `WAL_DAMAGED`.
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const config = resolveConfig(options)
  const { storage = 'disk' } = options
  if (storage !== 'disk' && storage !== 'memory')
    throw new ConfigError(`storage must be 'disk' or 'memory', not '${storage}'`)
  const life = new Life()
  const host = await createNodeHost({
    storage,
    network: options.network,
    log: options.log,
    exit: (reason) => {
      if (!(reason instanceof MemberRemoved))
        host.log.error('the member ends itself', { reason: reason.message })
      life.end(reason)
    },
  })
  const member = await Member.open(host, config, options.initialCluster !== undefined)
  try {
    life.begin(member)
    return await RunningServer.listen(host, member, life)
  } catch (error) {
    await member.stop().catch(() => {})
    throw error
  }
}

/** What becomes of a member that ends itself, also when that is while it opens. */
class Life {
  readonly failed: Promise<Error>
  reason: Error | undefined
  #member: Member | undefined
  #fail: (reason: Error) => void = () => {}

  constructor() {
    this.failed = new Promise((resolve) => {
      this.#fail = resolve
    })
  }

  /** The member is open. @throws the reason why it ended already. */
  begin(member: Member): void {
    this.#member = member
    if (this.reason === undefined) return
    member.abandon()
    throw this.reason
  }

  end(reason: Error): void {
    this.reason ??= reason
    // A removed member may trust its state, and is stopped in order.
    if (!(reason instanceof MemberRemoved)) this.#member?.abandon()
    this.#fail(reason)
  }
}

class RunningServer implements Server {
  readonly transport: Transport
  readonly #member: Member
  readonly #life: Life
  readonly #peers: readonly Listening[]
  readonly #clients: readonly Listening[]
  #draining: Promise<void> | undefined
  #doorsClosed: Promise<unknown> = Promise.resolve()
  #stopping: Promise<void> | undefined

  static async listen(host: Host, member: Member, life: Life): Promise<Server> {
    const { listenPeerUrls, listenClientUrls, maxRequestBytes } = member.config
    const requestBytesMax = maxRequestBytes + REQUEST_OVERHEAD_BYTES
    const services = clientServices(member, host)
    const open: Listening[] = []
    const listen = async (urls: readonly string[], table: typeof services, bytes: number) => {
      const own: Listening[] = []
      for (const url of urls) {
        const listening = await host.listener.listen({ url, requestBytesMax: bytes }, table)
        own.push(listening)
        open.push(listening)
      }
      return own
    }
    try {
      const peers = await listen(
        listenPeerUrls,
        peerService(member.peerTarget),
        // A log entry travels whole, however large the requests are that this member was told to take.
        Math.max(PEER_MESSAGE_BYTES_MAX, requestBytesMax),
      )
      const clients = await listen(listenClientUrls, services, requestBytesMax)
      return new RunningServer(host, member, life, services, peers, clients)
    } catch (error) {
      await Promise.all(open.map((listening) => listening.close(0)))
      throw error
    }
  }

  private constructor(
    host: Host,
    member: Member,
    life: Life,
    services: ServiceTable,
    peers: readonly Listening[],
    clients: readonly Listening[],
  ) {
    this.#member = member
    this.#life = life
    this.transport = new InProcessTransport({
      clock: host.clock,
      services: () => (this.#draining === undefined ? services : undefined),
    })
    this.#peers = peers
    this.#clients = clients
    void life.failed.then(() => this.stop()).catch(() => {})
  }

  get failed(): Promise<Error> {
    return this.#life.failed
  }

  get name(): string {
    return this.#member.config.name
  }

  get memberId(): bigint {
    return this.#member.id
  }

  get clusterId(): bigint {
    return this.#member.clusterId
  }

  get clientUrls(): readonly string[] {
    return this.#clients.map((listening) => listening.url)
  }

  get peerUrls(): readonly string[] {
    return this.#peers.map((listening) => listening.url)
  }

  get isLeader(): boolean {
    return this.#member.isLeader
  }

  async ready(): Promise<void> {
    await this.#member.ready()
    if (this.#life.reason !== undefined) throw this.#life.reason
    this.#member.assertRunning()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  /** No new calls; those under way are answered. Streams stay until the member stops. */
  async #drain(): Promise<void> {
    const graceMs = this.#life.reason === undefined ? STOP_GRACE_MS : 0
    this.#doorsClosed = Promise.all(this.#clients.map((listening) => listening.close(graceMs)))
    await this.#member.drained(graceMs)
  }

  async #stop(): Promise<void> {
    await this.drain()
    try {
      await this.#member.stop()
    } finally {
      await this.#doorsClosed
      await Promise.all(this.#peers.map((listening) => listening.close(0)))
    }
  }
}
