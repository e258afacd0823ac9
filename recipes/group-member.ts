/** A member of a group, and what groups tell. */

import type { KeyValue, ValueCodec } from '../client/index.js'

/** Somebody who is in a group. */
export class GroupMember<T> {
  readonly id: string
  /** The revision at which it came: those who came before have smaller ones. */
  readonly joinedAt: number
  /** The lease that keeps it in. */
  readonly leaseId: bigint
  readonly #kv: KeyValue
  readonly #codec: Pick<ValueCodec<T>, 'decode'>
  #read: { readonly payload: T } | undefined

  /** @internal */
  constructor(id: string, kv: KeyValue, codec: Pick<ValueCodec<T>, 'decode'>) {
    this.id = id
    this.joinedAt = kv.createRevision
    this.leaseId = kv.lease
    this.#kv = kv
    this.#codec = codec
  }

  /**
   * What it told of itself. It is read when it is first asked for, so one that cannot be
   * read does not hide the member.
   *
   * @throws {ConclaveError} `invalid-value`.
   */
  get payload(): T {
    this.#read ??= { payload: this.#kv.decode(this.#codec) }
    return this.#read.payload
  }

  /** @internal As it was written. */
  get bytes(): Uint8Array {
    return this.#kv.value
  }
}

/** A member that came, went or changed. */
export interface GroupChange<T> {
  /** As it is now; of one that went, as it was. */
  readonly member: GroupMember<T>
  /** Revision of the change; of a synthetic one, that of the list. */
  readonly revision: number
  /**
   * Found by comparing lists, after a compaction or after the list was refused: of several
   * changes only the last is told.
   */
  readonly synthetic: boolean
}

/** What a group tells. */
export interface GroupEvents<T> {
  /** Somebody came, after the list was read. */
  readonly join: GroupChange<T>
  /** Somebody left, or its lease was ended. */
  readonly leave: GroupChange<T>
  /** Somebody tells something else of itself. */
  readonly update: GroupChange<T> & { readonly previous: GroupMember<T> }
  /** We are in the group, now or again. */
  readonly present: { readonly fencingToken: number }
  /** We are not, or cannot be sure of it. */
  readonly absent: { readonly reason: 'deleted' | 'taken' | 'session-lost' | 'stopped' }
  /**
   * Something stands in the way of our membership, or of the list: that stays as it is and
   * is asked for again, for ever.
   */
  readonly error: Error
}
