/** Picks: shares, who is passed over, and what becomes of those that fail. */

import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SeededRandom } from '../../test/model/random.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { Balancer, type BalancerOptions, type PickOptions } from './balancer.js'
import { type Instance, instanceOf, type NewInstance } from './instance.js'
import type { PickPolicy } from './policies.js'

let clock: VirtualClock

beforeEach(() => {
  clock = new VirtualClock()
})

const instance = (id: string, more: Partial<NewInstance> = {}): Instance =>
  instanceOf({ name: 's', id, address: 'a', port: 1, ...more }, () => 'x')

function balancer(instances: Iterable<Instance>, options: BalancerOptions = {}, seed = 1) {
  const made = new Balancer({ clock, random: new SeededRandom(seed) }, "the service 's'", options)
  made.update(instances)
  return made
}

/** Whom so many picks meet. */
function counts(from: Balancer, picks: number, options?: (i: number) => PickOptions) {
  const met: Record<string, number> = {}
  for (let i = 0; i < picks; i++) {
    const picked = from.pick(options?.(i))
    met[picked.instance.id] = (met[picked.instance.id] ?? 0) + 1
    picked.done()
  }
  return met
}

const sequence = (from: Balancer, picks: number) =>
  Array.from({ length: picks }, () => from.pick().instance.id).join('')

describe('policies', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
  const ofWeights = (all: readonly number[]) =>
    all.map((weight, i) => instance(`i${i}`, { weight }))

  test('smooth weighted round-robin gives each exactly its weight in every cycle', () => {
    fc.assert(
      fc.property(weights, (all) => {
        const total = all.reduce((a, b) => a + b, 0)
        const from = balancer(ofWeights(all))
        for (let cycle = 0; cycle < 3; cycle++)
          expect(counts(from, total)).toEqual(
            Object.fromEntries(all.map((weight, i) => [`i${i}`, weight])),
          )
      }),
    )
  })

  test('smooth weighted round-robin does not pick one in a row without need', () => {
    const from = balancer([instance('a', { weight: 5 }), instance('b'), instance('c')])
    expect(sequence(from, 14)).toBe('abaaacaabaaaca')
  })

  test('round-robin goes in order, whoever comes and goes', () => {
    const all = ['a', 'b', 'c', 'd'].map((id) => instance(id, { weight: 3 }))
    const from = balancer(all, { policy: 'round-robin' })
    expect(sequence(from, 5)).toBe('abcda')
    from.update(all.slice(2))
    expect(sequence(from, 3)).toBe('cdc')
  })

  test.each<PickPolicy>(['random', 'least-pending'])('%s gives each about its share', (policy) => {
    fc.assert(
      fc.property(weights, fc.nat(), (all, seed) => {
        if (policy === 'least-pending') all = all.map(() => 1)
        const met = counts(balancer(ofWeights(all), { policy }, seed), 2_000)
        const total = all.reduce((a, b) => a + b, 0)
        for (const [i, weight] of all.entries())
          expect(Math.abs((met[`i${i}`] ?? 0) / 2_000 - weight / total)).toBeLessThan(0.08)
      }),
      { numRuns: 20 },
    )
  })

  test('least-pending spares those that have much to do, by weight', () => {
    const all = [instance('a', { weight: 3 }), instance('b'), instance('c')]
    const from = balancer(all, { policy: 'least-pending' })
    const pending: Record<string, number> = {}
    for (let i = 0; i < 500; i++) {
      const { id } = from.pick().instance
      pending[id] = (pending[id] ?? 0) + 1
    }
    expect(pending['a']! / 500).toBeGreaterThan(0.5)
    expect(Math.abs(pending['b']! - pending['c']!)).toBeLessThan(25)
  })

  test('least-pending spares the slow and those that fail fast, and tries them again', async () => {
    const from = balancer(
      ['a', 'b', 'c'].map((id) => instance(id)),
      {
        policy: 'least-pending',
        ejection: false,
      },
    )
    const met = { a: 0, b: 0, c: 0 }
    const round = async (picks: number) => {
      for (let i = 0; i < picks; i++) {
        const picked = from.pick()
        const id = picked.instance.id as keyof typeof met
        met[id]++
        await clock.advance(id === 'a' ? 100 : 5)
        picked.done(id === 'b' ? new Error('fails fast') : undefined)
      }
    }
    await round(300)
    // Two of three draws have c among the two.
    expect(met.c).toBeGreaterThan(180)
    const before = { ...met }
    await clock.advance(60_000)
    await round(20)
    expect(met.a + met.b).toBeGreaterThan(before.a + before.b)
  })

  test('consistent hashing moves only the keys of who is gone', () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((id) => instance(id))
    const from = balancer(all, { policy: 'consistent-hash' })
    const of = (i: number) => from.pick({ key: `k${i}` }).instance.id
    const before = Array.from({ length: 1_000 }, (_, i) => of(i))
    from.update(all.slice(1))
    for (const [i, id] of before.entries()) if (id !== 'a') expect(of(i)).toBe(id)
    for (const id of ['a', 'b', 'c', 'd', 'e'])
      expect(Math.abs(before.filter((one) => one === id).length - 200)).toBeLessThan(60)
    expect(() => from.pick()).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('changes are looked at once, at the next pick, however many came', () => {
    let looks = 0
    const all = {
      *[Symbol.iterator]() {
        looks++
        yield* [instance('a'), instance('b')]
      },
    }
    const from = balancer(all)
    for (let i = 0; i < 100; i++) from.update(all)
    expect(looks).toBe(0)
    expect(sequence(from, 4)).toBe('abab')
    expect(looks).toBe(1)
  })

  test('one that does not exist is refused', () => {
    expect(() => balancer([], { policy: 'best' as never })).toThrow(/There is no policy 'best'/)
  })
})

