/**
 * What a member gives to its driver: messages, a batch for the disk, committed entries, answers.
 *
 * Some messages make a promise that must survive a crash: a vote, the wish for votes (it claims a
 * term and a log), and the acknowledgment of entries. They are held until everything that this
 * member had decided when it made the promise is on disk. Writes end in order, so it is enough to
 * wait for the newest write that must be synced.
 */

import {
  type Entry,
  type HardState,
  type Message,
  MessageType,
  type SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import { entriesBytes, type RaftLog } from './log.js'
import type { Role } from './status.js'

/** A batch for the disk. */
export interface Persist {
  /** Ascending; to be given to `Raft.persisted` once the batch is durable. */
  readonly sequence: number
  /** Present when it differs from the last one that was handed out. */
  readonly hardState?: HardState
  /**
   * To be appended; the first may overwrite entries that were handed out before, which then
   * are void from that index on.
   */
  readonly entries: Entry[]
  /** The log starts anew after this point; what was written before it is void. */
  readonly snapshot?: SnapshotMetadata
  /** False when only the commit index moved: it may be written without waiting for the disk. */
  readonly mustSync: boolean
}

/** Who leads, and what this member is. */
export interface Leadership {
  /** 0n when unknown. */
  readonly leader: bigint
  readonly role: Role
  readonly term: number
}

/** A linearizable read may be answered once the state machine has applied `index`. */
export interface ReadAnswer {
  readonly context: number
  readonly index: number
}

/** All that the driver has to do next; the parts may be done at the same time. */
export interface Ready {
  /** Send now; they need not wait for `persist`. */
  readonly messages: Message[]
  readonly persist?: Persist
  /** Apply in order. All of them are durable here. */
  readonly committed: Entry[]
  readonly reads: ReadAnswer[]
  /**
   * The same as in `persist`: replace the state machine by this snapshot before anything else is
   * applied. Committed entries of an earlier Ready that are not applied yet must be forgotten.
   */
  readonly snapshot?: SnapshotMetadata
  /** Present when it changed. */
  readonly leadership?: Leadership
}

/** What the output needs to know of its member. */
export interface OutputSource {
  readonly id: bigint
  readonly term: number
  readonly vote: bigint
  readonly leader: bigint
  readonly role: Role
  readonly log: RaftLog
}

/** Collects output between two calls of `take`. */
export class Output {
  #messages: Message[] = []
  /** Bytes of entries in the last message, if that is a PROPOSE. */
  #proposalBytes = 0
  /** Promises made since the last Ready. */
  #promises: Message[] = []
  #reads: ReadAnswer[] = []
  /** Syncs under way, oldest first, and the promises that wait for each. */
  readonly #syncs: { sequence: number; promises: Message[] }[] = []
  #sequence = 0
  #term: number
  #vote: bigint
  #commit: number
  #leadership: Leadership

  /** `hardState` is what the disk holds. */
  constructor(hardState: HardState) {
    this.#term = hardState.term
    this.#vote = hardState.vote
    this.#commit = hardState.commit
    this.#leadership = { leader: 0n, role: 'follower', term: hardState.term }
  }

  /** Sends without waiting for the disk. */
  send(message: Message): void {
    this.#messages.push(message)
  }

  /** Hands entries to the leader; those of one turn travel in one message up to `bytesMax`. */
  sendProposal(message: Message, bytesMax: number): void {
    const bytes = entriesBytes(message.entries)
    const previous = this.#messages[this.#messages.length - 1]
    const joins =
      previous?.type === MessageType.PROPOSE &&
      previous.to === message.to &&
      this.#proposalBytes + bytes <= bytesMax
    if (joins) {
      previous.entries.push(...message.entries)
      this.#proposalBytes += bytes
    } else {
      this.#messages.push(message)
      this.#proposalBytes = bytes
    }
  }

  /** Sends once all that is decided so far is on disk. A message to oneself is a promise too. */
  promise(message: Message): void {
    this.#promises.push(message)
  }

  answer(read: ReadAnswer): void {
    this.#reads.push(read)
  }

  /** The promises that may now be kept: the writes up to `sequence` are on disk. */
  release(sequence: number): Message[] {
    const kept: Message[] = []
    while (this.#syncs.length > 0 && this.#syncs[0]!.sequence <= sequence)
      kept.push(...this.#syncs.shift()!.promises)
    return kept
  }

  /**
   * Promises that need no disk because nothing is on its way to it and nothing waits to go there.
   * To be asked before {@link take}.
   */
  releaseIdle(source: OutputSource): Message[] {
    if (this.#promises.length === 0 || this.#syncs.length > 0 || this.#mustSync(source)) return []
    const kept = this.#promises
    this.#promises = []
    return kept
  }

  /** Everything that has gathered, or undefined when there is nothing. */
  take(source: OutputSource, applyBytesMax: number): Ready | undefined {
    const leadership = this.#takeLeadership(source)
    const persist = this.#takePersist(source)
    const committed = source.log.deliver(applyBytesMax)
    const messages = this.#messages
    const reads = this.#reads
    if (
      messages.length === 0 &&
      persist === undefined &&
      committed.length === 0 &&
      reads.length === 0 &&
      leadership === undefined
    )
      return undefined
    this.#messages = []
    this.#reads = []
    // Absent parts are named too: one shape, and no slow spread for each output.
    return { messages, persist, committed, reads, snapshot: persist?.snapshot, leadership }
  }

  #mustSync({ term, vote, log }: OutputSource): boolean {
    return term !== this.#term || vote !== this.#vote || log.unwritten
  }

  #takePersist(source: OutputSource): Persist | undefined {
    const { term, vote, log } = source
    const mustSync = this.#mustSync(source)
    // The disk never learns of a commit beyond what it holds, in whatever order it writes.
    const commit = Math.max(this.#commit, Math.min(log.commit, log.durable))
    const changed = term !== this.#term || vote !== this.#vote || commit !== this.#commit
    if (!mustSync && !changed) {
      this.#awaitNewestSync()
      return undefined
    }
    const sequence = ++this.#sequence
    const { entries, snapshot } = log.beginWrite(sequence)
    if (mustSync) this.#syncs.push({ sequence, promises: [] })
    this.#awaitNewestSync()
    this.#term = term
    this.#vote = vote
    this.#commit = commit
    const hardState = changed ? { term, vote, commit } : undefined
    return { sequence, hardState, entries, snapshot, mustSync }
  }

  /** Ties the promises made so far to the newest sync; they stay when there is none. */
  #awaitNewestSync(): void {
    const newest = this.#syncs[this.#syncs.length - 1]
    if (newest === undefined || this.#promises.length === 0) return
    newest.promises.push(...this.#promises)
    this.#promises = []
  }

  #takeLeadership({ leader, role, term }: OutputSource): Leadership | undefined {
    const last = this.#leadership
    if (last.leader === leader && last.role === role && last.term === term) return undefined
    this.#leadership = { leader, role, term }
    return this.#leadership
  }
}
