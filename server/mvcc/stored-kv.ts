/** A version of a key as the store hands it out, and the change that made it. */

import { NO_BYTES } from '../../client/wire/codec.js'
import type { KeyValue } from '../../client/wire/generated/kv.js'
import { bytesOf } from './interval.js'

/** One version of a key. */
export interface StoredKv {
  /** latin1: one character a byte. */
  readonly key: string
  /** The revision that created the key, or created it anew after a delete. */
  readonly createRevision: number
  /** The revision of this version. */
  readonly modRevision: number
  /** 1 for the first version since the key was created. */
  readonly version: number
  /** Not to be changed. Empty when keys only were asked for. */
  readonly value: Uint8Array
  /** The lease the key is attached to; 0n is none. */
  readonly lease: bigint
}

/** One change of one key. Events are ordered by revision, then by their place in the transaction. */
export interface StoreEvent {
  readonly type: 'put' | 'delete'
  /** The new version; for a delete only `key` and `modRevision` are set (behaviour 5.1). */
  readonly kv: StoredKv
  /**
   * The version before this revision, read when it is asked for first. Undefined
   * when the event created the key, or when that version is compacted by the time
   * of asking (behaviour 5.5, prev_kv).
   */
  readonly prev: StoredKv | undefined
}

/** The version of a key at a revision; undefined when there was none or is none any more. */
export type PreviousVersion = (key: string, revision: number) => StoredKv | undefined

/** What the event of a delete says of the key. */
export function deletedKv(key: string, revision: number): StoredKv {
  return {
    key,
    createRevision: 0,
    modRevision: revision,
    version: 0,
    value: NO_BYTES,
    lease: 0n,
  }
}

/** An event that asks `previous` for the version before it, at most once. */
export function changeEvent(
  type: 'put' | 'delete',
  kv: StoredKv,
  previous: PreviousVersion,
): StoreEvent {
  return new LateEvent(type, kv, previous)
}

/** A class, because an accessor on a prototype is much cheaper to make than one of its own. */
class LateEvent implements StoreEvent {
  #asked: boolean
  #prev: StoredKv | undefined
  readonly #previous: PreviousVersion

  constructor(
    readonly type: 'put' | 'delete',
    readonly kv: StoredKv,
    previous: PreviousVersion,
  ) {
    this.#previous = previous
    this.#asked = type === 'put' && kv.version === 1
  }

  get prev(): StoredKv | undefined {
    if (!this.#asked) this.#prev = this.#previous(this.kv.key, this.kv.modRevision - 1)
    this.#asked = true
    return this.#prev
  }
}

/** The version as the message of the wire. Reads `value`, so call it in the turn that got `kv`. */
export function toWire(kv: StoredKv): KeyValue {
  return {
    key: bytesOf(kv.key),
    createRevision: kv.createRevision,
    modRevision: kv.modRevision,
    version: kv.version,
    value: kv.value,
    lease: kv.lease,
  }
}
