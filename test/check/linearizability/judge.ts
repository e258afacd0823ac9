/** The general judge: is there an order of the calls, true to time, in which the object would answer so? */

import type { Violation } from '../operation.js'
import type { SequentialSpec, TimedCall } from './spec.js'

/** Bounds of a search. */
export interface SearchLimits {
  /** Calls that may be tried in one partition before the judge gives up; default 5 million. */
  readonly stepsMax?: number
}

/** Empty: the calls are linearizable. What cannot be decided within the limits is a violation, too. */
export function judgeLinearizable<State, Input, Output>(
  _spec: SequentialSpec<State, Input, Output>,
  _calls: readonly TimedCall<Input, Output>[],
  _limits: SearchLimits = {},
): Violation[] {
  throw new Error('nothing is judged yet')
}
