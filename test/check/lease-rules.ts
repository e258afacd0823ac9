/**
 * Judges leases: what clients were told about their time against what the log did.
 *
 * A *promise* is an answer that names a time: a grant its TTL from its application on; a
 * keep-alive its TTL, and a time-to-live what is left, from the moment when it was asked,
 * which is before the leader's clock was read. Leaders' clocks run up to `rateMax` times as
 * fast as true time, so a promise of a second may be over after `1 / rateMax` seconds.
 *
 * - *L1*: no lease expires, or is said to be gone, before its promises are over, unless a
 *   client ended it;
 * - *L2*, *L4*: see lease-lives.ts;
 * - *L3*: no lease is said to be alive when it was asked after its end;
 * - *L5*: L1 for a promise that an earlier leader made; and what is said to be left is not
 *   less than what was promised before;
 * - *L6*: a lease expires only by an entry of the term whose leader saw it expire;
 * - *L7*: while all is calm, a lease that nobody keeps alive ends in its time and a bound.
 */

import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import { type LeaseEnd, type LeaseLife, leaseLives } from './lease-lives.js'
import type { LeaseRecord } from './lease-record.js'
import type { Violation } from './operation.js'

/** A time in which all members are up and reach each other, and clients them. */
export interface Calm {
  readonly fromMs: number
  readonly toMs: number
  /** What expiry may take besides the TTL: to notice, to elect a leader, for requests under way. */
  readonly boundMs: number
}

/** What is judged. */
export interface LeaseMaterial {
  readonly records: readonly LeaseRecord[]
  readonly committed: readonly Committed[]
  /** Every event of the store, in order. */
  readonly events: readonly ModelEvent[]
  /** The fastest that a member's clock ran, in its milliseconds per true one; 1 is true. */
  readonly rateMax: number
  /** The slowest. */
  readonly rateMin: number
  /** Undefined when L7 is not to be judged. */
  readonly calm?: Calm | undefined
}

/** Something that a client was told, until when it holds, in true milliseconds. */
interface Promised {
  readonly untilMs: number
  /** Place at which it had been told. */
  readonly ended: number
  readonly madeAtMs: number
  readonly what: string
}

/** Judges by all rules. Empty: acquitted. */
export function judgeLeases(material: LeaseMaterial): Violation[] {
  const { lives, violations } = leaseLives(material.committed, material.events)
  const court = new Court(material)
  const records = byLease(material.records)
  for (const [id, ofId] of lives) court.judge(ofId, records.get(id) ?? [])
  for (const [id, ofId] of records) if (!lives.has(id)) court.neverGranted(ofId)
  return [...violations, ...court.violations]
}

class Court {
  readonly violations: Violation[] = []
  readonly #material: LeaseMaterial
  /** When the first entry of each term was applied, ascending. */
  readonly #terms: readonly { readonly term: number; readonly atMs: number }[]

  constructor(material: LeaseMaterial) {
    this.#material = material
    const terms = new Map<number, number>()
    for (const { term, atMs } of material.committed) if (!terms.has(term)) terms.set(term, atMs)
    this.#terms = [...terms].map(([term, atMs]) => ({ term, atMs }))
  }

  /** Judges the lives of one id. */
  judge(lives: readonly LeaseLife[], records: readonly LeaseRecord[]): void {
    const ofLife = new Map<LeaseLife, LeaseRecord[]>(lives.map((life) => [life, []]))
    for (const record of records) {
      const possible = lives.filter((life) => meets(life, record))
      if (possible.length === 0) this.#aliveWithoutLife(record)
      // Of two lives it cannot be told which one was meant.
      else if (possible.length === 1) ofLife.get(possible[0]!)!.push(record)
    }
    for (const [life, its] of ofLife) this.#judgeLife(life, its)
  }

  /** Nobody granted this id. */
  neverGranted(records: readonly LeaseRecord[]): void {
    for (const record of records) this.#aliveWithoutLife(record)
  }

