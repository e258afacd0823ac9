/**
 * One node of a simulated world: a core, its disk, its machine, and the driver between them.
 *
 * The driver does what the real member does, with asynchronous storage: `ready()` is taken while
 * earlier writes are still on their way; messages leave at once; writes finish in order, some
 * time later, and only then the core is told; entries are applied in order, perhaps slowly; the
 * machine is flushed now and then. Everything goes through {@link SimulatedNode.call}, so that
 * the judge sees the core after each single input.
 */

import {
  ConfigChange,
  ConfState,
  type Entry,
  EntryType,
  HardState,
  type Message,
  MessageType,
} from '../../../client/wire/generated/raft.js'
import type { Raft, RaftConfig, RaftInitial, Ready } from '../raft.js'
import { LogImage, type MachineState, type Persist, SimulatedDisk } from './disk.js'
import { type EventQueue, UNITS_PER_TICK } from './events.js'
import type { Faults } from './faults.js'
import type { Judge, Witness } from './judge.js'
import { hashAfter } from './log-judge.js'
import type { Prng } from './prng.js'
import { Violation } from './violation.js'

/** More outputs than this for one input means that the core goes round in a circle. */
const READY_COUNT_MAX = 10_000

/** The slowest disk still ends a sync in this time. */
const SYNC_TICKS_MAX = 100

/** How a core is made; a test that plants a bug gives a wrong one. */
export type CoreFactory = (config: RaftConfig, initial: RaftInitial) => Raft

/** What a node needs of its world. */
export interface NodeWorld {
  readonly events: EventQueue
  readonly faults: Faults
  readonly judge: Judge
  readonly createCore: CoreFactory
  readonly calm: boolean
  send(message: Message): void
  sendSnapshot(message: Message, state: MachineState): void
  applied(node: SimulatedNode, entry: Entry): void
}

/** A node, up or down. */
export class SimulatedNode implements Witness {
  /** Undefined while the node is down. */
  raft: Raft | undefined
  incarnation = 0
  /** The node was in some configuration that was applied. */
  wasMember: boolean
  /** The node was removed from the cluster and shut down for good. */
  retired = false
  requested = new LogImage()
  state: MachineState
  /** Called once, when the next write is on its way to the disk. */
  onNextWrite: (() => void) | undefined
  /** Indexes of the reads answered, by context. */
  readonly answers = new Map<number, number>()
  /** Contexts of the reads asked in the calm phase. */
  readonly calmReads: number[] = []
  private readonly disk: SimulatedDisk
  private readonly snapshots = new Map<number, MachineState>()
  private writes: { sequence: number; installed: MachineState | undefined }[] = []
  private queue: Entry[] = []
  private leadership = { leader: 0n, role: 'follower' }
  private applying = false
  private syncing = false
  private drainPlanned = false
  private pausedUntil = 0

  constructor(
    readonly id: bigint,
    private readonly world: NodeWorld,
    private readonly prng: Prng,
    start: MachineState,
  ) {
    const commit = start.index
    this.wasMember = start.confState.voters.length > 0
    this.disk = new SimulatedDisk(start, HardState.create({ term: start.term, commit }))
    this.state = start
  }

  get durable(): LogImage {
    return this.disk.durable
  }

  /** The index up to which the machine would survive a crash. */
  get flushed(): number {
    return this.disk.backend.index
  }

  /** Whether a read of the calm phase was answered. */
  readInCalm(): boolean {
    return this.calmReads.some((context) => this.answers.has(context))
  }

  /** Starts, or starts again from what the disk kept. */
  start(): void {
    const { faults, judge, createCore } = this.world
    const { durable, backend } = this.disk
    this.incarnation++
    this.requested = new LogImage()
    this.requested.hardState = durable.hardState
    this.requested.base = durable.base
    this.requested.entries = [...durable.entries]
    this.state = backend
    this.queue = []
    this.writes = []
    this.syncing = false
    this.leadership = { leader: 0n, role: 'follower' }
    this.applying = false
    this.drainPlanned = false
    this.snapshots.clear()
    this.raft = createCore(
      { ...faults, id: this.id, random: this.prng.next },
      {
        hardState: { ...durable.hardState },
        snapshot: { ...durable.base, confState: backend.confState },
        entries: [...durable.entries],
        applied: backend.index,
        confState: ConfState.create(backend.confState),
      },
    )
    judge.logs.reached(this.id, this.state)
    this.call(() => {})
    this.plan(this.prng.next(), () => this.tick())
    this.planFlush()
  }

