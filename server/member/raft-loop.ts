/**
 * The loop that turns raft's output into disk writes, messages and applied entries.
 *
 *     input (tick, message, proposal) -> wake -> [ ready -> send, append to the log,
 *     answer reads, queue for apply ] until raft has no more -> apply a slice
 *
 * All input of a turn shares one pass, and so one log write. Messages leave before
 * our own write; what must wait for it raft holds back until `persisted`. Apply runs
 * in slices so that a long queue never holds the event loop for more than a few
 * milliseconds. While a snapshot is being installed nothing is applied.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Entry, Message, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { APPLY_RETRY_MS } from '../limits.js'
import type { Raft, Ready } from '../raft/raft.js'
import type { Wal } from '../storage/wal.js'
import type { Witness } from './witness.js'

/** What the loop needs of its member. */
export interface RaftLoopOptions {
  readonly clock: Clock
  readonly raft: Raft
  readonly wal: Wal
  /** How long apply may hold the event loop before it gives way, in milliseconds. */
  readonly applySliceMs: number
  readonly witness?: Witness | undefined
  readonly send: (messages: readonly Message[]) => void
  readonly apply: (entry: Entry) => void
  /** Whether the backend can take more: false while its disk is far behind. */
  readonly hasRoom: () => boolean
  /** A slice was applied: `raft.applied` was told, waiting reads may be answered. */
  readonly onApplied: () => void
  readonly onRead: (context: number, index: number) => void
  readonly onLeadership: () => void
  /** Replaces the state by a received snapshot; resolves when it stands. */
  readonly install: (snapshot: SnapshotMetadata) => Promise<void>
  readonly onFatal: (reason: Error) => void
}

/** Drives one raft. Input goes to `raft` directly and is followed by {@link wake}. */
export class RaftLoop {
  readonly #options: RaftLoopOptions
  #wakeScheduled = false
  #applyScheduled = false
  #installing = false
  #stopped = false
  /** Committed entries that wait for apply, oldest first from `#applyHead`. */
  #applyQueue: Entry[] = []
  #applyHead = 0

  constructor(options: RaftLoopOptions) {
    this.#options = options
  }

  /** How many committed entries wait for apply. */
  get applyLag(): number {
    return this.#applyQueue.length - this.#applyHead
  }

  /** Raft accepted a snapshot that does not stand yet. */
  get installing(): boolean {
    return this.#installing
  }

  /** Raft got input: its output is handled at the end of this turn. */
  wake(): void {
    if (this.#wakeScheduled || this.#stopped) return
    this.#wakeScheduled = true
    this.#options.clock.soon(() => {
      this.#wakeScheduled = false
      this.#pass()
    })
  }

  /** Handles no more output. */
  stop(): void {
    this.#stopped = true
  }

  #pass(): void {
    if (this.#stopped) return
    const { raft, send, witness } = this.#options
    try {
      for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
        witness?.ready?.(ready, raft.state)
        if (ready.leadership !== undefined) this.#options.onLeadership()
        if (ready.messages.length > 0) send(ready.messages)
        if (ready.persist !== undefined) this.#persist(ready.persist)
        for (const read of ready.reads) this.#options.onRead(read.context, read.index)
        this.#queue(ready.committed)
      }
      this.#applySlice()
    } catch (error) {
      this.#fail(error)
    }
  }

  #persist(persist: NonNullable<Ready['persist']>): void {
    const { wal, raft } = this.#options
    const { sequence, snapshot } = persist
    if (snapshot !== undefined) {
      this.#installing = true
      this.#applyQueue = []
      this.#applyHead = 0
    }
    wal.append(persist, () => {
      if (this.#stopped) return
      if (snapshot === undefined) {
        raft.persisted(sequence)
        this.#pass()
      } else void this.#install(snapshot, sequence)
    })
  }

  async #install(snapshot: SnapshotMetadata, sequence: number): Promise<void> {
    try {
      await this.#options.install(snapshot)
    } catch (error) {
      // A stop in the middle may take the ground from under it; the next start takes it up again.
      if (!this.#stopped) this.#fail(error)
      return
    }
    this.#installing = false
    if (this.#stopped) return
    this.#options.raft.persisted(sequence)
    this.#options.raft.applied(snapshot.index)
    this.#options.onApplied()
    this.#pass()
  }

  #queue(entries: readonly Entry[]): void {
    if (this.#applyHead === this.#applyQueue.length) {
      this.#applyQueue = entries as Entry[]
      this.#applyHead = 0
    } else for (const entry of entries) this.#applyQueue.push(entry)
  }

  #applySlice(): void {
    if (this.#installing || this.applyLag === 0) return
    const { clock, raft, apply, applySliceMs, hasRoom } = this.#options
    if (!hasRoom()) {
      this.#continueLater(APPLY_RETRY_MS)
      return
    }
    const untilMs = clock.now() + applySliceMs
    let index = 0
    while (this.#applyHead < this.#applyQueue.length) {
      const entry = this.#applyQueue[this.#applyHead++]!
      apply(entry)
      index = entry.index
      if (clock.now() > untilMs) break
    }
    if (this.applyLag === 0) {
      this.#applyQueue = []
      this.#applyHead = 0
    }
    raft.applied(index)
    this.#options.onApplied()
    this.#continueLater()
  }

  /** What is left, or what raft hands out because apply moved on, comes in a later turn. */
  #continueLater(delayMs = 0): void {
    if (this.#applyScheduled || this.#stopped) return
    this.#applyScheduled = true
    const { clock } = this.#options
    const go = (): void => {
      this.#applyScheduled = false
      this.#pass()
    }
    if (delayMs > 0) clock.after(delayMs, go)
    else clock.soon(go)
  }

  #fail(error: unknown): void {
    this.#stopped = true
    this.#options.onFatal(error instanceof Error ? error : new Error(String(error)))
  }
}
