/** All scenarios of `npm run bench -- recipes`, by name. */

import { barrier, jobs, joins, latch, putBack, rounds, terms } from './gatherings.js'
import { permits, readers, threeLocks, workerIds, writers } from './holds.js'
import { failOver, lockAlone, lockWanted } from './locks.js'
import { consume, enqueue, underWay } from './queues.js'
import { rivalLock, rivalTransfers } from './rivals.js'
import type { Scenario } from './scenario.js'
import { transfers } from './transfers.js'
import { counter, limiter, publish, sequence, settings, subscribed } from './values.js'
import { cacheConsistentReads, cacheReads, registrations } from './views.js'

/** What is measured, and with etcd3 where it has such a thing. */
export interface Row {
  readonly ours: Scenario
  readonly rival?: Scenario
}

/** See the head of the file. */
export const SCENARIOS: Readonly<Record<string, Row>> = {
  lock: { ours: lockAlone, rival: rivalLock },
  'lock-10': { ours: lockWanted(10) },
  'lock-100': { ours: lockWanted(100) },
  'stm-1%': { ours: transfers(0.01), rival: rivalTransfers(0.01) },
  'stm-10%': { ours: transfers(0.1), rival: rivalTransfers(0.1) },
  'stm-50%': { ours: transfers(0.5), rival: rivalTransfers(0.5) },
  enqueue: { ours: enqueue },
  consume: { ours: consume },
  'queue-latency': { ours: underWay },
  'fail-over': { ours: failOver },
  cache: { ours: cacheReads },
  'cache-consistent': { ours: cacheConsistentReads },
  registry: { ours: registrations },
  read: { ours: readers },
  write: { ours: writers },
  semaphore: { ours: permits },
  multilock: { ours: threeLocks },
  'worker-id': { ours: workerIds },
  counter: { ours: counter },
  sequence: { ours: sequence },
  'rate-limiter': { ours: limiter },
  config: { ours: settings },
  publish: { ours: publish },
  'topic-latency': { ours: subscribed },
  'double-barrier': { ours: rounds },
  barrier: { ours: barrier },
  latch: { ours: latch },
  group: { ours: joins },
  'persistent-node': { ours: putBack },
  'leader-selector': { ours: terms },
  cron: { ours: jobs },
}
