/** Pausing and resuming: one key for each job and one for the group, which every claim compares. */

import { compare, type Keyspace, op, type RequestOptions } from '../../client/index.js'
import { type CronKeys, WHOLE_GROUP } from './keys.js'
import type { PauseRecord } from './records.js'

/** What to pause or resume. */
export interface PauseOptions extends RequestOptions {
  /** Who does it, for people. Default empty. */
  readonly by?: string
  /** Only this job. Default the whole group. */
  readonly job?: string
}

/**
 * Writes whether something is paused.
 *
 * The record is never deleted while the job is there: a claim compares its revision, which
 * must not come back.
 *
 * @returns false when there is no such job.
 */
export async function writePause(
  client: Keyspace,
  keys: CronKeys,
  { paused, note }: Pick<PauseRecord, 'paused' | 'note'>,
  { by = '', job, ...options }: PauseOptions,
): Promise<boolean> {
  const record: PauseRecord = { paused, note, by, atMs: client.clock.wall() }
  const guard = job === undefined ? [] : [compare(keys.job(job)).exists()]
  const { succeeded } = await client
    .txn()
    .if(...guard)
    .then(op.put(keys.pause(job ?? WHOLE_GROUP), JSON.stringify(record)))
    .commit(options)
  return succeeded
}
