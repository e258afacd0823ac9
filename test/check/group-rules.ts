/**
 * Judges groups: what members and onlookers were told against the keys in the store.
 *
 * - *P1*: an onlooker hears of each coming, going and change at its revision, once and in
 *   order; only what was compacted before it was told may be summed up;
 * - *P2*: what it heard, added to its first list, is its last list, and both lists are what
 *   the group was at their revisions;
 * - *P3*: a member is told to be in the group only after its key was put at the revision of
 *   its token;
 * - *P4*: after `leave` returned, no key of the member stays: what still arrives is gone soon.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { GroupNews, GroupStay, GroupView } from './group-record.js'
import { RevisionTimes } from './lock-reigns.js'
import type { Violation } from './operation.js'
import type { Truth } from './truth.js'

/** How long a key may stay after its member left, in milliseconds in which the cluster works. */
const STRAY_MS_MAX = 30_000
/** Of a longer silence of the log only so much counts: nobody could end a lease. */
const SILENCE_MS_MAX = 2_000

type GroupTruth = Pick<Truth, 'events' | 'log' | 'compactRevision'>
type Convict = (rule: string, message: string) => void

/** Judges by all rules. Empty: acquitted. */
export function judgeGroups(
  { stays, views }: { readonly stays: readonly GroupStay[]; readonly views: readonly GroupView[] },
  truth: GroupTruth,
): Violation[] {
  const violations: Violation[] = []
  const convict: Convict = (rule, message) => violations.push({ rule: `group ${rule}`, message })
  for (const view of views) judgeView(view, truth, convict)
  const times = new RevisionTimes(truth.log)
  for (const stay of stays) judgeStay(stay, stays, truth, times, convict)
  return violations
}

function judgeView(
  { process, name, first, news, last }: GroupView,
  { events, compactRevision }: GroupTruth,
  convict: Convict,
): void {
  if (first === undefined || last === undefined) return
  const own = events.filter(({ kv }) => idOf(kv.key, name) !== undefined)
  for (const { revision, ids } of [first, last]) {
    const truly = membersAt(own, name, revision)
    if (truly.join() !== [...ids].sort().join())
      convict('P2', `${process} saw ${ids} in ${name} at revision ${revision}, not ${truly}`)
  }
  const view = new Set(first.ids)
  for (const one of news) {
    if (one.type === 'join') view.add(one.id)
    if (one.type === 'leave') view.delete(one.id)
  }
  if ([...view].sort().join() !== [...last.ids].sort().join())
    convict('P2', `${process} heard of ${[...view]} in ${name}, and saw ${last.ids}`)
  judgeNews(
    news.map((one) => ({ ...one, shown: shown(one) })),
    own
      .flatMap((event) => newsOf(event, name))
      .filter(({ revision }) => revision > first.revision && revision <= last.revision),
    { firstRevision: first.revision, compactRevision },
    (message) => convict('P1', `${process}, of ${name}: ${message}`),
  )
}

/** Everything that was told alone is true, in order, and nothing but what was compacted is missing. */
function judgeNews(
  told: readonly (GroupNews & { readonly shown: string })[],
  truly: readonly GroupNews[],
  { firstRevision, compactRevision }: { firstRevision: number; compactRevision: number },
  convict: (message: string) => void,
): void {
  let at = 0
  let revision = 0
  for (const one of told) {
    if (one.revision < revision) convict(`${one.shown} came after revision ${revision}`)
    revision = one.revision
    if (one.synthetic) {
      // A list: what came before it and was not told must have been compacted, see below.
      while (at < truly.length && truly[at]!.revision <= one.revision) skip(truly[at++]!)
      continue
    }
    while (at < truly.length && truly[at]!.revision < one.revision) skip(truly[at++]!)
    if (at < truly.length && shown(truly[at]!) === one.shown) at++
    else convict(`${one.shown} was told, which did not happen then`)
  }
  for (const one of truly.slice(at)) skip(one)

  function skip(missed: GroupNews): void {
    // A relist sums up everything up to its own revision, which is beyond the compaction.
    const wasSummedUp = told.some((one) => one.synthetic && one.revision >= missed.revision)
    // A relist that finds all as it was tells nothing: who came and went meanwhile is not heard of.
    const before = told.filter((one) => one.revision < missed.revision).at(-1)
    const mayHaveRelisted = compactRevision > (before?.revision ?? firstRevision)
    if (!wasSummedUp && !mayHaveRelisted) convict(`${shown(missed)} was not told`)
  }
}

function judgeStay(
  stay: GroupStay,
  stays: readonly GroupStay[],
  { events, log = [] }: GroupTruth,
  times: RevisionTimes,
  convict: Convict,
): void {
  const { process, key, present, left } = stay
  const own = events.filter(({ kv }) => kv.key === key)
  for (const { moment, token } of present) {
    const put = own.find(({ type, revision }) => revision === token && type === EventType.PUT)
    if (put === undefined || times.earliest(token) > moment.ms)
      convict('P3', `${process} was told of ${key} with token ${token} before it was put`)
  }
  if (left === undefined || !stay.isAlone) return
  const next = stays.find((one) => one.key === key && one.asked.at > left.at)
  const untilMs = next?.asked.ms ?? Number.POSITIVE_INFINITY
  for (const [i, { type, revision }] of own.entries()) {
    const sinceMs = Math.max(times.earliest(revision), left.ms)
    if (type === EventType.DELETE || sinceMs >= untilMs) continue
    const goneMs = Math.min(untilMs, own[i + 1] ? times.latest(own[i + 1]!.revision) : untilMs)
    if (workingMs(log, sinceMs, goneMs) > STRAY_MS_MAX)
      convict('P4', `${process} left at ${left.ms} ms, but ${key} stays from revision ${revision}`)
  }
}

/** The time between two moments in which the log grew. */
function workingMs(log: readonly Committed[], fromMs: number, toMs: number): number {
  let sum = 0
  let lastMs = fromMs
  for (const { atMs } of log) {
    if (atMs <= lastMs) continue
    sum += Math.min(SILENCE_MS_MAX, Math.min(atMs, toMs) - lastMs)
    lastMs = atMs
    if (atMs >= toMs) break
  }
  return sum
}

/** Who was in it at a revision, by id. */
function membersAt(events: readonly ModelEvent[], name: string, revision: number): string[] {
  const ids = new Set<string>()
  for (const event of events) {
    if (event.revision > revision) break
    const id = idOf(event.kv.key, name)!
    if (event.type === EventType.DELETE) ids.delete(id)
    else ids.add(id)
  }
  return [...ids].sort()
}

/** What an onlooker is to hear of an event: nothing when only the lease is another. */
function newsOf({ type, kv, prev, revision }: ModelEvent, name: string): GroupNews[] {
  const id = idOf(kv.key, name)!
  const at = { id, revision, synthetic: false }
  if (type === EventType.DELETE) return [{ type: 'leave', ...at }]
  if (prev === undefined) return [{ type: 'join', ...at }]
  const isSame = Buffer.compare(prev.value, kv.value) === 0
  return isSame ? [] : [{ type: 'update', ...at }]
}

function idOf(key: string, name: string): string | undefined {
  if (!key.startsWith(`${name}/`)) return undefined
  const id = key.slice(name.length + 1)
  return id === '' || id.includes('/') ? undefined : id
}

function shown({ type, id, revision }: GroupNews): string {
  return `the ${type} of ${id} at revision ${revision}`
}
