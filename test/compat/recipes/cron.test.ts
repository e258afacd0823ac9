/** Cron on real servers: ticks, stand-ins, retries, chains, pauses, and what is left behind. */

import { expect, test } from '@jest/globals'
import { Cron, type RunContext } from '../../../recipes/index.js'
import { judgeCron } from '../../check/cron-rules.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  test('two nodes share jobs: each tick once, also when the one that runs them is gone', async () => {
    const calls: RunContext[] = []
    const heard = new Set<() => void>()
    const called = (isEnough: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!isEnough()) return
          heard.delete(look)
          resolve()
        }
        heard.add(look)
        look()
      })
    const note = (context: RunContext) => {
      calls.push(context)
      for (const look of [...heard]) look()
    }
    const of = (job: string) => calls.filter((call) => call.job === job)
    const nodes = ['a', 'b'].map((node) => {
      const options = { node, ttlSeconds: 2, prefix: 'jobs', standInMs: 500 }
      const cron = new Cron(server.client(), 'g', options)
      cron.handle('beat', note).handle('after', note)
      cron.handle('flaky', (context) => {
        note(context)
        if (context.attempt === 1) throw new Error('at first')
        context.log('at last')
      })
      return cron
    })
    const [a, b] = nodes as [Cron, Cron]
    await Promise.all([a.start(), b.start()])
    await a.put({ name: 'beat', schedule: '* * * * * *' })
    await a.put({ name: 'flaky', retry: { attempts: 3, minMs: 100 } })
    await a.put({ name: 'after', after: { job: 'flaky' } })
    expect(await b.put({ name: 'after', after: { job: 'flaky' } })).toBe(false)

    await b.trigger('flaky')
    await called(() => of('after').length === 1)
    expect(of('flaky').map(({ attempt }) => attempt)).toEqual([1, 2])
    const [record] = await a.history('flaky')
    expect(record).toMatchObject({ outcome: 'success', attempt: 2, log: 'at last\n' })

    await called(() => of('beat').length >= 2)
    const runner = of('beat').at(-1)!.node
    await (runner === 'a' ? a : b).stop()
    await called(() => of('beat').at(-1)!.node !== runner && of('beat').length >= 4)
    const beats = of('beat').map((call) => ({ ...call, startMs: 0, heldUntilMs: -1 }))
    expect(judgeCron(beats, {})).toEqual([])

    const other = runner === 'a' ? b : a
    await other.pause('enough', { by: 'test', job: 'beat' })
    const [beat] = (await other.jobs()).filter(({ job }) => job.name === 'beat')
    expect(beat).toMatchObject({ paused: { note: 'enough' }, nodes: [other.node] })
    for (const name of ['beat', 'flaky', 'after']) expect(await other.remove(name)).toBe(true)
    await other.stop()
    expect(await server.client().kv.count({ prefix: 'jobs/' })).toBe(0)
  }, 60_000)
})
