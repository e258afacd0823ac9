/**
 * The log of one member, as far as it is in memory, and how far each stage has come.
 *
 *     first              applied   delivered     commit              last
 *       |--------------------|----------|-----------|------------------|
 *                                             durable?    written?
 *
 * Entries are appended in memory first. `beginWrite` hands them to the disk, `endWrite` says that
 * they are there, which moves `durable`. Committed entries are delivered to the state machine only
 * up to `durable`: what a crash could still take away here is not applied here.
 *
 * A later leader may overwrite entries while their write is under way. Each write under way
 * therefore remembers the last entry that it still vouches for, and an overwrite takes it back to
 * the entry before. Comparing the term of the last entry would not be enough: the same entry can
 * be overwritten and come back, and then the first write says nothing about the second.
 */

import type { Entry, SnapshotMetadata } from '../../client/wire/generated/raft.js'

/** An entry on the wire costs about this much besides its data. */
const ENTRY_OVERHEAD_BYTES = 16

/** What an entry counts for in the limits of bytes. */
export function entryBytes(entry: Entry): number {
  return entry.data.length + ENTRY_OVERHEAD_BYTES
}

/** What {@link entries} count for together. */
export function entriesBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entry.data.length + ENTRY_OVERHEAD_BYTES
  return bytes
}

interface Write {
  readonly sequence: number
  /** The log on disk is good up to here once this write and all before it are done. */
  last: number
  /** The term of `last`. */
  lastTerm: number
}

/** A position in the log; term 0 means that the term is not known. */
export interface Position {
  readonly index: number
  readonly term: number
}

function check(condition: boolean, problem: () => string): asserts condition {
  if (!condition) throw new Error(`raft log: ${problem()}`)
}

/**
 * The log. Invariants: first - 1 <= applied <= delivered <= commit <= last; durable <= written
 * <= last; terms never decrease with the index.
 */
export class RaftLog {
  /** The entry at place i has index first + i. */
  #entries: Entry[]
  #first: number
  /** The term of the entry at first - 1. */
  #termBefore: number
  /** Known to be committed. Never goes back. */
  #commit: number
  /** Applied by the state machine, as it says. */
  #applied: number
  /** Handed to the state machine. */
  #delivered: number
  /** On disk, in this very form. */
  #durable: number
  /** Handed to the disk, in this very form. */
  #written: number
  /** Writes under way, oldest first. */
  #writes: Write[] = []
  /** A snapshot that came in and was not handed to the disk yet. */
  #snapshot: SnapshotMetadata | undefined

  constructor(before: Position, entries: readonly Entry[], commit: number, applied: number) {
    this.#first = before.index + 1
    this.#termBefore = before.term
    this.#entries = []
    this.#commit = before.index
    this.#written = before.index
    this.append(entries)
    this.#durable = this.last
    this.#written = this.last
    check(
      applied >= before.index,
      () => `applied ${applied} lies before the snapshot ${before.index}`,
    )
    check(applied <= this.last, () => `applied ${applied} lies beyond the last entry ${this.last}`)
    check(commit <= this.last, () => `commit ${commit} lies beyond the last entry ${this.last}`)
    this.#commit = Math.max(commit, applied)
    this.#applied = applied
    this.#delivered = applied
  }

  get first(): number {
    return this.#first
  }

  get last(): number {
    return this.#first + this.#entries.length - 1
  }

  get lastTerm(): number {
    return this.#entries.length === 0
      ? this.#termBefore
      : this.#entries[this.#entries.length - 1]!.term
  }

  get commit(): number {
    return this.#commit
  }

  get applied(): number {
    return this.#applied
  }

  get delivered(): number {
    return this.#delivered
  }

  get durable(): number {
    return this.#durable
  }

  /** A received snapshot is not on disk yet: what the log is based on could still be lost. */
  get restoring(): boolean {
    return this.#durable < this.#first - 1
  }

  /** Something waits to be handed to the disk. */
  get unwritten(): boolean {
    return this.#snapshot !== undefined || this.#written < this.last
  }

