/** All workloads by name: one more is one file and one row here. */

import { append } from './append.js'
import { bursts } from './bursts.js'
import { clientWatch } from './client-watch.js'
import { compaction } from './compaction.js'
import { doubleBarrier } from './double-barrier.js'
import { election } from './election.js'
import { groups } from './groups.js'
import { leaderSelector } from './leader-selector.js'
import { lease } from './lease.js'
import { mutex } from './mutex.js'
import { queue } from './queue.js'
import { rawSessions } from './raw-sessions.js'
import { registers } from './registers.js'
import { rwlock, semaphore } from './shared-locks.js'
import { swaps } from './swaps.js'
import { transactions } from './transactions.js'
import { watch } from './watch.js'
import type { WorkloadRow } from './worker.js'

/** Their order is that of the draws of a plan: new ones go last. */
export const WORKLOADS = {
  registers,
  append,
  transactions,
  compaction,
  watch,
  clientWatch,
  lease,
  mutex,
  election,
  bursts,
  rawSessions,
  swaps,
  doubleBarrier,
  leaderSelector,
  queue,
  groups,
  rwlock,
  semaphore,
} satisfies Record<string, WorkloadRow>

/** A name of a workload. */
export type WorkloadName = keyof typeof WORKLOADS

/** All names, in the order of the table. */
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[]

/** A weight of 0 for each: plans that are written by hand name what they want. */
export const NO_WORK = Object.fromEntries(WORKLOAD_NAMES.map((name) => [name, 0])) as Readonly<
  Record<WorkloadName, number>
>
