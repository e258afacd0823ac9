/**
 * Who truly held a mutex, or led an election, and when: the oldest key of the queue did.
 *
 * Replayed from the events of the store. What counts is the state after a revision, not in
 * the middle of one: a lease that ends deletes all its keys at once.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'

/** One key's time at the head of its queue. */
export interface Reign {
  readonly key: string
  /** Create revision of the key. */
  readonly token: number
  readonly lease: bigint
  /** The first revision at which it was the head. */
  readonly from: number
  /** The first at which it was not any more; Infinity for the last one. */
  to: number
  /** What it said, in order: at `from`, and each put until `to`. */
  readonly values: { readonly revision: number; readonly value: string }[]
}

interface Candidate {
  readonly key: string
  readonly token: number
  readonly lease: bigint
  value: string
}

/** What happened in a queue. */
export interface QueueHistory {
  /** By token. */
  readonly reigns: ReadonlyMap<number, Reign>
  /** Puts to keys that were there already and were not the head. */
  readonly outOfTurn: readonly { readonly revision: number; readonly key: string }[]
}

/** Replays the queue of a name: all keys under `<name>/`. */
export function queueHistory(name: string, events: readonly ModelEvent[]): QueueHistory {
  const reigns = new Map<number, Reign>()
  const outOfTurn: { revision: number; key: string }[] = []
  // A map keeps the order of insertion, which is that of creation.
  const queue = new Map<string, Candidate>()
  let head: Reign | undefined
  const prefix = `${name}/`
  const own = events.filter(({ kv }) => kv.key.startsWith(prefix))
  for (const [i, { revision, type, kv }] of own.entries()) {
    const { key, lease } = kv
    const value = Buffer.from(kv.value ?? []).toString()
    const known = queue.get(key)
    if (type === EventType.DELETE) queue.delete(key)
    else if (known === undefined) queue.set(key, { key, token: revision, lease, value })
    else {
      known.value = value
      if (head?.key === key) head.values.push({ revision, value })
      else outOfTurn.push({ revision, key })
    }
    if (own[i + 1]?.revision === revision) continue
    const [first] = queue.values()
    if (first?.token === head?.token) continue
    if (head !== undefined) head.to = revision
    head = first && reignOf(first, revision)
    if (head !== undefined) reigns.set(head.token, head)
  }
  return { reigns, outOfTurn }
}

function reignOf({ key, token, lease, value }: Candidate, from: number): Reign {
  const values = [{ revision: from, value }]
  return { key, token, lease, from, to: Number.POSITIVE_INFINITY, values }
}

/** When revisions came to be, in true milliseconds. */
export class RevisionTimes {
  readonly #revisions: number[] = []
  readonly #atMs: number[] = []

  /** @param committed undefined when nobody saw the log: then nothing is known. */
  constructor(committed: readonly Committed[] | undefined) {
    for (const { result, atMs } of committed ?? []) {
      if (!result?.ok) continue
      const revision = (result.response as { header?: { revision?: number } }).header?.revision
      if (revision === undefined || revision <= (this.#revisions.at(-1) ?? 0)) continue
      this.#revisions.push(revision)
      this.#atMs.push(atMs)
    }
  }

  /** It came to be at this time or later. */
  earliest(revision: number): number {
    const place = this.#placeOf(revision)
    const exact = this.#revisions[place] === revision
    return this.#atMs[exact ? place : place - 1] ?? Number.NEGATIVE_INFINITY
  }

  /** It came to be at this time or before, if it ever did. */
  latest(revision: number): number {
    return this.#atMs[this.#placeOf(revision)] ?? Number.POSITIVE_INFINITY
  }

  /** The first place whose revision is not below. */
  #placeOf(revision: number): number {
    let low = 0
    let high = this.#revisions.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#revisions[middle]! < revision) low = middle + 1
      else high = middle
    }
    return low
  }
}
