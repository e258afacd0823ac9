/**
 * Some members in one process, on virtual time, simulated disks and a network that can
 * be cut: enough to tell a story about a cluster and to see how it ends.
 *
 * The members are the real code over the memory database; only the ports are replaced.
 */

import { silentLog } from '../../client/host/log.js'
import type { Channel } from '../../client/host/transport.js'
import type { Init } from '../../client/wire/codec.js'
import type { PutResponse, RangeRequest, RangeResponse } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import { clientServices } from '../../server/api/services.js'
import { peerService } from '../../server/cluster/peer-service.js'
import { type MemberOptions, resolveConfig } from '../../server/config.js'
import { MemoryDatabases } from '../../server/host/database-memory.js'
import type { Host } from '../../server/host/host.js'
import { Member } from '../../server/server.js'
import { MemberClock } from '../../server/testing/member-clock.js'
import { MemberNetwork } from '../../server/testing/member-network.js'
import { SeededRandom } from '../model/random.js'
import { FaultDisk } from './fault-disk.js'
import { VirtualClock } from './virtual-clock.js'

/** A member and the machine that it runs on; the machine outlives it. */
export interface Machine {
  readonly name: string
  readonly disk: FaultDisk
  readonly databases: MemoryDatabases
  readonly clientUrl: string
  /** Where it listens; it may move. */
  peerUrl: string
  /** What this member is started with besides the options of the world. */
  readonly options: MemberOptions
  member: Member | undefined
  clock: MemberClock | undefined
  /** Why the member ended itself, if it did. */
  failure: Error | undefined
  close: () => Promise<void>
}

/** See the head of the file. */
export class MemberWorld {
  readonly clock = new VirtualClock()
  readonly network = new MemberNetwork(this.clock)
  readonly machines: Machine[]
  readonly #random: SeededRandom
  readonly #seed: number
  readonly #options: MemberOptions

