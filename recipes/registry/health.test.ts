/** Active checks: when an instance counts as ill, and who hears of it. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld } from '../../test/sim/recipe-world.js'
import { type Check, checkAll, checkOwn, Registry } from '../index.js'

let world: RecipeWorld
let registry: Registry

beforeEach(async () => {
  world = await RecipeWorld.start()
  registry = new Registry(world.worker('w').client, 'services')
})
afterEach(() => world.stop())

const register = (id: string) =>
  world.settle(registry.register({ name: 'orders', id, address: 'h', port: 1 }))

const RULES = { everyMs: 1_000, timeoutMs: 500, failures: 3, successes: 2 }

describe('an instance that checks itself', () => {
  test('is down after so many failures in a row, and up after so many successes', async () => {
    const registration = await register('a')
    const answers = [false, false, true, false, false, false, true, true]
    const seen: string[] = []
    const check: Check = async ({ status }) => {
      seen.push(status)
      if (!(answers.shift() ?? true)) throw new Error('ill')
    }
    const checking = checkOwn(registration, check, RULES)
    await world.until('it is asked so often', () => seen.length === 9, 20_000)
    expect(seen.slice(5)).toEqual(['up', 'down', 'down', 'up'])
    checking.close()
    await world.run(5_000)
    expect(seen).toHaveLength(9)
  })

  test('is down when checks do not end, and their signals fire', async () => {
    const registration = await register('a')
    let aborted = 0
    const check: Check = (_, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          aborted++
        })
      })
    const checking = checkOwn(registration, check, RULES)
    await world.until('it is down', () => registration.instance.status === 'down', 20_000)
    expect(aborted).toBe(3)
    checking[Symbol.dispose]()
  })

  test('does not come up again while it drains', async () => {
    const registration = await register('a')
    let isWell = false
    const check = async () => {
      if (!isWell) throw new Error('ill')
    }
    checkOwn(registration, check, RULES)
    await world.until('it is down', () => registration.instance.status === 'down', 20_000)
    const draining = registration.drain({ waitMs: 10_000 })
    isWell = true
    await world.run(9_000)
    expect(registration.instance.status).toBe('draining')
    await world.settle(draining)
  })
})

describe('a view that checks', () => {
  test('does not pick the ill, as instances come and go, so many at a time', async () => {
    const a = await register('a')
    await register('b')
    const service = registry.service('orders')
    await world.settle(service.ready())
    const ill = new Set(['a'])
    let [running, most] = [0, 0]
    const asked: string[] = []
    const check: Check = async ({ id }) => {
      asked.push(id)
      running++
      most = Math.max(most, running)
      await Promise.resolve()
      running--
      if (ill.has(id)) throw new Error('ill')
    }
    const checking = checkAll(service, check, { ...RULES, concurrency: 1 })
    await world.until('a is ill', () => service.ejected.join() === 'a', 20_000)
    expect(service.pick().instance.id).toBe('b')
    await register('c')
    ill.clear()
    await world.until('a is well', () => service.ejected.length === 0, 20_000)
    await world.until('c is asked', () => asked.includes('c'), 20_000)
    await world.settle(a.close())
    await world.run(2_000)
    asked.splice(0)
    await world.run(5_000)
    expect(new Set(asked)).toEqual(new Set(['b', 'c']))
    expect(most).toBe(1)
    checking.close()
    asked.splice(0)
    await register('d')
    await world.run(5_000)
    expect(asked).toEqual([])
  })

  test.each([{ everyMs: 0 }, { failures: 0 }, { concurrency: -1 }])('%j is refused', (options) => {
    const service = registry.service('orders')
    expect(() => checkAll(service, async () => {}, options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
