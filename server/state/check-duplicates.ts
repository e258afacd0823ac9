/**
 * No path through a transaction may change a key twice.
 *
 * A put may not meet another put, or a deletion, that can run in the same branch;
 * deletions may meet each other. For each list of operations, etcd's order
 * (behaviour 5.2):
 *
 *   1. the deletions of this level;
 *   2. the transactions inside, one after the other: their puts are checked against
 *      what was gathered so far, then their puts and deletions are added. The two
 *      branches of one of them may put the same key;
 *   3. the puts of this level, against everything.
 *
 * Two oddities come with it and are kept: an end of "\0" is compared as a plain string,
 * so `delete >= a` and `put b` pass together; and transactions side by side are seen in
 * order, so `{delete a}, {put a}` is refused and `{put a}, {delete a}` passes.
 *
 * Deletions are kept as sorted intervals that do not touch, so a put is looked up in
 * O(log n): the budget allows some hundred thousand operations in one tree, and comparing
 * each with each would stop the member for minutes.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { DeleteRangeRequest, RequestOp } from '../../client/wire/generated/rpc.js'
import { keyOf } from '../mvcc/interval.js'

interface Span {
  readonly from: string
  readonly to: string
}

interface Changes {
  readonly puts: ReadonlySet<string>
  readonly spans: readonly Span[]
}

/** Checks one branch. @throws duplicateKey */
export function checkDuplicates(ops: readonly RequestOp[]): void {
  changesOf(ops)
}

function changesOf(ops: readonly RequestOp[]): Changes {
  const puts = new Set<string>()
  let spans = ownDeletions(ops)
  const add = (key: string, allowed?: ReadonlySet<string>) => {
    if (puts.has(key) && !allowed?.has(key)) throw etcdErrors.duplicateKey.error()
    if (covered(spans, key)) throw etcdErrors.duplicateKey.error()
    puts.add(key)
  }
  for (const { requestTxn } of ops) {
    if (!requestTxn) continue
    const success = changesOf(requestTxn.success)
    const failure = changesOf(requestTxn.failure)
    for (const key of success.puts) add(key)
    for (const key of failure.puts) add(key, success.puts)
    spans = merge(spans, merge(success.spans, failure.spans))
  }
  for (const { requestPut } of ops) if (requestPut) add(keyOf(requestPut.key))
  return { puts, spans }
}

function ownDeletions(ops: readonly RequestOp[]): readonly Span[] {
  const spans: Span[] = []
  for (const { requestDeleteRange } of ops) {
    const span = requestDeleteRange && spanOf(requestDeleteRange)
    if (span && span.from < span.to) spans.push(span)
  }
  return joined(spans.sort(byStart))
}

/** As plain strings: here an end of "\0" is before every key, and the span is empty. */
function spanOf({ key, rangeEnd }: DeleteRangeRequest): Span {
  const from = keyOf(key)
  return { from, to: rangeEnd.length === 0 ? `${from}\0` : keyOf(rangeEnd) }
}

function byStart(a: Span, b: Span): number {
  return a.from < b.from ? -1 : a.from > b.from ? 1 : 0
}

/** Two sorted lists as one, in linear time. */
function merge(a: readonly Span[], b: readonly Span[]): readonly Span[] {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const all: Span[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (right === undefined || (left !== undefined && left.from <= right.from)) {
      all.push(left!)
      i++
    } else {
      all.push(right)
      j++
    }
  }
  return joined(all)
}

/** Joins sorted spans that overlap or touch. */
function joined(sorted: readonly Span[]): readonly Span[] {
  const spans: Span[] = []
  let open: { from: string; to: string } | undefined
  for (const { from, to } of sorted) {
    if (open !== undefined && from <= open.to) {
      if (to > open.to) open.to = to
    } else {
      open = { from, to }
      spans.push(open)
    }
  }
  return spans
}

/** Whether a key lies in one of the spans. */
function covered(spans: readonly Span[], key: string): boolean {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (spans[middle]!.from <= key) low = middle + 1
    else high = middle
  }
  const before = spans[low - 1]
  return before !== undefined && key < before.to
}
