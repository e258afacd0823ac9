/** The heap of deadlines against a sorted list. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DeadlineHeap, type HeapNode, heapNode } from './deadline-heap.js'

describe('deadline heap', () => {
  test('whatever is added, moved and removed, the head is due first', () => {
    const step = fc.record({
      node: fc.nat({ max: 19 }),
      dueMs: fc.option(fc.nat({ max: 50 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const nodes = Array.from({ length: 20 }, (_, i) => heapNode(i))
        const heap = new DeadlineHeap<number>()
        const inside = new Set<HeapNode<number>>()
        for (const { node, dueMs } of steps) {
          const moved = nodes[node]!
          if (dueMs === undefined) {
            heap.remove(moved)
            inside.delete(moved)
          } else {
            heap.set(moved, dueMs)
            inside.add(moved)
          }
          expect(heap.size).toBe(inside.size)
          const first = Math.min(...[...inside].map((each) => each.dueMs))
          expect(heap.peek()?.dueMs ?? Number.POSITIVE_INFINITY).toBe(first)
        }
      }),
    )
  })

  test('it drains in order, and clearing gives every node back', () => {
    const heap = new DeadlineHeap<number>()
    const nodes = [5, 3, 8, 1, 9, 2].map((due) => {
      const node = heapNode(due)
      heap.set(node, due)
      return node
    })
    const drained: number[] = []
    for (let i = 0; i < 3; i++) {
      const node = heap.peek()!
      drained.push(node.item)
      heap.remove(node)
    }
    expect(drained).toEqual([1, 2, 3])
    heap.clear()
    expect(heap.peek()).toBeUndefined()
    expect(nodes.every((node) => node.index === -1)).toBe(true)
  })
})
