/**
 * A simulated world: nodes, network, time and chance, and the two phases of its life.
 *
 * 1. Chaos: anything that the seed allows may happen, and nothing may be wrong.
 * 2. Calm: links are joined, nodes are up, disks are quick. Now the cluster must elect a leader,
 *    leave any joint configuration, commit something new everywhere, and answer a read at each
 *    member, within a bounded number of ticks.
 *
 * Everything is decided by the seed; {@link live} runs one life.
 */

import {
  ConfigChange,
  ConfState,
  type Entry,
  EntryType,
  type Message,
} from '../../../client/wire/generated/raft.js'
import { ProposalDropped, Raft } from '../raft.js'
import type { MachineState } from './disk.js'
import { EventQueue, UNITS_PER_TICK } from './events.js'
import { drawFaults, type Faults } from './faults.js'
import { Judge, quorums } from './judge.js'
import { mix } from './log-judge.js'
import { Network } from './network.js'
import { type CoreFactory, type NodeWorld, SimulatedNode } from './node.js'
import { Prng } from './prng.js'
import { Violation } from './violation.js'
import { everyone, read, startWorkload } from './workload.js'

/** Election timeouts in which a healed cluster must have done all that is asked of it. */
const CALM_ELECTIONS_MAX = 60
/** Ticks more for each entry that is waiting: the smallest window takes one a round trip. */
const BACKLOG_TICKS = 4
/** Events in one life; more means that something goes round in a circle. */
const EVENT_COUNT_MAX = 2_000_000
/** A new cluster starts from this state: entry 1 of term 1 names the voters. */
const START = { index: 1, term: 1, hash: 0 }

/** How one life is to be run. */
export interface LifeOptions {
  /** Makes the cores; the real ones when absent. */
  readonly createCore?: CoreFactory
  /** Overrides what the seed drew. */
  readonly faults?: Partial<Faults>
  /** Judge only what a user could notice, not the rules that keep it so. */
  readonly outcomesOnly?: boolean
}

/** What one life was like. */
export interface Life {
  readonly events: number
  readonly chosen: number
  readonly answers: number
  /** Hash over everything that was sent and applied: equal for equal seeds. */
  readonly trace: number
}

/** One life from beginning to end. */
export class World implements NodeWorld {
  readonly events = new EventQueue()
  readonly prng: Prng
  readonly faults: Faults
  readonly network: Network
  readonly judge: Judge
  readonly nodes = new Map<bigint, SimulatedNode>()
  readonly createCore: CoreFactory
  calm = false
  /** The configuration at the highest index that anyone applied. */
  newestConf: ConfState
  private newestConfIndex = START.index
  private context = 0
  private trace = 0x811c9dc5
  private marker: { text: string; index: number } | undefined
  private eventCount = 0

  constructor(seed: number, options: LifeOptions) {
    this.prng = new Prng(seed)
    this.faults = { ...drawFaults(this.prng.fork()), ...options.faults }
    this.createCore = options.createCore ?? ((config, initial) => new Raft(config, initial))
    this.judge = new Judge(this.nodes, START.index, START.term, options.outcomesOnly ?? false)
    this.network = new Network(this.events, this.prng.fork(), this.faults, {
      deliver: (message) => this.nodes.get(message.to)?.receive(message),
      unreachable: ({ from, to }) => {
        this.nodes.get(from)?.call((raft) => raft.reportUnreachable(to))
      },
    })
    const voters = Array.from({ length: this.faults.voters }, (_, i) => BigInt(i + 1))
    this.newestConf = ConfState.create({ voters })
    for (const id of voters) this.add(id, { ...START, confState: this.newestConf })
  }

  /** Runs both phases. Throws a {@link Violation}, or whatever a core throws. */
  run(): Life {
    startWorkload(this)
    this.runUntil(this.faults.chaosTicks * UNITS_PER_TICK, () => false)
    this.heal()
    const { now } = this.events
    const ticks = CALM_ELECTIONS_MAX * this.faults.electionTicks + this.backlog() * BACKLOG_TICKS
    const limit = ticks * UNITS_PER_TICK
    this.every(this.faults.electionTicks, () => this.nudge())
    if (!this.runUntil(now + limit, () => this.converged())) {
      throw new Violation('progress after healing', this.describe())
    }
    for (const node of this.nodes.values()) if (node.raft !== undefined) this.judge.wholeLog(node)
    const { chosenLast: chosen, answers } = this.judge
    return { events: this.eventCount, chosen, answers, trace: this.trace >>> 0 }
  }

  /** Plans something in so many ticks. */
  after(ticks: number, run: () => void): void {
    this.events.after(ticks * UNITS_PER_TICK, run)
  }

  /** Does something again and again, in this phase, with this mean wait. */
  every(ticksMean: number, run: () => void): void {
    if (ticksMean === Infinity) return
    const { calm } = this
    const again = () => {
      const wait = calm ? ticksMean : this.prng.exponential(ticksMean)
      this.after(wait, () => {
        if (this.calm !== calm) return
        run()
        again()
      })
    }
    again()
  }

  /** A request to a core, which may refuse it. */
  attempt(node: SimulatedNode, request: (raft: Raft) => void): void {
    node.call((raft) => {
      try {
        request(raft)
      } catch (error) {
        if (!(error instanceof ProposalDropped)) throw error
      }
    })
  }

  /** A number that no read has used. */
  nextContext(): number {
    return ++this.context
  }

  /** A node that knows nothing yet, for a change that adds it. */
  addNode(): SimulatedNode {
    const confState = ConfState.create()
    return this.add(BigInt(this.nodes.size + 1), { index: 0, term: 0, hash: 0, confState })
  }

