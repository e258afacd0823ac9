/**
 * Judges all that can be held: what the holders were told against the queues in the store.
 *
 * - *M1*: fencing tokens grow: a lock asked for after another was granted has a greater one,
 *   and no two grants share one, unless one process shares with itself what it still holds;
 * - *M2*: a register that refuses tokens below one that it has seen takes writes in the order
 *   of their tokens: two holders never alternate;
 * - *M3*: a lock that is returned was held, by a living lease, at a moment between call and
 *   return (etcd #11456): its key was the oldest of its queue, or held by the rule of the
 *   read-write lock or the semaphore that it is of;
 * - *E1*: only the leader proclaims, and what it was told is proclaimed was, in between;
 * - *E2*: an observer is told of leaders that led, and of values that they gave as leaders, in
 *   their order.
 *
 * That two processes believe at the same time that they hold is not forbidden, since no
 * lock can exclude it; {@link measureOverlap} says how often they do.
 */

import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type {
  FencedWrite,
  LockMaterial,
  LockRecord,
  Moment,
  Observation,
  Proclamation,
} from './lock-record.js'
import { type QueueHistory, queueHistory, type Reign, RevisionTimes } from './lock-reigns.js'
import type { Operation, Violation } from './operation.js'
import { sharedReigns } from './shared-reigns.js'

/** What really happened. */
export interface LockTruth {
  /** Every event of the store, in order. */
  readonly events: readonly ModelEvent[]
  /** Undefined when nobody saw the log: then nothing is said about times. */
  readonly log: readonly Committed[] | undefined
}

/** Judges by all rules. Empty: acquitted. @param operations those of the fenced writes, by id. */
export function judgeLocks(
  material: LockMaterial,
  operations: readonly Operation[],
  truth: LockTruth,
): Violation[] {
  const court = new Court(truth)
  const byName = (grants: readonly LockRecord[]) =>
    groupBy(grants, ({ recipe, name }) => `${recipe} ${name}`)
  for (const grants of byName(material.grants).values()) court.tokensGrow(grants)
  for (const grant of material.grants) court.wasHeld(grant)
  for (const writes of groupBy(material.writes, ({ register }) => register).values())
    court.notInterleaved(writes, operations)
  for (const proclamation of material.proclamations) court.wasProclaimed(proclamation)
  const elections = new Set(material.proclamations.map(({ name }) => name))
  for (const name of elections) court.inTurn(name)
  for (const observation of material.observations) court.wasSeen(observation)
  return court.violations
}

class Court {
  readonly violations: Violation[] = []
  readonly #truth: LockTruth
  readonly #times: RevisionTimes
  readonly #queues = new Map<string, QueueHistory>()
  readonly #shared = new Map<string, ReadonlyMap<number, Reign>>()

  constructor(truth: LockTruth) {
    this.#truth = truth
    this.#times = new RevisionTimes(truth.log)
  }

  /** M1, for the grants of one name. */
  tokensGrow(grants: readonly LockRecord[]): void {
    const holders = new Map<number, string>()
    for (const { fencingToken, process, name } of grants) {
      const other = holders.get(fencingToken) ?? process
      holders.set(fencingToken, process)
      if (other === process) continue
      this.#convict('M1', `${process} and ${other} both got token ${fencingToken} of ${name}`)
    }
    const granted = grants.toSorted((a, b) => a.granted.at - b.granted.at)
    let next = 0
    let best: LockRecord | undefined
    for (const grant of grants.toSorted((a, b) => a.asked.at - b.asked.at)) {
      for (; granted[next]!.granted.at < grant.asked.at; next++)
        if ((best?.fencingToken ?? 0) <= granted[next]!.fencingToken) best = granted[next]
      if (best === undefined || best.fencingToken < grant.fencingToken) continue
      if (!shares(best, grant)) this.#convict('M1', `${show(grant)} after ${show(best)}`)
    }
  }

