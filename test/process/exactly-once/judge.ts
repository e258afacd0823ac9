/**
 * Judges what clients were told of their writes by what the store says was applied.
 *
 * Every write puts a mark of its own into the one list of its client: one key, whose
 * versions are the list. No write looks at what is there, so one that is applied twice
 * stands there twice.
 *
 * | a client was told | its mark stands there |
 * | --- | --- |
 * | an answer | once, at the revision of the answer, behind the mark that the answer names |
 * | a definite error | never |
 * | that the outcome is unknown | once or never |
 *
 * With the pipeline the marks of a client stand in the order in which they were made, and
 * a read sees all that were made before it; without it, all that were answered before it.
 */

import type { Violation } from '../../check/operation.js'

/** How a write came out: the revision of its answer, or the code of its error. */
export type WriteOutcome =
  | { readonly kind: 'acknowledged'; readonly revision: number; readonly previous?: number }
  | { readonly kind: 'refused' | 'unknown'; readonly code: string }

/** A write as its client saw it. */
export interface MarkedWrite {
  readonly client: string
  /** Counts the writes of the client in the order in which they were made, from 1. */
  readonly mark: number
  /** Undefined while it is under way. */
  outcome: WriteOutcome | undefined
}

/** A read of the list as its client saw it. */
export interface MarkedRead {
  readonly client: string
  /** Writes that the client had made before. */
  readonly after: number
  /** The newest revision of an answer that the client had before. */
  readonly answered: number
  /** The revision of the newest mark that it saw; 0 for none. */
  readonly saw: number
}

/** A mark as it stands in the history of the store. */
export interface AppliedMark {
  readonly client: string
  readonly mark: number
  readonly revision: number
}

/** What is judged. */
export interface Marks {
  readonly writes: readonly MarkedWrite[]
  readonly reads: readonly MarkedRead[]
  /** In the order of the store. */
  readonly applied: readonly AppliedMark[]
  /** Whether the clients promise order. */
  readonly isOrdered: boolean
}

/** Everything that is wrong. */
export function judgeMarks({ writes, reads, applied, isOrdered }: Marks): Violation[] {
  const found: Violation[] = []
  const clients = new Set([...writes, ...applied].map(({ client }) => client))
  for (const client of clients) {
    const isTheirs = (one: { readonly client: string }) => one.client === client
    const list = applied.filter(isTheirs)
    const mine = writes.filter(isTheirs)
    found.push(...judgeWrites(mine, list))
    if (isOrdered) found.push(...judgeOrder(list))
    found.push(...judgeReads(reads.filter(isTheirs), mine, isOrdered))
  }
  return found
}

/** Marks that stand there more than once. */
export function duplicates(applied: readonly AppliedMark[]): AppliedMark[] {
  const seen = new Set<string>()
  return applied.filter(({ client, mark }) => {
    const name = `${client}/${mark}`
    return seen.has(name) || !seen.add(name)
  })
}

function judgeWrites(writes: readonly MarkedWrite[], list: readonly AppliedMark[]): Violation[] {
  const found: Violation[] = duplicates(list).map((mark) =>
    violation('applied twice', `${nameOf(mark)} again at revision ${mark.revision}`),
  )
  const at = new Map(list.map(({ mark }, i) => [mark, i]))
  const made = new Set(writes.map(({ mark }) => mark))
  for (const mark of list)
    if (!made.has(mark.mark)) found.push(violation('made by nobody', nameOf(mark)))
  for (const write of writes) {
    const place = at.get(write.mark)
    const { outcome } = write
    if (outcome === undefined) found.push(violation('without an end', nameOf(write)))
    else if (outcome.kind === 'refused' && place !== undefined)
      found.push(violation('refused, and applied', `${nameOf(write)}: ${outcome.code}`))
    else if (outcome.kind === 'acknowledged')
      found.push(
        ...judgeAnswer(write, outcome, place === undefined ? [] : list.slice(0, place + 1)),
      )
  }
  return found
}

/** @param upTo the list up to the mark; empty when it is not there. */
function judgeAnswer(
  write: MarkedWrite,
  { revision, previous }: WriteOutcome & { kind: 'acknowledged' },
  upTo: readonly AppliedMark[],
): Violation[] {
  const applied = upTo.at(-1)
  if (applied === undefined) return [violation('acknowledged, not applied', nameOf(write))]
  const before = upTo.at(-2)?.mark ?? 0
  const where = `${nameOf(write)} at revision ${applied.revision} behind ${before}`
  if (applied.revision !== revision)
    return [violation('another answer', `${where}, was told revision ${revision}`)]
  if (previous !== undefined && previous !== before)
    return [violation('another answer', `${where}, was told ${previous}`)]
  return []
}

function judgeOrder(list: readonly AppliedMark[]): Violation[] {
  const wrong = list.filter(({ mark }, i) => i > 0 && mark < list[i - 1]!.mark)
  return wrong.map((mark) => violation('out of order', `${nameOf(mark)} at ${mark.revision}`))
}

function judgeReads(
  reads: readonly MarkedRead[],
  writes: readonly MarkedWrite[],
  isOrdered: boolean,
): Violation[] {
  const newest = [0]
  for (const { mark, outcome } of writes) {
    const revision = outcome?.kind === 'acknowledged' ? outcome.revision : 0
    newest[mark] = Math.max(newest[mark - 1] ?? 0, revision)
  }
  return reads
    .map((read) => ({ read, due: isOrdered ? (newest[read.after] ?? 0) : read.answered }))
    .filter(({ read, due }) => read.saw < due)
    .map(({ read: { client, after, saw }, due }) =>
      violation('a read misses a write', `${client} behind ${after}: saw ${saw}, not ${due}`),
    )
}

function nameOf({ client, mark }: { readonly client: string; readonly mark: number }): string {
  return `${client}/${mark}`
}

function violation(rule: string, message: string): Violation {
  return { rule, message }
}
