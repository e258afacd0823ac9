/** What seeds draw: repeatable, plain, and very different from each other. */

import { describe, expect, test } from '@jest/globals'
import { resolveConfig } from '../../../server/config.js'
import { DEFAULT_TUNING } from '../../../server/tuning.js'
import { FAULT_KINDS } from './fault-kinds.js'
import { drawPlan, type Plan } from './plan.js'

const plans = Array.from({ length: 400 }, (_, seed) => drawPlan(seed + 1))

function share(holds: (plan: Plan) => boolean): number {
  return plans.filter(holds).length / plans.length
}

test('a plan is plain JSON and the same for the same seed', () => {
  for (const plan of plans.slice(0, 50)) {
    expect(drawPlan(plan.seed)).toEqual(plan)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  }
})

test('every plan can be carried out by members', () => {
  for (const { member, members } of plans) {
    expect(() => resolveConfig(member)).not.toThrow()
    expect(members).toBeGreaterThanOrEqual(1)
    expect(members).toBeLessThanOrEqual(7)
  }
})

describe('swarm', () => {
  test('each kind of fault is off in most lives and on in some', () => {
    for (const kind of FAULT_KINDS) {
      const on = share(({ faults }) => faults[kind] !== null)
      expect([kind, on > 0.02, on < 0.5]).toEqual([kind, true, true])
    }
  })

  test('the rates of a kind differ by an order of magnitude', () => {
    const waits = plans.flatMap(({ faults }) => faults.kill?.everyMs ?? [])
    expect(Math.max(...waits) / Math.min(...waits)).toBeGreaterThan(10)
  })

  test('some lives are calm, some know a dozen kinds at once', () => {
    const kinds = ({ faults }: Plan) => FAULT_KINDS.filter((kind) => faults[kind] !== null).length
    expect(share((plan) => kinds(plan) === 0)).toBeGreaterThan(0.01)
    expect(share((plan) => kinds(plan) > 12)).toBeGreaterThan(0.03)
  })

  test('sizes are those of production in half of the lives', () => {
    const flipsOrTiny = share(({ tuning }) => Object.keys(tuning).length > 0)
    // A plan that flips bits has short segments at least.
    const tiny = share(({ tuning, faults }) => {
      return Object.keys(tuning).length > (faults.flip === null ? 0 : 1)
    })
    expect(flipsOrTiny).toBeGreaterThan(tiny)
    expect(tiny).toBeGreaterThan(0.4)
    expect(tiny).toBeLessThan(0.6)
    const fields = new Set(plans.flatMap(({ tuning }) => Object.keys(tuning)))
    expect(fields.size).toBe(Object.keys(DEFAULT_TUNING).length)
  })

  test('three members are most usual; few lives exceed the promise', () => {
    expect(share(({ members }) => members === 3)).toBeGreaterThan(0.4)
    for (const size of [1, 2, 4, 5, 6, 7])
      expect(share(({ members }) => members === size)).toBeGreaterThan(0)
    const beyond = share(({ beyondPromise }) => beyondPromise !== null)
    expect(beyond).toBeGreaterThan(0.005)
    expect(beyond).toBeLessThan(0.08)
  })
})

test('who may be promoted is there, and who is damaged is replaced', () => {
  for (const { faults } of plans) {
    expect(faults.promote === null).toBe(faults.addLearner === null)
    if (faults.rot !== null) expect(faults.replace).not.toBeNull()
  }
})

test('a leader may have several values of the work uncommitted, so that a small write is not starved', () => {
  for (const { tuning, work } of plans) {
    const { uncommittedBytesMax } = { ...DEFAULT_TUNING, ...tuning }
    expect(uncommittedBytesMax).toBeGreaterThan(3 * work.valueBytes)
  }
})
