/**
 * A binary min-heap of things that fall due, whose members know their place.
 *
 * Node i has children 2i+1 and 2i+2 and is due no later than either. Because a node
 * keeps its own index, moving or removing any of them costs O(log n) as well: a lease
 * that is renewed every few seconds moves in place and leaves nothing behind.
 */

/** A place in a {@link DeadlineHeap}. Owned by the heap while `index` is not -1. */
export interface HeapNode<T> {
  readonly item: T
  /** When it falls due, in milliseconds of the owner's clock. */
  dueMs: number
  /** Where it stands in the heap; -1 outside. */
  index: number
}

/** A node outside any heap. */
export function heapNode<T>(item: T): HeapNode<T> {
  return { item, dueMs: Number.POSITIVE_INFINITY, index: -1 }
}

/** See the head of the file. */
export class DeadlineHeap<T> {
  #nodes: HeapNode<T>[] = []

  /** How many nodes it holds. */
  get size(): number {
    return this.#nodes.length
  }

  /** The node due first. */
  peek(): HeapNode<T> | undefined {
    return this.#nodes[0]
  }

  /** Adds the node, or moves it, so that it is due at `dueMs`. */
  set(node: HeapNode<T>, dueMs: number): void {
    node.dueMs = dueMs
    if (node.index < 0) {
      node.index = this.#nodes.length
      this.#nodes.push(node)
    }
    if (!this.#rise(node)) this.#sink(node)
  }

  /** No error when the node is not in the heap. */
  remove(node: HeapNode<T>): void {
    const { index } = node
    if (index < 0) return
    node.index = -1
    const last = this.#nodes.pop()!
    if (last === node) return
    this.#place(last, index)
    if (!this.#rise(last)) this.#sink(last)
  }

  /** Empties the heap. */
  clear(): void {
    for (const node of this.#nodes) node.index = -1
    this.#nodes = []
  }

  #place(node: HeapNode<T>, index: number): void {
    this.#nodes[index] = node
    node.index = index
  }

  /** Whether it moved. */
  #rise(node: HeapNode<T>): boolean {
    const start = node.index
    let index = start
    while (index > 0) {
      const parent = this.#nodes[(index - 1) >>> 1]!
      if (parent.dueMs <= node.dueMs) break
      const up = parent.index
      this.#place(parent, index)
      index = up
    }
    if (index === start) return false
    this.#place(node, index)
    return true
  }

  #sink(node: HeapNode<T>): void {
    const nodes = this.#nodes
    let index = node.index
    for (;;) {
      const left = nodes[2 * index + 1]
      if (left === undefined) break
      const right = nodes[2 * index + 2]
      const child = right !== undefined && right.dueMs < left.dueMs ? right : left
      if (child.dueMs >= node.dueMs) break
      const down = child.index
      this.#place(child, index)
      index = down
    }
    this.#place(node, index)
  }
}
