/**
 * What stands in the keys of a queue: small records in JSON, so that people can read them.
 *
 * A record that is not ours (somebody put another value there) is read as none, and the key
 * is then as good as missing.
 */

import { json, type KeyValue } from '../../client/index.js'

/** An item that waits or is in flight. */
export interface ItemRecord {
  /** Greater goes first. */
  readonly priority: number
  /** Place among those that were enqueued in the same transaction. */
  readonly place: number
  /** Claims so far. */
  readonly attempts: number
  /** Of the value. */
  readonly bytes: number
  /** How long it is to wait from this put on, in milliseconds. */
  readonly delayMs?: number
  /** When that is over, by the wall clock of who put it, in epoch milliseconds. */
  readonly dueMs?: number
  /** Why the last attempt failed. */
  readonly error?: string
}

/** Who has an item. */
export interface ClaimRecord {
  readonly owner: string
  /** By the claimer's wall clock, in epoch milliseconds. */
  readonly sinceMs: number
  /** Differs from transaction to transaction. */
  readonly nonce: string
}

/** Who takes items. */
export interface ConsumerRecord {
  readonly owner: string
  /** Items that it has or would have at once. */
  readonly slots: number
}

/** An item that failed too often. */
export interface DeadRecord {
  readonly priority: number
  readonly attempts: number
  readonly bytes: number
  /** Why the last attempt failed. */
  readonly error: string
  /** When it was buried, by the wall clock of who did it, in epoch milliseconds. */
  readonly diedMs: number
}

const RECORD = json<unknown>()

/** A record as it is stored. */
export function encodeRecord(record: ItemRecord | ClaimRecord | ConsumerRecord | DeadRecord) {
  return RECORD.encode(record)
}

/** The record of an item; undefined when it is none. */
export function itemRecord(kv: KeyValue): ItemRecord | undefined {
  return read<ItemRecord>(kv, ['priority', 'place', 'attempts', 'bytes'])
}

/** The record of a claim; undefined when it is none. */
export function claimRecord(kv: KeyValue): ClaimRecord | undefined {
  return read<ClaimRecord>(kv, ['sinceMs'])
}

/** The record of a consumer; undefined when it is none. */
export function consumerRecord(kv: KeyValue): ConsumerRecord | undefined {
  return read<ConsumerRecord>(kv, ['slots'])
}

/** The record of a dead item; undefined when it is none. */
export function deadRecord(kv: KeyValue): DeadRecord | undefined {
  return read<DeadRecord>(kv, ['priority', 'attempts', 'bytes', 'diedMs'])
}

function read<T>(kv: KeyValue, numbers: readonly (keyof T & string)[]): T | undefined {
  let record: unknown
  try {
    record = RECORD.decode(kv.value)
  } catch {
    return undefined
  }
  if (typeof record !== 'object' || record === null) return undefined
  const fields = record as Record<string, unknown>
  return numbers.every((name) => Number.isFinite(fields[name])) ? (record as T) : undefined
}

/** Characters of a reason that are kept. */
const REASON_CHARACTERS_MAX = 1_000

/** Why something failed, short enough to be kept. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  // Half of a surrogate pair is no text, and a cut may make one.
  return Buffer.from(text.slice(0, REASON_CHARACTERS_MAX), 'utf8').toString('utf8')
}
