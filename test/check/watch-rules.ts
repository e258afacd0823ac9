/**
 * The judges of watches: what etcd promises about events, one rule a function.
 *
 * Each rule looks at one watcher's trace and at the truth, which is everything that
 * ever happened in the store, and says what is wrong or nothing. The rules overlap
 * on purpose: a broken promise is named by the sharpest of them. Source: etcd's
 * API guarantees and its robustness tests; `level` is the promise of liveness.
 */

import { EventType, type Event as WatchEvent } from '../../client/wire/generated/kv.js'
import { FilterType, type WatchResponse } from '../../client/wire/generated/rpc.js'
import { covers, latin1 } from '../model/history.js'
import { type ModelEvent, wireEvent } from '../model/model.js'
import type { WatchTrace } from './watch-trace.js'

/** What really happened. */
export interface WatchTruth {
  /** Every event of the store from its beginning, in order. */
  readonly events: readonly ModelEvent[]
  /** The newest revision of the store. */
  readonly revision: number
  /** The highest compaction that there was; -1 for none. */
  readonly compactRevision: number
}

/** One rule: a sentence about what is wrong, or undefined. */
export type WatchRule = (trace: WatchTrace, truth: WatchTruth) => string | undefined

/** A rule that was broken. */
export interface WatchViolation {
  readonly rule: keyof typeof watchRules
  readonly message: string
}

/** Judges one watcher by every rule but `level`, which holds only once all is quiet. */
export function judgeWatch(trace: WatchTrace, truth: WatchTruth): WatchViolation[] {
  const violations: WatchViolation[] = []
  for (const rule of Object.keys(watchRules) as (keyof typeof watchRules)[]) {
    if (rule === 'level') continue
    const message = watchRules[rule](trace, truth)
    if (message !== undefined) violations.push({ rule, message })
  }
  return violations
}

/** The rules by name. */
export const watchRules = {
  /** `created` comes first and once; nothing comes after `canceled`. */
  form({ responses }) {
    if (!responses[0]?.created) return 'the first response is not created'
    for (const [i, response] of responses.entries()) {
      if (i > 0 && response.created) return `response ${i}: created again`
      if (i > 0 && responses[i - 1]!.canceled) return `response ${i}: comes after canceled`
    }
    return undefined
  },

  /** Revisions never decrease. */
  ordered(trace) {
    let last = 0
    for (const event of eventsOf(trace)) {
      const revision = revisionOf(event)
      if (revision < last) return `${show(event)} comes after revision ${last}`
      last = revision
    }
    return undefined
  },

  /** No change of a key is told twice. A transaction may change a key twice, and then that is told twice. */
  unique(trace, truth) {
    const seen = new Map<string, number>()
    for (const event of eventsOf(trace)) {
      const sign = show(event)
      const times = (seen.get(sign) ?? 0) + 1
      if (times > Math.max(1, findAll(truth, event).length)) return `${sign} comes ${times} times`
      seen.set(sign, times)
    }
    return undefined
  },

  /** A revision is not split over responses, unless they are fragments of one. */
  atomic({ responses }) {
    let last = 0
    let joined = false
    for (const [i, { events, fragment }] of responses.entries()) {
      const [first] = events
      if (first !== undefined && !joined && revisionOf(first) === last)
        return `response ${i}: goes on with revision ${last} of an earlier one`
      if (events.length > 0) last = revisionOf(events.at(-1)!)
      joined = fragment
    }
    return undefined
  },

  /** From the first event to the last, nothing is missing, altered or made up. */
  reliable(trace, truth) {
    const events = eventsOf(trace)
    if (events.length === 0) return undefined
    const from = revisionOf(events[0]!)
    const to = revisionOf(events.at(-1)!)
    const expected = wanted(trace, truth, from, to)
    for (let i = 0; i < Math.max(events.length, expected.length); i++) {
      const got = events[i] && full({ ...events[i]!, prevKv: undefined })
      const want = expected[i] && full(wireEvent(expected[i]!, false))
      if (got !== want) return `event ${i} is ${got ?? 'missing'}, should be ${want ?? 'nothing'}`
    }
    return undefined
  },

  /** The first event is the first that matters from the start revision on. */
  resumable(trace, truth) {
    const [first] = eventsOf(trace)
    if (first === undefined) return undefined
    const start = startOf(trace)
    if (revisionOf(first) < start) return `${show(first)} comes before the start, ${start}`
    const [should] = wanted(trace, truth, start, truth.revision)
    if (should?.revision === revisionOf(first)) return undefined
    return `the first event is ${show(first)}, should be of revision ${should?.revision}`
  },

  /** A progress notification at r says: everything up to r was told, and nothing up to r will follow. */
  bookmarkable(trace, truth) {
    let bookmark = 0
    let told = 0
    for (const [i, response] of trace.responses.entries()) {
      for (const event of response.events) {
        if (revisionOf(event) <= bookmark) return `${show(event)} comes after progress ${bookmark}`
        told++
      }
      if (!isProgress(response)) continue
      bookmark = response.header?.revision ?? 0
      const owed = wanted(trace, truth, startOf(trace), bookmark).length
      if (told < owed) return `response ${i}: progress ${bookmark} overtakes ${owed - told} events`
      if (told > owed) return `response ${i}: progress ${bookmark} is below an event told before`
    }
    return undefined
  },

  /** Only keys of the interval, only types that are not filtered out. */
  filter(trace) {
    const { filters } = trace.request
    for (const event of eventsOf(trace)) {
      if (!inInterval(trace, latin1(event.kv!.key))) return `${show(event)} was not asked for`
      const filter = event.type === EventType.PUT ? FilterType.NOPUT : FilterType.NODELETE
      if (filters.includes(filter)) return `${show(event)} was filtered out`
    }
    return undefined
  },

  /** The previous value is there if asked for, right, and missing only for creations and after compaction. */
  prevKv(trace, truth) {
    for (const event of eventsOf(trace)) {
      if (!trace.request.prevKv) {
        if (event.prevKv) return `${show(event)} has a previous value that nobody asked for`
        continue
      }
      const [truly] = findAll(truth, event)
      const want = truly && full(wireEvent(truly, true))
      const compacted = revisionOf(event) - 1 < truth.compactRevision
      if (want === undefined || full(event) === want || (compacted && !event.prevKv)) continue
      return `${full(event)} has the wrong previous value, should be ${want}`
    }
    return undefined
  },

  /** An event looks like a creation exactly when it was one. */
  isCreate(trace, truth) {
    for (const event of eventsOf(trace)) {
      const [truly] = findAll(truth, event)
      if (truly === undefined) continue
      const looks = event.kv!.createRevision === event.kv!.modRevision
      const is = truly.kv.createRevision === truly.kv.modRevision
      if (looks !== is) return `${show(event)} ${is ? 'was a' : 'was no'} creation`
    }
    return undefined
  },

  /** Canceled for compaction is only who could still need what was compacted. */
  compacted(trace, truth) {
    const { compactRevision } = trace.responses.at(-1) ?? { compactRevision: 0 }
    if (compactRevision === 0) return undefined
    if (compactRevision > truth.compactRevision)
      return `canceled for compaction ${compactRevision}, which never was`
    const last = eventsOf(trace).at(-1)
    const next = last === undefined ? startOf(trace) : revisionOf(last) + 1
    if (next < compactRevision) return undefined
    return `canceled for compaction ${compactRevision}, but needs ${next} next`
  },

  /** Once all is quiet: everything was told, unless the watcher was canceled. */
  level(trace, truth) {
    if (trace.responses.at(-1)?.canceled) return undefined
    const told = eventsOf(trace).length
    const owed = wanted(trace, truth, startOf(trace), truth.revision).length
    return told === owed ? undefined : `was told ${told} events of ${owed}`
  },
} satisfies Record<string, WatchRule>

