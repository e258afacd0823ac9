/**
 * A machine of the world: a disk, a storage device, a clock and addresses, and the member
 * that runs on it now, if one does. The machine outlives its members.
 */

import { type MemberOptions, resolveConfig } from '../../../server/config.js'
import { MemoryDatabases } from '../../../server/host/database-memory.js'
import type { Witness } from '../../../server/member/witness.js'
import type { Member, MemberHooks } from '../../../server/server.js'
import type { SeededRandom } from '../../model/random.js'
import { FaultDisk } from '../fault-disk.js'
import { Device } from './device.js'
import { type CommitFaults, withCommitFaults } from './fault-databases.js'
import { MachineLife } from './machine-life.js'
import { SimClock } from './sim-clock.js'
import type { World } from './world.js'

/** Batches of a database that may reach the disk although their process heard nothing of it. */
const SURVIVORS_MAX = 3

/** See the head of the file. */
export class Machine {
  readonly name: string
  readonly clientUrl: string
  readonly peerUrl: string
  /** How long its storage takes. */
  readonly device: Device
  /** Which commits of its databases fail. Default: none. */
  commitFaults: CommitFaults = () => undefined
  readonly #world: World
  readonly #random: SeededRandom
  readonly #isFounder: boolean
  #disk: FaultDisk
  #databases: MemoryDatabases
  #clock: SimClock
  #life: MachineLife | undefined
  #lives = 0
  #disks = 0
  #failure: Error | undefined

