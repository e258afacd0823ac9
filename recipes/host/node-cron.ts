/**
 * node-cron in several processes: each slot of a task runs in one of them.
 *
 * node-cron 4 asks a _run coordinator_ before each run of a task that is `distributed`.
 * {@link distribute} makes it ask the cluster, for all tasks of this process that are made from
 * then on. {@link scheduleOn} does it for one task. Which slot runs where, and what happens when
 * things fail, is said in cron/run-coordinator.ts and docs/recipes/node-cron.md.
 */

import {
  type NodeCron,
  type ScheduledTask,
  schedule as scheduleTask,
  setRunCoordinator,
  type TaskFn,
  type TaskOptions,
} from 'node-cron'
import type { Keyspace } from '../../client/index.js'
import { RunCoordinator, type RunCoordinatorOptions } from '../cron/run-coordinator.js'

/** How to distribute. */
export interface DistributeOptions extends RunCoordinatorOptions {
  /**
   * The node-cron whose tasks are meant. Default the one that `import 'node-cron'` gives.
   * Needed when yours comes by `require`, which is another instance of it.
   */
  readonly nodeCron?: Pick<NodeCron, 'setRunCoordinator'>
}

/** A task that runs in one process at a time; `name` tells it from others, on all nodes. */
export interface DistributedTaskOptions
  extends Omit<TaskOptions, 'distributed' | 'runCoordinator' | 'name'> {
  /** The same on every node, and another for every other task. Not empty. */
  readonly name: string
}

/**
 * From now on tasks with `distributed: true` and a `name` ask the cluster who runs a slot.
 * Call it before they are made.
 *
 * @returns what they ask.
 * @throws {ConclaveError} `invalid-argument`.
 *
 * @example
 * import { schedule as everyMinute } from 'node-cron'
 *
 * distribute(client)
 * everyMinute('* * * * *', () => stopWorking(), { name: 'report', distributed: true })
 */
export function distribute(client: Keyspace, options: DistributeOptions = {}): RunCoordinator {
  const { nodeCron = { setRunCoordinator }, ...rest } = options
  const coordinator = new RunCoordinator(client, rest)
  nodeCron.setRunCoordinator(coordinator)
  return coordinator
}

/** One coordinator for each client, so that tasks share its leases. */
const coordinators = new WeakMap<Keyspace, RunCoordinator>()

/**
 * Starts a task of node-cron each of whose slots runs in one of the processes that have it.
 *
 * @param work a function, or the path of a module for a background task.
 * @throws {Error} node-cron's own: the expression is wrong, or the name is missing.
 *
 * @example
 * const task = scheduleOn(client, '0 3 * * *', () => stopWorking(), { name: 'report' })
 * task.on('execution:skipped', ({ reason }) => console.log(reason))
 */
export function scheduleOn(
  client: Keyspace,
  expression: string,
  work: TaskFn | string,
  options: DistributedTaskOptions,
): ScheduledTask {
  const known = coordinators.get(client)
  const runCoordinator = known ?? new RunCoordinator(client)
  if (known === undefined) coordinators.set(client, runCoordinator)
  return scheduleTask(expression, work, { ...options, distributed: true, runCoordinator })
}
