/** What an operation says, by its answer, about where in the order of revisions it stands. */

import type { Calls } from '../../model/call.js'
import { changed, isSerializable } from '../call-parts.js'
import type { Operation } from '../operation.js'

/** An operation and the revision that it stands at. */
export interface Claim {
  readonly operation: Operation
  /** Of a change: the revision that it made. Otherwise that of the state that it saw. */
  readonly revision: number
  readonly changes: boolean
  /** The operation was content with an old state. */
  readonly serializable: boolean
  /** Undefined for an operation without an answer whose change was found in the store. */
  readonly response: Calls[keyof Calls][1] | undefined
}

/** The claim of an answered operation; undefined for one that has no response. */
export function claimOf(operation: Operation): Claim | undefined {
  const { answer, call } = operation
  if (answer?.kind !== 'ok') return undefined
  const { response } = answer
  const revision = response.header?.revision ?? 0
  const changes = changed(call, response)
  return { operation, revision, changes, serializable: isSerializable(call), response }
}

/**
 * Whether an operation without a response may have happened. A member over its quota
 * refuses what it has carried out.
 */
export function mayHaveHappened({ answer }: Operation): boolean {
  if (answer === undefined || answer.kind === 'unknown') return true
  return answer.kind === 'refused' && answer.error === 'noSpace'
}