  private add(id: bigint, state: MachineState): SimulatedNode {
    const node = new SimulatedNode(id, this, this.prng.fork(), state)
    this.nodes.set(id, node)
    node.start()
    return node
  }

  /** Shuts down nodes that were removed, once a quorum will never forget that they were. */
  retireRemoved(): void {
    if (this.faults.zombies && !this.calm) return
    const members = everyone(this.newestConf)
    const remembered = quorums(this.newestConf).every((voters) => {
      const knowing = voters.filter((id) => this.nodes.get(id)!.flushed >= this.newestConfIndex)
      return knowing.length * 2 > voters.length
    })
    for (const node of this.nodes.values()) {
      if (!node.wasMember || members.has(node.id) || !remembered || node.retired) continue
      node.retired = true
      if (node.raft !== undefined) node.crash()
    }
  }

  send(message: Message): void {
    const { type, from, to, term, index } = message
    for (const word of [type, Number(from), Number(to), term, index]) {
      this.trace = mix(this.trace, word)
    }
    this.network.send(message)
  }

  /** Streams a snapshot; the sender is told how it went if it is still the same process. */
  sendSnapshot(message: Message, state: MachineState): void {
    const { from, to } = message
    const sender = this.nodes.get(from)!
    const { incarnation } = sender
    const mean = this.calm ? 0.1 : this.faults.snapshotDelayMean
    this.after(this.prng.exponential(mean), () => {
      const receiver = this.nodes.get(to)
      const broken = !this.calm && this.prng.chance(this.faults.snapshotFailRate)
      const arrives = !broken && !this.network.isCut(from, to) && receiver?.raft !== undefined
      if (sender.incarnation !== incarnation) return
      if (arrives) receiver.receive(message, state)
      this.after(this.prng.next(), () => {
        if (sender.incarnation === incarnation) {
          sender.call((raft) => raft.reportSnapshot(to, arrives))
        }
      })
    })
  }

  applied(node: SimulatedNode, entry: Entry): void {
    this.trace = mix(mix(this.trace, Number(node.id)), node.state.hash)
    if (entry.index > this.newestConfIndex && entry.type === EntryType.CONFIG_CHANGE) {
      this.newestConfIndex = entry.index
      this.newestConf = node.state.confState
      for (const id of everyone(this.newestConf)) this.welcome(this.nodes.get(id)!)
    }
    if (this.marker?.index === 0 && new TextDecoder().decode(entry.data) === this.marker.text) {
      this.marker.index = entry.index
    }
  }

  /** A member again or for the first time; an operator starts it if it was shut down. */
  private welcome(node: SimulatedNode): void {
    node.wasMember = true
    if (!node.retired) return
    node.retired = false
    node.start()
  }

  private runUntil(end: number, done: () => boolean): boolean {
    let nextCheck = this.events.now
    while (this.events.step(end)) {
      if (++this.eventCount > EVENT_COUNT_MAX) throw new Violation('time goes on', this.describe())
      if (this.events.now < nextCheck) continue
      if (done()) return true
      nextCheck = this.events.now + UNITS_PER_TICK
    }
    return false
  }

  private backlog(): number {
    const lasts = [...this.nodes.values()].map((node) => node.requested.last)
    return Math.max(...lasts) - this.judge.chosenLast
  }

  private heal(): void {
    this.calm = true
    this.network.healed = true
    this.network.join()
    for (const node of this.nodes.values()) {
      node.resume()
      if (node.raft === undefined && !node.retired) node.start()
    }
    this.marker = { text: 'after the storm', index: 0 }
    this.nudge()
  }

  /** What a patient client and operator do in the calm phase. */
  private nudge(): void {
    if (!(this.faults.zombies && this.faults.preVote && this.faults.checkQuorum)) {
      this.retireRemoved()
    }
    const data = new TextEncoder().encode(this.marker!.text)
    for (const id of everyone(this.newestConf)) {
      const node = this.nodes.get(id)!
      if (this.marker!.index === 0) this.attempt(node, (raft) => raft.propose(data))
      else if (!node.readInCalm()) node.calmReads.push(read(this, node))
      const { confState, role } = node.raft!.state
      if (role === 'leader' && confState.votersOutgoing.length > 0 && !confState.autoLeave) {
        this.attempt(node, (raft) => raft.proposeConfigChange(ConfigChange.create()))
      }
    }
  }

  private converged(): boolean {
    const { marker, newestConf } = this
    if (marker === undefined || marker.index === 0 || newestConf.votersOutgoing.length > 0) {
      return false
    }
    return [...everyone(newestConf)].every((id) => {
      const node = this.nodes.get(id)!
      return node.state.index >= marker.index && node.readInCalm()
    })
  }

  private describe(): string {
    const { voters, learners, votersOutgoing } = this.newestConf
    const nodes = [...this.nodes.values()].map((node) => {
      const state = node.raft?.state
      if (state === undefined) return `${node.id} down`
      return `${node.id} ${state.role} t${state.term} l${state.leader} c${state.commit} a${state.applied} of ${state.lastIndex}${node.readInCalm() ? ' read' : ''}`
    })
    return `voters ${voters.join()} outgoing ${votersOutgoing.join()} learners ${learners.join()}; marker ${this.marker?.index}; ${nodes.join('; ')}`
  }
}

/** Runs one life. A failure's message starts with the line that runs it again. */
export function live(seed: number, options: LifeOptions = {}): Life {
  try {
    return new World(seed, options).run()
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new Error(`RAFT_SEED=${seed} npm run jest -- server/raft/simulation # ${reason}`, {
      cause: error,
    })
  }
}
