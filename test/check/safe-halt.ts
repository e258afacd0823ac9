/**
 * Judges what a cluster says after faults went beyond what it promises to bear.
 *
 * When a disk forgets what it has vouched for, or a majority is wiped, no algorithm can keep
 * every promise: who has forgotten a write, a vote or a whole log does not know it. So it
 * is not asserted here that every acknowledged write survives. Where nothing was forgotten in
 * silence, because checksums told of all damage, that is still owed, and the ordinary judges
 * are to be asked, all but that of liveness.
 *
 * What is owed in any case, and asserted:
 *
 * - *H1*, nothing is made up: each value that an answer shows was put to that key by
 *   somebody; damage never becomes data.
 * - *H2*, nobody takes back a word: while a member lives, the revisions in its answers do
 *   not go back, and a version of a key that it has shown keeps its value. So an acknowledged
 *   write cannot vanish while everybody who knew of it answers on. A member that received a
 *   snapshot in between has another's state, and only its revisions are compared.
 * - *H3*, an end has a reason: a member that ends itself says why, and does not stumble over
 *   a programming error.
 */

import type { KeyValue } from '../../client/wire/generated/kv.js'
import type { RangeResponse, ResponseOp } from '../../client/wire/generated/rpc.js'
import type { Call, Calls } from '../model/call.js'
import { latin1 } from '../model/history.js'
import { isSerializable, putsOf, rangesOf } from './call-parts.js'
import type { Operation, Violation } from './operation.js'

/** A member begins to answer from another state: it was started, or installed a snapshot. */
export interface Turn {
  readonly memberId: bigint
  readonly kind: 'started' | 'installed'
  readonly atMs: number
}

/** A member ended itself. */
export interface SelfEnd {
  readonly member: string
  readonly reason: Error
}

/** What is judged. */
export interface HaltMaterial {
  readonly operations: readonly Operation[]
  /** In order of time. */
  readonly turns: readonly Turn[]
  readonly ends: readonly SelfEnd[]
}

/** An answer and the member's life that gave it. */
interface Word {
  readonly operation: Operation
  readonly response: Calls[Call['kind']][1]
  readonly memberId: bigint
}

/** What stumbling looks like. */
const STUMBLES: ReadonlySet<string> = new Set(['TypeError', 'ReferenceError', 'SyntaxError'])

/** Judges by all rules. Empty: acquitted. */
export function judgeSafeHalt({ operations, turns, ends }: HaltMaterial): Violation[] {
  return [...madeUp(operations), ...takenBack(operations, turns), ...stumbled(ends)]
}

/** H1. Keys that no recorded operation puts are somebody else's and not judged. */
function madeUp(operations: readonly Operation[]): Violation[] {
  const put = new Map<string, Set<string>>()
  for (const { call } of operations)
    for (const { key, value, ignoreValue } of putsOf(call)) {
      const values = put.get(latin1(key)) ?? new Set()
      if (!ignoreValue) values.add(latin1(value))
      put.set(latin1(key), values)
    }
  const violations: Violation[] = []
  for (const { operation, response } of wordsOf(operations)) {
    if (rangesOf(operation.call).some(({ keysOnly }) => keysOnly)) continue
    for (const { key, value } of shownIn(response)) {
      if (put.get(latin1(key))?.has(latin1(value)) !== false) continue
      const message = `${told(operation)} shows a value of ${latin1(key)} that nobody put: ${latin1(value)}`
      violations.push({ rule: 'safe halt H1', message })
    }
  }
  return violations
}

/** H2. */
function takenBack(operations: readonly Operation[], turns: readonly Turn[]): Violation[] {
  const violations: Violation[] = []
  const convict = (message: string) => violations.push({ rule: 'safe halt H2', message })
  const starts = turns.filter(({ kind }) => kind === 'started')
  for (const words of grouped(wordsOf(operations), starts).values()) judgeRevisions(words, convict)
  for (const words of grouped(wordsOf(operations), turns).values()) judgeVersions(words, convict)
  return violations
}

