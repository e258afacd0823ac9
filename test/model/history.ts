/** What a store's history is made of. Keys are latin1 strings, so `<` orders them like bytes. */

import type { EventType, KeyValue } from '../../client/wire/generated/kv.js'

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
  /** The key as it was one revision before; absent for a creation. */
  readonly prev: Kv | undefined
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

/** As the wire has it. */
export function wireKv(kv: Kv): KeyValue {
  return { ...kv, key: Uint8Array.from(Buffer.from(kv.key, 'latin1')) }
}
