/** What a client must be able to do to be measured: one set of operations for all of them. */

import type { Workload } from './closed-loop.js'

/** Everything that is measured. */
export const OPERATIONS = ['put', 'get', 'txn', 'lock', 'keep-alive', 'watch'] as const

/**
 * `put`, `get`: 8-byte keys, 256-byte values. `txn`: compare-and-swap, each caller on a key of its own.
 * `lock`: acquire and release, each caller a name of its own. `keep-alive`: one renewal, each caller a
 * lease of its own. `watch`: as many watchers as callers on one key; an operation is an event that
 * one of them got, and the next put follows when all have it.
 */
export type Operation = (typeof OPERATIONS)[number]

/** Makes ready what the operation needs, such as leases. */
type MakeWorkload = (callers: number) => Workload | Promise<Workload>

/** A client library at work: what each operation comes to, with what it needs made ready. */
export interface Driver extends Readonly<Record<Operation, MakeWorkload>> {
  /** How calls really travelled; undefined when the library has one way only. */
  transport(): string | undefined
  close(): Promise<void>
}

/** The libraries and how they are used. */
export const DRIVER_NAMES = ['etcd3', 'conclave-unary', 'conclave'] as const

/** See {@link DRIVER_NAMES}. */
export type DriverName = (typeof DRIVER_NAMES)[number]

/** Keys of put and get. */
export const KEYS = 1_000
/** A value of put and get. */
export const VALUE = Buffer.alloc(256, 'v')
/** Longer than any measurement. */
export const LEASE_SECONDS = 600

/** An 8-byte key. */
export function keyOf(number: number): string {
  return String(number % KEYS).padStart(8, '0')
}

/** Does something `count` times, at most 100 at once. */
export async function inParts(count: number, act: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - from) }, (_, i) => act(from + i)))
}
