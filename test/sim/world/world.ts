/**
 * A world in one process, from one seed: machines with members, processes with clients, and
 * the time, the disks and the network between them.
 *
 * Members and clients are the real code; only their ports are replaced. Nothing in the world
 * asks the machine that it runs on: the same seed and the same calls give the same world,
 * to the line of its event log. Only one caller may let time pass at a time.
 */

import type { MemberOptions } from '../../../server/config.js'
import type { Witness } from '../../../server/member/witness.js'
import type { Tuning } from '../../../server/tuning.js'
import type { SeededRandom } from '../../model/random.js'
import { VirtualClock } from '../virtual-clock.js'
import { ClientProcess } from './client-process.js'
import { EventLog } from './event-log.js'
import { forkRandom } from './fork.js'
import { Machine } from './machine.js'
import { SimNetwork } from './network.js'

export type { ClientProcess } from './client-process.js'
export type { Machine } from './machine.js'

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number
  /** Machines m1..mN that found the cluster. */
  readonly members: number
  readonly memberOptions: MemberOptions
  readonly tuning: Partial<Tuning>
  /** Somebody who looks on, made anew for each life of a member. */
  readonly witness?: (machine: Machine) => Witness
}

/** Time passes in steps of so many milliseconds while somebody waits for something. */
const STEP_MS = 10

/** See the head of the file. */
export class World {
  readonly options: WorldOptions
  /** True time; processes have clocks of their own. */
  readonly clock = new VirtualClock({ turns: 'manual' })
  readonly log = new EventLog(() => this.clock.now())
  readonly random: SeededRandom
  readonly network: SimNetwork
  readonly machines: Machine[] = []
  readonly processes: ClientProcess[] = []
  #running = false
  #crash: { readonly error: unknown } | undefined

  constructor(options: WorldOptions) {
    this.options = options
    this.random = this.fork('world')
    this.network = new SimNetwork({
      clock: this.clock,
      fork: (name) => this.fork(name),
      log: (subject, what) => this.log.say(subject, what),
      crashed: (error) => this.crashed(error),
    })
    for (let i = 0; i < options.members; i++) this.#add(true)
  }

  /** A world whose founders are up and agree on a leader. */
  static async start(options: Partial<WorldOptions> = {}): Promise<World> {
    const standard = { seed: 1, members: 3, memberOptions: {}, tuning: {} }
    const world = new World({ ...standard, ...options })
    await world.answered(Promise.all(world.machines.map((machine) => machine.boot())))
    await world.until('a leader', () => world.leader !== undefined)
    return world
  }

  /** A random of its own for `name`. The same name gives the same draws again. */
  fork(name: string): SeededRandom {
    return forkRandom(this.options.seed, name)
  }

  /** One more machine, not started. */
  addMachine(): Machine {
    return this.#add(false)
  }

  /** A process for clients. @throws {Error} the name is taken. */
  process(name: string): ClientProcess {
    const taken = [...this.machines, ...this.processes].some((one) => one.name === name)
    if (taken) throw new Error(`there is a ${name} already`)
    const process = new ClientProcess(this, name)
    this.processes.push(process)
    return process
  }

  /** Lets true time pass. @throws what code threw that nobody expected: see {@link crashed}. */
  async run(ms: number): Promise<void> {
    if (this.#running) throw new Error('somebody lets time pass already')
    this.#running = true
    try {
      await this.clock.run(ms)
    } finally {
      this.#running = false
    }
    if (this.#crash !== undefined) throw this.#crash.error
  }

  /** Lets time pass until the condition holds. @throws {Error} after `maxMs` of true time. */
  async until(what: string, condition: () => boolean, maxMs = 60_000): Promise<void> {
    const endMs = this.clock.now() + maxMs
    await this.run(0)
    while (!condition()) {
      if (this.clock.now() >= endMs) throw new Error(`${maxMs} ms passed without: ${what}`)
      await this.run(STEP_MS)
    }
  }

  /** Lets time pass until the promise settles. @throws {Error} after `maxMs` of true time. */
  async answered<T>(promise: Promise<T>, maxMs = 200_000): Promise<T> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    await this.until('an answer', () => settled, maxMs)
    return promise
  }

  /** The machine whose member leads by its own word, in the latest term that somebody leads. */
  get leader(): Machine | undefined {
    let leader: Machine | undefined
    for (const machine of this.machines)
      if (machine.member?.isLeader && !(termOf(machine) <= termOf(leader))) leader = machine
    return leader
  }

  /** Code of a test or a client threw, or a member's handler threw what is no status: `run` fails with it. */
  crashed(error: unknown): void {
    this.#crash ??= { error }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    for (const process of this.processes) process.kill()
    for (const machine of this.machines) await machine.kill()
    this.clock.stop()
  }

  #add(isFounder: boolean): Machine {
    const machine = new Machine(this, this.machines.length + 1, isFounder)
    this.machines.push(machine)
    return machine
  }
}

function termOf(machine: Machine | undefined): number {
  return machine?.member?.raft.term ?? Number.NaN
}