  /** The term of an entry; undefined when it has left memory or does not exist. */
  term(index: number): number | undefined {
    if (index === this.#first - 1) return this.#termBefore
    return this.#entries[index - this.#first]?.term
  }

  /** Entries from..to (inclusive), at least one if there is one, up to `bytesMax`. */
  slice(from: number, to: number, bytesMax: number): Entry[] {
    check(from >= this.#first, () => `entry ${from} is no longer in memory`)
    const begin = from - this.#first
    const stop = Math.min(to, this.last) - this.#first
    let bytes = 0
    let end = begin
    while (end <= stop) {
      bytes += this.#entries[end]!.data.length + ENTRY_OVERHEAD_BYTES
      if (bytes > bytesMax && end > begin) break
      end++
    }
    return this.#entries.slice(begin, end)
  }

  /** Bytes of data in the entries from..to that are of `term`. */
  dataBytes(from: number, to: number, term: number): number {
    let bytes = 0
    for (let place = to - this.#first; place >= from - this.#first; place--) {
      const entry = this.#entries[place]!
      if (entry.term !== term) break
      bytes += entry.data.length
    }
    return bytes
  }

  /** Adds an entry that follows the last one. */
  push(entry: Entry): void {
    const { last, lastTerm } = this
    if (entry.index !== last + 1)
      throw new Error(`raft log: entry ${entry.index} where ${last + 1} belongs`)
    if (entry.term < lastTerm)
      throw new Error(`raft log: term ${entry.term} follows ${lastTerm} at entry ${entry.index}`)
    this.#entries.push(entry)
  }

  /** Adds entries that follow the last one. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.push(entry)
  }

  /**
   * Takes entries from a leader that follow `before`. Returns the last index that now agrees with
   * the leader, or undefined when `before` is not in this log. What already agrees stays.
   */
  appendAfter(before: Position, entries: readonly Entry[]): number | undefined {
    if (this.term(before.index) !== before.term) return undefined
    let place = 0
    while (place < entries.length && this.term(before.index + 1 + place) === entries[place]!.term)
      place++
    if (place < entries.length) {
      this.#truncate(before.index + place)
      this.append(place === 0 ? entries : entries.slice(place))
    }
    return before.index + entries.length
  }

  /** Drops the entries after `index`, and what the disk says of them. */
  #truncate(index: number): void {
    if (index === this.last) return
    check(index >= this.#commit, () => `entry ${index + 1} is committed and would be overwritten`)
    this.#entries.length = index - this.#first + 1
    this.#written = Math.min(this.#written, index)
    this.#durable = Math.min(this.#durable, index)
    for (const write of this.#writes) {
      if (write.last <= index) continue
      write.last = index
      write.lastTerm = this.term(index)!
    }
  }

  /** Replaces the whole log by a snapshot, which counts as applied: the driver installs it first. */
  restore(snapshot: SnapshotMetadata): void {
    check(snapshot.index > this.#commit, () => `snapshot ${snapshot.index} is older than the log`)
    this.#entries = []
    this.#first = snapshot.index + 1
    this.#termBefore = snapshot.term
    this.#commit = snapshot.index
    this.#applied = snapshot.index
    this.#delivered = snapshot.index
    this.#durable = Math.min(this.#durable, snapshot.index - 1)
    this.#written = snapshot.index
    for (const write of this.#writes) write.last = 0
    this.#snapshot = snapshot
  }

  /** Takes what the disk has not been given yet; it vouches for it by `endWrite(sequence)`. */
  beginWrite(sequence: number): { entries: Entry[]; snapshot: SnapshotMetadata | undefined } {
    const snapshot = this.#snapshot
    const entries =
      this.#written < this.last ? this.#entries.slice(this.#written + 1 - this.#first) : []
    this.#snapshot = undefined
    this.#written = this.last
    this.#writes.push({ sequence, last: this.last, lastTerm: this.lastTerm })
    return { entries, snapshot }
  }

  /** The writes up to `sequence` are on disk. */
  endWrite(sequence: number): void {
    while (this.#writes.length > 0 && this.#writes[0]!.sequence <= sequence) {
      const { last, lastTerm } = this.#writes.shift()!
      const term = this.term(last)
      check(
        term === undefined || last < this.#first || term === lastTerm,
        () => `the disk vouches for entry ${last} of term ${lastTerm}, but its term is ${term}`,
      )
      if (last > this.#durable) this.#durable = last
    }
  }

  /** Everything up to `index` is committed. Returns whether that is news. */
  commitTo(index: number): boolean {
    if (index <= this.#commit) return false
    check(
      index <= this.last,
      () =>
        `the leader counts on entry ${index}, but the log ends at ${this.last}; was the disk lost?`,
    )
    this.#commit = index
    return true
  }

  /** The next committed and durable entries. Delivers each once. */
  deliver(bytesMax: number): Entry[] {
    const until = Math.min(this.#commit, this.#durable)
    if (until <= this.#delivered) return []
    const entries = this.slice(this.#delivered + 1, until, bytesMax)
    this.#delivered += entries.length
    return entries
  }

  /** There is something to deliver. */
  get deliverable(): boolean {
    return Math.min(this.#commit, this.#durable) > this.#delivered
  }

  /** The state machine has applied up to `index`. Late news is ignored. */
  appliedTo(index: number): void {
    check(
      index <= this.#delivered,
      () => `applied ${index}, but only ${this.#delivered} was delivered`,
    )
    if (index > this.#applied) this.#applied = index
  }

  /** Entries up to `index` leave memory. Throws when they are not applied yet. */
  compact(index: number): void {
    check(index <= this.#applied, () => `entry ${index} is not applied yet and must stay`)
    if (index < this.#first) return
    this.#termBefore = this.term(index)!
    this.#entries = this.#entries.slice(index + 1 - this.#first)
    this.#first = index + 1
  }

  /** A log that ends so is at least as good as this one (figure 2, RequestVote, rule 2). */
  isCurrent(index: number, term: number): boolean {
    return term > this.lastTerm || (term === this.lastTerm && index >= this.last)
  }

  /**
   * The last position at or before `index` whose term is at most `term`: the last one that can
   * agree with a log whose entry at `index` has that term. Lets a whole term be skipped per
   * message, on both sides (thesis 3.5, the optimisation at its end).
   */
  lastAgreement(index: number, term: number): Position {
    let low = this.#first - 1
    if (index < low) return { index, term: 0 }
    if (this.#termBefore > term) return { index: Math.max(0, low - 1), term: 0 }
    let high = Math.min(index, this.last)
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.term(middle)! <= term) low = middle
      else high = middle - 1
    }
    return { index: low, term: this.term(low)! }
  }
}
