/** What really happened in the store, for the judges to compare answers with. */

import { EventType, type Event as WatchEvent } from '../../client/wire/generated/kv.js'
import { type Change, latin1 } from '../model/history.js'
import type { ModelEvent } from '../model/model.js'
import { Versions } from '../model/state.js'
import type { Committed } from './committed.js'

/** A compaction that was carried out. */
export interface Compaction {
  /** What was asked for: nothing below it can be read afterwards. */
  readonly revision: number
  /** The revision of the store when it was carried out: no write lies between the two. */
  readonly at: number
}

/** See the head of the file. It serves as a WatchTruth, too. */
export interface Truth {
  /** Every event of the store from its beginning, in order. */
  readonly events: readonly ModelEvent[]
  /** The newest revision of the store; 1 for a store that was never written. */
  readonly revision: number
  /** In log order, so their revisions increase; undefined where nobody saw them. */
  readonly compactions: readonly Compaction[] | undefined
  /** The highest compaction that there was; -1 for none. */
  readonly compactRevision: number
  /** The committed commands, batches as their calls; undefined when the truth was learned from a watch. */
  readonly log: readonly Committed[] | undefined
}

/**
 * The truth as a watcher of all keys was told it from revision 2 on.
 *
 * @throws Error the events do not begin with the store, or go back.
 */
export function truthOfWatch(told: readonly WatchEvent[]): Truth {
  const changes: Change[] = []
  let revision = 1
  for (const [i, { type, kv }] of told.entries()) {
    const next = kv?.modRevision ?? 0
    if (kv === undefined || (next !== revision && next !== revision + 1) || next === 1)
      throw new Error(`event ${i} is of revision ${next}, after ${revision}`)
    revision = next
    changes.push({ type, kv: { ...kv, key: latin1(kv.key) }, prev: undefined })
  }
  const versions = new Versions(changes)
  const events = changes.map(({ type, kv }) => {
    const created = kv.createRevision === kv.modRevision
    const prev = created ? undefined : versions.at(kv.modRevision - 1).get(kv.key)
    return { revision: kv.modRevision, type, kv, prev }
  })
  return { events, revision, compactions: undefined, compactRevision: -1, log: undefined }
}

/** A truth in which revisions are found at once. */
export class TruthIndex {
  readonly truth: Truth
  /** The states of the past. */
  readonly versions: Versions
  /** Place of the first event of each revision, by revision. */
  readonly #first: number[] = []

  constructor(truth: Truth) {
    this.truth = truth
    this.versions = new Versions(truth.events)
    for (const [i, { revision }] of truth.events.entries()) this.#first[revision] ??= i
    this.#first[truth.revision + 1] = truth.events.length
  }

  /** What happened at a revision: nothing at 1, and at those that do not exist. */
  eventsAt(revision: number): readonly ModelEvent[] {
    const from = this.#first[revision]
    return from === undefined ? [] : this.truth.events.slice(from, this.#first[revision + 1])
  }

  /** Whether the key was missing in some state from one revision to another, both included. */
  wasMissing(key: string, from: number, to: number): boolean {
    if (!this.versions.at(from).has(key)) return true
    const { events } = this.truth
    return events.some(
      ({ type, kv, revision }) =>
        revision > from && revision <= to && kv.key === key && type === EventType.DELETE,
    )
  }
}
