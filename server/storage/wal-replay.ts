/**
 * Puts the log together from its records, oldest first.
 *
 * An entry whose index was written before replaces that one and everything after it (the
 * leader's word, Raft paper figure 2). A marker moves the beginning of the log; one that
 * `replaces` voids what came before, because the snapshot came from another member whose
 * log differs. Entries up to the last marker are not kept.
 */

import type { Entry, HardState, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { HardState as HardStateCodec } from '../../client/wire/generated/raft.js'
import { decodeEntry, decodeSnapshot } from './wal-group.js'
import { RecordType } from './wal-record.js'
import type { FoundRecord } from './wal-scan.js'

/** What the log holds. */
export interface WalContents {
  readonly clusterId: bigint
  readonly memberId: bigint
  /** Its commit index is at least that of the marker and at most the last entry's. */
  readonly hardState: HardState
  /** The last marker: the state has everything up to its index. */
  readonly snapshot: SnapshotMetadata
  /** Everything after the marker, without gaps. */
  readonly entries: Entry[]
}

/** The records are whole but do not make a log. The message goes on after the name of the file. */
export class LogNonsense extends Error {
  override readonly name = 'LogNonsense'
}

/** Takes records in order. Methods throw {@link LogNonsense}, or `InvalidMessage` of a payload. */
export class WalReplay {
  #hardState: HardState = HardStateCodec.create()
  #snapshot: SnapshotMetadata = { index: 0, term: 0, confState: undefined }
  /** Consecutive; up to `#next - 1`. */
  #entries: Entry[] = []
  /** Index after the last entry of the log. */
  #next = 0

  /** Index of the entry that would come next. */
  get nextIndex(): number {
    return this.#next
  }

  get snapshot(): SnapshotMetadata {
    return this.#snapshot
  }

  get hardState(): HardState {
    return this.#hardState
  }

  /** The oldest segment begins; the log before it is not here. */
  begin(nextIndex: number): void {
    this.#next = nextIndex
  }

  /** Takes one record; returns the index of an entry, 0 for anything else. */
  take(record: FoundRecord): number {
    switch (record.type) {
      case RecordType.ENTRY:
        return this.#entry(record.payload)
      case RecordType.HARD_STATE:
        this.#hardState = HardStateCodec.decode(record.payload)
        return 0
      case RecordType.SNAPSHOT:
        this.#marker(record.payload)
        return 0
      case RecordType.CLOSED:
        return 0
      default:
        throw new LogNonsense(
          `holds a record of type ${record.type}, which this release does not know`,
        )
    }
  }

  #entry(payload: Buffer): number {
    const entry = decodeEntry(payload)
    if (entry === undefined) throw new LogNonsense('holds an entry that is too short')
    const { index } = entry
    if (index > this.#next)
      throw new LogNonsense(
        `goes from entry ${this.#next - 1} to entry ${index}: entries are missing`,
      )
    const first = this.#next - this.#entries.length
    this.#entries.length = Math.max(0, index - first)
    this.#entries.push(entry)
    this.#next = index + 1
    return index
  }

  #marker(payload: Buffer): void {
    const { snapshot, replaces } = decodeSnapshot(payload)
    if (snapshot.index < this.#snapshot.index)
      throw new LogNonsense(`goes back from snapshot ${this.#snapshot.index} to ${snapshot.index}`)
    this.#snapshot = snapshot
    if (replaces) {
      this.#entries = []
      this.#next = snapshot.index + 1
      return
    }
    const first = this.#next - this.#entries.length
    if (first <= snapshot.index) this.#entries.splice(0, snapshot.index + 1 - first)
  }

  /** All of it. */
  finish(clusterId: bigint, memberId: bigint): WalContents {
    const snapshot = this.#snapshot
    const first = this.#next - this.#entries.length
    const last = this.#next - 1
    if (last < snapshot.index)
      throw new LogNonsense(`ends at entry ${last}, before its snapshot ${snapshot.index}`)
    if (first !== snapshot.index + 1)
      throw new LogNonsense(`begins at entry ${first}, but its snapshot is ${snapshot.index}`)
    if (this.#hardState.commit > last)
      throw new LogNonsense(`ends at entry ${last}, but ${this.#hardState.commit} was committed`)
    // A marker stands for committed state, whether or not the commit index was written since.
    const commit = Math.max(this.#hardState.commit, snapshot.index)
    return {
      clusterId,
      memberId,
      hardState: { ...this.#hardState, commit },
      snapshot,
      entries: this.#entries,
    }
  }
}
