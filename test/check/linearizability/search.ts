/**
 * Looks for an order of overlapping calls in which an object would have answered so.
 *
 * Source: J. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (1993), with the
 * cache of G. Lowe, "Testing for linearizability" (2017). The calls stand in a list of
 * beginnings and ends by time:
 *
 *   1. Walk from the front. A beginning is tried as the next call in the order: if the
 *      object can give its output in the present state, the call is lifted out of the list
 *      and the walk starts again from the front.
 *   2. An end in the way means that its call should have been placed by now. Calls without
 *      an output, which never end and stand in a list of their own, may help: each that
 *      began before that end and changes something is tried.
 *   3. If none does, the last placed call is put back, and the walk goes on behind it.
 *   4. The same set of placed calls with the same state need not be tried twice, nor with
 *      more calls without an output in use: a cache remembers them.
 *   5. Two more ways to do no good are skipped: a call without an output where an earlier
 *      one with the same input is left, and a call after one without an output that comes
 *      to the same without it.
 *   6. When no end is left, an order was found; calls without an output that were not
 *      placed never happened.
 *
 * The object may be in one of several states, where an outcome is not determined: then all
 * of them are carried along.
 */

import { type Entry, type Lists, lift, listsOf, unlift } from './call-list.js'
import { PlacedCalls, SeenCache } from './seen-cache.js'
import type { SequentialSpec, TimedCall } from './spec.js'

/** How a search ended. */
export interface Search {
  /** False: there is no order. Undefined: the limit was reached. */
  readonly found: boolean | undefined
  /** Numbers of the calls in an order: the whole one, or the one that got furthest in time. */
  readonly order: readonly number[]
  /** The call whose end could not be passed at that point; undefined when an order was found. */
  readonly stuck: number | undefined
  /** Calls that were tried. */
  readonly steps: number
}

/** @param calls sorted by beginning. */
export function search<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  calls: readonly TimedCall<Input, Output>[],
  stepsMax: number,
): Search {
  return new Searcher(spec, calls).run(stepsMax)
}

/** A call that was placed, and the states before it. */
interface Placed<State> {
  readonly entry: Entry
  readonly before: readonly State[]
}

class Searcher<State, Input, Output> {
  readonly #spec: SequentialSpec<State, Input, Output>
  readonly #calls: readonly TimedCall<Input, Output>[]
  readonly #lists: Lists
  readonly #stack: Placed<State>[] = []
  /** Of each call without an output the one before it with the same input, if there is one. */
  readonly #twins: readonly (number | undefined)[]
  readonly #ending: PlacedCalls
  readonly #endless: PlacedCalls
  readonly #seen: SeenCache<State>
  /** What the object may hold after the calls on the stack. */
  #states: readonly State[]
  /** Calls with an output that are not placed. */
  #left: number
  #steps = 0
  #furthest = -1
  #order: readonly number[] = []
  #stuck: number | undefined

  constructor(
    spec: SequentialSpec<State, Input, Output>,
    calls: readonly TimedCall<Input, Output>[],
  ) {
    this.#spec = spec
    this.#calls = calls
    this.#lists = listsOf(calls)
    this.#twins = twinsOf(calls)
    this.#ending = new PlacedCalls(calls.length)
    this.#endless = new PlacedCalls(calls.length)
    this.#seen = new SeenCache((a, b) => this.#same(a, b))
    this.#states = [spec.init()]
    this.#left = calls.filter(({ output }) => output !== undefined).length
  }

  run(stepsMax: number): Search {
    const { ending, endless } = this.#lists
    let entry = ending.next
    while (this.#left > 0) {
      if (this.#steps >= stepsMax) return this.#result(undefined)
      if (entry?.isEnd) {
        this.#note(entry)
        entry = endless.next
      } else if (entry !== undefined && this.#isInTime(entry)) {
        entry = this.#try(entry) ? ending.next : entry.next
      } else {
        const last = this.#stack.pop()
        if (last === undefined) return this.#result(false)
        this.#takeBack(last)
        entry = last.entry.next
      }
    }
    this.#order = this.#stack.map(({ entry: { call } }) => call)
    this.#stuck = undefined
    return this.#result(true)
  }

  /** Whether no call that is not placed ended before this one began. */
  #isInTime({ place, end }: Entry): boolean {
    if (end !== undefined) return true
    let first = this.#lists.ending.next
    while (first !== undefined && !first.isEnd) first = first.next
    return first === undefined || place < first.place
  }

