/**
 * Keeps the log short: once enough was applied, what the state holds durably leaves
 * the log in memory and the segments on disk.
 *
 *     capture (applied, term, voters) -> commit the backend -> marker in the log,
 *     synced -> drop entries from memory and whole segments from disk
 *
 * The marker says "the state has everything up to here"; it is written only after
 * the backend's commit made that true, and segments go only after the marker is safe.
 */

import type { Log } from '../../client/host/log.js'
import type { Raft } from '../raft/raft.js'
import type { Wal } from '../storage/wal.js'
import type { StateHolder } from './state-holder.js'

/** What the keeper needs of its member. */
export interface LogKeeperOptions {
  readonly raft: Raft
  readonly wal: Wal
  readonly log: Log
  /** Applied entries between two compactions. */
  readonly snapshotCount: number
  /** Entries left in memory behind the marker for slow members. */
  readonly catchUpEntries: number
  readonly state: StateHolder
  /** Entry bytes kept in memory; beyond it the log is compacted early. */
  readonly logBytesMax: number
  readonly onFatal: (reason: Error) => void
}

/** Decides when to compact the log, and does it. One at a time. */
export class LogKeeper {
  readonly #options: LogKeeperOptions
  #lastIndex: number
  /** Entry bytes applied since the last compaction. */
  #bytes = 0
  #working = false
  #stopped = false

  constructor(options: LogKeeperOptions, lastIndex: number) {
    this.#options = options
    this.#lastIndex = lastIndex
  }

  /** An entry of this size was applied at this index. */
  applied(index: number, bytes: number): void {
    this.#bytes += bytes
    const { snapshotCount, logBytesMax } = this.#options
    const due = index - this.#lastIndex >= snapshotCount || this.#bytes > logBytesMax
    if (due && !this.#working && !this.#stopped) void this.#compact()
  }

  /** A snapshot was installed: counting starts anew from it. */
  reset(index: number): void {
    this.#lastIndex = index
    this.#bytes = 0
  }

  stop(): void {
    this.#stopped = true
  }

  async #compact(): Promise<void> {
    const { raft, wal, state, catchUpEntries, log, onFatal } = this.#options
    this.#working = true
    const overfull = this.#bytes > this.#options.logBytesMax
    const { point } = state
    this.#lastIndex = point.index
    this.#bytes = 0
    try {
      await state.commit()
      // A snapshot that came meanwhile has left this point behind.
      if (this.#stopped || raft.state.firstIndex > point.index + 1) return
      await new Promise<void>((resolve) => {
        wal.append({ snapshot: point, mustSync: true }, resolve)
      })
      if (this.#stopped) return
      const keepFrom = overfull ? point.index : point.index - catchUpEntries
      if (keepFrom >= raft.state.firstIndex) raft.compact(keepFrom)
      await wal.release(point.index)
      log.debug('compacted the log', { index: point.index, keptFrom: keepFrom })
    } catch (error) {
      if (!this.#stopped) onFatal(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#working = false
    }
  }
}
