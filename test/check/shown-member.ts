/** A member of a Raft group made up by a test: it shows a witness whatever the test says. */

import {
  type ConfState,
  Entry,
  EntryType,
  type Message,
  MessageType,
} from '../../client/wire/generated/raft.js'
import type { Witness } from '../../server/member/witness.js'
import type { RaftStatus, Ready, Role } from '../../server/raft/raft.js'
import type { Applied } from '../../server/state/applied.js'

/** What differs from a member that does nothing. */
export interface Shown {
  readonly term?: number
  readonly role?: Role
  readonly commit?: number
  /** Default: all of the log. */
  readonly durable?: number
  /** Terms of the entries from index 1 on. */
  readonly log?: readonly number[]
  /** Handed to the disk. */
  readonly entries?: readonly Entry[]
  /** Leave it now. */
  readonly messages?: readonly Partial<Message>[]
}

/** See the head of the file. */
export class ShownMember {
  readonly id: bigint
  readonly #witness: Witness
  readonly #voters: bigint[]

  constructor(id: bigint, witness: Witness, voters: bigint[] = [1n, 2n, 3n]) {
    this.id = id
    this.#witness = witness
    this.#voters = voters
  }

  /** Gives output. */
  show(shown: Shown): void {
    const { entries, messages = [] } = shown
    const ready = {
      messages: messages.map((message) => ({
        type: MessageType.APPEND,
        reject: false,
        from: this.id,
        ...message,
      })),
      ...(entries && { persist: { sequence: 1, entries, mustSync: true } }),
      committed: [],
      reads: [],
    } as unknown as Ready
    this.#witness.ready!(ready, this.#status(shown))
  }

  /** Applies an entry. */
  apply(entry: Entry, applied?: Applied): void {
    this.#witness.applied!(entry, applied)
  }

  /** Installs a snapshot. */
  install(index: number): void {
    this.#witness.installed!(index)
  }

  #status({ term = 1, role = 'follower', commit = 0, log = [], durable }: Shown): RaftStatus {
    const confState = { voters: this.#voters, votersOutgoing: [] } as unknown as ConfState
    return {
      id: this.id,
      term,
      role,
      commit,
      lastIndex: log.length,
      firstIndex: 1,
      durableIndex: durable ?? log.length,
      confState,
      log: { term: (index: number) => (index === 0 ? 0 : log[index - 1]) },
    } as unknown as RaftStatus
  }
}

/** An entry whose data, if any, is told by one number. */
export function entryOf(index: number, term: number, datum = 0): Entry {
  const data = datum === 0 ? new Uint8Array() : Uint8Array.of(8, datum)
  return Entry.create({ index, term, type: EntryType.NORMAL, data })
}
