/**
 * Judges double barriers: what their visitors were told against the keys in the store.
 *
 * - *G1*: a round is opened only by as many as it needs: at some moment they were there, the
 *   last of them is the number of the round, and nobody of a round before was left;
 * - *G2*: `enter` returns a round that was opened, not before it was, to one whose key is in it;
 * - *G3*: one that is refused has no key in a round that was opened;
 * - *G4*: `leave` returns when no key of the round is left.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Visit } from './gathering-record.js'
import { RevisionTimes } from './lock-reigns.js'
import type { LockTruth } from './lock-rules.js'
import type { Violation } from './operation.js'

/** A participant's key from its creation to its deletion. */
interface Stay {
  readonly key: string
  readonly from: number
  /** The revision of its deletion; Infinity when it is there in the end. */
  to: number
}

/** A round that was opened. */
interface Round {
  /** Create revision of its last participant. */
  readonly number: number
  /** The round before; 0 for none. */
  readonly before: number
  /** The revision at which it was put. */
  readonly openedAt: number
}

interface History {
  readonly stays: readonly Stay[]
  readonly rounds: ReadonlyMap<number, Round>
  /** What is wrong with the rounds themselves. */
  readonly wrong: readonly string[]
}

/** Judges by all rules. Empty: acquitted. */
export function judgeGatherings(visits: readonly Visit[], truth: LockTruth): Violation[] {
  const violations: Violation[] = []
  const times = new RevisionTimes(truth.log)
  const counts = new Map(visits.map(({ name, count }) => [name, count]))
  for (const [name, count] of counts) {
    const history = historyOf(name, count, truth.events)
    const convict = (rule: string, message: string) =>
      violations.push({ rule: `gathering ${rule}`, message: `${name}: ${message}` })
    for (const message of history.wrong) convict('G1', message)
    for (const visit of visits.filter((one) => one.name === name))
      judgeVisit(visit, history, times, convict)
  }
  return violations
}

function judgeVisit(
  { process, key, asked, entered, refused, left }: Visit,
  { stays, rounds }: History,
  times: RevisionTimes,
  convict: (rule: string, message: string) => void,
): void {
  const own = stays.filter((stay) => stay.key === key)
  if (refused !== undefined) {
    const during = own.filter(
      ({ from, to }) => times.earliest(from) >= asked.ms && times.latest(to) <= refused.ms,
    )
    for (const round of rounds.values())
      if (during.some((stay) => isIn(stay, round) && stay.to > round.openedAt))
        convict(
          'G3',
          `${process} was refused at ${refused.ms} ms, but was in round ${round.number}`,
        )
  }
  const round = entered && rounds.get(entered.round)
  if (entered !== undefined) {
    const told = `${process} entered round ${entered.round} at ${entered.moment.ms} ms`
    if (round === undefined) convict('G2', `${told}, which was never opened`)
    else if (times.earliest(round.openedAt) > entered.moment.ms)
      convict('G2', `${told}, before revision ${round.openedAt} opened it`)
    else if (!own.some((stay) => isIn(stay, round))) convict('G2', `${told} without a key in it`)
  }
  if (round === undefined || left === undefined) return
  for (const stay of stays.filter((one) => isIn(one, round)))
    if (stay.to === Number.POSITIVE_INFINITY || times.earliest(stay.to) > left.ms)
      convict(
        'G4',
        `${process} left round ${round.number} at ${left.ms} ms, before ${stay.key} did`,
      )
}

function isIn({ from }: Stay, { number, before }: Round): boolean {
  return from > before && from <= number
}

/** Replays the keys of a double barrier. */
function historyOf(name: string, count: number, events: readonly ModelEvent[]): History {
  const stays: Stay[] = []
  const rounds = new Map<number, Round>()
  const wrong: string[] = []
  // A map keeps the order of insertion, which is that of creation.
  const present = new Map<string, Stay>()
  /** By the last of so many oldest that were there at a moment: the first of them. */
  const complete = new Map<number, number>()
  let last = 0
  const [waiters, roundKey] = [`${name}/waiters/`, `${name}/round`]
  const own = events.filter(({ kv }) => kv.key.startsWith(waiters) || kv.key === roundKey)
  for (const [i, { revision, type, kv }] of own.entries()) {
    if (kv.key === roundKey) {
      const number = type === EventType.DELETE ? last : Number(Buffer.from(kv.value ?? []))
      // One who backs out puts it as it was; 0 when it was missing.
      if (number === last || number === 0) continue
      const first = complete.get(number)
      if (first === undefined)
        wrong.push(`round ${number} was opened at revision ${revision} for fewer than ${count}`)
      else if (first <= last)
        wrong.push(`round ${number} was opened at revision ${revision} before ${last} was over`)
      rounds.set(number, { number, before: last, openedAt: revision })
      last = number
    } else if (type === EventType.DELETE) {
      const stay = present.get(kv.key)
      if (stay !== undefined) stay.to = revision
      present.delete(kv.key)
    } else if (!present.has(kv.key)) {
      const stay = { key: kv.key, from: revision, to: Number.POSITIVE_INFINITY }
      present.set(kv.key, stay)
      stays.push(stay)
    }
    if (own[i + 1]?.revision === revision) continue
    const oldest = [...present.values()].slice(0, count)
    if (oldest.length === count) {
      const [begin, end] = [oldest[0]!.from, oldest.at(-1)!.from]
      complete.set(end, Math.max(begin, complete.get(end) ?? 0))
    }
  }
  return { stays, rounds, wrong }
}
