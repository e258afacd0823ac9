/** The shrinker finds the smallest plan that still fails, whatever the failure hangs on. */

import { describe, expect, test } from '@jest/globals'
import type { FaultKind } from '../swarm/fault-kinds.js'
import { drawPlan, type Plan } from '../swarm/plan.js'
import { chunks, REDUCTIONS } from './reductions.js'
import { shrink } from './shrink.js'

/** A plan in which everything is on. */
function stormy(): Plan {
  const plan = drawPlan(1)
  const settings = { everyMs: 1_000, forMs: 500, rate: 0.5 }
  const kinds = Object.keys(plan.faults) as FaultKind[]
  return {
    ...plan,
    members: 5,
    safetyMs: 40_000,
    clockDriftMax: 0.01,
    beyondPromise: 'lyingDisks',
    tuning: { walSegmentBytes: 4_000, sliceRecords: 3, applyBytesMax: 10 },
    work: { ...plan.work, clients: 8, stepsPerSecond: 100, keys: 10, locks: 3 },
    faults: Object.fromEntries(kinds.map((kind) => [kind, settings])) as Plan['faults'],
  }
}

function faultsOf(plan: Plan): string[] {
  return Object.entries(plan.faults).flatMap(([kind, on]) => (on === null ? [] : [kind]))
}

async function shrunk(plan: Plan, fails: (plan: Plan) => boolean, width = 2) {
  let tries = 0
  const smallest = await shrink({
    plan,
    reductions: REDUCTIONS,
    width,
    mayGoOn: () => tries < 5_000,
    fails: async (candidate) => {
      tries++
      return fails(candidate)
    },
  })
  return { smallest, tries }
}

describe('shrinking', () => {
  test('leaves only the faults, members, clients and time that the failure needs', async () => {
    const needs = (plan: Plan) =>
      plan.faults.kill !== null &&
      plan.faults.diskStall !== null &&
      plan.members >= 3 &&
      plan.work.clients >= 2 &&
      plan.safetyMs >= 7_000 &&
      plan.tuning.sliceRecords !== undefined
    const { smallest, tries } = await shrunk(stormy(), needs)
    expect(faultsOf(smallest)).toEqual(['kill', 'diskStall'])
    expect(smallest.members).toBe(3)
    expect(smallest.work).toMatchObject({ clients: 2, stepsPerSecond: 1, keys: 1, locks: 1 })
    // Time is taken away by tenths at last.
    expect(smallest.safetyMs).toBeLessThan(8_000)
    expect(smallest.tuning).toEqual({ sliceRecords: 3 })
    expect(smallest).toMatchObject({ beyondPromise: null, clockDriftMax: 0 })
    expect(Object.values(smallest.work.weights).filter((weight) => weight > 0)).toHaveLength(1)
    expect(tries).toBeLessThan(400)
  })

  test('makes the faults that are needed rare', async () => {
    const { smallest } = await shrunk(
      stormy(),
      (plan) => (plan.faults.kill?.everyMs ?? 1e9) < 9_000,
    )
    expect(smallest.faults.kill?.everyMs).toBe(8_000)
  })

  test('keeps a plan whose every part is needed', async () => {
    const plan = stormy()
    const { smallest } = await shrunk(plan, (candidate) => candidate === plan)
    expect(smallest).toEqual(plan)
  })

  test('goes the same way however many candidates are tried at a time', async () => {
    const needs = (plan: Plan) => plan.faults.rot !== null && plan.work.keys >= 4
    const ways = await Promise.all([1, 2, 7].map((width) => shrunk(stormy(), needs, width)))
    expect(ways[1]!.smallest).toEqual(ways[0]!.smallest)
    expect(ways[2]!.smallest).toEqual(ways[0]!.smallest)
  })

  test('stops when it has to', async () => {
    let tries = 0
    const plan = stormy()
    const smallest = await shrink({
      plan,
      reductions: REDUCTIONS,
      width: 1,
      mayGoOn: () => tries < 3,
      fails: async () => ++tries > 100,
    })
    expect(tries).toBe(3)
    expect(smallest).toBe(plan)
  })

  test('takes away all, halves, and each', () => {
    expect(chunks(['a', 'b', 'c'])).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b'],
      ['c'],
      ['a'],
      ['b'],
      ['c'],
    ])
    expect(chunks([])).toEqual([])
  })
})
