/** Shapes of partitions: who still hears whom. */

import { expect, test } from '@jest/globals'
import { SeededRandom } from '../../model/random.js'
import { drawPartition, type Partition } from './partitions.js'

/** Draws until each shape came, for a cluster of this size. */
function shapes(size: number): Map<string, Partition> {
  const names = Array.from({ length: size }, (_, i) => `m${i + 1}`)
  const random = new SeededRandom(size)
  const drawn = new Map<string, Partition>()
  for (let i = 0; i < 200; i++) {
    const partition = drawPartition(random, names)
    drawn.set(partition.shape, partition)
  }
  return drawn
}

/** Whom each node hears, itself included, in the order of names. */
function hearing(size: number, { pairs }: Partition): string[] {
  const names = Array.from({ length: size }, (_, i) => `m${i + 1}`)
  const isCut = (a: string, b: string) =>
    pairs.some(([x, y]) => (x === a && y === b) || (x === b && y === a))
  return names.map((a) => names.filter((b) => a === b || !isCut(a, b)).join())
}

test.each([3, 5, 7])(
  'on a majority ring of %i everybody hears a majority, and another one',
  (size) => {
    const heard = hearing(size, shapes(size).get('majorityRing')!)
    for (const names of heard) expect(names.split(',').length * 2).toBeGreaterThan(size)
    // Three on a ring all hear each other.
    if (size > 3) expect(new Set(heard).size).toBe(size)
  },
)

test('one is isolated, halves hear themselves, and nobody hears anybody when shattered', () => {
  const five = shapes(5)
  const groups = (shape: string) => new Set(hearing(5, five.get(shape)!)).size
  const sizes = (shape: string) =>
    hearing(5, five.get(shape)!)
      .map((names) => names.split(',').length)
      .sort()
  expect(sizes('isolated')).toEqual([1, 4, 4, 4, 4])
  expect(sizes('halves')).toEqual([2, 2, 3, 3, 3])
  expect(groups('halves')).toBe(2)
  expect(sizes('shattered')).toEqual([1, 1, 1, 1, 1])
  expect(sizes('bridge')).toEqual([3, 3, 3, 3, 5])
})

test('a cluster of one has nothing to cut', () => {
  for (const { pairs } of shapes(1).values()) expect(pairs).toEqual([])
})
