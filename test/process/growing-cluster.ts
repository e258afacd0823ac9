/**
 * Members as processes that come one by one: ours, or etcd's with the same flags.
 *
 * A member is made with its URLs before it is known to the cluster; a test adds it by
 * whatever means it is about, and starts it.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../server/host/free-port.js'
import {
  agreedLeader,
  COMMAND,
  ProcessMember,
  type ServerProgram,
  waitFor,
} from './process-cluster.js'

/** Our own server. */
export const OUR_SERVER: ServerProgram = {
  program: process.execPath,
  first: [COMMAND, 'server', '--log-level=warn'],
}

/** etcd from this binary. */
export function etcdServer(program: string): ServerProgram {
  return { program, first: ['--logger=zap', '--log-level=fatal'] }
}

/** A member process that knows where its peers find it. */
export class GrowingMember extends ProcessMember {
  constructor(
    server: ServerProgram,
    name: string,
    endpoint: string,
    readonly peerUrl: string,
    dataDir: string,
    args: readonly string[],
  ) {
    super(name, endpoint, dataDir, args, server)
  }

  /** @throws with what it wrote last, when it has ended. */
  assertUp(): void {
    if (!this.isUp) throw new Error(`${this.name} ended: ${this.stderr}`)
  }

  /** Its id, when it answers. */
  async id(): Promise<bigint> {
    const status = await this.status()
    if (status?.header === undefined) throw new Error(`${this.name} does not answer`)
    return status.header.memberId
  }
}

/** See the head of the file. */
export class GrowingCluster {
  readonly members: GrowingMember[] = []
  readonly #server: ServerProgram
  readonly #directory: string
  readonly #flags: readonly string[]

  /** Starts `size` founders, m1 and so on, and waits until all know the leader. */
  static async start(
    server: ServerProgram,
    size: number,
    flags: readonly string[] = [],
  ): Promise<GrowingCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'conclave-growing-'))
    const cluster = new GrowingCluster(server, directory, flags)
    const urls = await freeUrls(size)
    const initial = urls.map(({ peer }, i) => `m${i + 1}=${peer}`).join(',')
    for (const each of urls) cluster.#make(each, initial, 'new')
    for (const member of cluster.members) member.start()
    try {
      await cluster.leader()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  private constructor(server: ServerProgram, directory: string, flags: readonly string[]) {
    this.#server = server
    this.#directory = directory
    this.#flags = flags
  }

  /** The members that run. */
  get up(): GrowingMember[] {
    return this.members.filter((member) => member.isUp)
  }

  get endpoints(): string[] {
    return this.up.map((member) => member.endpoint)
  }

  /** A member that will join; not started, and not known to the cluster. */
  async prepare(): Promise<GrowingMember> {
    const [urls] = await freeUrls(1)
    const name = `m${this.members.length + 1}`
    const known = this.up.map((member) => `${member.name}=${member.peerUrl}`)
    return this.#make(urls!, [...known, `${name}=${urls!.peer}`].join(','), 'existing')
  }

  /** The member that leads, once all that run agree on it. */
  async leader(): Promise<GrowingMember> {
    let found: GrowingMember | undefined
    await waitFor('a leader', async () => {
      found = await agreedLeader(this.up)
      return found !== undefined
    })
    return found!
  }

  /** Ends all processes and removes the data. */
  async stop(): Promise<void> {
    for (const member of this.members) member.signal('SIGCONT')
    await Promise.all(this.members.map((member) => member.end()))
    await rm(this.#directory, { recursive: true, force: true })
  }

  #make(urls: Urls, initialCluster: string, state: 'new' | 'existing'): GrowingMember {
    const name = `m${this.members.length + 1}`
    const { client, peer } = urls
    const dataDir = join(this.#directory, name)
    const member = new GrowingMember(this.#server, name, client, peer, dataDir, [
      ...[`--name=${name}`, `--data-dir=${dataDir}`],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
      ...[`--initial-cluster=${initialCluster}`, `--initial-cluster-state=${state}`],
      ...this.#flags,
    ])
    this.members.push(member)
    return member
  }
}

interface Urls {
  readonly client: string
  readonly peer: string
}

async function freeUrls(count: number): Promise<Urls[]> {
  const ports = await freePorts(2 * count)
  return Array.from({ length: count }, (_, i) => ({
    client: `http://127.0.0.1:${ports[2 * i]}`,
    peer: `http://127.0.0.1:${ports[2 * i + 1]}`,
  }))
}
