/** Cron when nodes die, stand still or are cut off, leaders change, and clocks are stepped. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CronWorld } from '../../test/sim/cron-world.js'

const EVERY_SECOND = '* * * * * *'
const TTL_MS = 5_000

let world: CronWorld

beforeEach(async () => {
  world = await CronWorld.start(3)
})
afterEach(() => world.stop())

/** Three nodes, and the one that runs the job, which has run for a while. */
async function fleet(ms = 0) {
  const nodes = [
    await world.started('a', { beat: ms }),
    await world.started('b', { beat: ms }),
    await world.started('c', { beat: ms }),
  ]
  await world.put(nodes[0]!, { name: 'beat', schedule: EVERY_SECOND })
  await world.run(5_000)
  const owner = nodes.find(({ worker }) => worker.name === world.calls.at(-1)!.node)!
  return { nodes, owner, others: nodes.filter((node) => node !== owner) }
}

/** No tick twice; and the longest time without one, in seconds. */
function gap(): number {
  const ticks = world.ticks('beat').sort((x, y) => x - y)
  expect(new Set(ticks).size).toBe(ticks.length)
  return Math.max(...ticks.slice(1).map((tick, i) => tick - ticks[i]!))
}

describe('the node that runs a job every second', () => {
  test('dies: another stands in within seconds, before the lease has ended', async () => {
    const { owner } = await fleet()
    world.kill(owner.worker)
    await world.run(20_000)
    expect(gap()).toBeLessThanOrEqual(4)
    expect(world.calls.at(-1)!.node).not.toBe(owner.worker.name)
  })

  test('dies in a run: under skip the next begins when its lease has ended', async () => {
    const { owner, others } = await fleet(700)
    await world.until('a run', () => world.calls.at(-1)!.endMs === undefined)
    const before = world.calls.length
    world.kill(owner.worker)
    await world.run(20_000)
    const next = world.calls[before]!
    expect(next.startMs - world.calls[before - 1]!.startMs).toBeGreaterThan(TTL_MS - 2_000)
    expect(gap()).toBeLessThanOrEqual(TTL_MS / 1_000 + 4)
    const history = await world.settle(others[0]!.cron.history('beat', { limit: 100 }))
    const lost = history.filter(({ outcome }) => outcome === 'lost')
    expect(lost).toHaveLength(1)
    expect(lost[0]!.scheduledMs).toBe(world.calls[before - 1]!.scheduledMs)
  })

  test('stands still and goes on: nothing runs twice, and its old run knows that it is lost', async () => {
    const { owner } = await fleet(700)
    await world.until('a run', () => world.calls.at(-1)!.endMs === undefined)
    const frozen = world.calls.at(-1)!
    owner.worker.clock.pause()
    await world.run(15_000)
    expect(world.calls.at(-1)!.node).not.toBe(owner.worker.name)
    expect(frozen.context.held).toBe(false)
    owner.worker.clock.resume()
    await world.run(15_000)
    expect(frozen.context.signal.aborted).toBe(true)
    gap()
    // It takes its work up again.
    expect(world.calls.at(-1)!.node).toBe(owner.worker.name)
  })

  test('is cut off in a run: its signal fires before another runs', async () => {
    const { owner } = await fleet(700)
    await world.until('a run', () => world.calls.at(-1)!.endMs === undefined)
    const cut = world.calls.at(-1)!
    let abortedAtMs = 0
    owner.cron.on('error', () => {})
    cut.context.signal.addEventListener('abort', () => {
      abortedAtMs = world.now
    })
    // It would go on for ever.
    owner.worker.clock.pause()
    owner.worker.clock.resume()
    world.cut(owner.worker)
    await world.run(20_000)
    world.heal()
    await world.run(10_000)
    gap()
    const next = world.calls.find(
      ({ node, startMs }) => node !== cut.node && startMs > cut.startMs,
    )!
    if (abortedAtMs > 0) expect(abortedAtMs).toBeLessThan(next.startMs)
    expect(cut.endMs!).toBeLessThan(next.startMs)
  })

  test('is stopped: it ends its run, and the next tick runs elsewhere on time', async () => {
    const { owner } = await fleet(700)
    await world.until('a run', () => world.calls.at(-1)!.endMs === undefined)
    const last = world.calls.at(-1)!
    await world.settle(owner.cron.stop())
    expect(last.endMs! - last.startMs).toBe(700)
    await world.run(10_000)
    expect(gap()).toBe(1)
    expect(world.calls.at(-1)!.node).not.toBe(owner.worker.name)
  })
})

test('the leader of the cluster dies: ticks go on, none twice', async () => {
  await fleet()
  await world.members.kill(await world.members.leader())
  await world.run(30_000)
  expect(gap()).toBeLessThanOrEqual(6)
  expect(world.ticks('beat').length).toBeGreaterThan(25)
})

describe('a wall clock', () => {
  test('put back: no tick runs twice, and ticks go on where they were', async () => {
    const { owner, nodes } = await fleet()
    for (const { worker } of nodes) worker.clock.stepWall(-20_000)
    const before = world.calls.length
    await world.run(18_000)
    expect(world.calls.length).toBeLessThanOrEqual(before + 1)
    await world.run(10_000)
    expect(gap()).toBe(1)
    expect(owner.told.some(({ name }) => name === 'clockStepped')).toBe(true)
  })

  test('put forward: the ticks between are missed, and told', async () => {
    const { nodes } = await fleet()
    for (const { worker } of nodes) worker.clock.stepWall(30_000)
    await world.run(10_000)
    expect(gap()).toBeGreaterThanOrEqual(30)
    const missed = nodes.flatMap(({ told }) => told.filter(({ name }) => name === 'missed'))
    expect(missed).toHaveLength(1)
    expect((missed[0]!.event as { count: number }).count).toBeGreaterThanOrEqual(29)
  })

  test('of one node ahead of the others: no tick runs twice', async () => {
    const { nodes } = await fleet()
    nodes[0]!.worker.clock.stepWall(7_000)
    nodes[1]!.worker.clock.stepWall(-3_000)
    await world.run(30_000)
    gap()
  })
})
