/** The tree against a sorted array that does everything the slow way. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BTree } from './btree.js'

interface Item {
  readonly key: string
  weight: number
}

class SortedArray {
  items: Item[] = []
  get = (key: string) => this.items.find((item) => item.key === key)
  insert(item: Item) {
    this.items.push(item)
    this.items.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
  remove(key: string) {
    this.items = this.items.filter((item) => item.key !== key)
  }
  between = (from: string, to: string | undefined) =>
    this.items.filter(({ key }) => key >= from && (to === undefined || key < to))
}

function scanned(tree: BTree<Item>, from: string, to: string | undefined, max = Infinity) {
  const keys: string[] = []
  if (max > 0)
    tree.scan(from, to, ({ key }) => {
      keys.push(key)
      return keys.length < max
    })
  return keys
}

const sum = (items: readonly Item[]) => items.reduce((total, { weight }) => total + weight, 0)

describe('BTree', () => {
  test('does what a sorted array does, through growth and shrinking', () => {
    const key = fc.integer({ min: 0, max: 3000 }).map((n) => n.toString(36))
    const step = fc.record({
      kind: fc.constantFrom('insert', 'insert', 'remove', 'weigh'),
      key,
      count: fc.integer({ min: 1, max: 300 }),
      weight: fc.integer({ min: 0, max: 2 }),
    })
    const end = fc.option(key, { nil: undefined })
    const steps = fc.array(step, { maxLength: 40 })
    fc.assert(
      fc.property(steps, key, end, (steps, from, to) => {
        const tree = new BTree<Item>()
        const twin = new SortedArray()
        for (const { kind, key, count, weight } of steps) {
          for (let i = 0; i < count; i++) {
            // Either ascending or scattered runs of keys.
            const at = `${key}${(weight === 1 ? i : (i * 7919) % 997).toString(36)}`
            const item = twin.get(at)
            if (kind === 'insert' && !item) {
              twin.insert({ key: at, weight })
              tree.insert(twin.get(at)!)
            } else if (kind === 'remove') {
              expect(tree.remove(at)).toBe(item !== undefined)
              twin.remove(at)
            } else if (kind === 'weigh' && item) {
              tree.weigh(at, weight - item.weight)
              item.weight = weight
            }
          }
        }
        expect(tree.size).toBe(twin.items.length)
        expect(tree.weight).toBe(sum(twin.items))
        const between = twin.between(from, to)
        expect(tree.weightOf(from, to)).toBe(sum(between))
        expect(scanned(tree, from, to)).toEqual(between.map((item) => item.key))
        for (const item of twin.items) expect(tree.get(item.key)).toBe(item)
        expect(tree.get(`${from} `)).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test('empties completely after many keys, and can be filled again', () => {
    const tree = new BTree<Item>()
    const keys = Array.from({ length: 20_000 }, (_, i) => String((i * 7919) % 20_000))
    for (const key of keys) tree.insert({ key, weight: 1 })
    expect(tree.weightOf('', undefined)).toBe(20_000)
    for (const key of keys.reverse()) tree.remove(key)
    expect([tree.size, tree.weight, scanned(tree, '', undefined)]).toEqual([0, 0, []])
    tree.insert({ key: 'a', weight: 1 })
    expect(scanned(tree, '', undefined)).toEqual(['a'])
  })

  test('an interval whose end is not after its start is empty', () => {
    const tree = new BTree<Item>()
    for (const key of ['a', 'b', 'c']) tree.insert({ key, weight: 1 })
    expect([tree.weightOf('b', 'b'), tree.weightOf('c', 'a')]).toEqual([0, 0])
    expect([...scanned(tree, 'b', 'b'), ...scanned(tree, 'c', 'a')]).toEqual([])
  })

  test('a scan ends when the visitor has enough', () => {
    const tree = new BTree<Item>()
    for (const key of ['a', 'b', 'c', 'd']) tree.insert({ key, weight: 1 })
    expect(scanned(tree, 'b', undefined, 2)).toEqual(['b', 'c'])
  })

  test('a key that is there already is refused', () => {
    const tree = new BTree<Item>()
    tree.insert({ key: 'a', weight: 1 })
    expect(() => tree.insert({ key: 'a', weight: 1 })).toThrow('has this key already')
  })
})