  /** @param number from 1; addresses and name come from it. */
  constructor(world: World, number: number, isFounder: boolean) {
    this.#world = world
    this.name = `m${number}`
    this.clientUrl = `http://127.0.0.1:${1000 + number}`
    this.peerUrl = `http://127.0.0.1:${2000 + number}`
    this.#random = world.fork(this.name)
    this.#isFounder = isFounder
    this.#clock = new SimClock({
      trueClock: world.clock,
      random: world.fork(`${this.name} clock 0`),
      onCrash: (error) => this.#life?.fail(error),
    })
    this.device = new Device({
      clock: world.clock,
      random: world.fork(`${this.name} device`),
      life: () => this.#clock,
    })
    this.#disk = this.#newDisk()
    this.#databases = this.#newDatabases()
    world.network.own(this.clientUrl, this.name)
    world.network.own(this.peerUrl, this.name)
  }

  /** Its disk; another one after {@link wipe}. */
  get disk(): FaultDisk {
    return this.#disk
  }

  get databases(): MemoryDatabases {
    return this.#databases
  }

  /** The clock of the process of now, or of the last one; the next one goes on as it goes. */
  get clock(): SimClock {
    return this.#clock
  }

  /** The member, when it takes calls; it may stand still. */
  get member(): Member | undefined {
    return this.#life?.member
  }

  /** A process runs, although it may not take calls yet. */
  get isUp(): boolean {
    return this.#life !== undefined
  }

  /** Why the last process ended itself, or could not start; undefined when it did not. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * Starts a member. Resolves when it takes calls, when it could not start (`failure` says
   * why), or when it was killed before.
   *
   * @param options beside those of the world. A machine that founded no cluster, or whose
   *   disk was replaced, joins an existing one unless they say otherwise.
   */
  async boot(options: Partial<MemberOptions> = {}): Promise<void> {
    if (this.#life !== undefined) throw new Error(`${this.name} is up already`)
    this.#failure = undefined
    this.#lives++
    const life: MachineLife = new MachineLife({
      name: this.name,
      clock: this.#nextClock((error) => life.fail(error)),
      random: this.#world.fork(`${this.name} life ${this.#lives}`),
      network: this.#world.network,
      disk: this.#disk,
      databases: withCommitFaults(this.#databases, () => this.commitFaults()),
      log: this.#world.log,
      hooks: this.#hooks(),
      onOver: (reason) => {
        this.#databases.crash(this.#random.between(0, SURVIVORS_MAX))
        this.#failure = reason
        if (this.#life === life) this.#life = undefined
      },
    })
    this.#life = life
    this.#world.log.say(this.name, 'boots')
    const config = () => resolveConfig({ ...this.#options(), ...options })
    await Promise.race([life.begin(config), life.over])
  }

  /** Ends the process as SIGKILL does; what it had written stays. Nothing happens when it is down. */
  async kill(): Promise<void> {
    if (this.#life === undefined) return
    this.#world.log.say(this.name, 'killed')
    this.#life.kill()
  }

  /** The power fails: what was not synced is lost in part, also when no process runs. */
  async powerLoss(): Promise<void> {
    this.#world.log.say(this.name, 'loses power')
    this.#life?.kill()
    this.#disk.crash()
  }

  /** Ends the process in order, as SIGTERM does; one that stands still goes on for it. */
  async stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    this.#world.log.say(this.name, 'is told to stop')
    this.resume()
    await Promise.race([life.stop(), life.over])
  }

  get isPaused(): boolean {
    return this.#clock.isPaused
  }

  /** The process stands still, as after SIGSTOP. */
  pause(): void {
    if (this.#life === undefined || this.isPaused) return
    this.#world.log.say(this.name, 'stands still')
    this.#clock.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.#world.log.say(this.name, 'goes on')
    this.#clock.resume()
  }

  /** The machine gets a new, empty disk. @throws {Error} a process runs. */
  wipe(): void {
    if (this.#life !== undefined) throw new Error(`${this.name} is up: its disk cannot be replaced`)
    this.#world.log.say(this.name, 'gets an empty disk')
    const { faults, onPoint, capacityBytes } = this.#disk
    this.#disks++
    this.#disk = this.#newDisk()
    Object.assign(this.#disk, { faults, onPoint, capacityBytes })
    this.#databases = this.#newDatabases()
    this.#world.network.renewed(this.name)
  }

  #options(): MemberOptions {
    const { machines, options } = this.#world
    const founders = machines.slice(0, options.members)
    const others = this.#isFounder ? founders : [...founders, this]
    return {
      ...options.memberOptions,
      name: this.name,
      dataDir: '/data',
      listenClientUrls: [this.clientUrl],
      advertiseClientUrls: [this.clientUrl],
      listenPeerUrls: [this.peerUrl],
      initialAdvertisePeerUrls: [this.peerUrl],
      initialCluster: Object.fromEntries(others.map(({ name, peerUrl }) => [name, [peerUrl]])),
      initialClusterState: this.#isFounder && this.#disks === 0 ? 'new' : 'existing',
    }
  }

  #hooks(): MemberHooks {
    const { tuning, witness } = this.#world.options
    const judge = witness?.(this) ?? {}
    const ready: Witness['ready'] = (output, status) => {
      judge.ready?.(output, status)
      const { leadership } = output
      if (leadership === undefined) return
      const { role, term, leader } = leadership
      this.#world.log.say(this.name, `${role} in term ${term}, leader ${leader.toString(16)}`)
    }
    const applied = judge.applied?.bind(judge)
    const installed = judge.installed?.bind(judge)
    const hears = { ready, ...(applied && { applied }), ...(installed && { installed }) }
    return { tuning, witness: hears }
  }

  #nextClock(onCrash: (error: unknown) => void): SimClock {
    const random = this.#world.fork(`${this.name} clock ${this.#lives}`)
    this.#clock = this.#clock.successor({ trueClock: this.#world.clock, random, onCrash })
    return this.#clock
  }

  #newDisk(): FaultDisk {
    const { seed } = this.#world.fork(`${this.name} disk ${this.#disks}`)
    return new FaultDisk({ seed, delay: (call) => this.device.delay(call) })
  }

  #newDatabases(): MemoryDatabases {
    return new MemoryDatabases({ schedule: (commit) => this.device.schedule(commit) })
  }
}
