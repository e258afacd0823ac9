/**
 * A mutex that hands out fencing tokens, and the resource that such tokens protect.
 *
 * The mutex holds for owners that keep their sessions: with leases that expire, two may
 * believe that they hold it, and only the resource can tell.
 */

import type { SequentialSpec } from './spec.js'

/** A call on a mutex. */
export interface MutexInput {
  readonly kind: 'acquire' | 'release'
  readonly owner: string
}

/** What a mutex answers. */
export interface MutexOutput {
  /** Of an acquisition: greater than all before. */
  readonly token?: number
}

/** Who holds a mutex. */
export interface MutexState {
  readonly owner: string | undefined
  /** The highest that is known. */
  readonly token: number
}

/** One owner at a time, and tokens that increase. */
export const mutexSpec: SequentialSpec<MutexState, MutexInput, MutexOutput> = {
  init: () => ({ owner: undefined, token: 0 }),

  step(state, { kind, owner }, output) {
    if (kind === 'release') return state.owner === owner ? [{ ...state, owner: undefined }] : []
    if (state.owner !== undefined) return []
    if (output?.token === undefined) return [{ ...state, owner }]
    return output.token > state.token ? [{ owner, token: output.token }] : []
  },

  equals: (a, b) => a.owner === b.owner && a.token === b.token,
  hash: ({ owner, token }) => token * 2 + Number(owner === undefined),
}

/** A call on a fenced resource: a write with a token, or a read without. */
export interface FencedInput {
  readonly token?: number
  readonly value?: string
}

/** What it answers. */
export interface FencedOutput {
  /** Of a write. */
  readonly accepted?: boolean
  /** Of a read. */
  readonly value?: string | undefined
}

/** What a fenced resource holds. */
export interface FencedState {
  readonly token: number
  readonly value: string | undefined
}

/** Takes a write exactly when its token is not smaller than every token that it has taken. */
export const fencedSpec: SequentialSpec<FencedState, FencedInput, FencedOutput> = {
  init: () => ({ token: 0, value: undefined }),

  step(state, { token, value }, output) {
    if (token === undefined)
      return output === undefined || output.value === state.value ? [state] : []
    const accepted = token >= state.token
    if (output?.accepted !== undefined && output.accepted !== accepted) return []
    return [accepted ? { token, value } : state]
  },

  equals: (a, b) => a.token === b.token && a.value === b.value,
  hash: ({ token }) => token,
}
