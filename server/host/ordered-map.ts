/**
 * A sorted map with string keys whose old states stay readable: a B+ tree, copied on write.
 *
 * 1. Leaves hold keys and values, branches hold children and the smallest key below
 *    each. All leaves are equally deep.
 * 2. Every node carries the token of the map that may change it in place. A view
 *    takes the root as it is and gives the map a new token: from then on the first
 *    change on a path copies the nodes of that path, and the view never notices.
 * 3. A full node splits in half; at its right end it stays full and a new one starts
 *    beside it, so keys that arrive in order fill the tree densely.
 * 4. A thin node is merged into its neighbour when both fit well into one.
 *
 * Costs: O(log n) for get, set and delete, O(1) for a view, no sorting ever.
 */

import type { KeyRange } from './database.js'

/** Entries of a leaf or children of a branch, at most. */
const NODE_MAX = 64
/** Below this, a node looks for a neighbour to merge with. */
const NODE_THIN = 16
/** A merge may fill a node no further: the next insertions should not split it again. */
const MERGED_MAX = 48

interface Leaf<V> {
  readonly owner: object
  readonly keys: string[]
  readonly values: V[]
  readonly children: undefined
}

interface Branch<V> {
  readonly owner: object
  /** Invariant: `keys[i]` is not greater than any key below `children[i]`, and greater than all before. */
  readonly keys: string[]
  readonly values: undefined
  readonly children: Node<V>[]
}

type Node<V> = Leaf<V> | Branch<V>

/** Sorted by `<`. Values must not be `undefined`, which means "absent" here. */
export class OrderedMap<V extends NonNullable<unknown> | null> {
  #owner: object = {}
  #root: Node<V> | undefined
  #size = 0

  /** How many keys there are. */
  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    let node = this.#root
    while (node?.children) node = node.children[childIndex(node.keys, key)]
    if (!node) return undefined
    const index = lowerBound(node.keys, key)
    return node.keys[index] === key ? node.values[index] : undefined
  }

  /** Returns what was there before. */
  set(key: string, value: V): V | undefined {
    if (!this.#root) {
      this.#root = { owner: this.#owner, keys: [key], values: [value], children: undefined }
      this.#size = 1
      return undefined
    }
    const root = this.#own(this.#root)
    const before = this.#set(root, key, value, true)
    const right = this.#split(root, true)
    this.#root = right
      ? {
          owner: this.#owner,
          keys: [root.keys[0]!, right.keys[0]!],
          values: undefined,
          children: [root, right],
        }
      : root
    if (before === undefined) this.#size++
    return before
  }

  /** Returns what was there. */
  delete(key: string): V | undefined {
    // A miss must not copy a path.
    if (this.#root === undefined || this.get(key) === undefined) return undefined
    let root = this.#own(this.#root)
    const before = this.#delete(root, key)
    while (root.children?.length === 1) root = root.children[0]!
    this.#root = root.keys.length > 0 ? root : undefined
    this.#size--
    return before
  }

  /** A second map with the same content; neither sees changes of the other. O(1). */
  clone(): OrderedMap<V> {
    const other = new OrderedMap<V>()
    other.#root = this.#root
    other.#size = this.#size
    this.#owner = {}
    return other
  }

  /** The entries as of this call, in order; later changes do not show. */
  entries(range: KeyRange = {}): Iterable<readonly [key: string, value: V]> {
    const root = this.#root
    if (!root) return []
    this.#owner = {}
    return {
      [Symbol.iterator]: () => (range.reverse ? backward(root, range) : forward(root, range)),
    }
  }

  #own(node: Node<V>): Node<V> {
    if (node.owner === this.#owner) return node
    const keys = node.keys.slice()
    return node.children
      ? { owner: this.#owner, keys, values: undefined, children: node.children.slice() }
      : { owner: this.#owner, keys, values: node.values.slice(), children: undefined }
  }

  /** @param last nothing stands right of this node on its level. */
  #set(node: Node<V>, key: string, value: V, last: boolean): V | undefined {
    if (!node.children) {
      const index = lowerBound(node.keys, key)
      const before = node.keys[index] === key ? node.values[index] : undefined
      if (before !== undefined) {
        node.values[index] = value
      } else {
        node.keys.splice(index, 0, key)
        node.values.splice(index, 0, value)
      }
      return before
    }
    const index = childIndex(node.keys, key)
    if (key < node.keys[index]!) node.keys[index] = key
    const child = this.#own(node.children[index]!)
    node.children[index] = child
    const childLast = last && index === node.children.length - 1
    const before = this.#set(child, key, value, childLast)
    const right = this.#split(child, childLast)
    if (right) {
      node.keys.splice(index + 1, 0, right.keys[0]!)
      node.children.splice(index + 1, 0, right)
    }
    return before
  }

  /** Cuts an overfull node; returns its new right neighbour. */
  #split(node: Node<V>, last: boolean): Node<V> | undefined {
    const count = node.keys.length
    if (count <= NODE_MAX) return undefined
    const at = last ? NODE_MAX : count >> 1
    const keys = node.keys.splice(at)
    return node.children
      ? { owner: this.#owner, keys, values: undefined, children: node.children.splice(at) }
      : { owner: this.#owner, keys, values: node.values.splice(at), children: undefined }
  }

  #delete(node: Node<V>, key: string): V | undefined {
    if (!node.children) {
      const index = lowerBound(node.keys, key)
      node.keys.splice(index, 1)
      return node.values.splice(index, 1)[0]
    }
    const index = childIndex(node.keys, key)
    const child = this.#own(node.children[index]!)
    node.children[index] = child
    const before = this.#delete(child, key)
    if (child.keys.length < NODE_THIN) this.#merge(node, index)
    return before
  }

  /** Merges a thin child with a neighbour if that fits; an empty one goes in any case. */
  #merge(parent: Branch<V>, index: number): void {
    const { children, keys } = parent
    if (children[index]!.keys.length === 0) {
      children.splice(index, 1)
      keys.splice(index, 1)
      return
    }
    for (const left of [index - 1, index]) {
      const from = children[left + 1]
      const into = children[left]
      if (!into || !from || into.keys.length + from.keys.length > MERGED_MAX) continue
      const merged = this.#own(into)
      merged.keys.push(...from.keys)
      if (merged.children) merged.children.push(...from.children!)
      else merged.values.push(...from.values!)
      children.splice(left, 2, merged)
      keys.splice(left + 1, 1)
      return
    }
  }
}

