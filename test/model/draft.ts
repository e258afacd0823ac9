/**
 * A write in the making: changes of the state that are not part of the history yet.
 *
 * All changes of a draft get the revision after the last one. A draft that is undone
 * leaves no trace, which is how a failed transaction fails.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { EventType } from '../../client/wire/generated/kv.js'
import { Refusal } from './call.js'
import type { Change, Kv } from './history.js'
import type { LiveState, State } from './state.js'

/** What a draft starts from. */
export interface Base {
  /** The draft changes it in place. */
  readonly state: LiveState
  readonly revision: number
  readonly compactRevision: number
  /** The state after an earlier revision. */
  past(revision: number): State
}

/** See the head of the file. */
export class Draft {
  readonly changes: Change[] = []
  /** Every key that was touched, as it was before. */
  readonly #before = new Map<string, Kv | undefined>()

  constructor(readonly base: Base) {}

  /** The revision that a reader inside the transaction sees: one more after the first change. */
  get revision(): number {
    return this.changes.length > 0 ? this.base.revision + 1 : this.base.revision
  }

  /** The living keys, this draft's changes included. */
  get state(): State {
    return this.base.state
  }

  /** The state at an earlier revision; 0 and negative mean now. */
  stateAt(revision: number): State {
    if (revision > this.revision) throw new Refusal('futureRev')
    const at = revision <= 0 ? this.revision : revision
    if (at < this.base.compactRevision) throw new Refusal('compacted')
    return at === this.revision ? this.base.state : this.base.past(at)
  }

  put(key: string, value: Uint8Array, lease: bigint): void {
    const modRevision = this.base.revision + 1
    const old = this.base.state.get(key)
    const kv = {
      key,
      createRevision: old?.createRevision ?? modRevision,
      modRevision,
      version: (old?.version ?? 0) + 1,
      value,
      lease,
    }
    const before = this.#remember(key)
    const created = kv.createRevision === modRevision
    this.#change({ type: EventType.PUT, kv, prev: created ? undefined : before })
  }

  delete(key: string): void {
    if (!this.base.state.has(key)) throw new Error('only a living key can be deleted')
    const modRevision = this.base.revision + 1
    const kv = { key, createRevision: 0, modRevision, version: 0, value: NO_BYTES, lease: 0n }
    this.#change({ type: EventType.DELETE, kv, prev: this.#remember(key) })
  }

  /** Takes every change back. */
  undo(): void {
    for (const [key, kv] of this.#before) this.base.state.set(key, kv)
  }

  #change(change: Change): void {
    this.base.state.apply(change)
    this.changes.push(change)
  }

  /** The key as it was before the draft. */
  #remember(key: string): Kv | undefined {
    if (!this.#before.has(key)) this.#before.set(key, this.base.state.get(key))
    return this.#before.get(key)
  }
}
