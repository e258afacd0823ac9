/** Which instances are shown when some vanish. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { instanceOf } from './instance.js'
import { KnownInstances } from './known-instances.js'

const instance = (id: string, status: 'up' | 'draining' | 'down' = 'up', port = 1) =>
  instanceOf({ name: 's', id, address: 'a', port, status }, () => 'x')

function known(threshold: number | undefined, doubtMs = 1_000) {
  const told: string[] = []
  const all = new KnownInstances({ threshold, doubtMs }, (event, { id }) =>
    told.push(`${event} ${id}`),
  )
  return { all, told, ids: () => [...all.shown.keys()].sort().join('') }
}

describe('instances', () => {
  test('come, change and go, each told once', () => {
    const { all, told } = known(0)
    for (const id of ['a', 'b', 'c']) all.put(instance(id))
    all.put(instance('a'))
    all.put(instance('a', 'up', 2))
    all.remove('a', 0)
    all.remove('a', 0)
    expect(told).toEqual(['up a', 'up b', 'up c', 'change a', 'down a'])
  })

  test('that all vanish are kept until the doubt is over', () => {
    const { all, told, ids } = known(0)
    all.put(instance('a'))
    all.put(instance('b'))
    all.remove('a', 0)
    expect(ids()).toBe('b')
    all.remove('b', 10)
    expect([all.protecting, ids()]).toEqual([true, 'ab'])
    expect(all.nextEndMs).toBe(1_000)
    all.expire(1_000)
    expect(ids()).toBe('b')
    all.expire(1_010)
    expect([all.protecting, ids()]).toEqual([false, ''])
    expect(told).toEqual(['up a', 'up b', 'down a', 'up a', 'down a', 'down b'])
  })

  test('that were kept are dropped when somebody is back', () => {
    const { all, ids } = known(0)
    all.put(instance('a'))
    all.put(instance('b'))
    all.remove('a', 0)
    all.remove('b', 0)
    all.put(instance('b'))
    expect([all.protecting, ids()]).toEqual([false, 'b'])
  })

  test('that said they go are not kept', () => {
    const { all, ids } = known(0)
    all.put(instance('a'))
    all.put(instance('a', 'down'))
    all.remove('a', 0)
    all.put(instance('b', 'draining'))
    all.remove('b', 0)
    expect([all.protecting, ids()]).toEqual([false, ''])
  })

  test('are kept from a share on, where one is given', () => {
    const { all, ids } = known(0.5)
    for (const id of ['a', 'b', 'c', 'd']) all.put(instance(id))
    all.remove('a', 0)
    expect(ids()).toBe('bcd')
    all.remove('b', 0)
    expect(ids()).toBe('abcd')
  })

  test('are never kept without a threshold', () => {
    const { all, ids } = known(undefined)
    all.put(instance('a'))
    all.remove('a', 0)
    expect(ids()).toBe('')
  })
})

test('what is told adds up to what is shown, and what is stored is shown', () => {
  const step = fc.oneof(
    fc.record({ put: fc.nat(5), status: fc.constantFrom('up', 'draining', 'down') }),
    fc.record({ remove: fc.nat(5) }),
    fc.record({ wait: fc.nat(800) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 0.3, 1), (steps, share) => {
      const view = new Set<string>()
      const all = new KnownInstances({ threshold: share, doubtMs: 1_000 }, (event, { id }) => {
        expect(view.has(id)).toBe(event !== 'up')
        if (event === 'down') view.delete(id)
        else view.add(id)
      })
      const stored = new Set<string>()
      let nowMs = 0
      for (const one of steps) {
        if ('put' in one) {
          stored.add(String(one.put))
          all.put(instance(String(one.put), one.status as 'up'))
        } else if ('remove' in one) {
          stored.delete(String(one.remove))
          all.remove(String(one.remove), nowMs)
        } else {
          nowMs += one.wait
          all.expire(nowMs)
        }
        expect([...view].sort()).toEqual([...all.shown.keys()].sort())
        for (const id of stored) expect(view.has(id)).toBe(true)
        if (!all.protecting) expect(view.size).toBe(stored.size)
      }
      all.expire(nowMs + 1_001)
      expect(view.size).toBe(stored.size)
    }),
  )
})