  constructor(size: number, options: MemberOptions = {}, seed = 1) {
    this.#options = options
    this.#random = new SeededRandom(seed)
    this.#seed = seed
    const initialCluster: Record<string, string[]> = {}
    this.machines = Array.from({ length: size }, (_, i) => this.#machine(i, { initialCluster }))
    for (const { name, peerUrl } of this.machines) initialCluster[name] = [peerUrl]
  }

  /** A machine without data for a member that joins: add the member first, then boot. */
  addMachine(): Machine {
    const initialCluster: Record<string, string[]> = {}
    const options = { initialCluster, initialClusterState: 'existing' } as const
    this.machines.push(this.#machine(this.machines.length, options))
    for (const { name, peerUrl } of this.machines) initialCluster[name] = [peerUrl]
    return this.machines.at(-1)!
  }

  #machine(i: number, options: MemberOptions): Machine {
    return {
      name: `m${i + 1}`,
      disk: new FaultDisk({ seed: this.#seed * 10 + i }),
      databases: new MemoryDatabases(),
      clientUrl: `http://127.0.0.1:${1000 + i}`,
      peerUrl: `http://127.0.0.1:${2000 + i}`,
      options: { initialAdvertisePeerUrls: [`http://127.0.0.1:${2000 + i}`], ...options },
      member: undefined,
      clock: undefined,
      failure: undefined,
      close: async () => {},
    }
  }

  /** Starts all members, and waits for a leader unless told otherwise. */
  static async start(size: number, options: MemberOptions = {}, seed = 1): Promise<MemberWorld> {
    const world = new MemberWorld(size, options, seed)
    for (const machine of world.machines) await world.boot(machine)
    await world.leader()
    return world
  }

  /** Starts the member of a machine, for the first time or again. */
  async boot(machine: Machine): Promise<void> {
    const clock = new MemberClock(this.clock)
    const network = this.network.view(machine.name)
    machine.failure = undefined
    const host: Host = {
      clock,
      random: this.#random,
      disk: machine.disk.mount(),
      databases: machine.databases,
      transport: network,
      listener: network,
      log: silentLog,
      exit: (reason) => {
        machine.failure ??= reason
        machine.member?.abandon()
        clock.end()
      },
    }
    const config = resolveConfig({
      name: machine.name,
      dataDir: '/data',
      listenClientUrls: [machine.clientUrl],
      advertiseClientUrls: [machine.clientUrl],
      listenPeerUrls: [machine.peerUrl],
      ...machine.options,
      ...this.#options,
    })
    const opening = Member.open(host, config, true)
    const member = await this.#driven(opening)
    machine.member = member
    machine.clock = clock
    const requestBytesMax = 1 << 24
    const peers = await network.listen(
      { url: machine.peerUrl, requestBytesMax },
      peerService(member.peerTarget),
    )
    const clients = await network.listen(
      { url: machine.clientUrl, requestBytesMax },
      clientServices(member, host),
    )
    machine.close = async () => {
      await peers.close(0)
      await clients.close(0)
    }
  }

  /** Ends a member as SIGKILL would; `power` also loses what was not synced. */
  async kill(machine: Machine, power = false): Promise<void> {
    machine.clock?.end()
    machine.member?.abandon()
    machine.member = undefined
    if (power) machine.disk.crash()
    else machine.disk.kill()
    machine.databases.crash()
    await machine.close()
    this.network.drop(machine.name)
  }

  /** Lets time pass. */
  async run(ms: number): Promise<void> {
    await this.clock.run(ms)
  }

  /** Lets time pass until the condition holds. @throws after `maxMs` of virtual time. */
  async until(what: string, condition: () => boolean, maxMs = 60_000): Promise<void> {
    const end = this.clock.now() + maxMs
    while (!condition()) {
      if (this.clock.now() >= end) throw new Error(`${maxMs} ms passed without: ${what}`)
      await this.clock.run(10)
    }
  }

  /** The machine whose member leads, among those that are up; waits for one. */
  async leader(among: readonly Machine[] = this.machines): Promise<Machine> {
    const found = () =>
      among.find(({ member }) => member?.isLeader && member.machine.lessor.leading)
    await this.until('a leader', () => found() !== undefined)
    return found()!
  }

  /** A way to the services of a machine's member, as a client far from all cuts has it. */
  client(machine: Machine): Channel {
    return this.network.view('client').connect(machine.clientUrl)
  }

  /** Runs time until the call is answered. */
  async answered<T>(call: Promise<T>): Promise<T> {
    return this.#driven(call)
  }

  put(machine: Machine, key: string, value: string, lease = 0n): Promise<PutResponse> {
    const request = { key: Buffer.from(key), value: Buffer.from(value), lease }
    return this.#driven(this.client(machine).call(KV.put, request))
  }

  async get(
    machine: Machine,
    key: string,
    options: Init<RangeRequest> = {},
  ): Promise<string | undefined> {
    const response = await this.range(machine, { key: Buffer.from(key), ...options })
    const value = response.kvs[0]?.value
    return value === undefined ? undefined : Buffer.from(value).toString()
  }

  range(machine: Machine, request: Init<RangeRequest>): Promise<RangeResponse> {
    return this.#driven(this.client(machine).call(KV.range, request))
  }

  /** Equal states on all members that are up, once all have applied the same. */
  async fingerprints(): Promise<Set<string>> {
    const up = this.machines.flatMap(({ member }) => (member === undefined ? [] : [member]))
    const level = () => new Set(up.map((member) => member.machine.appliedIndex)).size === 1
    await this.until('all members at the same index', level)
    return new Set(
      await this.#driven(Promise.all(up.map((member) => member.machine.fingerprint()))),
    )
  }

  async stop(): Promise<void> {
    for (const machine of this.machines) if (machine.member !== undefined) await this.kill(machine)
    this.clock.stop()
  }

  async #driven<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = promise.finally(() => {
      settled = true
    })
    done.catch(() => {})
    for (let i = 0; !settled; i++) {
      if (i > 20_000) throw new Error('200 s of virtual time passed without an answer')
      await this.clock.run(i < 20 ? 0 : 10)
    }
    return done
  }
}
