/** What a watch tells. */

import { ConclaveError } from './errors.js'
import { KeyValue, keyValueOf } from './key-value.js'
import type { Event } from './wire/generated/kv.js'

/** One change of one key. */
export interface WatchEvent {
  readonly type: 'put' | 'delete'
  /** After the change; a delete has the key and `modRevision` only. */
  readonly kv: KeyValue
  /** Before the change; null without `prevKv`, when the key was new, or when that revision is compacted. */
  readonly prev: KeyValue | null
  /**
   * Found by comparing lists, because the history was compacted: see
   * `WatchOptions.onCompacted`. What happened between is not known: of several changes of a
   * key only the last is told. A synthetic delete has as `modRevision` the last revision
   * at which it can have happened; `prev` is null.
   */
  readonly synthetic: boolean
}

/** Whole revisions: the events of one are never in two batches. */
export interface WatchBatch {
  /** In order; empty in a progress report. Synthetic ones: puts by key, then deletes. */
  readonly events: readonly WatchEvent[]
  /** Every change up to here has been told. */
  readonly revision: number
  /** This batch begins what a new list brought after a compaction. */
  readonly relisted?: Relisted
}

/** A gap in the history that was closed by a list. */
export interface Relisted {
  /** The oldest revision that could still be read. */
  readonly compactRevision: number
  /** The revision of the list. All synthetic events are told when a batch reaches it. */
  readonly revision: number
  /**
   * False: the watch began at a revision that was compacted already, so it does not know
   * which keys there were. Every key that exists is told as put; what else you knew is deleted.
   */
  readonly complete: boolean
}

/** A batch from events of the wire. */
export function toWatchBatch(
  events: readonly Event[],
  revision: number,
  { synthetic = false, relisted }: { synthetic?: boolean; relisted?: Relisted | undefined } = {},
): WatchBatch {
  const told = events.map((event) => toWatchEvent(event, synthetic))
  return relisted === undefined ? { events: told, revision } : { events: told, revision, relisted }
}

function toWatchEvent(event: Event, synthetic: boolean): WatchEvent {
  if (event.kv === undefined)
    throw new ConclaveError('internal', 'The server sent an event without a key.')
  return {
    type: event.type === 0 ? 'put' : 'delete',
    kv: new KeyValue(event.kv),
    prev: keyValueOf(event.prevKv),
    synthetic,
  }
}
