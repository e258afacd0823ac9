/**
 * The beginnings and ends of calls in the order of time, as doubly linked lists from which
 * a call can be lifted out and put back in constant time: one of the calls that end, and
 * one of those that never do.
 */

import type { TimedCall } from './spec.js'

/** A beginning or an end. */
export interface Entry {
  /** Number of the call, by order of beginning. */
  readonly call: number
  /** Place among all beginnings and ends. */
  readonly place: number
  /** The end of the call; undefined for an end itself, and for a call that never ends. */
  readonly end: Entry | undefined
  readonly isEnd: boolean
  prev: Entry | undefined
  next: Entry | undefined
}

/** Both lists, each by the entry before its first. */
export interface Lists {
  readonly ending: Entry
  readonly endless: Entry
}

/** Lists of calls that are sorted by beginning. */
export function listsOf(calls: readonly TimedCall<unknown, unknown>[]): Lists {
  const moments = calls.flatMap(({ began, ended, output }, call) => {
    const beginning = { call, at: began, isEnd: false }
    return output === undefined ? [beginning] : [beginning, { call, at: ended, isEnd: true }]
  })
  // Where numbers are equal the calls count as overlapping.
  moments.sort((a, b) => a.at - b.at || Number(a.isEnd) - Number(b.isEnd))
  const ends = new Map<number, Entry>()
  const lists = { ending: headEntry(), endless: headEntry() }
  for (const [place, { call, isEnd }] of [...moments.entries()].reverse()) {
    const head = calls[call]!.output === undefined ? lists.endless : lists.ending
    const end = isEnd ? undefined : ends.get(call)
    const entry: Entry = { call, place, end, isEnd, prev: head, next: head.next }
    if (isEnd) ends.set(call, entry)
    link(entry)
  }
  return lists
}

function headEntry(): Entry {
  return { call: -1, place: -1, end: undefined, isEnd: false, prev: undefined, next: undefined }
}

/** Takes a call out, beginning and end. */
export function lift(beginning: Entry): void {
  unlink(beginning)
  if (beginning.end !== undefined) unlink(beginning.end)
}

/** Puts back the call that was lifted last. */
export function unlift(beginning: Entry): void {
  if (beginning.end !== undefined) link(beginning.end)
  link(beginning)
}

function unlink({ prev, next }: Entry): void {
  prev!.next = next
  if (next !== undefined) next.prev = prev
}

function link(entry: Entry): void {
  entry.prev!.next = entry
  if (entry.next !== undefined) entry.next.prev = entry
}