/** The first index whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  if (high > 0 && keys[high - 1]! < key) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The child under which `key` belongs: the last that starts at or below it, or the first. */
function childIndex(keys: readonly string[], key: string): number {
  const index = lowerBound(keys, key)
  return keys[index] === key || index === 0 ? index : index - 1
}

function* forward<V>(root: Node<V>, range: KeyRange): Generator<readonly [string, V]> {
  const { from = '', to, limit = Number.POSITIVE_INFINITY } = range
  const branches: Branch<V>[] = []
  const indexes: number[] = []
  let node = root
  let left = limit
  while (node.children) {
    const index = childIndex(node.keys, from)
    branches.push(node)
    indexes.push(index)
    node = node.children[index]!
  }
  let index = lowerBound(node.keys, from)
  for (;;) {
    for (; index < node.keys.length; index++) {
      const key = node.keys[index]!
      if (left-- <= 0 || (to !== undefined && key >= to)) return
      yield [key, node.values[index]!]
    }
    let depth = branches.length - 1
    while (depth >= 0 && indexes[depth] === branches[depth]!.children.length - 1) depth--
    if (depth < 0) return
    indexes[depth]!++
    let below: Node<V> = branches[depth]!.children[indexes[depth]!]!
    for (let level = depth + 1; below.children; level++) {
      branches[level] = below
      indexes[level] = 0
      below = below.children[0]!
    }
    node = below
    index = 0
  }
}

function* backward<V>(root: Node<V>, range: KeyRange): Generator<readonly [string, V]> {
  const { from = '', to, limit = Number.POSITIVE_INFINITY } = range
  const branches: Branch<V>[] = []
  const indexes: number[] = []
  let node = root
  let left = limit
  while (node.children) {
    const index = to === undefined ? node.children.length - 1 : childIndex(node.keys, to)
    branches.push(node)
    indexes.push(index)
    node = node.children[index]!
  }
  let index = (to === undefined ? node.keys.length : lowerBound(node.keys, to)) - 1
  for (;;) {
    for (; index >= 0; index--) {
      const key = node.keys[index]!
      if (left-- <= 0 || key < from) return
      yield [key, node.values[index]!]
    }
    let depth = branches.length - 1
    while (depth >= 0 && indexes[depth] === 0) depth--
    if (depth < 0) return
    indexes[depth]!--
    let below: Node<V> = branches[depth]!.children[indexes[depth]!]!
    for (let level = depth + 1; below.children; level++) {
      branches[level] = below
      indexes[level] = below.children.length - 1
      below = below.children.at(-1)!
    }
    node = below
    index = node.keys.length - 1
  }
}
