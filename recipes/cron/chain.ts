/**
 * Jobs that run after others.
 *
 * The transaction that notes the end of a run also makes the runs that follow it, so they
 * follow once, whoever dies in between. Their name is that of the run before and its job.
 */

import { type Op, op } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import type { Claimant } from './claim.js'
import { DEFAULTS, type JobRecord } from './job.js'
import type { LiveIndex } from './live-index.js'
import type { OpenRecord, RunRecord } from './records.js'

/** Runs that one end may bring about: all of them are in its transaction. */
const FOLLOWERS_MAX = 50

/** The runs that follow one that has ended. */
export function chainOps({ index, placement, keys }: Claimant, ended: RunRecord): Op[] {
  const followers = [...index.jobs.values()].filter(({ value }) => follows(value, ended))
  const lanes = followers.flatMap(({ value }) =>
    placement.lanesOf(value.name).map((lane) => ({ lane, value })),
  )
  return lanes.slice(0, FOLLOWERS_MAX).map(({ lane, value }) => {
    const open: OpenRecord = {
      ...lane,
      run: `${ended.run}-${ended.job}${ended.lane === '' ? '' : `@${ended.lane}`}`,
      scheduledMs: ended.scheduledMs,
      cause: 'chain',
      overlap: value.overlap ?? DEFAULTS.overlap,
      phase: 'waiting',
      dueMs: ended.endedMs,
      attempt: 1,
      losses: 0,
    }
    return op.put(keys.open(lane, open.run), JSON.stringify(open))
  })
}

function follows({ after }: JobRecord, { job, outcome }: RunRecord): boolean {
  if (after?.job !== job) return false
  const { on = 'success' } = after
  return on === 'end' || (on === 'success') === (outcome === 'success')
}

/**
 * Refuses a job that would, in the end, run after itself.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkChain(job: JobRecord, index: LiveIndex): void {
  const path = [job.name]
  let before = job.after?.job
  while (before !== undefined) {
    path.push(before)
    if (before === job.name)
      throw invalidArgument(`The jobs would run after each other for ever: ${path.join(' < ')}.`)
    // A circle that was there before does not end here.
    if (path.length > index.jobs.size + 2) return
    before = index.jobs.get(before)?.value.after?.job
  }
}
