/**
 * Which of the ready items a consumer takes, so that idle consumers do not all race for
 * each new item.
 *
 * All know the same: the items in their order, and the consumers with free places. So each
 * reckons who is to take what: items in their order are dealt to the consumers in turn,
 * beginning with the one that has been without a new item the longest. A consumer takes its
 * own share at once. An item that is dealt to another it takes a moment later, the later
 * the more others come before it: should one of them stand still, the item waits for a
 * moment and not for the end of a lease.
 *
 * Nothing depends on it but the number of transactions that fail: knowledge may be old,
 * and the transaction decides.
 */

import type { Entry } from './entry.js'
import type { KnownItems } from './known-items.js'

/** Advance of the consumer before in line, in milliseconds. */
const STEP_MS = 50
/** Longest that an item waits for others, in steps. */
const STEPS_MAX = 20
/** Ready items that are looked at. */
const LOOK_MAX = 512

/** What to do now, and when to look again. */
export interface Share {
  readonly take: readonly Entry[]
  /** On the monotonic clock; undefined: when something changes. */
  readonly againAtMs: number | undefined
}

interface Place {
  readonly leaseId: bigint
  free: number
}

/** What the consumer with this lease takes, if it wants so many. */
export function shareOf(known: KnownItems, leaseId: bigint, wanted: number, nowMs: number): Share {
  const line = lineOf(known)
  const dealt = deal(line)
  const own = line.findIndex((place) => place.leaseId === leaseId)
  const take: Entry[] = []
  let againAtMs = known.nextDueMs
  let looked = 0
  for (const entry of known.ready()) {
    if (take.length === wanted || looked++ === LOOK_MAX) break
    if (entry.outdated) continue
    const taker = dealt()
    const isAhead = own >= 0 && taker >= 0
    const behind = isAhead ? (own - taker + line.length) % line.length : line.length
    const atMs = entry.offer(line[taker]?.leaseId, nowMs) + Math.min(STEPS_MAX, behind) * STEP_MS
    if (behind === 0 || atMs <= nowMs) take.push(entry)
    else againAtMs = Math.min(againAtMs ?? atMs, atMs)
  }
  return { take, againAtMs }
}

/** Consumers with free places, the one that got an item the longest ago first. */
function lineOf(known: KnownItems): Place[] {
  const line: (Place & { readonly lastRevision: number })[] = []
  for (const { leaseId, slots } of known.consumers) {
    const { held, lastRevision } = known.work(leaseId)
    if (slots > held) line.push({ leaseId, free: slots - held, lastRevision })
  }
  return line.sort((a, b) => a.lastRevision - b.lastRevision || (a.leaseId < b.leaseId ? -1 : 1))
}

/** Deals in turn to those with free places; -1 when nobody has any. */
function deal(line: readonly Place[]): () => number {
  const free = line.map((place) => place.free)
  let left = free.reduce((sum, n) => sum + n, 0)
  let next = 0
  return () => {
    if (left === 0) return -1
    while (free[next % line.length] === 0) next++
    const taker = next++ % line.length
    free[taker]!--
    left--
    return taker
  }
}
