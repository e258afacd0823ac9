/**
 * What a process asked of the store and what it heard: the material of every judge.
 *
 * Operations are recorded at the client's surface, so a client that repeats what it must
 * not repeat is judged too. One recorder numbers the beginnings and the ends of all
 * operations in the order in which they happened: `a.ended < b.began` says that `a` was
 * over before `b` began, and nothing else does.
 */

import type { EtcdErrorName } from '../../client/wire/etcd-errors.js'
import type { Call, Calls } from '../model/call.js'

/** How an operation came out. */
export type Answer =
  /** It happened, and this is the answer. */
  | { readonly kind: 'ok'; readonly response: Calls[Call['kind']][1] }
  /** The cluster refused it by its rules: it did not happen. */
  | { readonly kind: 'refused'; readonly error: EtcdErrorName }
  /** It provably did not happen, for no fault of its own: no leader, no connection, too many requests. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** It may have happened, may never happen, or may happen yet. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** One operation. */
export interface Operation {
  /** By order of beginning, from 0. */
  readonly id: number
  /** Who asked; operations of one process may overlap. */
  readonly process: string
  readonly call: Call
  /** Place in the common numbering of beginnings and ends. */
  readonly began: number
  /** Likewise; Infinity while it is under way, and for an unknown outcome, which may come later. */
  readonly ended: number
  /** Virtual or monotonic milliseconds, for people and for lease rules. */
  readonly beganMs: number
  /** Likewise; undefined while it is under way. */
  readonly endedMs: number | undefined
  /** Undefined while it is under way; judged as unknown. */
  readonly answer: Answer | undefined
  /** It was answered in pieces, on a stream of its own. */
  readonly streamed?: boolean
}

/** What a judge found: a broken promise, or that it could not judge, which fails the run as well. */
export interface Violation {
  /** The rule, by its name in the judge. */
  readonly rule: string
  /** What is wrong, with the operations and revisions concerned. */
  readonly message: string
  /** The judge gave up: too large, out of time. */
  readonly undecided?: true
}
