/**
 * The stage on which the transcripts play: raft members with a toy disk, a toy state machine and a
 * network that moves only when it is told to. Everything that happens is written down.
 */

import {
  ConfigChange,
  type ConfState,
  type Entry,
  EntryType,
  type HardState,
  type Message,
  MessageType,
  type SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import {
  type Persist,
  Raft,
  type RaftConfig,
  type Ready,
  raftDefaults,
} from '../../server/raft/raft.js'
import { change, configuration, entry, message, persist } from './words.js'

/** Settings that a story may change. */
export type StageConfig = Partial<Omit<RaftConfig, 'id' | 'random' | 'log'>>

interface Disk {
  hardState: HardState
  snapshot: SnapshotMetadata
  entries: Entry[]
}

/** One member with what surrounds it. */
export interface Actor {
  readonly id: bigint
  readonly config: RaftConfig
  raft: Raft
  readonly disk: Disk
  /** Batches that a slow disk has not written yet. */
  readonly queue: Persist[]
  slow: boolean
  down: boolean
}

/** Member 1 waits 10 ticks for a leader, 2 waits 11, and so on. The first draw numbers the reads. */
function spread(id: bigint): () => number {
  let draws = 0
  return () => (draws++ === 0 ? 0 : (Number(id) - 1) / 10)
}

/** Turns of {@link Stage.stabilize} after which a story is taken to run forever. */
const TURNS_MAX = 200

/** All members and the messages between them. */
export class Stage {
  readonly actors = new Map<bigint, Actor>()
  /** In order of sending. */
  network: Message[] = []
  /** Links that lose everything, as "from->to". */
  readonly cut = new Set<string>()
  /** What has happened since it was last taken. */
  lines: string[] = []

  /** Adds a member that has seen `term` and holds entries 2, 3, ... of these `terms`. */
  add(
    id: bigint,
    confState: ConfState,
    settings: StageConfig,
    term = 0,
    terms: number[] = [],
  ): void {
    const joins = confState.voters.length === 0
    const start = joins ? 0 : 1
    const entries = terms.map((term, place) => ({
      term,
      index: start + 1 + place,
      type: EntryType.NORMAL,
      data: new Uint8Array(0),
    }))
    const disk: Disk = {
      hardState: { term: Math.max(term, terms.at(-1) ?? start), vote: 0n, commit: start },
      snapshot: { index: start, term: start, confState },
      entries,
    }
    const config = { ...raftDefaults, random: spread(id), ...settings, id }
    const raft = this.#boot(config, disk)
    this.actors.set(id, { id, config, raft, disk, queue: [], slow: false, down: false })
  }

  #boot(config: RaftConfig, { hardState, snapshot, entries }: Disk): Raft {
    return new Raft(config, { hardState, snapshot, entries: [...entries], applied: snapshot.index })
  }

  actor(id: bigint): Actor {
    const actor = this.actors.get(id)
    if (!actor) throw new Error(`there is no member ${id}`)
    return actor
  }

  /** Loses everything that is not on disk. */
  crash(id: bigint): void {
    const actor = this.actor(id)
    actor.down = true
    actor.queue.length = 0
  }

  restart(id: bigint): void {
    const actor = this.actor(id)
    actor.raft = this.#boot({ ...actor.config, random: spread(id) }, actor.disk)
    actor.down = false
  }

  /** Takes and carries out all output of one member. Returns whether there was any. */
  work(actor: Actor): boolean {
    let worked = false
    while (!actor.down) {
      const ready = actor.raft.ready()
      if (!ready) break
      worked = true
      this.#carryOut(actor, ready)
    }
    return worked
  }

  #carryOut(actor: Actor, ready: Ready): void {
    const { id, raft } = actor
    if (ready.leadership) {
      const { role, term, leader } = ready.leadership
      const follows = role === 'follower' ? (leader ? ` of ${leader}` : ' of nobody') : ''
      this.lines.push(`${id} is ${role}${follows} in term ${term}`)
    }
    for (const sent of ready.messages) this.#send(sent)
    if (ready.persist) {
      this.lines.push(`${id} writes ${persist(ready.persist)}`)
      actor.queue.push(ready.persist)
      if (!actor.slow) this.persistAll(actor)
    }
    for (const read of ready.reads)
      this.lines.push(`${id} may answer read ${read.context} at ${read.index}`)
    for (const committed of ready.committed) this.#apply(actor, committed)
    const last = ready.committed.at(-1)
    if (last) raft.applied(last.index)
  }

  #apply(actor: Actor, committed: Entry): void {
    this.lines.push(`${actor.id} applies ${entry(committed)}`)
    if (committed.type !== EntryType.CONFIG_CHANGE) return
    const confState = actor.raft.applyConfigChange(ConfigChange.decode(committed.data))
    this.lines.push(`${actor.id} now has ${configuration(confState)}`)
  }

  #send(sent: Message): void {
    const { snapshot } = sent
    if (sent.type === MessageType.SNAPSHOT && snapshot) {
      const { raft } = this.actor(sent.from)
      const { applied, confState } = raft.state
      sent.snapshot = { index: applied, term: raft.term(applied)!, confState }
    }
    this.lines.push(message(sent))
    this.network.push(sent)
  }

  /** The disk finishes what it was given. */
  persistAll(actor: Actor): void {
    for (const batch of actor.queue.splice(0)) {
      const { disk } = actor
      if (batch.snapshot) Object.assign(disk, { snapshot: batch.snapshot, entries: [] })
      const first = batch.entries[0]
      if (first) disk.entries.length = first.index - disk.snapshot.index - 1
      disk.entries.push(...batch.entries)
      if (batch.hardState) disk.hardState = batch.hardState
      actor.raft.persisted(batch.sequence)
    }
  }

  /** Delivers what is on the network now and matches; what is cut or has no receiver is lost. */
  deliver(matches: (sent: Message) => boolean = () => true): boolean {
    const due = this.network.filter(matches)
    this.network = this.network.filter((sent) => !matches(sent))
    for (const sent of due) {
      const receiver = this.actors.get(sent.to)
      const lost = !receiver || receiver.down || this.cut.has(`${sent.from}->${sent.to}`)
      if (lost) this.lines.push(`lost: ${message(sent)}`)
      else receiver.raft.step(sent)
      if (sent.type === MessageType.SNAPSHOT) this.#reportSnapshot(sent, !lost)
    }
    return due.length > 0
  }

  #reportSnapshot({ from, to }: Message, ok: boolean): void {
    const sender = this.actor(from)
    if (!sender.down) sender.raft.reportSnapshot(to, ok)
  }

  /** Lets everything go on until nothing moves any more. */
  stabilize(): void {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      let moved = false
      for (const actor of this.actors.values()) if (this.work(actor)) moved = true
      if (this.deliver()) moved = true
      if (!moved) return
    }
    this.lines.push(`still moving after ${TURNS_MAX} turns`)
  }

  /** Proposes a change that is written in words; see words.ts. */
  proposeChange(id: bigint, words: readonly string[]): void {
    this.actor(id).raft.proposeConfigChange(change(words))
  }
}
