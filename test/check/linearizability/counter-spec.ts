/** A counter: every call adds something, maybe nothing, and answers what it came to. */

import type { SequentialSpec } from './spec.js'

/** A call on a counter. */
export interface CounterInput {
  /** 0 reads. */
  readonly add: number
}

/** What a counter answers. */
export interface CounterOutput {
  /** After the call. */
  readonly value: number
}

/** See the head of the file. */
export const counterSpec: SequentialSpec<number, CounterInput, CounterOutput> = {
  init: () => 0,
  step(state, { add }, output) {
    const value = state + add
    return output === undefined || output.value === value ? [value] : []
  },
  equals: (a, b) => a === b,
  hash: (state) => state,
}