function eventsOf({ responses }: WatchTrace): WatchEvent[] {
  return responses.flatMap(({ events }) => events)
}

function revisionOf(event: WatchEvent): number {
  return event.kv?.modRevision ?? 0
}

/** The first revision that the watcher wants: asked for, or the one after its creation. */
function startOf({ request, responses }: WatchTrace): number {
  return request.startRevision || (responses[0]?.header?.revision ?? 0) + 1
}

function isProgress({ created, canceled, fragment, events }: WatchResponse): boolean {
  return !created && !canceled && !fragment && events.length === 0
}

/** What happened from `from` to `to` that the watcher wants to know. */
function wanted(trace: WatchTrace, truth: WatchTruth, from: number, to: number): ModelEvent[] {
  const { filters } = trace.request
  return truth.events.filter((event) => {
    const filter = event.type === EventType.PUT ? FilterType.NOPUT : FilterType.NODELETE
    const inTime = event.revision >= from && event.revision <= to
    return inTime && !filters.includes(filter) && inInterval(trace, event.kv.key)
  })
}

/** An empty key means the first of all keys. */
function inInterval({ request }: WatchTrace, key: string): boolean {
  return covers(latin1(request.key) || '\0', latin1(request.rangeEnd), key)
}

function findAll(truth: WatchTruth, event: WatchEvent): ModelEvent[] {
  const key = latin1(event.kv!.key)
  return truth.events.filter(
    (each) =>
      each.revision === revisionOf(event) && each.kv.key === key && each.type === event.type,
  )
}

function show(event: WatchEvent): string {
  const type = event.type === EventType.PUT ? 'put' : 'delete'
  return `${type} ${JSON.stringify(latin1(event.kv!.key))}@${revisionOf(event)}`
}

/** Every field of an event as text, to compare and to print. */
function full(event: WatchEvent): string {
  const kv = ({ key, value, ...numbers }: NonNullable<WatchEvent['kv']>) =>
    Object.values({ key: latin1(key), value: latin1(value), ...numbers }).join(',')
  return `${event.type}:${event.kv && kv(event.kv)}:${event.prevKv ? kv(event.prevKv) : ''}`
}
