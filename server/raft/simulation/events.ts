/**
 * The time of a simulated world: a queue of things to do, by moment, first come first served
 * among those of one moment (a binary heap with a sequence number as tie-break).
 */

interface Planned {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

function before(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A clock that jumps from one planned event to the next. */
export class EventQueue {
  /** The moment of the event that runs now; {@link UNITS_PER_TICK} units are one raft tick. */
  now = 0
  private readonly heap: Planned[] = []
  private order = 0

  /** Plans `run` in `delay` units from now (0 is after everything planned for now already). */
  after(delay: number, run: () => void): void {
    const planned = { at: this.now + Math.max(0, Math.round(delay)), order: this.order++, run }
    const heap = this.heap
    let i = heap.push(planned) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(planned, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = planned
  }

  /** Runs the next event at or before `until`; false (and the clock stands at `until`) if none. */
  step(until: number): boolean {
    const next = this.heap[0]
    if (next === undefined || next.at > until) {
      this.now = until
      return false
    }
    this.removeFirst()
    this.now = next.at
    next.run()
    return true
  }

  private removeFirst(): void {
    const heap = this.heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
  }
}

/** Simulated time units in one tick of a node whose clock is exact. */
export const UNITS_PER_TICK = 100
