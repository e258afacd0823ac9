/**
 * Finds the watchers of a key without looking at the others.
 *
 * Watchers of a single key sit in a map. Watchers of ranges sit in an interval tree:
 * a treap ordered by interval, one node for each distinct interval, and every node
 * knows the furthest end below it.
 *
 *   find(key)   go left where some end lies beyond the key,
 *               take the node if it holds the key,
 *               go right where the node begins at or before the key
 *
 * With n distinct intervals and m that match, that is O(log n + m) steps for nested
 * or disjoint intervals, and never worse than O(m log n).
 */

import { type Interval, isPoint } from './interval.js'

/** A node of the treap. */
interface Node<T> {
  readonly interval: Interval
  readonly items: Set<T>
  /** Invariant: no child's priority is above it. */
  readonly priority: number
  left: Node<T> | undefined
  right: Node<T> | undefined
  /** The furthest end in this subtree; undefined is beyond every key. */
  end: string | undefined
}

/** A multimap from intervals to items, asked by key. Items must not be Sets. */
export class WatcherIndex<T extends object> {
  /** One watcher alone is the common case and stored without a set around it. */
  readonly #points = new Map<string, T | Set<T>>()
  #root: Node<T> | undefined
  #size = 0
  #priorityState = 0x2545_f491

  /** How many items it holds. */
  get size(): number {
    return this.#size
  }

  /** Adds an item that is not in yet, under an interval that is not empty. */
  add(interval: Interval, item: T): void {
    const { from, to } = interval
    if (to !== undefined && from >= to) throw new Error('an empty interval is never found')
    this.#size++
    if (!isPoint(interval)) this.#root = this.#insert(this.#root, interval, item)
    else {
      const there = this.#points.get(from)
      if (there === undefined) this.#points.set(from, item)
      else if (there instanceof Set) there.add(item)
      else this.#points.set(from, new Set([there, item]))
    }
  }

  /** Takes an item out that was added under this interval. */
  delete(interval: Interval, item: T): void {
    this.#size--
    if (!isPoint(interval)) {
      this.#root = remove(this.#root, interval, item)
      return
    }
    const there = this.#points.get(interval.from)
    if (there === item) this.#points.delete(interval.from)
    else if (!(there instanceof Set && there.delete(item))) throw new Error('not in the index')
    else if (there.size === 0) this.#points.delete(interval.from)
  }

  /** The items whose interval holds the key, in no promised order. The list is the caller's. */
  find(key: string): T[] {
    const found: T[] = []
    const there = this.#points.get(key)
    if (there instanceof Set) for (const item of there) found.push(item)
    else if (there !== undefined) found.push(there)
    collect(this.#root, key, found)
    return found
  }

  #insert(node: Node<T> | undefined, interval: Interval, item: T): Node<T> {
    if (node === undefined) return this.#node(interval, item)
    const order = compare(interval, node.interval)
    if (order === 0) {
      node.items.add(item)
      return node
    }
    const side = order < 0 ? 'left' : 'right'
    node[side] = this.#insert(node[side], interval, item)
    const top = node[side].priority > node.priority ? rotateUp(node, side) : node
    update(top)
    return top
  }

  #node(interval: Interval, item: T): Node<T> {
    const items = new Set([item])
    const priority = this.#nextPriority()
    return { interval, items, priority, left: undefined, right: undefined, end: interval.to }
  }

  /** Xorshift: the shape of a treap needs spread, not surprise, so no port is asked. */
  #nextPriority(): number {
    let state = this.#priorityState
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#priorityState = state
    return state
  }
}

function collect<T>(node: Node<T> | undefined, key: string, found: T[]): void {
  if (node === undefined || !isBefore(key, node.end)) return
  collect(node.left, key, found)
  if (key < node.interval.from) return
  if (isBefore(key, node.interval.to)) for (const item of node.items) found.push(item)
  collect(node.right, key, found)
}

function remove<T>(node: Node<T> | undefined, interval: Interval, item: T): Node<T> | undefined {
  if (node === undefined) throw new Error('not in the index')
  const order = compare(interval, node.interval)
  if (order < 0) node.left = remove(node.left, interval, item)
  else if (order > 0) node.right = remove(node.right, interval, item)
  else {
    if (!node.items.delete(item)) throw new Error('not in the index')
    if (node.items.size === 0) return merge(node.left, node.right)
  }
  update(node)
  return node
}

/** One treap of two, of which all of `left` orders before all of `right`. */
function merge<T>(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
  if (left === undefined) return right
  if (right === undefined) return left
  const top = left.priority > right.priority ? left : right
  if (top === left) left.right = merge(left.right, right)
  else right.left = merge(left, right.left)
  update(top)
  return top
}

/** The child on this side becomes the parent; only the old parent is updated here. */
function rotateUp<T>(node: Node<T>, side: 'left' | 'right'): Node<T> {
  const child = node[side]!
  if (side === 'left') {
    node.left = child.right
    child.right = node
  } else {
    node.right = child.left
    child.left = node
  }
  update(node)
  return child
}

function update<T>(node: Node<T>): void {
  let end = node.interval.to
  if (node.left !== undefined) end = later(end, node.left.end)
  if (node.right !== undefined) end = later(end, node.right.end)
  node.end = end
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined
  return a > b ? a : b
}

function isBefore(key: string, end: string | undefined): boolean {
  return end === undefined || key < end
}

function compare(a: Interval, b: Interval): number {
  if (a.from !== b.from) return a.from < b.from ? -1 : 1
  if (a.to === b.to) return 0
  if (a.to === undefined) return 1
  return b.to === undefined || a.to < b.to ? -1 : 1
}
