/**
 * A B+ tree of items sorted by their latin1 key, that can count without walking.
 *
 * 1. Leaves hold the items in order and are linked, so a scan runs along them.
 *    Branches hold children and, for each, a key that separates it from the one before.
 * 2. Every node knows the weight of all below it. The weight of an interval is the
 *    difference of two prefix sums, each taken on one path: O(log n).
 * 3. An overfull node splits in half; at the right end of its level it stays full
 *    instead, so keys that arrive in order fill the tree densely.
 * 4. A thin node is merged with a neighbour, or takes some of its content.
 *
 * Items change in place; whoever changes the weight of one says so with `weigh`.
 */

/** What a tree holds. */
export interface Weighed {
  /** Never changes. */
  readonly key: string
  /** Counted by {@link BTree.weightOf}; not negative. */
  readonly weight: number
}

/** Items of a leaf or children of a branch, at most. */
const NODE_MAX = 64
/** Fewer than this, and a node other than the root is rebalanced. */
const NODE_MIN = 20

/** A leaf has items, a branch has children; the other array stays empty. */
class Node<T extends Weighed> {
  /** Invariant: the sum of the weights of all items below. */
  weight = 0
  /** The leaf to the right. */
  next: Node<T> | undefined

  constructor(
    readonly leaf: boolean,
    /** Items in key order, no two with one key. */
    readonly items: T[],
    readonly children: Node<T>[],
    /** Invariant: all keys below `children[i]` are >= `keys[i]`, all before are smaller; keys[0] is ''. */
    readonly keys: string[],
  ) {}

  get count(): number {
    return this.leaf ? this.items.length : this.children.length
  }
}

/** See the head of this file. */
export class BTree<T extends Weighed> {
  #root = new Node<T>(true, [], [], [])
  #size = 0

  /** How many items there are, whatever they weigh. */
  get size(): number {
    return this.#size
  }

  /** The weight of all items. */
  get weight(): number {
    return this.#root.weight
  }

  /** The item with this key. */
  get(key: string): T | undefined {
    const leaf = this.#leafOf(key)
    const item = leaf.items[lowerBound(leaf.items, key)]
    return item !== undefined && item.key === key ? item : undefined
  }

  /** Adds an item; its key must be new. */
  insert(item: T): void {
    const root = this.#root
    insertBelow(root, item, true)
    this.#size++
    if (root.count <= NODE_MAX) return
    const right = split(root, true)
    this.#root = new Node<T>(false, [], [root, right.node], ['', right.key])
    this.#root.weight = root.weight + right.node.weight
  }

  /** Takes an item out; false when there is none with this key. */
  remove(key: string): boolean {
    const item = this.get(key)
    if (!item) return false
    removeBelow(this.#root, item)
    this.#size--
    while (!this.#root.leaf && this.#root.children.length === 1)
      this.#root = this.#root.children[0]!
    return true
  }

  /** The item with this key, which is here, weighs so much more than before. */
  weigh(key: string, difference: number): void {
    let node = this.#root
    node.weight += difference
    while (!node.leaf) {
      node = node.children[childIndex(node.keys, key)]!
      node.weight += difference
    }
  }

  /** The weight of all items in `[from, to)`; open-ended without `to`. */
  weightOf(from: string, to: string | undefined): number {
    if (to !== undefined && to <= from) return 0
    const upTo = to === undefined ? this.#root.weight : this.#weightBefore(to)
    return upTo - this.#weightBefore(from)
  }

  /**
   * Shows the items of `[from, to)` in order until `visit` returns false. Items must
   * not be inserted or removed meanwhile.
   */
  scan(from: string, to: string | undefined, visit: (item: T) => boolean): void {
    let leaf: Node<T> | undefined = this.#leafOf(from)
    let index = lowerBound(leaf.items, from)
    while (leaf) {
      const items: readonly T[] = leaf.items
      for (; index < items.length; index++) {
        const item = items[index]!
        if (to !== undefined && item.key >= to) return
        if (!visit(item)) return
      }
      leaf = leaf.next
      index = 0
    }
  }

  #leafOf(key: string): Node<T> {
    let node = this.#root
    while (!node.leaf) node = node.children[childIndex(node.keys, key)]!
    return node
  }

  #weightBefore(key: string): number {
    let sum = 0
    let node = this.#root
    while (!node.leaf) {
      const index = childIndex(node.keys, key)
      for (let i = 0; i < index; i++) sum += node.children[i]!.weight
      node = node.children[index]!
    }
    const end = lowerBound(node.items, key)
    for (let i = 0; i < end; i++) sum += node.items[i]!.weight
    return sum
  }
}

