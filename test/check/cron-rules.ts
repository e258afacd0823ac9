/**
 * Judges what cron did by the calls of its handlers, as their processes saw them.
 *
 * | rule | |
 * | --- | --- |
 * | a tick twice | no two calls are of the same tick in the same lane; with reruns, of the same attempt |
 * | two at once | no two calls of a lane believe at the same time that the run is theirs |
 * | a token twice | every call has a token of its own |
 * | tokens out of order | of two ticks of a lane the later one has the greater token, first attempts |
 * | a gap | between two calls, and to the ends of the time that is judged, no more than the window passes |
 *
 * Times are of one clock that all processes share, but for the scheduled ones.
 */

import type { Violation } from './operation.js'

/** A call of a handler. */
export interface CronCall {
  readonly job: string
  readonly lane?: string
  readonly node: string
  readonly scheduledMs: number
  readonly attempt: number
  readonly fencingToken: number
  readonly startMs: number
  /** The last time at which the handler asked whether the run was its own and was told so. */
  readonly heldUntilMs: number
}

/** What is promised. */
export interface CronPromise {
  /** The time in which ticks are due; none is judged for gaps when it is left out. */
  readonly due?: { readonly fromMs: number; readonly toMs: number }
  /** The longest time without a call. */
  readonly gapMs?: number
  /** Whether a tick may start again when its runner is lost. Default false. */
  readonly reruns?: boolean
  /** Whether runs of a lane may be under way together. Default false. */
  readonly overlaps?: boolean
}

/** Everything that is wrong. */
export function judgeCron(calls: readonly CronCall[], promise: CronPromise): Violation[] {
  const found: Violation[] = []
  const tokens = new Map<string, CronCall[]>()
  for (const call of calls) push(tokens, `${call.job} ${call.fencingToken}`, call)
  found.push(...twice(tokens, 'a token twice'))
  for (const lane of group(calls, laneOf)) {
    const nameOf = ({ scheduledMs, attempt }: CronCall) =>
      promise.reruns === true ? `${scheduledMs} ${attempt}` : `${scheduledMs}`
    const ticks = new Map<string, CronCall[]>()
    for (const call of lane) push(ticks, nameOf(call), call)
    found.push(...twice(ticks, 'a tick twice'), ...judgeTokens(lane))
    if (promise.overlaps !== true) found.push(...judgeOverlap(lane))
  }
  if (promise.due !== undefined)
    for (const job of group(calls, (call) => call.job)) found.push(...judgeGaps(job, promise))
  return found
}

function judgeOverlap(lane: readonly CronCall[]): Violation[] {
  const inOrder = [...lane].sort((a, b) => a.startMs - b.startMs)
  const found: Violation[] = []
  let last: CronCall | undefined
  for (const call of inOrder) {
    // A call that never was its run's owner, as when its process stood still, is alone by itself.
    if (call.heldUntilMs < call.startMs) continue
    if (last !== undefined && call.startMs < last.heldUntilMs)
      found.push(violation('two at once', last, call))
    if (last === undefined || call.heldUntilMs > last.heldUntilMs) last = call
  }
  return found
}

function judgeTokens(lane: readonly CronCall[]): Violation[] {
  const ticks = lane.filter(({ attempt }) => attempt === 1)
  ticks.sort((a, b) => a.scheduledMs - b.scheduledMs)
  return ticks.flatMap((call, i) => {
    const before = ticks[i - 1]
    const isWrong = before !== undefined && before.fencingToken > call.fencingToken
    return isWrong ? [violation('tokens out of order', before, call)] : []
  })
}

function judgeGaps(
  job: readonly CronCall[],
  { due, gapMs = Number.POSITIVE_INFINITY }: CronPromise,
): Violation[] {
  const { fromMs, toMs } = due!
  const inside = ({ startMs }: CronCall) => startMs > fromMs && startMs < toMs
  const starts = job.filter(inside).map(({ startMs }) => startMs)
  const times = [fromMs, ...starts.sort((a, b) => a - b), toMs]
  return times.flatMap((atMs, i) => {
    const sinceMs = atMs - (times[i - 1] ?? atMs)
    if (sinceMs <= gapMs) return []
    const message = `${job[0]!.job}: nothing for ${Math.round(sinceMs)} ms until ${Math.round(atMs)}`
    return [{ rule: 'a gap', message }]
  })
}

function twice(groups: ReadonlyMap<string, CronCall[]>, rule: string): Violation[] {
  return [...groups.values()]
    .filter((calls) => calls.length > 1)
    .map(([first, second]) => violation(rule, first!, second!))
}

function group(
  calls: readonly CronCall[],
  nameOf: (call: CronCall) => string,
): IterableIterator<CronCall[]> {
  const groups = new Map<string, CronCall[]>()
  for (const call of calls) push(groups, nameOf(call), call)
  return groups.values()
}

function push(groups: Map<string, CronCall[]>, name: string, call: CronCall): void {
  const calls = groups.get(name)
  if (calls === undefined) groups.set(name, [call])
  else calls.push(call)
}

function laneOf({ job, lane = '' }: CronCall): string {
  return `${job}@${lane}`
}

function violation(rule: string, first: CronCall, second: CronCall): Violation {
  return { rule, message: `${inWords(first)}; ${inWords(second)}` }
}

function inWords({ job, node, scheduledMs, attempt, fencingToken, startMs }: CronCall): string {
  return `${job} ${scheduledMs} (attempt ${attempt}, token ${fencingToken}) on ${node} at ${Math.round(startMs)}`
}
