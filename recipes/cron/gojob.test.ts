/**
 * The program of gojob's own test, translated line by line, and what gojob leaves open:
 * nodes that join, die, stand still and stop.
 */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../../test/sim/recipe-world.js'
import { type GoJob, type GoJobTask, newGoJob, type RunContext } from '../index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

/** Implements the interface of jobs. */
class TestJob implements GoJobTask {
  readonly runs: { readonly node: string; readonly tickMs: number; readonly atMs: number }[] = []
  stops = 0
  getName() {
    return 'testjob'
  }
  run({ node, scheduledMs }: RunContext) {
    this.runs.push({ node, tickMs: scheduledMs, atMs: world.now })
  }
  stop() {
    this.stops++
  }
}

test('the program of the seed', async () => {
  const { client } = world.worker('node1')
  const job = new TestJob()

  const gj = newGoJob(client, 'test', 'node1')
  gj.addJob('*/5 * * * * ?', job) // the expression controls the time
  gj.startAll()
  await world.run(16_000)

  expect(job.runs.length).toBeGreaterThanOrEqual(3)
  for (const { tickMs } of job.runs) expect(tickMs % 5_000).toBe(0)
  await world.settle(gj.stopAll())
})

describe('a group of nodes', () => {
  const EVERY_SECOND = '* * * * * ?'
  let job: TestJob
  let nodes: { readonly worker: Worker; readonly jobs: GoJob }[]

  /** A node that takes part. */
  async function join(name: string) {
    const worker = world.worker(name)
    const jobs = newGoJob(worker.client, 'test', name, { ttlSeconds: 5 })
    await world.settle(Promise.all([jobs.addJob(EVERY_SECOND, job), jobs.startAll()]))
    nodes.push({ worker, jobs })
  }
  const ticks = () => job.runs.map(({ tickMs }) => tickMs).sort((a, b) => a - b)
  /** No tick twice; and the longest time without one, in milliseconds. */
  const gapMs = () => {
    expect(new Set(ticks()).size).toBe(job.runs.length)
    return Math.max(
      ...ticks()
        .slice(1)
        .map((tick, i) => tick - ticks()[i]!),
    )
  }
  const owner = () => nodes.find(({ worker }) => worker.name === job.runs.at(-1)!.node)!

  beforeEach(async () => {
    job = new TestJob()
    nodes = []
    await join('node1')
    await join('node2')
    await world.run(3_000)
  })

  test('a node that joins takes over without a tick twice or left out', async () => {
    for (const name of ['node3', 'node4', 'node5', 'node6']) {
      await join(name)
      await world.run(3_000)
    }
    expect(gapMs()).toBe(1_000)
  })

  test('a node that dies is replaced within seconds', async () => {
    world.kill(owner().worker)
    await world.run(10_000)
    expect(gapMs()).toBeLessThanOrEqual(4_000)
  })

  test('a node that stands still and goes on repeats nothing', async () => {
    const { clock } = owner().worker
    clock.pause()
    await world.run(10_000)
    clock.resume()
    await world.run(10_000)
    expect(gapMs()).toBeLessThanOrEqual(4_000)
  })

  test('a node that stops stays stopped, and the other goes on', async () => {
    const stopped = owner()
    await world.settle(stopped.jobs.stopAll())
    expect(job.stops).toBe(1)
    await world.run(15_000)
    expect(gapMs()).toBe(1_000)
    expect(job.runs.at(-1)!.node).not.toBe(stopped.worker.name)
    await world.settle(stopped.jobs.startAll())
    await world.run(3_000)
    expect(job.runs.at(-1)!.node).toBe(stopped.worker.name)
  })

  test('a job that is deleted stays deleted, on all nodes, until it is added again', async () => {
    const { jobs } = nodes[0]!
    expect(jobs.isExist('testjob')).toBe(true)
    await world.settle(jobs.deleteByName('testjob'))
    expect(jobs.isExist('testjob')).toBe(false)
    const before = job.runs.length
    await world.run(15_000)
    expect(job.runs).toHaveLength(before)
    await world.settle(jobs.addJob(EVERY_SECOND, job))
    await world.run(3_000)
    expect(job.runs.length).toBeGreaterThan(before)
  })

  test('two groups in one process do not know each other', async () => {
    const other = new TestJob()
    const { client } = nodes[0]!.worker
    const jobs = newGoJob(client, 'test2', 'node1')
    await world.settle(Promise.all([jobs.addJob(EVERY_SECOND, other), jobs.startAll()]))
    await world.run(3_000)
    expect(other.runs.length).toBeGreaterThanOrEqual(3)
    await world.settle(jobs.stopAll())
  })
})

describe('while the cluster does not answer', () => {
  test('startAll fails, and begins when it is called again', async () => {
    const worker = world.worker('node1')
    const jobs = newGoJob(worker.client, 'test', 'node1')
    const job = new TestJob()
    await world.settle(jobs.addJob('* * * * * ?', job))
    world.cut(worker)
    expect((await world.failure(jobs.startAll())).code).toBe('unavailable')
    world.heal()
    await world.settle(jobs.startAll())
    await world.run(3_000)
    expect(job.runs.length).toBeGreaterThanOrEqual(2)
    await world.settle(jobs.stopAll())
  })

  test('a job that cannot be added is not there, and can be added later', async () => {
    const worker = world.worker('node1')
    const jobs = newGoJob(worker.client, 'test', 'node1')
    await world.settle(jobs.startAll())
    world.cut(worker)
    const job = new TestJob()
    expect((await world.failure(jobs.addJob('* * * * * ?', job))).code).toBe('unavailable')
    expect(jobs.isExist('testjob')).toBe(false)
    world.heal()
    await world.settle(jobs.addJob('* * * * * ?', job))
    await world.run(5_000)
    expect(job.runs.length).toBeGreaterThanOrEqual(2)
    await world.settle(jobs.stopAll())
  })
})

test('what cannot be is refused at once', () => {
  const { client } = world.worker('node1')
  expect(() => newGoJob(client, 'a/b', 'node1')).toThrow(/group/)
  const jobs = newGoJob(client, 'test', 'node1')
  expect(() => jobs.addJob('soon', new TestJob())).toThrow(/soon/)
  void jobs.addJob('', new TestJob())
  expect(() => jobs.addJob('', new TestJob())).toThrow(/already/)
})
