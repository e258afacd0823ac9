/** The runs of a job that have ended: reading them, and keeping no more than the job asks for. */

import type { Keyspace, RequestOptions } from '../../client/index.js'
import { DEFAULTS, type JobRecord } from './job.js'
import { type CronKeys, runName } from './keys.js'
import { type RunRecord, runCodec } from './records.js'

/** The newest runs, newest first. */
export async function readHistory(
  client: Keyspace,
  keys: CronKeys,
  job: string,
  { limit, ...options }: RequestOptions & { readonly limit: number },
): Promise<RunRecord[]> {
  const newest = { sort: 'key', order: 'descending', limit } as const
  const { kvs } = await client.kv.getAll(keys.historyOf(job), { ...options, ...newest })
  return kvs.map((kv) => kv.decode(runCodec))
}

/** Deletes what is too old or too much. May be repeated, and interrupted. */
export async function pruneHistory(
  client: Keyspace,
  keys: CronKeys,
  job: JobRecord,
): Promise<void> {
  const { historyMax = DEFAULTS.historyMax, historyAgeMs = DEFAULTS.historyAgeMs } = job
  const from = keys.historyOf(job.name)
  const newest = { sort: 'key', order: 'descending', keysOnly: true } as const
  const { kvs } = await client.kv.getAll(from, { ...newest, limit: historyMax + 1 })
  const tooMany = kvs[historyMax]?.keyString
  if (tooMany !== undefined) await client.kv.delete({ from, to: `${tooMany}\0` })
  const oldestMs = client.clock.wall() - historyAgeMs
  const oldest = kvs.slice(0, historyMax).at(-1)?.keyString
  const tooOld = `${from}${runName(Math.max(0, oldestMs))}`
  if (oldest !== undefined && oldest < tooOld) await client.kv.delete({ from, to: tooOld })
}
