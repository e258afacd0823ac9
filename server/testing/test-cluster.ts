/**
 * A cluster inside a test, with a switch for every misfortune: members die, stand still,
 * and lose sight of each other.
 *
 * Members run the real code on the real clock; disks and databases are in memory and
 * outlive them, and the network is {@link MemberNetwork}. Whoever calls is a process on
 * that network too, so it can be cut off and stand still as a member can.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Transport } from '../../client/host/transport.js'
import { MemberClock } from './member-clock.js'
import type { MemberNetwork } from './member-network.js'
import type { MemberMachine, Place, TestMember } from './test-member.js'

/** A process of the program under test, somewhere on the cluster's network. */
export interface TestProcess extends Place {
  /** Give it to `connect`. */
  readonly transport: Transport
  /** Give it to `connect` as well if the process shall stand still: its timers do so too. */
  readonly clock: Clock
  /** It stands still, as after SIGSTOP or during a long garbage collection. */
  pause(): void
  resume(): void
}

/** How often we look whether there is a leader. */
const LOOK_MS = 5

/** A leader shows up within some election timeouts; a busy machine gets more. */
const LEADER_TIMEOUT_MS = 10_000

/** Name of the process that {@link TestCluster.transport} belongs to. */
const DEFAULT_PROCESS = 'client'

/** A running cluster; made by `startTestCluster`. See the head of the file. */
export class TestCluster implements AsyncDisposable {
  readonly members: readonly TestMember[]
  /** One address for each member, for `connect`. */
  readonly endpoints: readonly string[]
  /** Reaches the endpoints; give it to `connect`. It is that of the process `client`. */
  readonly transport: Transport
  readonly #machines: readonly MemberMachine[]
  readonly #network: MemberNetwork
  readonly #clock: Clock
  readonly #processes = new Map<string, TestProcess & { readonly clock: MemberClock }>()
  #stopped = false

  /** @internal Use `startTestCluster`. */
  constructor(machines: readonly MemberMachine[], network: MemberNetwork, clock: Clock) {
    this.#machines = machines
    this.#network = network
    this.#clock = clock
    this.members = machines
    this.endpoints = machines.map(({ endpoint }) => endpoint)
    this.transport = this.process(DEFAULT_PROCESS).transport
  }

  /**
   * The process of this name; a new one at first use. Clients of different processes can
   * be cut off one by one.
   *
   * @throws {Error} a member has this name.
   */
  process(name: string): TestProcess {
    if (this.members.some((member) => member.name === name))
      throw new Error(`${name} is a member; give the process another name`)
    const known = this.#processes.get(name)
    if (known !== undefined) return known
    const clock = new MemberClock(this.#clock)
    const made = {
      name,
      clock,
      transport: this.#network.view(name, clock),
      pause: () => clock.pause(),
      resume: () => clock.resume(),
    }
    this.#processes.set(name, made)
    return made
  }

  /**
   * The member that leads a majority which can reach it; waits until there is one. A leader
   * that was just killed, paused or isolated is none.
   *
   * @throws {Error} there is none after `timeoutMs` (default 10,000): no majority is up,
   *   runs and is connected; or the cluster was stopped.
   */
  async leader(timeoutMs = LEADER_TIMEOUT_MS): Promise<TestMember> {
    const untilMs = this.#clock.now() + timeoutMs
    for (;;) {
      if (this.#stopped) throw new Error('the test cluster was stopped')
      const leader = this.#machines.find((machine) => this.#leads(machine))
      if (leader !== undefined) return leader
      if (this.#clock.now() >= untilMs)
        throw new Error(
          `no leader within ${timeoutMs} ms: a majority must be up, run, and be connected`,
        )
      await new Promise<void>((resolve) => this.#clock.after(LOOK_MS, resolve))
    }
  }

  /**
   * Nothing goes between this one and those any more, in either direction. Calls that are
   * under way between them break; new ones fail as if nobody listened.
   *
   * @param from default all other members; processes still reach an isolated member.
   */
  isolate(place: Place, from: readonly Place[] = this.members): void {
    const others = from.filter(({ name }) => name !== place.name)
    this.#network.isolate(
      place.name,
      others.map(({ name }) => name),
    )
  }

  /** Nothing that `from` opens to `to` gets there any more, neither calls nor raft's messages; the other way it does. */
  cut(from: Place, to: Place): void {
    this.#network.cut(from.name, to.name)
  }

  /** All links are whole again. Paused and dead members stay so. */
  heal(): void {
    this.#network.heal()
  }

  /** Ends all members at once; paused processes go on, to learn of it. No timer of the cluster is left. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const machine of this.#machines) await machine.kill()
    for (const { name, clock } of this.#processes.values()) {
      clock.resume()
      this.#network.drop(name)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #leads(machine: MemberMachine): boolean {
    const { member } = machine
    if (member === undefined || machine.isPaused) return false
    if (!member.isLeader || !member.machine.lessor.leading) return false
    const follows = (other: MemberMachine): boolean => {
      const raft = other.member?.raft
      if (raft === undefined || other.isPaused) return false
      if (raft.leader !== member.id || raft.term !== member.raft.term) return false
      return this.#connected(machine.name, other.name)
    }
    return this.#machines.filter(follows).length > this.#machines.length / 2
  }

  #connected(one: string, other: string): boolean {
    return !this.#network.isCut(one, other) && !this.#network.isCut(other, one)
  }
}