  #aliveWithoutLife(record: LeaseRecord): void {
    if (!saysAlive(record)) return
    this.#convict('L3', `${show(record)}; no lease of that id was there then`)
  }

  #judgeLife(life: LeaseLife, records: readonly LeaseRecord[]): void {
    const promises = this.#promises(life, records)
    if (life.end !== undefined) this.#expiry(life, life.end, promises)
    this.#answers(life, records, promises)
    this.#calm(life, records)
  }

  /** In the order in which they were told. */
  #promises(life: LeaseLife, records: readonly LeaseRecord[]): Promised[] {
    const promises = [this.#promise(life.grantedAtMs, life.ttlSeconds, Number.NEGATIVE_INFINITY)]
    for (const record of records) {
      const { kind, answer, beganMs, ended } = record
      if (answer?.kind !== 'ok' || (kind !== 'keepAlive' && kind !== 'timeToLive')) continue
      promises.push(this.#promise(beganMs, answer.ttlSeconds, ended, record))
    }
    return promises.sort((a, b) => a.ended - b.ended)
  }

  #promise(fromMs: number, seconds: number, ended: number, record?: LeaseRecord): Promised {
    const untilMs = fromMs + (seconds * 1000) / this.#material.rateMax
    const what = record === undefined ? `granted at ${fromMs} ms` : show(record)
    return { untilMs, ended, madeAtMs: fromMs, what: `${what}, ${seconds} s` }
  }

  #expiry({ id }: LeaseLife, end: LeaseEnd, promises: readonly Promised[]): void {
    const { leaderTerm, term, index, atMs } = end
    if (leaderTerm === 0) return
    const told = `lease ${id} expired at index ${index}, ${atMs} ms`
    if (leaderTerm !== term)
      this.#convict('L6', `${told}, of term ${term}, by the word of term ${leaderTerm}`)
    // Half a millisecond is for sums of fractions.
    const early = promises.find(({ untilMs }) => untilMs > atMs + 0.5)
    if (early === undefined) return
    const rule = this.#termAt(early.madeAtMs) < term ? 'L5' : 'L1'
    this.#convict(rule, `${told}; promised until ${early.untilMs.toFixed(1)} ms: ${early.what}`)
  }

  /** What is said after promises were made must fit them. */
  #answers(life: LeaseLife, records: readonly LeaseRecord[], promises: readonly Promised[]): void {
    let next = 0
    let best: Promised | undefined
    const asked = records.toSorted((a, b) => a.began - b.began)
    for (const record of asked) {
      for (; next < promises.length && promises[next]!.ended <= record.began; next++)
        if (best === undefined || promises[next]!.untilMs > best.untilMs) best = promises[next]
      if (best !== undefined) this.#answer(life, record, best)
    }
  }

  #answer({ id, end, grantedAtMs }: LeaseLife, record: LeaseRecord, promised: Promised): void {
    const { kind, answer, beganMs, endedMs } = record
    if (answer === undefined || endedMs === undefined) return
    const leftMs = promised.untilMs - endedMs
    const told = `${show(record)}; lease ${id} was promised until ${promised.untilMs.toFixed(1)} ms: ${promised.what}`
    const asked = end !== undefined && end.leaderTerm === 0 && end.atMs <= endedMs
    if (answer.kind === 'gone' && !asked && beganMs > grantedAtMs && leftMs > 0.5)
      this.#convict('L1', told)
    if (kind !== 'timeToLive' || answer.kind !== 'ok') return
    const least = Math.floor((leftMs * this.#material.rateMin - 0.5) / 1000)
    if (answer.ttlSeconds < least) this.#convict('L5', `only ${answer.ttlSeconds} s left: ${told}`)
  }

  #calm(life: LeaseLife, records: readonly LeaseRecord[]): void {
    const { calm, rateMin } = this.#material
    // Whoever did not record the grant, a session say, does not record its renewals either.
    if (!records.some(({ kind }) => kind === 'grant')) return
    if (calm === undefined || (life.end !== undefined && life.end.atMs < calm.fromMs)) return
    // A new leader starts every lease anew.
    const untilMs = Math.min(calm.toMs, life.end?.atMs ?? calm.toMs)
    const lastTermMs = this.#terms.findLast(({ atMs }) => atMs <= untilMs)?.atMs ?? 0
    let lastMs = Math.max(calm.fromMs, lastTermMs, life.grantedAtMs)
    for (const { kind, beganMs, endedMs } of records)
      if (kind === 'keepAlive') lastMs = Math.max(lastMs, endedMs ?? beganMs)
    const dueMs = lastMs + (life.ttlSeconds * 1000) / rateMin + calm.boundMs
    if (dueMs > calm.toMs || (life.end !== undefined && life.end.atMs <= dueMs)) return
    const ended = life.end === undefined ? 'lives on' : `ended at ${life.end.atMs} ms`
    this.#convict(
      'L7',
      `lease ${life.id} of ${life.ttlSeconds} s, abandoned at ${lastMs} ms, ${ended}`,
    )
  }

  #termAt(ms: number): number {
    return this.#terms.findLast(({ atMs }) => atMs <= ms)?.term ?? 0
  }

  #convict(rule: `L${number}`, message: string): void {
    this.violations.push({ rule: `lease ${rule}`, message })
  }
}

function byLease(records: readonly LeaseRecord[]): Map<bigint, LeaseRecord[]> {
  const grouped = new Map<bigint, LeaseRecord[]>()
  for (const record of records) {
    const ofLease = grouped.get(record.leaseId)
    if (ofLease === undefined) grouped.set(record.leaseId, [record])
    else ofLease.push(record)
  }
  return grouped
}

/** Whether the record can be about this life: they overlap in time. */
function meets({ grantedAtMs, end }: LeaseLife, { beganMs, endedMs }: LeaseRecord): boolean {
  const began = grantedAtMs <= (endedMs ?? Number.POSITIVE_INFINITY)
  return began && beganMs <= (end?.atMs ?? Number.POSITIVE_INFINITY)
}

function saysAlive({ kind, answer }: LeaseRecord): boolean {
  return answer?.kind === 'ok' && (kind === 'keepAlive' || kind === 'timeToLive')
}

function show({ process, kind, leaseId, beganMs, endedMs }: LeaseRecord): string {
  return `${process} ${kind} ${leaseId} at ${beganMs.toFixed(1)}..${endedMs?.toFixed(1)} ms`
}