  /** Stops at once. Some of the queued writes may still have reached the platter. */
  crash(): void {
    this.raft = undefined
    this.disk.crash((queued) => this.prng.int(queued + 1))
  }

  /** Nothing happens here for so many ticks; then everything that came meanwhile. */
  pause(ticks: number): void {
    this.pausedUntil = this.world.events.now + Math.ceil(ticks * UNITS_PER_TICK)
  }

  /** Forgets a pause. */
  resume(): void {
    this.pausedUntil = 0
  }

  /** A message has arrived; a snapshot's data is already in a file. */
  receive(message: Message, snapshot?: MachineState): void {
    this.whenAwake(() => {
      if (snapshot !== undefined) this.snapshots.set(snapshot.index, snapshot)
      this.call((raft) => raft.step(message))
    })
  }

  /** One input for the core, seen by the judge; then its outputs, now or a little later. */
  call(input: (raft: Raft) => void): void {
    if (this.raft === undefined) return
    this.observed(input)
    if (this.drainPlanned) return
    if (!this.world.calm && this.prng.chance(this.world.faults.lazyRate)) {
      this.drainPlanned = true
      this.plan(this.prng.exponential(0.5), () => {
        this.drainPlanned = false
        this.drain()
      })
    } else {
      this.drain()
    }
  }

  /** Drops the oldest entries of the log, as far as the flushed machine no longer needs them. */
  compact(keep: number): void {
    const { raft, durable } = this
    if (raft === undefined) return
    const index = Math.min(this.disk.backend.index, raft.state.applied, durable.last) - keep
    if (index < raft.state.firstIndex || index <= durable.base.index) return
    if (this.requested.term(index) !== durable.term(index)) return
    durable.compact(index)
    this.requested.compact(index)
    this.call((core) => core.compact(index))
  }

  private observed(input: (raft: Raft) => void): void {
    const raft = this.raft!
    try {
      input(raft)
    } finally {
      this.world.judge.observe(this)
    }
  }

  private plan(ticks: number, run: () => void): void {
    const { incarnation } = this
    this.world.events.after(ticks * UNITS_PER_TICK, () => {
      this.whenAwake(() => {
        if (this.incarnation === incarnation && this.raft !== undefined) run()
      })
    })
  }

  private whenAwake(run: () => void): void {
    const { events } = this.world
    if (events.now >= this.pausedUntil) run()
    else events.after(this.pausedUntil - events.now, () => this.whenAwake(run))
  }

  private tick(): void {
    const skew = this.world.calm ? 0 : this.world.faults.clockSkew
    const fast = Number(this.id % 3n) - 1
    this.plan(1 + fast * skew, () => this.tick())
    this.call((raft) => raft.tick())
  }

  private planFlush(): void {
    this.plan(this.prng.exponential(this.world.faults.backendMean), () => {
      this.disk.flush(this.state)
      this.planFlush()
    })
  }

  private drain(): void {
    for (let count = 0; this.raft !== undefined; count++) {
      if (count > READY_COUNT_MAX) throw new Violation('output ends', `node ${this.id} never rests`)
      const ready = this.raft.ready()
      this.world.judge.observe(this)
      if (ready === undefined) break
      this.handle(ready)
    }
    if (this.raft === undefined) return
    const { leader, role } = this.raft.state
    if (leader !== this.leadership.leader || role !== this.leadership.role) {
      const detail = `node ${this.id} is ${role} under ${leader}, last told was ${this.leadership.role} under ${this.leadership.leader}`
      throw new Violation('changes of leadership are told', detail)
    }
    if (this.prng.chance(0.03)) this.world.judge.wholeLog(this)
  }

  private handle(ready: Ready): void {
    if (ready.leadership !== undefined) this.leadership = ready.leadership
    for (const message of ready.messages) this.sendOne(message)
    if (ready.persist !== undefined) this.persist(ready.persist)
    for (const { context, index } of ready.reads) {
      this.world.judge.answered(this.id, context, index)
      this.answers.set(context, index)
    }
    this.deliver(ready.committed)
    this.applySome()
  }

