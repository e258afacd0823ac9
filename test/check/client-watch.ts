/**
 * What a reader of the real client's `watch` was given, over all its connections.
 *
 * The client promises its reader what a server promises a watcher, and that breaks are
 * not felt: ordered, unique, whole revisions, nothing missing from the first event to the
 * last, `compacted` told and never skipped. So a record is judged as the trace of one
 * watcher that never broke ({@link asWatchTrace}, watch-rules.ts), and by how it ended.
 */

import type { ConclaveError, KeyValue, WatchBatch, WatchEvent } from '../../client/index.js'
import { EventType, type KeyValue as WireKeyValue } from '../../client/wire/generated/kv.js'
import { type WatchCreateRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import type { Violation } from './operation.js'
import { judgeWatch, type WatchTruth } from './watch-rules.js'
import type { WatchTrace } from './watch-trace.js'

/** One watch of the client, as its reader saw it. */
export interface ClientWatchRecord {
  readonly process: string
  readonly request: WatchCreateRequest
  /** The revision at which it began; undefined before that is known. */
  readonly createdRevision: number | undefined
  /** In order. */
  readonly batches: readonly WatchBatch[]
  /** The reader had enough before all was over, so it need not have been told everything. */
  readonly left: boolean
  /** Why the iteration ended; undefined while it goes on, and when the reader ended it. */
  readonly error: ConclaveError | undefined
}

/** Judges one watch. Empty: nothing is wrong. */
export function judgeClientWatch(record: ClientWatchRecord, truth: WatchTruth): Violation[] {
  const violations: Violation[] = []
  const { error, process, batches } = record
  if (error !== undefined && error.code !== 'compacted')
    violations.push({ rule: 'ended', message: `${process}: the watch ended with ${error.code}` })
  if (record.createdRevision === undefined) {
    if (batches.length > 0)
      violations.push({ rule: 'form', message: `${process}: a batch came before the creation` })
    return violations
  }
  for (const { rule, message } of judgeWatch(asWatchTrace(record), truth))
    violations.push({ rule, message: `${process}: ${message}` })
  return violations
}

/** The trace that a watcher would have that was created once and never broke. */
export function asWatchTrace(record: ClientWatchRecord): WatchTrace {
  const { request, createdRevision = 0, batches, error } = record
  const header = (revision: number) => ({ header: { revision } })
  const responses = [
    WatchResponse.create({ ...header(createdRevision), created: true }),
    ...batches.map(({ events, revision }) => ({
      ...WatchResponse.create(header(revision)),
      events: events.map(wireEventOf),
    })),
  ]
  if (error?.code === 'compacted')
    responses.push(WatchResponse.create({ canceled: true, compactRevision: error.compactRevision }))
  return { request, responses }
}

function wireEventOf({ type, kv, prev }: WatchEvent) {
  return {
    type: type === 'put' ? EventType.PUT : EventType.DELETE,
    kv: wireKvOf(kv),
    prevKv: prev === null ? undefined : wireKvOf(prev),
  }
}

/** The fields in the order of the wire: rules compare them as text. */
function wireKvOf(kv: KeyValue): WireKeyValue {
  const { key, createRevision, modRevision, version, value, lease } = kv
  return { key, createRevision, modRevision, version, value, lease }
}
