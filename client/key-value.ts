/** A stored key-value as a user reads it. */

import { toText } from './bytes.js'
import { decodeValue, type ValueCodec } from './value-codec.js'
import type { KeyValue as WireKeyValue } from './wire/generated/kv.js'

/**
 * A key-value at one revision. Do not change its bytes.
 *
 * @example
 * const kv: KeyValue | null = await client.kv.get('config/limits')
 * if (kv !== null) console.log(kv.keyString, kv.json(), kv.modRevision, kv.version)
 */
export class KeyValue {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** Revision of the put that created the key. */
  readonly createRevision: number
  /** Revision of the last put. */
  readonly modRevision: number
  /** Number of puts since the key was created; 1 after creation. */
  readonly version: number
  /** The lease that the key lives with; 0n is none. */
  readonly lease: bigint

  constructor(kv: WireKeyValue) {
    this.key = kv.key
    this.value = kv.value
    this.createRevision = kv.createRevision
    this.modRevision = kv.modRevision
    this.version = kv.version
    this.lease = kv.lease
  }

  /** The key as UTF-8. */
  get keyString(): string {
    return toText(this.key)
  }

  /** The value as UTF-8. */
  text(): string {
    return toText(this.value)
  }

  /** The value parsed as JSON; throws a SyntaxError when it is none. */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }

  /**
   * The value as a codec reads it; also of watch events and of answers of transactions.
   *
   * @throws {ConclaveError} `invalid-value`, naming the key.
   */
  decode<T>(codec: Pick<ValueCodec<T, never>, 'decode'>): T {
    return decodeValue(codec, this.value, this.key)
  }
}

/** The key-value of an optional field of the wire. */
export function keyValueOf(kv: WireKeyValue | undefined): KeyValue | null {
  return kv === undefined ? null : new KeyValue(kv)
}

/** The key-values of a list of the wire. */
export function keyValuesOf(kvs: readonly WireKeyValue[]): KeyValue[] {
  return kvs.map((kv) => new KeyValue(kv))
}
