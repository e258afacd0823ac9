/**
 * Timers by due time, and among equal ones by age: a binary heap.
 *
 * A cancelled timer stays in the heap, marked, until it comes to the top; when more than
 * half of the heap is such timers it is built anew without them.
 */

import type { Timer } from '../../client/host/clock.js'

/** Below so many entries nobody minds cancelled ones. */
const SWEEP_MIN = 64

/** A timer that waits in a {@link TimerHeap}. */
export class HeapTimer implements Timer {
  /** Undefined after it was cancelled or taken out. */
  run: (() => void) | undefined

  constructor(
    readonly dueMs: number,
    /** Place in the order of creation. */
    readonly age: number,
    run: () => void,
    readonly heap: TimerHeap,
  ) {
    this.run = run
  }

  cancel(): void {
    if (this.run === undefined) return
    this.run = undefined
    this.heap.cancelled()
  }
}

/** See the head of the file. */
export class TimerHeap {
  #heap: HeapTimer[] = []
  /** Cancelled timers that are still in the heap. */
  #cancelled = 0
  #age = 0

  /** How many timers wait. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  /** Adds a timer behind all that are due no later. */
  add(dueMs: number, run: () => void): HeapTimer {
    const timer = new HeapTimer(dueMs, this.#age++, run, this)
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const up = (at - 1) >>> 1
      if (!before(timer, heap[up]!)) break
      heap[at] = heap[up]!
      at = up
    }
    heap[at] = timer
    return timer
  }

  /** The next timer, which stays where it is. */
  peek(): HeapTimer | undefined {
    while (this.#cancelled > 0 && this.#heap.length > 0 && this.#heap[0]!.run === undefined) {
      this.#removeTop()
      this.#cancelled--
    }
    return this.#heap[0]
  }

  /** Takes out the next timer, when it is due by `endMs`. */
  take(endMs: number): { readonly dueMs: number; readonly run: () => void } | undefined {
    const timer = this.peek()
    if (timer === undefined || timer.dueMs > endMs) return undefined
    const { dueMs, run } = timer
    timer.run = undefined
    this.#removeTop()
    return { dueMs, run: run! }
  }

  clear(): void {
    for (const timer of this.#heap) timer.run = undefined
    this.#heap = []
    this.#cancelled = 0
  }

  /** Called by a timer that waits no more. */
  cancelled(): void {
    this.#cancelled++
    if (this.#heap.length < SWEEP_MIN || this.#cancelled * 2 < this.#heap.length) return
    // An ordered list is a heap.
    this.#heap = this.#heap.filter((timer) => timer.run !== undefined).sort(compare)
    this.#cancelled = 0
  }

  #removeTop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    const size = heap.length
    if (size === 0) return
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= size) break
      if (down + 1 < size && before(heap[down + 1]!, heap[down]!)) down++
      if (!before(heap[down]!, last)) break
      heap[at] = heap[down]!
      at = down
    }
    heap[at] = last
  }
}

function before(a: HeapTimer, b: HeapTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.age < b.age)
}

function compare(a: HeapTimer, b: HeapTimer): number {
  return a.dueMs - b.dueMs || a.age - b.age
}
