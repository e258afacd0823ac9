/** Single runs: how they end, are tried again, recovered, triggered, chained and noted. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type CronNode, CronWorld } from '../../test/sim/cron-world.js'
import type { JobHandler, RunContext } from '../index.js'
import { CronKeys, runName } from './keys.js'
import type { OpenRecord } from './records.js'

const EVERY_SECOND = '* * * * * *'
const NEVER = { name: 'work' }

let world: CronWorld

beforeEach(async () => {
  world = await CronWorld.start()
})
afterEach(() => world.stop())

/** A node whose job `work` does this. */
async function doing(name: string, handler: JobHandler): Promise<CronNode> {
  const node = world.node(name)
  node.cron.handle('work', (context) => world.record(node.worker, context, () => handler(context)))
  await world.settle(node.cron.start())
  return node
}

const history = (node: CronNode, job = 'work') => world.settle(node.cron.history(job))

describe('a run', () => {
  test('gets what it needs, and leaves a record with its log and progress', async () => {
    const given: RunContext[] = []
    const a = await doing('a', (context) => {
      given.push(context)
      context.log('hello')
      context.progress({ done: 1 })
    })
    await world.put(a, { ...NEVER, data: { n: 1 } })
    const run = await world.settle(a.cron.trigger('work'))
    await world.run(1_000)
    const [context] = given
    expect(context).toMatchObject({ job: 'work', lane: '', node: 'a', attempt: 1, data: { n: 1 } })
    const [record] = await history(a)
    expect(record).toMatchObject({
      ...{ run, outcome: 'success', log: 'hello\n', progress: { done: 1 } },
      ...{ cause: 'trigger', fencingToken: context!.fencingToken },
    })
  })

  test('its guard holds while it runs, and not after', async () => {
    const held: boolean[] = []
    const a = await doing('a', async ({ guard }) => {
      const { succeeded } = await a.worker.client
        .txn()
        .if(...guard())
        .commit()
      held.push(succeeded)
    })
    await world.put(a, NEVER)
    await world.settle(a.cron.trigger('work'))
    await world.run(1_000)
    const { context } = world.calls[0]!
    expect(held).toEqual([true])
    expect(context.held).toBe(false)
    const after = a.worker.client.txn().if(...context.guard())
    expect((await world.settle(after.commit())).succeeded).toBe(false)
  })

  test.each([null, undefined, 'text', Object.create(null)])(
    'fails with whatever is thrown (%#), and the next one comes',
    async (thrown) => {
      const a = await doing('a', () => {
        throw thrown
      })
      await world.put(a, { name: 'work', schedule: EVERY_SECOND })
      await world.run(3_000)
      const outcomes = (await history(a)).map(({ outcome }) => outcome)
      expect(outcomes.length).toBeGreaterThanOrEqual(2)
      expect(new Set(outcomes)).toEqual(new Set(['failure']))
    },
  )

  test('that takes too long is told, and one that does not listen is given up', async () => {
    const a = await doing('a', () => new Promise(() => {}))
    await world.put(a, { ...NEVER, timeoutMs: 1_000 })
    await world.settle(a.cron.trigger('work'))
    await world.run(2_000)
    expect(world.calls[0]!.context.signal.aborted).toBe(true)
    expect((await world.settle(a.cron.jobs()))[0]!.running).toHaveLength(1)
    await world.run(5_000)
    expect((await history(a))[0]!.outcome).toBe('timeout')
    expect((await world.settle(a.cron.jobs()))[0]!.running).toEqual([])
  })

  test('that fails is tried again after longer and longer pauses, also elsewhere', async () => {
    const fails: JobHandler = () => {
      throw new Error('no luck')
    }
    const a = await doing('a', fails)
    const b = await doing('b', fails)
    await world.put(a, { ...NEVER, retry: { attempts: 3, minMs: 4_000 } })
    await world.settle(a.cron.trigger('work'))
    await world.run(1_000)
    const first = world.calls[0]!
    world.kill(first.node === 'a' ? a.worker : b.worker)
    await world.run(60_000)
    expect(world.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(world.calls[1]!.node).not.toBe(first.node)
    expect(new Set(world.calls.map(({ scheduledMs }) => scheduledMs)).size).toBe(1)
    const tokens = world.calls.map(({ fencingToken }) => fencingToken)
    expect(tokens).toEqual([...tokens].sort((x, y) => x - y))
    const records = await history(first.node === 'a' ? b : a)
    expect(records).toHaveLength(1)
    expect(records[0]).toMatchObject({ outcome: 'failure', attempt: 3, error: 'Error: no luck' })
  })

  test('whose runner dies is started again with rerun, with a greater token', async () => {
    const nodes: CronNode[] = [
      await doing('a', ({ signal }) => world.sleep(nodes[0]!.worker, 3_000, signal)),
      await doing('b', ({ signal }) => world.sleep(nodes[1]!.worker, 3_000, signal)),
    ]
    await world.put(nodes[0]!, { ...NEVER, recover: 'rerun' })
    await world.settle(nodes[0]!.cron.trigger('work'))
    await world.run(1_000)
    const [first] = world.calls
    const [dead, alive] = first!.node === 'a' ? nodes : [nodes[1]!, nodes[0]!]
    world.kill(dead!.worker)
    await world.run(15_000)
    expect(world.calls).toHaveLength(2)
    expect(world.calls[1]).toMatchObject({ attempt: 2, scheduledMs: first!.scheduledMs })
    expect(world.calls[1]!.fencingToken).toBeGreaterThan(first!.fencingToken)
    expect((await history(alive!)).map(({ outcome }) => outcome)).toEqual(['success'])
  })

  test('whose mark an operator deletes is lost, and noted so', async () => {
    const a = await doing('a', ({ signal }) => world.sleep(a.worker, 60_000, signal))
    await world.put(a, NEVER)
    await world.settle(a.cron.trigger('work'))
    await world.run(500)
    await world.settle(a.worker.client.kv.delete({ prefix: 'cron/g/runs/work/' }))
    await world.run(1_000)
    expect(world.calls[0]!.context.signal.aborted).toBe(true)
    expect((await history(a)).map(({ outcome }) => outcome)).toEqual(['lost'])
  })

  test('of a job that was removed ends, and leaves nothing behind', async () => {
    const a = await doing('a', ({ signal }) => world.sleep(a.worker, 1_000, signal))
    await world.put(a, NEVER)
    await world.settle(a.cron.trigger('work'))
    await world.run(500)
    expect(await world.settle(a.cron.remove('work'))).toBe(true)
    await world.run(2_000)
    expect(world.calls[0]!.endMs! - world.calls[0]!.startMs).toBe(1_000)
    expect(await world.keys()).toEqual(['cron/g/members/a'])
    expect(await world.settle(a.cron.remove('work'))).toBe(false)
  })
})

describe('a job', () => {
  test('that is paused has no ticks, and those are not made up for', async () => {
    const a = await doing('a', () => {})
    await world.put(a, { name: 'work', schedule: EVERY_SECOND, catchUp: 'all' })
    await world.run(3_000)
    await world.settle(a.cron.pause('maintenance', { by: 'ann', job: 'work' }))
    const before = world.calls.length
    await world.run(10_000)
    expect(world.calls).toHaveLength(before)
    const [info] = await world.settle(a.cron.jobs())
    expect(info).toMatchObject({ nextMs: undefined, paused: { note: 'maintenance', by: 'ann' } })
    await world.settle(a.cron.trigger('work'))
    await world.run(500)
    expect(world.calls).toHaveLength(before + 1)
    await world.settle(a.cron.resume('', { job: 'work' }))
    await world.run(3_000)
    expect(world.calls.length - before - 1).toBeLessThanOrEqual(4)
    expect(await world.settle(a.cron.pause('x', { job: 'none' }))).toBe(false)
  })

  test('all are paused with the group', async () => {
    const a = await doing('a', () => {})
    await world.put(a, { name: 'work', schedule: EVERY_SECOND })
    await world.settle(a.cron.pause('all of it'))
    const before = world.calls.length
    await world.run(5_000)
    expect(world.calls).toHaveLength(before)
    await world.settle(a.cron.resume())
    await world.run(5_000)
    expect(world.calls.length).toBeGreaterThanOrEqual(before + 4)
  })

  test('is paused after a failure when it asks for it', async () => {
    const a = await doing('a', () => {
      throw new Error('broken')
    })
    await world.put(a, { name: 'work', schedule: EVERY_SECOND, pauseOnFailure: true })
    await world.run(5_000)
    expect(world.calls).toHaveLength(1)
    const [info] = await world.settle(a.cron.jobs())
    expect(info!.paused!.note).toMatch(/broken/)
  })

  test('runs once at its time, or when that is over, when it is put', async () => {
    const a = await world.started('a', { soon: 0, over: 0 })
    await world.put(a, { name: 'soon', runInMs: 2_000 })
    await world.put(a, { name: 'over', runAtMs: world.wallMs - 1_000 })
    await world.run(1_000)
    expect(world.calls.map(({ job }) => job)).toEqual(['over'])
    // It is the same job, however often a node puts it.
    await world.put(a, { name: 'soon', runInMs: 2_000 })
    await world.run(20_000)
    expect(world.calls.map(({ job }) => job)).toEqual(['over', 'soon'])
  })

  test('ends after as many ticks as it may have', async () => {
    const a = await doing('a', () => {})
    await world.put(a, { name: 'work', schedule: EVERY_SECOND, runsMax: 3 })
    await world.run(10_000)
    expect(world.calls).toHaveLength(3)
    expect((await world.settle(a.cron.jobs()))[0]!.nextMs).toBeUndefined()
  })

  test('runs after another, once for each of its ends that counts', async () => {
    const a = world.node('a', { report: 0, alarm: 0 })
    let fails = false
    a.cron.handle('work', () => {
      if (fails) throw new Error('no')
    })
    await world.settle(a.cron.start())
    await world.put(a, NEVER)
    await world.put(a, { name: 'report', after: { job: 'work' } })
    await world.put(a, { name: 'alarm', after: { job: 'work', on: 'failure' } })
    await world.settle(a.cron.trigger('work'))
    await world.run(1_000)
    expect(world.calls.map(({ job }) => job)).toEqual(['report'])
    fails = true
    await world.settle(a.cron.trigger('work'))
    await world.run(1_000)
    expect(world.calls.map(({ job }) => job)).toEqual(['report', 'alarm'])
    const circle = await world.failure(a.cron.put({ ...NEVER, after: { job: 'report' } }))
    expect(circle).toMatchObject({ code: 'invalid-argument' })
  })

  test('follows one that was under way when it came, whoever joined meanwhile', async () => {
    const a = await world.started('a', { work: 5_000, report: 0 })
    await world.put(a, NEVER)
    await world.settle(a.cron.trigger('work'))
    await world.run(1_000)
    await world.started('b', { report: 0 })
    await world.put(a, { name: 'report', after: { job: 'work' } })
    await world.run(10_000)
    expect(world.calls.map(({ job }) => job)).toEqual(['work', 'report'])
  })

  test('runs on n nodes, or on all, each tick once on each', async () => {
    const jobs = { two: 0, all: 0, web: 0 }
    const a = await world.started('a', jobs, { tags: { role: 'web' } })
    await world.started('b', jobs)
    const c = await world.started('c', jobs)
    await world.put(a, { name: 'two', schedule: EVERY_SECOND, nodes: 2 })
    await world.put(a, { name: 'all', schedule: EVERY_SECOND, nodes: 'all' })
    await world.put(a, { name: 'web', schedule: EVERY_SECOND, tags: { role: 'web' } })
    await world.run(10_500)
    const nodesOf = (job: string) => {
      const byTick = new Map<number, string[]>()
      for (const call of world.calls.filter((one) => one.job === job))
        byTick.set(call.scheduledMs, [...(byTick.get(call.scheduledMs) ?? []), call.node])
      return [...byTick.values()].map((nodes) => nodes.sort().join())
    }
    expect(nodesOf('two').every((nodes) => nodes.length === 3)).toBe(true)
    expect(new Set(nodesOf('all'))).toEqual(new Set(['a,b,c']))
    expect(new Set(nodesOf('web'))).toEqual(new Set(['a']))
    // Without one of them the rest goes on.
    await world.settle(c.cron.stop())
    const from = world.calls.length
    await world.run(5_000)
    const after = world.calls.slice(from)
    expect(new Set(after.filter(({ job }) => job === 'all').map(({ node }) => node))).toEqual(
      new Set(['a', 'b']),
    )
    expect(after.filter(({ job }) => job === 'two').length).toBeGreaterThanOrEqual(8)
  })

  test('keeps no more history than it asks for', async () => {
    const a = await doing('a', () => {})
    await world.put(a, { name: 'work', schedule: EVERY_SECOND, historyMax: 5 })
    await world.run(40_000)
    expect((await history(a)).length).toBeLessThanOrEqual(5 + 8)
    await world.put(a, { name: 'work', schedule: EVERY_SECOND, historyAgeMs: 4_000 })
    await world.run(20_000)
    expect((await history(a)).length).toBeLessThanOrEqual(4 + 9)
  })

  test('keeps no more history when all runs are lost with their processes', async () => {
    const a = await doing('a', () => {})
    await world.put(a, { ...NEVER, historyMax: 5 })
    const keys = new CronKeys('cron', 'g')
    for (let i = 0; i < 30; i++) {
      const run = runName(world.wallMs)
      const lane = { job: 'work', lane: '' }
      // What is left of a process that was killed in a run, when its lease has ended.
      const left: OpenRecord = {
        ...{ ...lane, run, scheduledMs: world.wallMs, dueMs: world.wallMs, cause: 'tick' },
        ...{ overlap: 'skip', phase: 'running', attempt: 1, losses: 0, node: 'killed' },
      }
      await world.settle(a.worker.client.kv.put(keys.open(lane, run), JSON.stringify(left)))
      await world.run(1_000)
    }
    expect(a.told.filter(({ name }) => name === 'recovered')).toHaveLength(30)
    const all = await history(a)
    expect(new Set(all.map(({ outcome }) => outcome))).toEqual(new Set(['lost']))
    expect(all.length).toBeGreaterThanOrEqual(5)
    expect(all.length).toBeLessThanOrEqual(5 + 8)
  })

  test('is made up for by a backfill, tick by tick', async () => {
    const a = await doing('a', ({ signal }) => world.sleep(a.worker, 100, signal))
    await world.put(a, { name: 'work', schedule: '0 * * * * *' })
    const fromMs = Math.floor(world.wallMs / 3_600_000) * 3_600_000 - 7_200_000
    expect(await world.settle(a.cron.backfill('work', fromMs, fromMs + 300_000))).toBe(5)
    await world.run(2_000)
    const minutes = world.calls.map(({ scheduledMs }) => (scheduledMs - fromMs) / 60_000)
    expect(minutes).toEqual([1, 2, 3, 4, 5])
  })
})

describe('an answer that is lost', () => {
  test('of a claim: the tick runs once, with the token of its mark', async () => {
    const a = await doing('a', () => {})
    await world.put(a, { name: 'work', schedule: EVERY_SECOND })
    for (let i = 0; i < 10; i++) {
      void a.worker
        .doom('Txn', i % 2 === 0 ? 'answerLost' : 'arrivesLate')
        .then((go) => (i % 4 === 1 ? go() : undefined))
      await world.run(1_500)
    }
    const ticks = world.ticks('work')
    expect(ticks.length).toBeGreaterThan(10)
    expect(new Set(ticks).size).toBe(ticks.length)
    expect(new Set(world.calls.map(({ fencingToken }) => fencingToken)).size).toBe(ticks.length)
    expect((await world.settle(a.cron.jobs()))[0]!.running).toEqual([])
  })

  test('of a step that tells of missed ticks: it is told once', async () => {
    const a = world.node('a', { work: 0 })
    await world.put(a, { name: 'work', schedule: '*/10 * * * * *' })
    await world.run(60_000)
    void a.worker.doom('Txn', 'answerLost')
    await world.settle(a.cron.start())
    await world.run(2_000)
    expect(a.told.filter(({ name }) => name === 'missed')).toHaveLength(1)
    expect(world.calls).toHaveLength(1)
  })

  test('of a put: the job is there once', async () => {
    const a = world.node('a')
    void a.worker.doom('Txn', 'answerLost')
    expect(await world.put(a, NEVER)).toBe(true)
    expect(await world.put(a, NEVER)).toBe(false)
  })

  test('of a trigger: it runs once', async () => {
    const a = await doing('a', () => {})
    await world.put(a, NEVER)
    const admin = world.node('admin')
    void admin.worker.doom('Txn', 'answerLost')
    await world.settle(admin.cron.trigger('work'))
    await world.run(2_000)
    expect(world.calls).toHaveLength(1)
  })
})

describe('what cannot be is refused', () => {
  const refused: [string, object][] = [
    ['no name', { name: '' }],
    ['a separator in the name', { name: 'a/b' }],
    ['the separator of lanes in the name', { name: 'a@b' }],
    ['a schedule that cannot be read', { name: 'a', schedule: 'soon' }],
    ['a zone that there is not', { name: 'a', schedule: '* * * * *', timeZone: 'Mars/Base' }],
    ['two kinds of times', { name: 'a', schedule: '* * * * *', runAtMs: 1 }],
    ['no node', { name: 'a', nodes: 0 }],
    ['no attempt', { name: 'a', retry: { attempts: 0 } }],
    ['a policy that there is not', { name: 'a', overlap: 'maybe' }],
    ['no time at all', { name: 'a', timeoutMs: 0 }],
    ['an end before the start', { name: 'a', startMs: 2, endMs: 1 }],
    ['to run after itself', { name: 'a', after: { job: 'a' } }],
  ]
  test.each(refused)('%s', async (_what, job) => {
    const { cron } = world.node('a')
    expect((await world.failure(cron.put(job as never))).code).toBe('invalid-argument')
  })

  test('handlers twice, jobs that are not there, and a start after the stop', async () => {
    const { cron } = world.node('a', { work: 0 })
    expect(() => cron.handle('work', () => {})).toThrow(/already/)
    expect((await world.failure(cron.trigger('none'))).code).toBe('not-found')
    expect((await world.failure(cron.next('none'))).code).toBe('not-found')
    await world.settle(cron.stop())
    await world.settle(cron.stop())
    expect((await world.failure(cron.start())).code).toBe('closed')
  })
})

test('a start that is waited for ends when the node is stopped', async () => {
  const a = world.node('a', { work: 0 })
  world.cut(a.worker)
  const starting = a.cron.start()
  await world.run(1_000)
  const failing = world.failure(starting)
  await world.settle(a.cron.stop())
  expect((await failing).code).toBe('closed')
})

test('a client that is closed under it ends its work, and that is told', async () => {
  const a = await world.started('a', { work: 0 })
  await world.put(a, { name: 'work', schedule: EVERY_SECOND })
  await world.run(2_000)
  a.worker.client.close()
  const before = world.calls.length
  await world.run(5_000)
  expect(world.calls).toHaveLength(before)
  const [first] = a.told.filter(({ name }) => name === 'error')
  expect(first!.event).toMatchObject({ code: 'closed' })
})

test('a handler that fails in every way leaves the others alone', async () => {
  const a = world.node('a', { good: 0 })
  a.cron.handle('bad', () => Promise.reject(undefined))
  await world.settle(a.cron.start())
  await world.put(a, { name: 'good', schedule: EVERY_SECOND })
  await world.put(a, { name: 'bad', schedule: EVERY_SECOND })
  await world.run(5_500)
  expect(world.ticks('good').length).toBeGreaterThanOrEqual(5)
  expect((await history(a, 'bad'))[0]!.outcome).toBe('failure')
})
