/**
 * The end of a run, as one transaction on the condition that its mark is still the one that
 * was claimed: the mark goes, and so does the record, unless the run is tried again; the
 * history and the runs that follow it come.
 *
 * It is sent again until it is answered or the session is lost, since whatever became of the
 * first, the second does nothing when the first was done. While it cannot be written (the
 * database is full, say) the mark stays, and with it the lane is taken: rather no run than
 * one that nobody knows of.
 */

import { compare, type Op, op, type TxnResult } from '../../client/index.js'
import { isInDoubt } from '../errors.js'
import { pause } from '../pause.js'
import type { Claimant } from './claim.js'
import { recordOps } from './claim.js'
import { backOffMs, DEFAULTS, type JobRecord } from './job.js'
import type { OpenRecord, PauseRecord, RunOutcome, RunRecord } from './records.js'
import type { RunParts } from './run.js'

/** How the handler ended. */
export interface HandlerEnd {
  readonly outcome: RunOutcome
  readonly startedMs: number
  readonly error?: string
  readonly log?: string
  readonly progress?: unknown
}

/** How a run ended. */
export interface RunEnd {
  readonly record: RunRecord
  /** When it is tried again, in milliseconds since 1970. */
  readonly retryAtMs?: number
  /** Of the transaction that noted it; 0 when it could not be noted from here. */
  readonly revision: number
}

const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 5_000

/** Notes how a run ended. Resolves when it is noted, or cannot be any more; never rejects. */
export async function endRun(
  claimant: Claimant,
  parts: RunParts,
  end: HandlerEnd,
): Promise<RunEnd> {
  const { session, job, open } = parts
  const { client } = session
  const record = recordOf(claimant, parts, end, client.clock.wall())
  const lost: RunEnd = { record: { ...record, outcome: 'lost' }, revision: 0 }
  if (end.outcome === 'lost') return lost
  const retry = retryOf(job, open, record, client.random.next())
  const ops = retry === undefined ? finalOps(claimant, job, record) : []
  const write =
    retry === undefined
      ? op.delete(claimant.keys.open(open, open.run))
      : op.put(claimant.keys.open(open, open.run), JSON.stringify(retry))
  const told = retry === undefined ? { record } : { record, retryAtMs: retry.dueMs }
  let inDoubt = false
  for (let pauseMs = PAUSE_MS_MIN; session.alive; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    try {
      const { succeeded, revision } = await commit(claimant, parts, [write, ...ops])
      if (succeeded) return { ...told, revision }
      const swept = await sweep(claimant, parts)
      if (swept.succeeded) return { record, revision: swept.revision }
      // The mark is gone: by the first of our requests, unless none was in doubt.
      return inDoubt ? { ...told, revision } : lost
    } catch (error) {
      if (isInDoubt(error)) inDoubt = true
      else parts.onError(error)
    }
    await pause(client, pauseMs, session.signal)
  }
  return lost
}

function commit(
  { keys }: Claimant,
  { session, open, fencingToken }: RunParts,
  ops: readonly Op[],
): Promise<TxnResult> {
  const mark = keys.mark(open, open.run)
  return session.client
    .txn()
    .if(compare(mark).createRevision('=', fencingToken), compare(keys.job(open.job)).exists())
    .then(op.delete(mark), ...ops)
    .commit()
}

/** The job was removed: nothing but the mark is left of it. */
function sweep({ keys }: Claimant, { session, open, fencingToken }: RunParts): Promise<TxnResult> {
  const mark = keys.mark(open, open.run)
  return session.client
    .txn()
    .if(compare(mark).createRevision('=', fencingToken))
    .then(op.delete(mark), op.delete(keys.open(open, open.run)))
    .commit()
}

function recordOf(
  { node }: Claimant,
  { open, fencingToken }: RunParts,
  end: HandlerEnd,
  endedMs: number,
): RunRecord {
  const { job, lane, run, scheduledMs, cause, attempt } = open
  return { job, lane, run, scheduledMs, cause, attempt, ...end, endedMs, node, fencingToken }
}

/** The record of the next attempt, if there is one. */
function retryOf(
  { retry, recover }: JobRecord,
  open: OpenRecord,
  { outcome, endedMs, error }: RunRecord,
  chance: number,
): OpenRecord | undefined {
  const { node: _node, startedMs: _startedMs, ...rest } = open
  const next = { ...rest, phase: 'waiting', attempt: open.attempt + 1 } as const
  if (outcome === 'aborted' && recover === 'rerun')
    return { ...next, dueMs: endedMs, losses: open.losses + 1 }
  const failures = open.attempt - open.losses
  if (retry === undefined || failures >= retry.attempts) return undefined
  if (outcome !== 'failure' && outcome !== 'timeout') return undefined
  const pauseMs = Math.round(backOffMs(retry, failures + 1) * (0.5 + chance / 2))
  return { ...next, dueMs: endedMs + pauseMs, ...(error !== undefined && { error }) }
}

/** What comes of a run that is not tried again. */
function finalOps(claimant: Claimant, job: JobRecord, record: RunRecord): Op[] {
  const ops = recordOps(claimant, job.historyMax ?? DEFAULTS.historyMax, record)
  const { outcome, endedMs: atMs, run, error = outcome } = record
  const isFailure = outcome === 'failure' || outcome === 'timeout'
  if (job.pauseOnFailure !== true || !isFailure) return ops
  const paused: PauseRecord = {
    paused: true,
    note: `The run ${run} did not succeed: ${error}`,
    by: record.node,
    atMs,
  }
  return [...ops, op.put(claimant.keys.pause(job.name), JSON.stringify(paused))]
}
