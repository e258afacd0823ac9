/**
 * The end of the log on disk: writes groups, syncs, cuts segments, removes old ones.
 *
 * One writer, one call at a time. Any error leaves the end of the log unknown, so the
 * owner must not call anything but `abandon` after one.
 */

import { join } from 'node:path'
import type { HardState, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { Disk } from '../host/disk.js'
import { type Group, isEmpty, writeGroup } from './wal-group.js'
import { BLOCK_BYTES, RecordWriter } from './wal-record.js'
import { createSegment, type OpenSegment, type Segment } from './wal-segment.js'

/** Whose log it is and where. */
export interface WalPlace {
  readonly disk: Disk
  readonly directory: string
  readonly clusterId: bigint
  readonly memberId: bigint
  /** A segment that has grown to this many bytes is followed by a new one. */
  readonly segmentBytes: number
}

/** The state that the log holds so far: what a new segment begins with. */
export interface WalState {
  hardState: HardState
  snapshot: SnapshotMetadata
  /** Index after the last entry. */
  nextIndex: number
}

/** Appends to the last segment. */
export class WalWriter {
  readonly #place: WalPlace
  readonly #state: WalState
  readonly #segments: Segment[]
  #open: OpenSegment
  #end: number
  #crc: number
  /** For one batch after another: the disk is done with it when the write is. */
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  /** The open file is durable up to here; never beyond `#end`. */
  #synced: number

  /**
   * @param segments all of them, oldest first; the last one is open and durable to its end.
   * @param state what the log holds; owned by the writer from now on.
   */
  constructor(place: WalPlace, open: OpenSegment, segments: Segment[], state: WalState) {
    this.#place = place
    this.#open = open
    this.#segments = segments
    this.#state = state
    this.#end = open.end
    this.#synced = open.end
    this.#crc = open.crc
  }

  /** Writes the groups in one piece, in a new segment when the last one is full. Not durable. */
  async write(groups: readonly Group[]): Promise<void> {
    if (groups.every(isEmpty)) return
    if (this.#end >= this.#place.segmentBytes) await this.#cut()
    const { segmentCrc, file } = this.#open
    const writer = new RecordWriter(segmentCrc, this.#end, this.#crc, this.#synced, this.#block)
    for (const group of groups) {
      writeGroup(writer, group)
      this.#note(group)
    }
    await file.writeAt(this.#end, writer.finish())
    this.#end = writer.offset
    this.#crc = writer.previous
  }

  /** Everything written is durable when it resolves. */
  async sync(): Promise<void> {
    if (this.#synced === this.#end) return
    const end = this.#end
    await this.#open.file.sync()
    this.#synced = end
  }

  /**
   * Removes the oldest segments as long as they hold nothing beyond `index`.
   *
   * One at a time, each durably, so that a crash leaves no gap between segments. May run
   * beside the other calls, but not twice at once.
   */
  async removeUpTo(index: number): Promise<number> {
    const { disk, directory } = this.#place
    let removed = 0
    while (this.#segments.length > 1 && this.#segments[0]!.indexMax <= index) {
      await disk.remove(join(directory, this.#segments[0]!.name))
      await disk.syncDirectory(directory)
      this.#segments.shift()
      removed++
    }
    return removed
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    await this.#open.file.close()
  }

  async #cut(): Promise<void> {
    await this.sync()
    const { disk, directory, clusterId, memberId } = this.#place
    const { segment, file } = this.#open
    const header = {
      sequence: segment.sequence + 1,
      nextIndex: this.#state.nextIndex,
      clusterId,
      memberId,
      previousBytes: this.#end,
      previousCrc: this.#crc,
    }
    const open = await createSegment(disk, directory, header, this.#state)
    this.#open = open
    this.#segments.push(open.segment)
    this.#end = open.end
    this.#synced = open.end
    this.#crc = open.crc
    await file.close()
  }

  /** Keeps {@link WalState} in step with what is written. */
  #note(group: Group): void {
    const state = this.#state
    if (group.snapshot) {
      state.snapshot = group.snapshot
      if (group.replaces) state.nextIndex = group.snapshot.index + 1
    }
    const { segment } = this.#open
    for (const { index } of group.entries ?? []) {
      state.nextIndex = index + 1
      if (index > segment.indexMax) segment.indexMax = index
    }
    if (group.hardState) state.hardState = group.hardState
  }
}