describe('who is picked', () => {
  test('wants requests, if anybody does', () => {
    const from = balancer([
      instance('a', { status: 'draining' }),
      instance('b', { weight: 0 }),
      instance('c', { status: 'starting' }),
      instance('d', { status: 'down' }),
      instance('e'),
    ])
    expect(counts(from, 10)).toEqual({ e: 10 })
    const tried = { exclude: ['e'] }
    expect(counts(from, 10, () => tried)).toEqual({ a: 5, b: 5 })
    expect(() => from.pick({ exclude: ['e', 'a', 'b'] })).toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    )
  })

  test('is nobody when nobody is there', () => {
    expect(() => balancer([]).pick()).toThrow(expect.objectContaining({ code: 'unavailable' }))
  })

  test('is not whom a check found ill, unless all are', () => {
    const from = balancer([instance('a'), instance('b')])
    from.report('a', false)
    expect(counts(from, 4)).toEqual({ b: 4 })
    expect(from.ejected).toEqual(['a'])
    from.report('b', false)
    expect(counts(from, 4)).toEqual({ a: 2, b: 2 })
    from.report('a', true)
    expect(counts(from, 4)).toEqual({ a: 4 })
  })
})

describe('ejection', () => {
  const rules = { failures: 3, baseMs: 1_000, maxMs: 4_000, shareMax: 0.5 }
  const two = () => balancer([instance('a'), instance('b')], { ejection: rules })
  /** Requests to one fail. */
  const fail = (from: Balancer, id: string, times: number) => {
    const exclude = id === 'a' ? ['b'] : ['a']
    for (let i = 0; i < times; i++) from.pick({ exclude }).done(new Error('no'))
  }

  test('comes after so many failures in a row, and not before', () => {
    const from = two()
    fail(from, 'a', 2)
    from.pick({ exclude: ['b'] }).done()
    fail(from, 'a', 2)
    expect(from.ejected).toEqual([])
    fail(from, 'a', 1)
    expect(from.ejected).toEqual(['a'])
    expect(counts(from, 4)).toEqual({ b: 4 })
  })

  test('ends with one request that tries, and lasts longer if that fails', async () => {
    const from = two()
    fail(from, 'a', 3)
    await clock.advance(1_101)
    const picks = [from.pick(), from.pick(), from.pick(), from.pick()]
    const tries = picks.filter(({ instance }) => instance.id === 'a')
    expect(tries).toHaveLength(1)
    tries[0]!.done(new Error('still not'))
    await clock.advance(1_101)
    expect(counts(from, 4)).toEqual({ b: 4 })
    await clock.advance(1_101)
    expect(counts(from, 4)).toEqual({ a: 2, b: 2 })
    expect(from.ejected).toEqual([])
  })

  test('tries again when the one that tried was given up, or never ended', async () => {
    const from = two()
    fail(from, 'a', 3)
    await clock.advance(1_101)
    from.pick({ exclude: ['b'] })[Symbol.dispose]()
    expect(sequence(from, 4)).toBe('babb')
    await clock.advance(1_101)
    expect(counts(from, 2)['a']).toBeGreaterThan(0)
  })

  test('does not hear answers that were long on their way', async () => {
    const from = two()
    const late = () => from.pick({ exclude: ['b'] })
    const [good, bad] = [late(), late()]
    fail(from, 'a', 3)
    await clock.advance(1_101)
    good.done()
    expect(from.ejected).toEqual(['a'])
    const trial = late()
    bad.done(new Error('long ago'))
    trial.done()
    expect(from.ejected).toEqual([])
  })

  test('leaves a share, and the only one', () => {
    const from = two()
    fail(from, 'a', 3)
    fail(from, 'b', 10)
    expect(from.ejected).toEqual(['a'])
    const alone = balancer([instance('a')], { ejection: rules })
    for (let i = 0; i < 10; i++) alone.pick().done(new Error('no'))
    expect(alone.ejected).toEqual([])
  })

  test('is forgotten when an instance comes back somewhere else', () => {
    const from = two()
    fail(from, 'a', 3)
    from.update([instance('a', { weight: 2 }), instance('b')])
    expect(from.ejected).toEqual(['a'])
    from.update([instance('a', { port: 2 }), instance('b')])
    expect(from.ejected).toEqual([])
  })

  test('can be turned off', () => {
    const from = balancer([instance('a'), instance('b')], { ejection: false })
    fail(from, 'a', 50)
    expect(from.ejected).toEqual([])
  })

  test.each([{ failures: 0 }, { baseMs: 0 }, { baseMs: 9, maxMs: 8 }, { shareMax: 2 }])(
    'with %j is refused',
    (ejection) => {
      expect(() => balancer([], { ejection })).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    },
  )

  test('never leaves nobody to pick, whatever fails', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean(), fc.nat(2_000))), (calls) => {
        const own = new VirtualClock()
        const from = new Balancer({ clock: own, random: new SeededRandom(1) }, 's', {
          ejection: rules,
        })
        from.update(['a', 'b', 'c', 'd'].map((id) => instance(id)))
        for (const [, fails, waitMs] of calls) {
          void own.advance(waitMs)
          from.pick().done(fails ? new Error('no') : undefined)
          expect(from.ejected.length).toBeLessThanOrEqual(2)
        }
      }),
    )
  })
})