/** The first index whose item's key is not below `key`. */
function lowerBound(items: readonly Weighed[], key: string): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (items[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The child under which `key` belongs: the last whose separator is not above it. */
function childIndex(keys: readonly string[], key: string): number {
  let low = 1
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! <= key) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** @param last nothing stands right of this node on its level. */
function insertBelow<T extends Weighed>(node: Node<T>, item: T, last: boolean): void {
  node.weight += item.weight
  if (node.leaf) {
    const index = lowerBound(node.items, item.key)
    if (node.items[index]?.key === item.key) throw new Error('The tree has this key already')
    if (index === node.items.length) node.items.push(item)
    else node.items.splice(index, 0, item)
    return
  }
  const index = childIndex(node.keys, item.key)
  const child = node.children[index]!
  const childLast = last && index === node.children.length - 1
  insertBelow(child, item, childLast)
  if (child.count <= NODE_MAX) return
  const right = split(child, childLast)
  node.children.splice(index + 1, 0, right.node)
  node.keys.splice(index + 1, 0, right.key)
}

/** Moves the right part of a node to a new right neighbour. */
function split<T extends Weighed>(node: Node<T>, last: boolean): { node: Node<T>; key: string } {
  const at = last ? NODE_MAX - 1 : node.count >> 1
  if (node.leaf) {
    const right = new Node<T>(true, node.items.splice(at), [], [])
    right.next = node.next
    node.next = right
    weighAgain(node, right)
    return { node: right, key: right.items[0]!.key }
  }
  const keys = node.keys.splice(at)
  const key = keys[0]!
  keys[0] = ''
  const right = new Node<T>(false, [], node.children.splice(at), keys)
  weighAgain(node, right)
  return { node: right, key }
}

/** Divides the weight of `left` between it and its new neighbour. */
function weighAgain<T extends Weighed>(left: Node<T>, right: Node<T>): void {
  for (const part of right.leaf ? right.items : right.children) right.weight += part.weight
  left.weight -= right.weight
}

/** The item is below this node. */
function removeBelow<T extends Weighed>(node: Node<T>, item: T): void {
  node.weight -= item.weight
  if (node.leaf) {
    node.items.splice(lowerBound(node.items, item.key), 1)
    return
  }
  const index = childIndex(node.keys, item.key)
  const child = node.children[index]!
  removeBelow(child, item)
  if (child.count < NODE_MIN && node.children.length > 1)
    rebalance(node, index > 0 ? index - 1 : index)
}

/** Makes the children at `index` and beside it one, or two of the same size. */
function rebalance<T extends Weighed>(parent: Node<T>, index: number): void {
  const left = parent.children[index]!
  const right = parent.children[index + 1]!
  left.weight += right.weight
  if (left.leaf) {
    left.items.push(...right.items)
    left.next = right.next
  } else {
    // The first child of `right` gets back the separator that stood in the parent.
    left.keys.push(parent.keys[index + 1]!, ...right.keys.slice(1))
    left.children.push(...right.children)
  }
  parent.children.splice(index + 1, 1)
  parent.keys.splice(index + 1, 1)
  if (left.count <= NODE_MAX) return
  const again = split(left, false)
  parent.children.splice(index + 1, 0, again.node)
  parent.keys.splice(index + 1, 0, again.key)
}
