/** Whole lives, short ones: repeatable, quiet where all is well, convicted where it is not. */

import { describe, expect, test } from '@jest/globals'
import { FAULT_KINDS, type FaultKind, type FaultSettings, type Faults } from './fault-kinds.js'
import { live } from './life.js'
import { drawPlan, type Plan } from './plan.js'

const NONE = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, null])) as Faults

/** A short life on near links with these kinds of faults. */
function shortPlan(seed: number, kinds: readonly FaultKind[], more: Partial<Plan> = {}): Plan {
  const drawn = drawPlan(seed)
  const settings: FaultSettings = { everyMs: 700, forMs: 600, rate: 0.3 }
  const faults = { ...NONE, ...Object.fromEntries(kinds.map((kind) => [kind, settings])) }
  return {
    ...drawn,
    members: 3,
    safetyMs: 3_000,
    member: { ...drawn.member, heartbeatIntervalMs: 50, electionTimeoutMs: 300 },
    tuning: {},
    links: { ...drawn.links, farShare: 0 },
    work: { ...drawn.work, clients: 3, stepsPerSecond: 20, leaseTtlSecondsMax: 2 },
    faults: faults as Faults,
    beyondPromise: null,
    ...more,
  }
}

describe('the same plan', () => {
  test.each([1, 2, 3])(
    'tells the same story twice (%i)',
    async (seed) => {
      const plan = shortPlan(seed, [
        'kill',
        'partition',
        'pause',
        'loss',
        'diskStall',
        'addLearner',
      ])
      const first = await live(plan)
      const again = await live(JSON.parse(JSON.stringify(plan)) as Plan)
      expect(again).toEqual(first)
      expect(first.violation).toBeUndefined()
      expect(first.operations).toBeGreaterThan(10)
    },
    60_000,
  )

  test('with another seed tells another one', async () => {
    const plan = shortPlan(1, ['kill'])
    const first = await live(plan)
    expect((await live({ ...plan, seed: 2 })).logHash).not.toBe(first.logHash)
  }, 60_000)
})

/** Lives in which all kinds of a group must have happened. */
const LIVES_MAX = 8

describe('faults of every kind happen, and nothing breaks', () => {
  const groups: readonly (readonly FaultKind[])[] = [
    ['kill', 'stop', 'powerLoss', 'powerLossSome', 'powerLossAll'],
    ['pause', 'pauseClient', 'clockFreeze', 'clockDrift', 'wallStep'],
    ['partition', 'cutOneWay', 'cutClients', 'refuse', 'breakConnections'],
    ['loss', 'duplicate', 'replay', 'reorder', 'slowLinks', 'clog', 'swizzleClog'],
    ['readError', 'writeError', 'syncError', 'noSpace', 'commitError'],
    ['shortRead', 'diskStall', 'diskFull', 'flip', 'rot', 'replace'],
    ['addVoter', 'remove', 'updateUrls'],
    ['addLearner', 'promote', 'moveLeader'],
  ]

  test.each(groups.map((kinds) => [kinds.join(' '), kinds] as const))(
    '%s',
    async (_, kinds) => {
      const seen = new Set<string>()
      // One life may meet nothing that a fault could strike.
      for (let seed = 9; seed < 9 + LIVES_MAX && seen.size < kinds.length; seed++) {
        const plan = shortPlan(seed, kinds, { safetyMs: 16_000 })
        // Short segments and many snapshots and commits, so that there is something to strike.
        const life = await live({
          ...plan,
          member: { ...plan.member, snapshotCount: 40, snapshotCatchupEntries: 30 },
          tuning: { walSegmentBytes: 2_000, backendCommitWritesMax: 5 },
        })
        expect(life.violation).toBeUndefined()
        for (const kind of Object.keys(life.faults)) seen.add(kind)
      }
      expect([...seen].sort()).toEqual([...kinds].sort())
    },
    60_000,
  )
})

test('a kind that is taken away does not change when the others begin', async () => {
  const firstStep = async (kinds: readonly FaultKind[]) => {
    const told: string[] = []
    const onLine = (line: string) => {
      if (line.includes(' wallStep: ')) told.push(line.split(' ')[0]!)
    }
    await live(shortPlan(5, kinds), { onLine })
    return told[0]
  }
  const alone = await firstStep(['wallStep'])
  expect(alone).toBeDefined()
  expect(await firstStep(['cutClients', 'clockFreeze', 'wallStep'])).toBe(alone)
}, 60_000)

test('a cluster that cannot elect anybody is convicted for it', async () => {
  const far = { minMs: 3_000, meanMs: 3_000 }
  const plan = shortPlan(1, [])
  const life = await live({ ...plan, safetyMs: 1_000, links: { near: far, far, farShare: 0 } })
  expect(life.violation?.rule).toBe('liveness')
  expect(life.violation?.message).toContain('no one leader that all follow')
}, 60_000)

describe('beyond the promise', () => {
  test.each(['lyingDisks', 'majorityWiped', 'rotEverywhere'] as const)(
    '%s: members may forget, but do not lie',
    async (beyondPromise) => {
      const life = await live(shortPlan(4, [], { beyondPromise, safetyMs: 20_000 }))
      expect(life.violation).toBeUndefined()
      expect(life.faults[beyondPromise]).toBeGreaterThan(0)
    },
    60_000,
  )
})
