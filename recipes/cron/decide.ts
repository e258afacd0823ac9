/**
 * What is to be done in a lane: a pure function of what it holds and of the time.
 *
 * 1. **Orphans.** A run that is noted as running and has no mark has lost its runner: it
 *    is noted as lost, or waits to be started again.
 * 2. **What waits** and is due (buffered ticks, retries, triggers, chains), oldest first,
 *    starts when nothing is under way, or as its overlap policy says.
 * 3. **Ticks** that are owed (catch-up.ts) start, wait or are left out (overlap.ts).
 *
 * One step at a time: each is one transaction, guarded by the counter of the lane, and the
 * next is decided on what that transaction made.
 */

import { owedTick } from './catch-up.js'
import { DEFAULTS } from './job.js'
import { runName } from './keys.js'
import { whenBusy } from './overlap.js'
import type { LaneState, OpenRecord } from './records.js'
import type { Seen } from './seen.js'
import type { Ending, LaneView, Step, Verdict } from './step.js'

/** Runners that may be lost with a run before it is noted as lost. */
const LOSSES_MAX = 10

const FOREVER = Number.POSITIVE_INFINITY

/** See the head of the file. */
export function decide(view: LaneView, wallMs: number): Verdict {
  const orphan = orphanStep(view, wallMs)
  if (orphan !== undefined) return orphan
  if (view.isAbandoned) return abandoned(view, wallMs)
  const waiting = waitingStep(view, wallMs)
  if (typeof waiting !== 'number') return waiting
  const tick = tickStep(view, wallMs)
  return typeof tick === 'number' ? Math.min(waiting, tick) : tick
}

function orphanStep(view: LaneView, wallMs: number): Step | undefined {
  const { recover = DEFAULTS.recover, windowMs = DEFAULTS.windowMs } = view.job.value
  for (const open of view.opens) {
    const { phase, run, attempt, losses, scheduledMs, node: _node, ...rest } = open.value
    if (phase !== 'running' || view.marks.has(run)) continue
    if (recover === 'markLost' || losses >= LOSSES_MAX) return end(view, open, 'lost')
    if (!view.isAbandoned) {
      const again = { attempt: attempt + 1, losses: losses + 1, dueMs: wallMs } as const
      const next = { ...rest, run, scheduledMs, phase: 'waiting', ...again } as const
      return { ...nothing(view), kind: 'requeue', open: next, replaces: open }
    }
    // Its node may come back; not for ever.
    if (wallMs - scheduledMs > windowMs) return end(view, open, 'lost')
  }
  return undefined
}

function end(view: LaneView, open: Seen<OpenRecord>, outcome?: Ending['outcome']): Step {
  const ending = outcome === undefined ? { open } : { open, outcome }
  return { ...nothing(view), kind: 'end', ends: [ending] }
}

/** A lane that nobody may work in any more, such as that of a node that is gone. */
function abandoned(view: LaneView, wallMs: number): Verdict {
  const { windowMs = DEFAULTS.windowMs } = view.job.value
  const old = view.opens.find(({ value }) => wallMs - value.dueMs > windowMs)
  if (old?.value.phase === 'waiting') return end(view, old)
  const isOld = view.state !== undefined && view.state.value.lastMs < wallMs - windowMs
  const isEmpty = view.opens.length + view.marks.size === 0
  return isOld && isEmpty ? { ...nothing(view), kind: 'forget' } : FOREVER
}

function waitingStep(view: LaneView, wallMs: number): Verdict {
  const isFree = view.marks.size === 0
  const paused = isPaused(view)
  const waiting = view.opens
    .filter(({ value }) => value.phase === 'waiting' && (!paused || isByHand(value)))
    .sort((a, b) => a.value.dueMs - b.value.dueMs || compareText(a.value.run, b.value.run))
  for (const open of waiting) {
    const { dueMs, overlap, attempt, cause } = open.value
    if (dueMs > wallMs) return dueMs
    if (isFree || overlap === 'allow') return start(view, open.value, { replaces: open })
    if (overlap === 'terminateOther')
      return start(view, open.value, { replaces: open, ends: terminated(view) })
    const isOwed = attempt > 1 || cause === 'backfill'
    if (overlap === 'skip' && !isOwed) return end(view, open)
  }
  return FOREVER
}

function tickStep(view: LaneView, wallMs: number): Verdict {
  const { runsMax = FOREVER } = view.job.value
  const before = counterOf(view)
  if (isPaused(view) || before.ticks >= runsMax) return FOREVER
  const resumedMs = Math.max(...view.pauses.map((pause) => pause?.value.atMs ?? 0))
  const owed = owedTick(view.job, Math.max(before.lastMs, resumedMs), wallMs)
  if (typeof owed === 'number') return owed
  const state = { ...before, lastMs: owed.upToMs, missed: before.missed + owed.missed }
  const { tickMs, missed } = owed
  if (tickMs === undefined) return { ...nothing(view), kind: 'miss', state, missed }
  const taken = { state: { ...state, ticks: state.ticks + 1 }, missed }
  const open = tickOf(view, tickMs, wallMs)
  switch (view.marks.size === 0 ? 'start' : whenBusy(view, tickMs)) {
    case 'start':
      return start(view, open, taken)
    case 'terminate':
      return start(view, open, { ...taken, ends: terminated(view) })
    case 'buffer':
      return { ...nothing(view), ...taken, kind: 'buffer', open }
    case 'replace': {
      const waits = ({ value }: Seen<OpenRecord>) => value.phase === 'waiting'
      const ends = view.opens.filter((one) => waits(one) && one.value.cause === 'tick')
      return { ...nothing(view), ...taken, kind: 'buffer', open, ends: ends.map(endOf) }
    }
    case 'skip': {
      const skipped = { ...state, skipped: state.skipped + 1 }
      return { ...nothing(view), kind: 'skip', state: skipped, missed, skippedMs: tickMs }
    }
    case 'later':
      return FOREVER
  }
}

function tickOf({ id, job }: LaneView, tickMs: number, wallMs: number): OpenRecord {
  return {
    ...id,
    run: runName(tickMs),
    scheduledMs: tickMs,
    cause: 'tick',
    overlap: job.value.overlap ?? DEFAULTS.overlap,
    phase: 'waiting',
    dueMs: wallMs,
    attempt: 1,
    losses: 0,
  }
}

function start(view: LaneView, open: OpenRecord, change: Partial<Step>): Step {
  return { ...nothing(view), ...change, kind: 'start', open: { ...open, phase: 'running' } }
}

function terminated(view: LaneView): Ending[] {
  return view.opens
    .filter(({ value }) => value.phase === 'running')
    .map((open) => ({ open, outcome: 'terminated' }))
}

function endOf(open: Seen<OpenRecord>): Ending {
  return { open }
}

/** A step that changes nothing. */
function nothing(view: LaneView): Pick<Step, 'state' | 'ends' | 'missed'> {
  return { state: counterOf(view), ends: [], missed: 0 }
}

function counterOf({ state, floorMs }: LaneView): Omit<LaneState, 'by'> {
  if (state === undefined) return { lastMs: floorMs, ticks: 0, skipped: 0, missed: 0 }
  const { by: _by, ...counter } = state.value
  return counter
}

function isPaused({ pauses }: LaneView): boolean {
  return pauses.some((pause) => pause?.value.paused === true)
}

/** Somebody has asked for it, and means it. */
function isByHand({ cause }: OpenRecord): boolean {
  return cause === 'trigger' || cause === 'backfill'
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
