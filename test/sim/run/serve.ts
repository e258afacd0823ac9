/**
 * The inside of a process that lives seeds: one order at a time, one answer for each.
 *
 * Time, chance and timers are banned from the first life on, so what the process itself
 * wants of them is taken before.
 */

import type { Life, LiveOptions } from '../swarm/life.js'
import type { Plan } from '../swarm/plan.js'
import type { Answer, Job, Order } from './job.js'
import { lostLife } from './job.js'
import { startCoverage } from './precise-coverage.js'
import { openTrace } from './trace.js'

/** Where lives come from: the swarm, or a stub in tests. */
export interface Door {
  drawPlan(seed: number): Plan
  live(plan: Plan, options?: LiveOptions): Promise<Life>
  banGlobals(): void
}

/** An argument of the process: measure the branches taken. */
export const COVERAGE_FLAG = '--coverage'

/**
 * Answers orders until the end of the work, or until nobody is there to give them.
 *
 * @param open loads the door; coverage counts only what is loaded after it started.
 */
export async function serve(open: () => Promise<Door>): Promise<void> {
  const cpuUsage = process.cpuUsage.bind(process)
  const memoryUsage = process.memoryUsage.rss.bind(process.memoryUsage)
  const coverage = process.argv.includes(COVERAGE_FLAG) ? startCoverage() : undefined
  const door = await open()
  door.banGlobals()

  // An interrupt is for the whole group; the process that gives the orders decides what it means.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(0))
  process.on('message', (order: Order) => {
    if ('end' in order) return answer({ coverage: coverage?.() ?? [] })
    const before = cpuUsage()
    void liveOne(door, order.job).then((life) => {
      const { user, system } = cpuUsage(before)
      answer({ life, cost: { cpuMs: (user + system) / 1000, memoryBytes: memoryUsage() } })
    })
  })
  answer({ ready: true })
}

/** One life. What nobody caught is the life's own violation. */
async function liveOne(door: Door, job: Job): Promise<Life> {
  const trace = job.trace === undefined ? undefined : openTrace(job.trace)
  const seed = 'plan' in job.life ? job.life.plan.seed : job.life.seed
  try {
    const plan = 'plan' in job.life ? job.life.plan : door.drawPlan(job.life.seed)
    return await door.live(plan, trace === undefined ? {} : { onLine: trace.write })
  } catch (error) {
    return lostLife(seed, 'crash', String((error as Error).stack ?? error))
  } finally {
    trace?.close()
  }
}

function answer(message: Answer): void {
  if (process.send === undefined) throw new Error('this program is started by npm run sim')
  process.send(message)
}
