/** What really happened in the store, for the judges to compare answers with. */

import type { ModelEvent } from '../model/model.js'
import type { Committed } from './log-replay.js'

/** A compaction that was carried out. */
export interface Compaction {
  /** What was asked for: nothing below it can be read afterwards. */
  readonly revision: number
  /** The revision of the store when it was carried out: no write lies between the two. */
  readonly at: number
  /** Of its log entry; 0 where there is no log to look at. */
  readonly index: number
}

/** See the head of the file. It serves as a WatchTruth, too. */
export interface Truth {
  /** Every event of the store from its beginning, in order. */
  readonly events: readonly ModelEvent[]
  /** The newest revision of the store; 1 for a store that was never written. */
  readonly revision: number
  /** In log order, so their revisions increase. */
  readonly compactions: readonly Compaction[]
  /** The highest compaction that there was; -1 for none. */
  readonly compactRevision: number
  /** The committed commands; undefined when the truth was learned from a watch. */
  readonly log: readonly Committed[] | undefined
}
