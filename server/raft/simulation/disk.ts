/**
 * The disk of a simulated node: a log with its hard state (the WAL) and the state machine's own
 * store (the backend), written apart as in the real member.
 *
 * Writes are queued in order and reach the platter later. A write that need not be synced is
 * reported as done at once and may still be lost. A crash loses the queue except for a prefix of
 * it that happened to reach the platter. The backend is flushed when the world says so; a crash
 * takes the machine back to the last flush, and the log replays the rest.
 */

import {
  type ConfState,
  type Entry,
  HardState,
  type SnapshotMetadata,
} from '../../../client/wire/generated/raft.js'
import type { Ready } from '../raft.js'

/** What `Ready.persist` asks for. */
export type Persist = NonNullable<Ready['persist']>

/** The replicated state machine of the simulation: a running hash over everything applied. */
export interface MachineState {
  readonly index: number
  readonly term: number
  readonly hash: number
  readonly confState: ConfState
}

/** The log as one list, with a point before its first entry. */
export class LogImage {
  hardState: HardState = HardState.create()
  /** Index and term of the entry just before `entries[0]`. */
  base: { readonly index: number; readonly term: number } = { index: 0, term: 0 }
  entries: Entry[] = []

  /** Index of the last entry, or of the base. */
  get last(): number {
    return this.base.index + this.entries.length
  }

  /** Term at `index`, if it is in the log or the base. */
  term(index: number): number | undefined {
    if (index === this.base.index) return this.base.term
    return this.entries[index - this.base.index - 1]?.term
  }

  /** Writes one batch: the snapshot first, then the entries over whatever stood there. */
  write(persist: Persist): void {
    if (persist.snapshot !== undefined) this.reset(persist.snapshot)
    const first = persist.entries[0]
    if (first !== undefined) {
      if (first.index > this.last + 1) {
        throw new Error(`the log would have a gap: ${this.last} then ${first.index}`)
      }
      // Entries at or below the base were compacted away, hence committed and the same.
      const fresh = persist.entries.slice(Math.max(0, this.base.index + 1 - first.index))
      const kept = Math.max(0, first.index - this.base.index - 1)
      this.entries = [...this.entries.slice(0, kept), ...fresh]
    }
    if (persist.hardState !== undefined) this.hardState = persist.hardState
  }

  /** Drops everything up to `index`. */
  compact(index: number): void {
    const term = this.term(index)
    if (term === undefined) throw new Error(`compaction at ${index} is outside the log`)
    this.entries = this.entries.slice(index - this.base.index)
    this.base = { index, term }
  }

  /** The log starts anew after a snapshot; what stood there before is void. */
  private reset(snapshot: SnapshotMetadata): void {
    this.entries = []
    this.base = { index: snapshot.index, term: snapshot.term }
  }
}

interface Write {
  readonly persist: Persist
  readonly installed: MachineState | undefined
}

/** What one node keeps across crashes. */
export class SimulatedDisk {
  /** What is on the platter. */
  readonly durable = new LogImage()
  /** The last flushed state of the machine. */
  backend: MachineState
  private queue: Write[] = []

  constructor(start: MachineState, hardState: HardState) {
    this.backend = start
    this.durable.base = { index: start.index, term: start.term }
    this.durable.hardState = hardState
  }

  /** Queues a write. `installed` is the machine's state when it carries a snapshot. */
  write(persist: Persist, installed: MachineState | undefined): void {
    this.queue.push({ persist, installed })
  }

  /** The oldest writes, up to and with this one, reach the platter. */
  sync(sequence: number): void {
    while (this.queue.length > 0 && this.queue[0]!.persist.sequence <= sequence) this.syncOne()
  }

  /** Flushes the machine. A snapshot may have put a newer state there already. */
  flush(state: MachineState): void {
    if (state.index > this.backend.index) this.backend = state
  }

  /** Power is cut: some of the queue made it, from its head on; the rest is gone. */
  crash(survivors: (queued: number) => number): void {
    const count = survivors(this.queue.length)
    for (let i = 0; i < count; i++) this.syncOne()
    this.queue = []
  }

  private syncOne(): void {
    const { persist, installed } = this.queue.shift()!
    this.durable.write(persist)
    if (installed !== undefined) this.flush(installed)
  }
}
