/**
 * The whole history of a store, and the state that follows from it.
 *
 * Nothing is ever forgotten: the state at a revision is found by replaying all
 * changes up to it. Keys are latin1 strings, so `<` orders them like bytes.
 */

import { EventType, type KeyValue } from '../../client/wire/generated/kv.js'

/** A key with its value, as the model keeps it. */
export interface Kv {
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly value: Uint8Array
  readonly lease: bigint
}

/** One change of one key. A deletion's kv has the key and the revision of the deletion only. */
export interface Change {
  readonly type: EventType
  readonly kv: Kv
}

/** The keys that live at one time. */
export type State = ReadonlyMap<string, Kv>

/** The state after all changes of revisions up to and including `revision`. */
export function replay(history: readonly Change[], revision: number): Map<string, Kv> {
  const state = new Map<string, Kv>()
  for (const { type, kv } of history) {
    if (kv.modRevision > revision) break
    if (type === EventType.DELETE) state.delete(kv.key)
    else state.set(kv.key, kv)
  }
  return state
}

/** Bytes as a latin1 string. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Whether etcd's `[key, range_end)` holds `candidate`; empty end: that key; `\0`: all from it on. */
export function covers(key: string, rangeEnd: string, candidate: string): boolean {
  if (rangeEnd === '') return candidate === key
  if (rangeEnd === '\0') return candidate >= key
  return candidate >= key && candidate < rangeEnd
}

/** The living keys of `[key, range_end)`, in order. */
export function select(state: State, key: string, rangeEnd: string): Kv[] {
  const kvs = [...state.values()].filter((kv) => covers(key, rangeEnd, kv.key))
  return kvs.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** As the wire has it. */
export function wireKv(kv: Kv): KeyValue {
  return { ...kv, key: Uint8Array.from(Buffer.from(kv.key, 'latin1')) }
}
