/**
 * Registers: keys that hold one value, are read, written, deleted, and compared and set.
 *
 * A state also has the revision of the last write, because clients compare that as well.
 * A write that nobody heard of has an unknown one, which equals every other.
 */

import type { SequentialSpec } from './spec.js'

/** What a register holds. */
export interface Register {
  /** Undefined: nothing. */
  readonly value: string | undefined
  /** Of the last write; 0 for nothing, undefined where nobody knows. */
  readonly revision: number | undefined
}

/** A call on a register. */
export type RegisterInput = { readonly key: string } & (
  | { readonly kind: 'read' }
  /** Writes a value, or deletes. */
  | { readonly kind: 'write'; readonly value: string | undefined }
  /** Writes if the register holds this. */
  | { readonly kind: 'swap'; readonly from: RegisterGuard; readonly value: string }
)

/** A condition on a register. */
export type RegisterGuard = { readonly value: string } | { readonly revision: number }

/** What a call answers; what is absent was not told. */
export interface RegisterOutput {
  /** What the register held before. */
  readonly seen?: Register
  /** Whether it was written: false only for a swap that found something else, or nothing to delete. */
  readonly written?: boolean
  /** Of the write. */
  readonly revision?: number
}

const NOTHING: Register = { value: undefined, revision: 0 }

/** See the head of the file. */
export const registerSpec: SequentialSpec<Register, RegisterInput, RegisterOutput> = {
  init: () => NOTHING,

  step(state, input, output) {
    const before = agreed(state, output?.seen)
    if (before === undefined) return []
    if (input.kind === 'read') return [before]
    const after = { value: input.value, revision: output?.revision }
    if (input.kind === 'write') {
      if (input.value !== undefined) return [after]
      const there = before.value !== undefined
      return output?.written === undefined || output.written === there ? [NOTHING] : []
    }
    const possible = outcomes(before, input.from)
    const told = possible.filter(
      (swaps) => output?.written === undefined || output.written === swaps,
    )
    return told.map((swaps) => (swaps ? after : before))
  },

  equals: (a, b) => a.value === b.value && a.revision === b.revision,

  hash({ value, revision }) {
    let hash = revision ?? -1
    for (let i = 0; i < (value?.length ?? 0); i++) hash = Math.imul(hash, 31) + value!.charCodeAt(i)
    return hash | 0
  },

  partition: ({ key }) => key,
}

/** Whether a guard may hold, and may fail. */
function outcomes(state: Register, guard: RegisterGuard): boolean[] {
  if ('value' in guard) return [state.value === guard.value]
  if (state.revision === undefined) return guard.revision === 0 ? [false] : [true, false]
  return [state.revision === guard.revision]
}

/** The state with what was seen of it; undefined when the two contradict each other. */
function agreed(state: Register, seen: Register | undefined): Register | undefined {
  if (seen === undefined) return state
  if (state.value !== seen.value) return undefined
  if (state.revision === undefined) return seen
  const same = seen.revision === undefined || state.revision === seen.revision
  return same ? state : undefined
}
