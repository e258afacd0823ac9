/**
 * A write in the making: the history so far, and changes that are not part of it yet.
 *
 * All changes of a draft get the revision after the history's last one. A draft
 * that is thrown away leaves no trace, which is how a failed transaction fails.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { EventType } from '../../client/wire/generated/kv.js'
import { Refusal } from './call.js'
import { type Change, type Kv, replay, type State } from './history.js'

/** What a draft starts from. */
export interface Base {
  readonly history: readonly Change[]
  readonly state: State
  readonly revision: number
  readonly compactRevision: number
}

/** See the head of the file. */
export class Draft {
  readonly changes: Change[] = []
  readonly #state: Map<string, Kv>

  constructor(readonly base: Base) {
    this.#state = new Map(base.state)
  }

  /** The revision that a reader inside the transaction sees: one more after the first change. */
  get revision(): number {
    return this.changes.length > 0 ? this.base.revision + 1 : this.base.revision
  }

  /** The living keys, this draft's changes included. */
  get state(): State {
    return this.#state
  }

  /** The state at an earlier revision; 0 and negative mean now. */
  stateAt(revision: number): State {
    if (revision > this.revision) throw new Refusal('futureRev')
    const at = revision <= 0 ? this.revision : revision
    if (at < this.base.compactRevision) throw new Refusal('compacted')
    return at === this.revision ? this.#state : replay(this.base.history, at)
  }

  put(key: string, value: Uint8Array, lease: bigint): void {
    const modRevision = this.base.revision + 1
    const old = this.#state.get(key)
    const kv = {
      key,
      createRevision: old?.createRevision ?? modRevision,
      modRevision,
      version: (old?.version ?? 0) + 1,
      value,
      lease,
    }
    this.#state.set(key, kv)
    this.changes.push({ type: EventType.PUT, kv })
  }

  delete(key: string): void {
    if (!this.#state.delete(key)) throw new Error('only a living key can be deleted')
    const modRevision = this.base.revision + 1
    const kv = { key, createRevision: 0, modRevision, version: 0, value: NO_BYTES, lease: 0n }
    this.changes.push({ type: EventType.DELETE, kv })
  }
}