/** Of two answers one after the other, the second is not of an older revision. */
function judgeRevisions(words: readonly Word[], convict: (message: string) => void): void {
  const present = words.filter(({ operation }) => !isSerializable(operation.call))
  const ended = present.toSorted((a, b) => a.operation.ended - b.operation.ended)
  let next = 0
  let newest: Word | undefined
  for (const word of present.toSorted((a, b) => a.operation.began - b.operation.began)) {
    for (; ended[next]!.operation.ended < word.operation.began; next++)
      if (newest === undefined || revisionOf(ended[next]!) > revisionOf(newest))
        newest = ended[next]
    if (newest === undefined || revisionOf(word) >= revisionOf(newest)) continue
    const before = `${told(newest.operation)}, revision ${revisionOf(newest)}`
    convict(
      `${told(word.operation)}, revision ${revisionOf(word)}, by the same member after ${before}`,
    )
  }
}

/** A key has one value at one modification. */
function judgeVersions(words: readonly Word[], convict: (message: string) => void): void {
  const known = new Map<string, { value: string; operation: Operation }>()
  for (const { operation, response } of words) {
    if (rangesOf(operation.call).some(({ keysOnly }) => keysOnly)) continue
    for (const kv of shownIn(response)) {
      const version = `${latin1(kv.key)}@${kv.modRevision}`
      const value = latin1(kv.value)
      const first = known.get(version)
      if (first === undefined) known.set(version, { value, operation })
      else if (first.value !== value) {
        const other = `${told(first.operation)} showed ${first.value}`
        convict(`${told(operation)} shows ${version} as ${value}; ${other}, by the same member`)
      }
    }
  }
}

/** H3. */
function stumbled(ends: readonly SelfEnd[]): Violation[] {
  const bad = ends.filter(({ reason }) => STUMBLES.has(reason.name) || reason.message === '')
  return bad.map(({ member, reason }) => {
    return { rule: 'safe halt H3', message: `${member} ended by ${reason.name}: ${reason.message}` }
  })
}

function wordsOf(operations: readonly Operation[]): Word[] {
  return operations.flatMap((operation) => {
    if (operation.answer?.kind !== 'ok') return []
    const { response } = operation.answer
    return [{ operation, response, memberId: response.header?.memberId ?? 0n }]
  })
}

/** By member and time between two of its turns; without those during which it turned. */
function grouped(words: readonly Word[], turns: readonly Turn[]): Map<string, Word[]> {
  const ofMember = new Map<bigint, number[]>()
  for (const { memberId, atMs } of turns) {
    const times = ofMember.get(memberId)
    if (times === undefined) ofMember.set(memberId, [atMs])
    else times.push(atMs)
  }
  const groups = new Map<string, Word[]>()
  for (const word of words) {
    const { beganMs, endedMs } = word.operation
    const times = ofMember.get(word.memberId) ?? []
    const place = times.findLastIndex((atMs) => atMs < beganMs)
    const during = times[place + 1] !== undefined && times[place + 1]! <= endedMs!
    if (during) continue
    const name = `${word.memberId} ${place}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [word])
    else group.push(word)
  }
  return groups
}

function shownIn(response: Calls[Call['kind']][1]): KeyValue[] {
  const { kvs, prevKv, prevKvs, responses } = response as Partial<RangeResponse> & {
    readonly prevKv?: KeyValue
    readonly prevKvs?: KeyValue[]
    readonly responses?: ResponseOp[]
  }
  const inner = responses?.flatMap((op) => {
    const one = op.responseRange ?? op.responsePut ?? op.responseDeleteRange ?? op.responseTxn
    return one === undefined ? [] : shownIn(one)
  })
  return [...(kvs ?? []), ...(prevKvs ?? []), ...(prevKv ? [prevKv] : []), ...(inner ?? [])]
}

function revisionOf({ response }: Word): number {
  return response.header?.revision ?? 0
}

function told({ id, process, call, beganMs, endedMs }: Operation): string {
  return `operation ${id}, ${call.kind} of ${process} at ${beganMs}..${endedMs} ms,`
}
