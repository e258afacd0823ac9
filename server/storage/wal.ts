/**
 * The write-ahead log: what this member has promised to remember.
 *
 * Appends wait in a queue while the disk is busy. When it is free, all that waits is
 * written in one piece and synced once (group commit), then their `done` run in order:
 *
 *     append, append, append -> [one writev + one fdatasync] -> done, done, done
 *              meanwhile append, append -> [the next batch]
 *
 * Appends that need no sync (only the commit index moved) are written all the same, and
 * become durable with the next sync.
 *
 * The format is in wal-record.ts and wal-segment.ts, the way back in wal-reader.ts and
 * wal-scan.ts. An append is kept whole or not at all, and appends are kept in order.
 *
 * A write or sync that fails ends it: `onFatal` runs once, no `done` ever again.
 */

import { dirname } from 'node:path'
import type { Log } from '../../client/host/log.js'
import { silentLog } from '../../client/host/log.js'
import type { Entry, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { HardState } from '../../client/wire/generated/raft.js'
import type { Disk } from '../host/disk.js'
import { TermRuns } from './term-runs.js'
import { WalFailed } from './wal-failed.js'
import { type Group, groupBytes } from './wal-group.js'
import { readWal } from './wal-reader.js'
import { repairWal } from './wal-repair.js'
import type { WalContents } from './wal-replay.js'
import { createSegment, listSegments, removeUnfinished } from './wal-segment.js'
import { WalWriter } from './wal-writer.js'

export { WalDamaged } from './wal-damaged.js'
export { WalFailed } from './wal-failed.js'
export type { WalContents } from './wal-replay.js'

/** Size at which a segment is followed by a new one, in bytes, when nothing else is asked. */
export const SEGMENT_BYTES = 64 * 1024 * 1024

/** Appends beyond this many bytes wait for the next batch; a single larger one goes alone. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024

/** Where the log is and who hears that it failed. */
export interface WalOptions {
  readonly disk: Disk
  /** Holds nothing but the log. */
  readonly directory: string
  /** Default {@link SEGMENT_BYTES}. */
  readonly segmentBytes?: number
  readonly log?: Log
  /** Runs once, when the log can no longer be written; the member must stop. A {@link WalFailed}. */
  readonly onFatal: (reason: Error) => void
}

/** What is appended in one piece, kept or lost together. */
export interface WalBatch {
  readonly hardState?: HardState | undefined
  /** Consecutive. An index that exists replaces it and everything after it. */
  readonly entries?: readonly Entry[] | undefined
  /** The state has everything up to here. Voids the log when the log has no such point. */
  readonly snapshot?: SnapshotMetadata | undefined
  /** Whether it is to be durable soon. A commit index alone is in no hurry: a restart learns it anew. */
  readonly mustSync: boolean
}

interface Waiting {
  readonly group: Group
  readonly bytes: number
  readonly mustSync: boolean
  readonly done: () => void
  /** Told instead of `done` when the log failed. */
  readonly failed?: (reason: Error) => void
}

/** An open log. One per directory; the data directory's lock sees to that. */
export class Wal {
  readonly #writer: WalWriter
  readonly #directory: string
  readonly #log: Log
  readonly #onFatal: (reason: Error) => void
  /** The log as it is after everything in the queue. */
  #terms: TermRuns
  /** Bounded by the caller: raft has at most its uncommitted bytes under way. */
  #queue: Waiting[] = []
  /** What is being written now. */
  #underWay: Waiting[] = []
  #busy = false
  #failure: Error | undefined
  #closed = false
  #releasing: Promise<void> = Promise.resolve()

  private constructor(options: WalOptions, writer: WalWriter, terms: TermRuns) {
    this.#writer = writer
    this.#terms = terms
    this.#directory = options.directory
    this.#log = options.log ?? silentLog
    this.#onFatal = options.onFatal
  }

  /**
   * Makes an empty log, or one that begins behind `snapshot`. Durable when it resolves.
   *
   * @throws the directory holds a log already, or what the disk throws.
   */
  static async create(
    options: WalOptions & {
      readonly clusterId: bigint
      readonly memberId: bigint
      readonly snapshot?: SnapshotMetadata
    },
  ): Promise<Wal> {
    const { disk, directory, clusterId, memberId } = options
    await disk.makeDirectory(directory)
    await disk.syncDirectory(dirname(directory))
    if (await Wal.exists(disk, directory))
      throw new Error(`${directory} holds a write-ahead log already`)
    await removeUnfinished(disk, directory)
    const snapshot = options.snapshot ?? { index: 0, term: 0, confState: undefined }
    const nextIndex = snapshot.index + 1
    const header = { sequence: 1, nextIndex, clusterId, memberId, previousBytes: 0, previousCrc: 0 }
    const hardState = HardState.create({ term: snapshot.term, commit: snapshot.index })
    const state = { snapshot, hardState, nextIndex }
    const open = await createSegment(disk, directory, header, state)
    const writer = new WalWriter(place(options, clusterId, memberId), open, [open.segment], state)
    return new Wal(options, writer, new TermRuns(snapshot.index, snapshot.term))
  }

  /**
   * Opens the log of a member that ran before. Cuts off a torn tail; what it returns is
   * durable, whatever the process before had been told.
   *
   * @throws {WalDamaged} the log is not what was written. Other errors are the disk's.
   */
  static async open(options: WalOptions): Promise<{ wal: Wal; contents: WalContents }> {
    const { disk, directory, log = silentLog } = options
    const found = await readWal(disk, directory)
    const torn = found.lastBytes - found.end.end
    if (torn > 0) log.warn('cut a torn tail off the log', { directory, bytes: torn })
    const open = await repairWal(disk, directory, found)
    const { contents, segments } = found
    const { clusterId, memberId, snapshot, hardState, entries } = contents
    const terms = new TermRuns(snapshot.index, snapshot.term)
    for (const entry of entries) terms.append(entry.index, entry.term)
    const state = { snapshot, hardState, nextIndex: terms.last + 1 }
    const writer = new WalWriter(place(options, clusterId, memberId), open, segments, state)
    return { wal: new Wal(options, writer, terms), contents }
  }

  /** Whether the directory holds a log. */
  static async exists(disk: Disk, directory: string): Promise<boolean> {
    return (await listSegments(disk, directory)).length > 0
  }

  /**
   * Adds to the end of the log. `done` runs when it is durable, after that of every append
   * before; never, once the log has failed. Without `mustSync` it waits for the next append
   * with it, or for the end, and costs no write of its own.
   *
   * @throws the batch does not fit the log: a gap, an entry that the snapshot covers, a
   *   commit index beyond the last entry. That is a defect of the caller, which must stop.
   */
  append(batch: WalBatch, done: () => void): void {
    if (this.#closed) throw new Error('the write-ahead log is closed')
    if (this.#failure !== undefined) return
    const { mustSync } = batch
    const group = this.#accept(batch)
    this.#enqueue({ group, bytes: groupBytes(group), mustSync, done })
  }

  /**
   * Removes whole segments that hold only entries up to `index`, and up to the last marker
   * at most.
   *
   * @throws {WalFailed} the log has failed, or fails because a segment cannot be removed.
   */
  release(index: number): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the write-ahead log is closed'))
    const before = this.#releasing
    this.#releasing = before.catch(() => {}).then(() => this.#remove(index))
    return this.#releasing
  }

  /**
   * Makes everything appended durable and closes the file. After a failure it only closes.
   *
   * The last record says that all before it is durable, so that even damage to the last
   * append is found when the log is opened next.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const ignore = () => {}
    await this.#flush().catch(ignore)
    await this.#flush({ closed: true }).catch(ignore)
    await this.#releasing.catch(ignore)
    await this.#writer.abandon()
  }

  async #remove(index: number): Promise<void> {
    const markerIndex = this.#terms.first
    await this.#flush()
    try {
      const removed = await this.#writer.removeUpTo(Math.min(index, markerIndex))
      if (removed > 0) this.#log.debug('removed log segments', { removed, index })
    } catch (error) {
      this.#fail(error)
      throw this.#failure
    }
  }

  /** Checks the batch against the log and moves `#terms` on. */
  #accept(batch: WalBatch): Group {
    const { snapshot, entries, hardState } = batch
    let terms = this.#terms
    let replaces = false
    if (snapshot !== undefined) {
      if (snapshot.index < terms.first)
        throw new Error(
          `snapshot ${snapshot.index} is older than the log, which begins at ${terms.first}`,
        )
      replaces = terms.term(snapshot.index) !== snapshot.term
      if (replaces) terms = new TermRuns(snapshot.index, snapshot.term)
      else terms.forget(snapshot.index)
    }
    for (const entry of entries ?? []) terms.append(entry.index, entry.term)
    if (hardState !== undefined && hardState.commit > terms.last)
      throw new Error(`commit index ${hardState.commit} is beyond the last entry, ${terms.last}`)
    this.#terms = terms
    return { snapshot, replaces, entries, hardState }
  }

  /** Appends the group; resolves when it and all before are durable. */
  #flush(group: Group = {}): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#enqueue({ group, bytes: 0, mustSync: true, done: resolve, failed: reject })
    })
  }

  #enqueue(item: Waiting): void {
    this.#queue.push(item)
    if (this.#busy || !item.mustSync) return
    this.#busy = true
    // Later, so that all appends of this turn go together.
    queueMicrotask(() => void this.#work())
  }

  async #work(): Promise<void> {
    while (this.#queue.some(isUrgent)) {
      const batch = this.#take()
      this.#underWay = batch
      try {
        await this.#writer.write(batch.map((item) => item.group))
        if (batch.some(isUrgent)) await this.#writer.sync()
      } catch (error) {
        this.#fail(error)
      }
      if (this.#failure !== undefined) return
      for (const item of batch) item.done()
    }
    this.#busy = false
  }

  /** As much of the queue as one batch may hold. */
  #take(): Waiting[] {
    let bytes = this.#queue[0]!.bytes
    let count = 1
    while (count < this.#queue.length && bytes + this.#queue[count]!.bytes <= BATCH_BYTES_MAX)
      bytes += this.#queue[count++]!.bytes
    return this.#queue.splice(0, count)
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    const failure = new WalFailed(this.#directory, cause)
    this.#failure = failure
    this.#log.error('the log failed', { directory: this.#directory, cause })
    for (const item of [...this.#underWay, ...this.#queue]) item.failed?.(failure)
    this.#queue = []
    this.#onFatal(failure)
  }
}

function isUrgent({ mustSync }: Waiting): boolean {
  return mustSync
}

function place(options: WalOptions, clusterId: bigint, memberId: bigint) {
  const { disk, directory, segmentBytes = SEGMENT_BYTES } = options
  return { disk, directory, clusterId, memberId, segmentBytes }
}