  #result(found: boolean | undefined): Search {
    return { found, order: this.#order, stuck: this.#stuck, steps: this.#steps }
  }

  /** Places the call next if the object can answer so, and if that was not tried before. */
  #try(entry: Entry): boolean {
    this.#steps++
    const { input, output } = this.#calls[entry.call]!
    const next = this.#step(this.#states, input, output)
    if (next.length === 0) return false
    if (output === undefined && this.#isIdle(entry, next)) return false
    if (this.#lastWasIdle(entry, next)) return false
    this.#setOf(entry).add(entry.call)
    if (!this.#isNew(next)) {
      this.#setOf(entry).delete(entry.call)
      return false
    }
    this.#stack.push({ entry, before: this.#states })
    this.#states = next
    if (output !== undefined) this.#left--
    lift(entry)
    return true
  }

  /** A call without an output that does nothing, or nothing that an earlier one cannot do. */
  #isIdle({ call }: Entry, next: readonly State[]): boolean {
    const twin = this.#twins[call]
    if (twin !== undefined && !this.#endless.has(twin)) return true
    return this.#same(next, this.#states)
  }

  /** Whether the last placed call has no output and all is as it would be without it. */
  #lastWasIdle(entry: Entry, next: readonly State[]): boolean {
    const last = this.#stack.at(-1)
    if (last === undefined || last.entry.end !== undefined) return false
    const { input, output } = this.#calls[entry.call]!
    return this.#same(next, this.#step(last.before, input, output))
  }

  #setOf({ end }: Entry): PlacedCalls {
    return end === undefined ? this.#endless : this.#ending
  }

  #isNew(states: readonly State[]): boolean {
    const statesHash = this.#hash(states)
    return this.#seen.add({ ending: this.#ending, endless: this.#endless, states, statesHash })
  }

  #takeBack({ entry, before }: Placed<State>): void {
    this.#setOf(entry).delete(entry.call)
    this.#states = before
    if (entry.end !== undefined) this.#left++
    unlift(entry)
  }

  #step(states: readonly State[], input: Input, output: Output | undefined): readonly State[] {
    const [only] = states
    if (states.length === 1) return this.#spec.step(only!, input, output)
    const all: State[] = []
    for (const state of states)
      for (const next of this.#spec.step(state, input, output))
        if (!all.some((each) => this.#spec.equals(each, next))) all.push(next)
    return all
  }

  /** Equal as sets. */
  #same(a: readonly State[], b: readonly State[]): boolean {
    if (a.length !== b.length) return false
    return a.every((state) => b.some((other) => state === other || this.#spec.equals(state, other)))
  }

  #hash(states: readonly State[]): number {
    let sum = 0
    for (const state of states) sum = (sum + this.#spec.hash(state)) | 0
    return sum
  }

  /** Remembers the order that got furthest; of several the shortest. */
  #note({ place, call }: Entry): void {
    if (place < this.#furthest) return
    if (place === this.#furthest && this.#stack.length >= this.#order.length) return
    this.#furthest = place
    this.#stuck = call
    this.#order = this.#stack.map((placed) => placed.entry.call)
  }
}

function twinsOf(calls: readonly TimedCall<unknown, unknown>[]): (number | undefined)[] {
  const last = new Map<string, number>()
  return calls.map(({ input, output }, call) => {
    if (output !== undefined) return undefined
    const text = JSON.stringify(input, (_, value) =>
      typeof value === 'bigint' ? { bigint: String(value) } : value,
    )
    const twin = last.get(text)
    last.set(text, call)
    return twin
  })
}
