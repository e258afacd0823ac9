/**
 * A worker process of the fleet: a cron node whose handlers tell the parent what they do.
 *
 * Started by `fleet.ts` with an IPC channel. Its wall clock is the machine's, and may be
 * stepped by a message. Times that it tells are of the machine's monotonic clock, which all
 * processes share.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../client/host/clock.js'
import { nodeClock } from '../../../client/host/clock-node.js'
import { connect } from '../../../client/index.js'
import { Cron, type RunContext } from '../../../recipes/index.js'
import { FLEET_JOBS, type FromWorker, type ToWorker } from './messages.js'

const LOOK_MS = 50
const NANOS_IN_MS = 1_000_000n

const [node = '', endpoints = '', ttl = ''] = process.argv.slice(2)
let wallAheadMs = 0
const clock: Clock = {
  now: () => nodeClock.now(),
  wall: () => nodeClock.wall() + wallAheadMs,
  after: (ms, run) => nodeClock.after(ms, run),
  soon: (run) => nodeClock.soon(run),
}
const client = connect({ endpoints: endpoints.split(','), clock, timeoutMs: 2_000 })
const cron = new Cron(client, 'fleet', { node, ttlSeconds: Number(ttl) })
for (const [job, ms] of Object.entries(FLEET_JOBS)) cron.handle(job, (run) => work(run, ms))
process.on('message', (message: ToWorker) => {
  if (message.kind === 'step') wallAheadMs = message.aheadMs
  else void cron.stop().finally(() => process.exit(0))
})
// Without a parent there is nobody to work for.
process.on('disconnect', () => process.exit(0))
await cron.start()
for (const job of Object.keys(FLEET_JOBS)) await cron.put({ name: job, schedule: '* * * * * *' })
tell({ kind: 'ready' })

/** Works for so long, telling all the while that the run is its own. */
async function work(run: RunContext, ms: number): Promise<void> {
  const { job, scheduledMs, attempt, fencingToken } = run
  const startMs = nowMs()
  tell({ kind: 'start', call: { job, node, scheduledMs, attempt, fencingToken, startMs } })
  do {
    const atMs = nowMs()
    // Asked after the time was read: it was true then.
    if (!run.held) return
    tell({ kind: 'held', job, fencingToken, atMs })
    if (ms > 0)
      await sleep(Math.min(ms, LOOK_MS), undefined, { signal: run.signal }).catch(() => {})
  } while (nowMs() - startMs < ms)
}

function nowMs(): number {
  return Number(process.hrtime.bigint() / NANOS_IN_MS)
}

function tell(message: FromWorker): void {
  process.send?.(message)
}