  /** M3. */
  wasHeld(grant: LockRecord): void {
    const { fencingToken, key, leaseId, asked, granted } = grant
    const reign = this.#reigns(grant).get(fencingToken)
    if (reign === undefined || reign.key !== key)
      this.#convict('M3', `${show(grant)}, whose key never was the oldest, or held`)
    else if (reign.lease !== leaseId)
      this.#convict('M3', `${show(grant)}, whose key hung on lease ${reign.lease}`)
    else if (!this.#within(reign.from, reign.to, asked, granted))
      this.#convict('M3', `${show(grant)}, which was held at ${this.#spell(reign)} only`)
  }

  /** M2, for the writes to one register. */
  notInterleaved(writes: readonly FencedWrite[], operations: readonly Operation[]): void {
    const accepted: { write: FencedWrite; revision: number }[] = []
    for (const write of writes) {
      const answer = operations[write.operation]?.answer
      if (!write.accepted || answer?.kind !== 'ok') continue
      accepted.push({ write, revision: answer.response.header?.revision ?? 0 })
    }
    accepted.sort((a, b) => a.revision - b.revision)
    for (const [i, { write, revision }] of accepted.entries()) {
      const before = accepted[i - 1]?.write
      if (before === undefined || before.fencingToken <= write.fencingToken) continue
      const told = `${write.register} took token ${write.fencingToken} of ${write.process} at revision ${revision}`
      this.#convict('M2', `${told}, after ${before.fencingToken} of ${before.process}`)
    }
  }

  /** E1, for an answer. */
  wasProclaimed({ process, name, fencingToken, value, began, ended, outcome }: Proclamation): void {
    if (outcome !== 'done') return
    const said = this.#queue(name).reigns.get(fencingToken)?.values ?? []
    const true_ = said.some(
      (one) => one.value === value && this.#within(one.revision, one.revision, began, ended),
    )
    if (true_) return
    const told = `${process} proclaimed ${JSON.stringify(value)} in ${name} with token ${fencingToken}`
    this.#convict('E1', `${told} at ${began.ms}..${ended.ms} ms, which it did not as the leader`)
  }

  /** E1, for the store. */
  inTurn(name: string): void {
    for (const { revision, key } of this.#queue(name).outOfTurn)
      this.#convict('E1', `${key} changed at revision ${revision}, when it did not lead`)
  }

  /** E2. */
  wasSeen({ process, name, sightings }: Observation): void {
    const { reigns } = this.#queue(name)
    let last = { token: 0, place: 0 }
    for (const { leader, moment } of sightings) {
      if (leader === undefined) continue
      const { fencingToken: token, key, value } = leader
      const told = `${process} saw ${key}, token ${token}, value ${JSON.stringify(value)}, at ${moment.ms} ms`
      const reign = reigns.get(token)
      const from = token === last.token ? last.place : 0
      const place = reign?.values.findIndex((one, i) => i >= from && one.value === value) ?? -1
      if (token < last.token) this.#convict('E2', `${told}, after token ${last.token}`)
      if (reign?.key !== key || place < 0) this.#convict('E2', `${told}, which was not so then`)
      else if (this.#times.earliest(reign.values[place]!.revision) > moment.ms)
        this.#convict('E2', `${told}, before it was so`)
      last = { token, place: Math.max(0, place) }
    }
  }

  #reigns({ recipe, name }: LockRecord): ReadonlyMap<number, Reign> {
    if (recipe === 'mutex' || recipe === 'election') return this.#queue(name).reigns
    const id = `${recipe} ${name}`
    const known = this.#shared.get(id) ?? sharedReigns(recipe, name, this.#truth.events)
    this.#shared.set(id, known)
    return known
  }

  #queue(name: string): QueueHistory {
    const known = this.#queues.get(name)
    if (known !== undefined) return known
    const history = queueHistory(name, this.#truth.events)
    this.#queues.set(name, history)
    return history
  }

  /** Whether the time between two revisions may touch the time between two moments. */
  #within(from: number, to: number, began: Moment, ended: Moment): boolean {
    return this.#times.earliest(from) <= ended.ms && this.#times.latest(to) >= began.ms
  }

  #spell({ from, to }: Reign): string {
    const ms = `${this.#times.earliest(from)}..${this.#times.latest(to)} ms`
    return `revisions ${from} to ${to}, ${ms}`
  }

  #convict(rule: string, message: string): void {
    this.violations.push({ rule: `lock ${rule}`, message })
  }
}

/** How often, and for how long, two processes believed that they held the same. */
export interface Overlap {
  /** Grants during which an earlier one was not over yet. */
  readonly grants: number
  readonly longestMs: number
}

/** Measures what nobody promises: beliefs that overlap. A release ends a belief when it is asked for. */
export function measureOverlap(all: readonly LockRecord[]): Overlap {
  const grants = all.filter(({ recipe }) => recipe === 'mutex' || recipe === 'election')
  let count = 0
  let longestMs = 0
  const lastMs = Math.max(0, ...grants.map(endOf).filter(Number.isFinite))
  for (const ofName of groupBy(grants, ({ recipe, name }) => `${recipe} ${name}`).values()) {
    let untilMs = 0
    for (const grant of ofName.toSorted((a, b) => a.granted.ms - b.granted.ms)) {
      const endMs = Math.min(endOf(grant), Math.max(lastMs, grant.granted.ms))
      const commonMs = Math.min(untilMs, endMs) - grant.granted.ms
      if (commonMs > 0) count++
      longestMs = Math.max(longestMs, commonMs)
      untilMs = Math.max(untilMs, endMs)
    }
  }
  return { grants: count, longestMs }
}

function endOf({ end }: LockRecord): number {
  if (end === undefined) return Number.POSITIVE_INFINITY
  return end.kind === 'released' ? end.began.ms : end.moment.ms
}

/** Whether one process got the same twice while it held it. */
function shares(first: LockRecord, second: LockRecord): boolean {
  const same = first.fencingToken === second.fencingToken && first.process === second.process
  return same && (first.end === undefined || first.end.moment.at > second.asked.at)
}

function show({ process, recipe, name, fencingToken, asked, granted }: LockRecord): string {
  return `${process} got ${recipe} ${name}, token ${fencingToken}, at ${asked.ms}..${granted.ms} ms`
}

function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}
