/**
 * A step as one transaction: the claim of a tick, and everything else that is decided.
 *
 * **Whoever moves the counter has the tick.** Every step compares the counter of the lane
 * with what it was when the step was decided, and moves it; so of all nodes that decide on
 * the same state one takes its step, and the others look again. The same transaction
 * creates the mark of the run under the runner's lease (the claim), writes its record, and
 * compares that the job is unchanged and nobody has paused it. The revision of the
 * transaction is the create revision of the mark: the fencing token of the run.
 *
 * Marks are made by steps alone. If the counter is as it was, no mark has come since; so a
 * lane that looked free is free, whatever else has happened.
 *
 * What if the answer is lost? The same transaction is sent again until one is answered. If
 * it did nothing, it has read the mark and the counter: when they tell that we wrote them,
 * the first one was done. Otherwise it was not, and never will be: the counter has moved, or
 * the job or a pause has a later revision, for ever. A session that ends meanwhile ends the
 * doubt too: its lease ends, and what hangs on it. (One that arrives when we gave up for
 * good, after a refusal such as `no-space`, leaves a mark under our lease; whoever tends the
 * lane takes it up.)
 */

import { type Compare, compare, type Op, op, randomId } from '../../client/index.js'
import { hasCode, isInDoubt, isTransient } from '../errors.js'
import { pause } from '../pause.js'
import type { Session } from '../session.js'
import { chainOps } from './chain.js'
import { type CronKeys, WHOLE_GROUP } from './keys.js'
import type { LiveIndex } from './live-index.js'
import type { Placement } from './placement.js'
import type { MarkRecord, OpenRecord, RunRecord } from './records.js'
import type { Seen } from './seen.js'
import type { Ending, LaneView, Step } from './step.js'

/** Who takes steps, and on what it decides. */
export interface Claimant {
  readonly keys: CronKeys
  readonly node: string
  readonly index: LiveIndex
  readonly placement: Placement
}

/** What became of a step. */
export interface Taken {
  readonly done: boolean
  /** Of the transaction that did it, or of the store when it was refused. */
  readonly revision: number
}

/** Pause before a step is sent again, in milliseconds. */
const RETRY_MS = 100

/**
 * Takes a step, or finds that somebody else was faster.
 *
 * @returns undefined when the session is lost before anybody answers.
 * @throws {ConclaveError} what is wrong for good, such as `permission-denied`.
 */
export async function takeStep(
  claimant: Claimant,
  session: Session,
  view: LaneView,
  step: Step,
): Promise<Taken | undefined> {
  const { keys } = claimant
  const { client } = session
  const by = randomId(client.random).toString(16)
  const stateKey = keys.state(view.id)
  const reads = [op.get(stateKey)]
  if (step.kind === 'start') reads.push(op.get(keys.mark(view.id, step.open!.run)))
  while (session.alive) {
    try {
      const result = await client
        .txn()
        .if(...guardsOf(claimant, view, step))
        .then(...opsOf(claimant, session, view, step, by))
        .else(...reads)
        .commit()
      if (result.succeeded) return { done: true, revision: result.revision }
      for (const response of result.responses) {
        const kv = response.type === 'get' ? response.kvs[0] : undefined
        if (kv?.json<{ by?: string }>().by === by)
          return {
            done: true,
            revision: kv.keyString === stateKey ? kv.modRevision : kv.createRevision,
          }
      }
      return { done: false, revision: result.revision }
    } catch (error) {
      if (hasCode(error, 'lease-not-found')) session.lose('expired', error)
      else if (!isTransient(error) && !isInDoubt(error)) throw error
    }
    await pause(client, RETRY_MS, session.signal)
  }
  return undefined
}

function guardsOf({ keys }: Claimant, view: LaneView, step: Step): Compare[] {
  const { job, id, state, pauses } = view
  const asSeen = (key: string, one: Seen<unknown> | undefined) =>
    compare(key).modRevision('=', one?.modRevision ?? 0)
  const stored = step.ends.map(({ open }) => open)
  if (step.replaces !== undefined) stored.push(step.replaces)
  return [
    asSeen(keys.state(id), state),
    asSeen(job.key, job),
    asSeen(keys.pause(id.job), pauses[0]),
    asSeen(keys.pause(WHOLE_GROUP), pauses[1]),
    ...stored.map((open) => asSeen(open.key, open)),
  ]
}

function opsOf(claimant: Claimant, session: Session, view: LaneView, step: Step, by: string): Op[] {
  const { keys, node } = claimant
  const { id } = view
  if (step.kind === 'forget') return [op.delete(keys.state(id))]
  const ops: Op[] = [op.put(keys.state(id), JSON.stringify({ ...step.state, by }))]
  for (const ending of step.ends) ops.push(...endOps(claimant, view, ending))
  const { open } = step
  if (open === undefined) return ops
  const key = keys.open(id, open.run)
  if (step.kind !== 'start') return [...ops, op.put(key, JSON.stringify(open))]
  const startedMs = session.client.clock.wall()
  const mark: MarkRecord = { node, startedMs, by }
  const running: OpenRecord = { ...open, node, startedMs }
  return [
    ...ops,
    op.put(key, JSON.stringify(running)),
    op.put(keys.mark(id, open.run), JSON.stringify(mark), { lease: session.id }),
  ]
}

/** A run ends without its runner. */
function endOps(claimant: Claimant, view: LaneView, { open, outcome }: Ending): Op[] {
  const { run } = open.value
  const ops: Op[] = [op.delete(open.key)]
  if (outcome === undefined) return ops
  const mark = view.marks.get(run)
  if (mark !== undefined) ops.push(op.delete(mark.key))
  const record = endedWithoutRunner(open.value, outcome, mark)
  return [...ops, ...recordOps(claimant, view.job.value.historyMax, record)]
}

/** Notes how a run ended, and lets those run that run after it. */
export function recordOps(
  claimant: Claimant,
  historyMax: number | undefined,
  record: RunRecord,
): Op[] {
  const ops = chainOps(claimant, record)
  if (historyMax === 0) return ops
  return [op.put(claimant.keys.history(record, record.run), JSON.stringify(record)), ...ops]
}

function endedWithoutRunner(
  open: OpenRecord,
  outcome: RunRecord['outcome'],
  mark: Seen<MarkRecord> | undefined,
): RunRecord {
  const { job, lane, run, scheduledMs, cause, attempt, startedMs = open.dueMs } = open
  return {
    ...{ job, lane, run, scheduledMs, cause, attempt, startedMs, outcome },
    endedMs: startedMs,
    node: open.node ?? '',
    fencingToken: mark?.createRevision ?? 0,
  }
}
