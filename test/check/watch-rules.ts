/**
 * The judges of watches: what etcd promises about events, one rule a function.
 *
 * Each rule looks at one watcher's trace and at the truth, which is everything that
 * ever happened in the store, and says what is wrong or nothing. The rules overlap
 * on purpose: a broken promise is named by the sharpest of them. Source: etcd's
 * API guarantees and its robustness tests; `level` is the promise of liveness.
 */

import { EventType, type Event as WatchEvent } from '../../client/wire/generated/kv.js'
import type { WatchResponse } from '../../client/wire/generated/rpc.js'
import type { ModelEvent } from '../model/model.js'
import {
  sameEvent,
  samePrevious,
  showEvent,
  showTruth,
  type ToldEvent,
  toldBy,
  toldEvent,
  Wish,
} from './told-events.js'
import { firstFrom, WatchIndex } from './watch-index.js'
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
    for (const told of toldBy(trace)) {
      if (told.revision < last) return `${show(told)} comes after revision ${last}`
      last = told.revision
    }
    return undefined
  },

  /** No change of a key is told twice. A transaction may change a key twice, and then that is told twice. */
  unique(trace, truth) {
    const seen = new Map<string, number>()
    for (const told of toldBy(trace)) {
      const sign = `${told.event.type} ${told.revision} ${told.key}`
      const times = (seen.get(sign) ?? 0) + 1
      seen.set(sign, times)
      if (times === 1 || times <= findAll(truth, told).length) continue
      return `${show(told)} comes ${times} times`
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
    const events = toldBy(trace)
    const [first] = events
    if (first === undefined) return undefined
    const expected = [...wanted(trace, truth, first.revision, events.at(-1)!.revision)]
    for (let i = 0; i < Math.max(events.length, expected.length); i++) {
      const told = events[i]
      const truly = expected[i]
      if (told !== undefined && truly !== undefined && sameEvent(told, truly)) continue
      const got = told && showEvent({ ...told.event, prevKv: undefined })
      const want = truly && showTruth(truly, false)
      return `event ${i} is ${got ?? 'missing'}, should be ${want ?? 'nothing'}`
    }
    return undefined
  },

  /** The first event is the first that matters from the start revision on. */
  resumable(trace, truth) {
    const [first] = toldBy(trace)
    if (first === undefined) return undefined
    const start = startOf(trace)
    if (first.revision < start) return `${show(first)} comes before the start, ${start}`
    const [should] = wanted(trace, truth, start, truth.revision)
    if (should?.revision === first.revision) return undefined
    return `the first event is ${show(first)}, should be of revision ${should?.revision}`
  },

  /** A progress notification at r says: everything up to r was told, and nothing up to r will follow. */
  bookmarkable(trace, truth) {
    const owedIn = [...wanted(trace, truth, startOf(trace), Number.POSITIVE_INFINITY)]
    let bookmark = 0
    let told = 0
    for (const [i, response] of trace.responses.entries()) {
      for (const event of response.events) {
        if (revisionOf(event) <= bookmark)
          return `${show(toldEvent(event))} comes after progress ${bookmark}`
        told++
      }
      if (!isProgress(response)) continue
      bookmark = response.header?.revision ?? 0
      const owed = firstFrom(owedIn, bookmark + 1)
      if (told < owed) return `response ${i}: progress ${bookmark} overtakes ${owed - told} events`
      if (told > owed) return `response ${i}: progress ${bookmark} is below an event told before`
    }
    return undefined
  },

  /** Only keys of the interval, only types that are not filtered out. */
  filter(trace) {
    const wish = new Wish(trace)
    for (const told of toldBy(trace)) {
      if (!wish.covers(told.key)) return `${show(told)} was not asked for`
      if (!wish.lets(told.event.type)) return `${show(told)} was filtered out`
    }
    return undefined
  },

  /** The previous value is there if asked for, right, and missing only for creations and after compaction. */
  prevKv(trace, truth) {
    for (const told of toldBy(trace)) {
      const { event, revision } = told
      if (!trace.request.prevKv) {
        if (event.prevKv) return `${show(told)} has a previous value that nobody asked for`
        continue
      }
      const [truly] = findAll(truth, told)
      const compacted = revision - 1 < truth.compactRevision
      if (truly === undefined || (compacted && !event.prevKv)) continue
      if (sameEvent(told, truly) && samePrevious(told, truly)) continue
      const want = showTruth(truly, true)
      return `${showEvent(event)} has the wrong previous value, should be ${want}`
    }
    return undefined
  },

  /** An event looks like a creation exactly when it was one. */
  isCreate(trace, truth) {
    for (const told of toldBy(trace)) {
      const [truly] = findAll(truth, told)
      if (truly === undefined) continue
      const looks = told.event.kv!.createRevision === told.revision
      const is = truly.kv.createRevision === truly.kv.modRevision
      if (looks !== is) return `${show(told)} ${is ? 'was a' : 'was no'} creation`
    }
    return undefined
  },

  /** Canceled for compaction is only who could still need what was compacted. */
  compacted(trace, truth) {
    const { compactRevision } = trace.responses.at(-1) ?? { compactRevision: 0 }
    if (compactRevision === 0) return undefined
    if (compactRevision > truth.compactRevision)
      return `canceled for compaction ${compactRevision}, which never was`
    const last = toldBy(trace).at(-1)
    const next = last === undefined ? startOf(trace) : last.revision + 1
    if (next < compactRevision) return undefined
    return `canceled for compaction ${compactRevision}, but needs ${next} next`
  },

  /** Once all is quiet: everything was told, unless the watcher was canceled. */
  level(trace, truth) {
    if (trace.responses.at(-1)?.canceled) return undefined
    const told = toldBy(trace).length
    const owed = [...wanted(trace, truth, startOf(trace), truth.revision)].length
    return told === owed ? undefined : `was told ${told} events of ${owed}`
  },
} satisfies Record<string, WatchRule>

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
function wanted(
  trace: WatchTrace,
  { events }: WatchTruth,
  from: number,
  to: number,
): Iterable<ModelEvent> {
  return new Wish(trace).of(WatchIndex.of(events), from, to)
}

function findAll({ events }: WatchTruth, { event, key, revision }: ToldEvent) {
  return WatchIndex.of(events).find(key, revision, event.type)
}

function show({ event, key, revision }: ToldEvent): string {
  const type = event.type === EventType.PUT ? 'put' : 'delete'
  return `${type} ${JSON.stringify(key)}@${revision}`
}