  private deliver(committed: readonly Entry[]): void {
    const { durable } = this
    for (const entry of committed) {
      const held = durable.base.index >= entry.index || durable.term(entry.index) === entry.term
      if (!held && !this.world.judge.outcomesOnly) {
        throw new Violation('applies what is durable', `node ${this.id} entry ${entry.index}`)
      }
      this.queue.push(entry)
    }
  }

  private sendOne(message: Message): void {
    this.world.judge.sending(this, message)
    if (message.type === MessageType.SNAPSHOT) {
      const { index, term, confState } = this.state
      const snapshot = { index, term, confState: ConfState.create(confState) }
      this.world.sendSnapshot({ ...message, snapshot }, this.state)
    } else {
      this.world.send(message)
    }
  }

  private persist(persist: Persist): void {
    const { judge } = this.world
    judge.persisting(this, persist)
    const installed = persist.snapshot && this.snapshots.get(persist.snapshot.index)
    if (persist.snapshot !== undefined && installed === undefined) {
      throw new Violation('snapshots were received', `node ${this.id} ${persist.snapshot.index}`)
    }
    if (installed !== undefined) this.queue = []
    this.requested.write(persist)
    this.disk.write(persist, installed)
    const { sequence } = persist
    this.writes.push({ sequence, installed })
    const { onNextWrite } = this
    this.onNextWrite = undefined
    onNextWrite?.()
    if (!persist.mustSync && this.writes.length === 1) {
      this.plan(0, () => this.finish(sequence))
    } else if (!this.syncing) {
      this.sync()
    }
  }

  /** Group commit: one sync takes all that was written before it began. */
  private sync(): void {
    const last = this.writes.at(-1)
    if (last === undefined) return
    const { calm, faults } = this.world
    const slow = !calm && this.prng.chance(faults.diskSlowRate) ? 50 : 1
    this.syncing = true
    const ticks = Math.min(this.prng.exponential(faults.diskDelayMean) * slow, SYNC_TICKS_MAX)
    this.plan(calm ? 0.01 : ticks, () => {
      this.syncing = false
      this.disk.sync(last.sequence)
      this.finish(last.sequence)
      if (!this.syncing) this.sync()
    })
  }

  /** Tells the core of all writes up to this one, in order. */
  private finish(sequence: number): void {
    while (this.writes.length > 0 && this.writes[0]!.sequence <= sequence) {
      const { sequence: done, installed } = this.writes.shift()!
      if (installed !== undefined) this.install(installed)
      this.call((raft) => raft.persisted(done))
    }
  }

  private install(state: MachineState): void {
    if (state.index <= this.state.index) {
      throw new Violation('snapshots are news', `node ${this.id} has ${this.state.index} already`)
    }
    this.state = state
    this.disk.flush(state)
    this.world.judge.logs.reached(this.id, state)
  }

  private applySome(): void {
    if (this.applying || this.queue.length === 0) return
    const mean = this.world.calm ? 0 : this.world.faults.applyDelayMean
    if (mean === 0) {
      this.applyAll()
    } else {
      this.applying = true
      this.plan(this.prng.exponential(mean), () => {
        this.applying = false
        this.applyAll()
        this.call(() => {})
      })
    }
  }

  private applyAll(): void {
    const entries = this.queue
    this.queue = []
    for (const entry of entries) this.applyOne(entry)
    if (entries.length > 0) this.observed((raft) => raft.applied(this.state.index))
  }

  private applyOne(entry: Entry): void {
    const { judge } = this.world
    if (entry.index !== this.state.index + 1) {
      const detail = `node ${this.id} applies ${entry.index} after ${this.state.index}`
      throw new Violation('applies in order', detail)
    }
    let confState = this.state.confState
    if (entry.type === EntryType.CONFIG_CHANGE) {
      const change = ConfigChange.decode(entry.data)
      this.observed((raft) => {
        confState = ConfState.create(raft.applyConfigChange(change))
      })
    }
    const hash = hashAfter(this.state.hash, entry)
    this.state = { index: entry.index, term: entry.term, hash, confState }
    judge.logs.reached(this.id, this.state)
    this.world.applied(this, entry)
  }
}
