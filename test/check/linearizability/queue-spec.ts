/** A queue: first in, first out. */

import type { SequentialSpec } from './spec.js'

/** A call on a queue. */
export type QueueInput = { readonly kind: 'push'; readonly item: string } | { readonly kind: 'pop' }

/** What a queue answers; absent: nothing was there. */
export interface QueueOutput {
  readonly item?: string | undefined
}

/** See the head of the file. */
export const queueSpec: SequentialSpec<readonly string[], QueueInput, QueueOutput> = {
  init: () => [],

  step(state, input, output) {
    if (input.kind === 'push') return [[...state, input.item]]
    if (output !== undefined && output.item !== state[0]) return []
    return [state.slice(1)]
  },

  equals: (a, b) => a.length === b.length && a.every((item, i) => item === b[i]),
  hash: (state) => state.length,
}
