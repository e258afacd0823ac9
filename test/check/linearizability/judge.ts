/**
 * The general judge: is there an order of the calls, true to time, in which the object
 * would have answered so? See search.ts for how it is found.
 *
 * A search can take time exponential in the number of calls that overlap, so it is bounded,
 * and giving up is a violation of its own.
 */

import type { Violation } from '../operation.js'
import { show } from '../show.js'
import { type Search, search } from './search.js'
import type { SequentialSpec, TimedCall } from './spec.js'

/** Bounds of a search. */
export interface SearchLimits {
  /** Calls that may be tried in one partition before the judge gives up; default 5 million. */
  readonly stepsMax?: number
}

const STEPS_MAX = 5_000_000
/** So many calls of the order that was found are told, the last ones. */
const TOLD_MAX = 8

/** Empty: the calls are linearizable. What cannot be decided within the limits is a violation, too. */
export function judgeLinearizable<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  calls: readonly TimedCall<Input, Output>[],
  { stepsMax = STEPS_MAX }: SearchLimits = {},
): Violation[] {
  return [...partitions(spec, calls)].flatMap(([name, part]): Violation[] => {
    part.sort((a, b) => a.began - b.began)
    const result = search(spec, part, stepsMax)
    const where = name === '' ? '' : `${name}: `
    if (result.found === undefined) {
      const message = `${where}${part.length} calls, no order after ${result.steps} tries`
      return [{ rule: 'linearizable', message, undecided: true }]
    }
    if (result.found) return []
    return [{ rule: 'linearizable', message: where + tell(spec, part, result) }]
  })
}

function partitions<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  calls: readonly TimedCall<Input, Output>[],
): Map<string, TimedCall<Input, Output>[]> {
  const parts = new Map<string, TimedCall<Input, Output>[]>()
  for (const call of calls) {
    const name = spec.partition?.(call.input) ?? ''
    const part = parts.get(name)
    if (part === undefined) parts.set(name, [call])
    else part.push(call)
  }
  return parts
}

/**
 * The smallest useful story: the answer up to whose end there is an order and with which
 * there is none, the order that got so far, and the calls beside it that found no place.
 */
function tell<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  calls: readonly TimedCall<Input, Output>[],
  { order, stuck }: Search,
): string {
  const line = ({ id, input, output }: TimedCall<Input, Output>) => {
    const told = spec.describe?.(input, output)
    return `#${id} ${told ?? `${show(input)} -> ${output === undefined ? 'unknown' : show(output)}`}`
  }
  const culprit = calls[stuck!]!
  const placed = new Set(order)
  const beside = calls.filter((call, i) => {
    return i !== stuck && !placed.has(i) && call.began < culprit.ended
  })
  const last = order.slice(-TOLD_MAX).map((i) => line(calls[i]!))
  const skipped = order.length - last.length
  return [
    `no order explains ${line(culprit)}`,
    `an order up to there: ${skipped > 0 ? `${skipped} calls, ` : ''}${last.join('; ') || 'none'}`,
    `beside it and without a place: ${beside.slice(0, TOLD_MAX).map(line).join('; ') || 'none'}`,
  ].join('\n  ')
}
