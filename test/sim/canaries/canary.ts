/**
 * A canary: a bug of history, put back into the compiled code so that the simulator proves
 * that it would have found it.
 *
 * A bug is a set of replacements in the text of compiled files, made while they are loaded
 * (register.js). Production code has no switch for it, and nothing but a process that was
 * started with `CONCLAVE_CANARY` knows it.
 */

import { drawPlan, type Plan } from '../swarm/plan.js'
import { type Focus, focused } from './focus.js'

/** One replacement. */
export interface Patch {
  /** From the root of the compiled code: `server/raft/core.js`. */
  readonly file: string
  /** Text that the file holds exactly once. */
  readonly find: string
  readonly replace: string
}

/** See the head of the file. */
export interface Canary {
  /** In lower case with hyphens. */
  readonly name: string
  /** Where it comes from, and what goes wrong. */
  readonly story: string
  readonly patches: readonly Patch[]
  /** Absent for a bug that any life may find. */
  readonly focus?: Focus
  /** Most seeds that it may take to find it. */
  readonly seedsMax: number
}

/** The plan of a seed in which the bug is looked for. */
export function canaryPlan({ focus }: Canary, seed: number): Plan {
  const plan = drawPlan(seed)
  return focus === undefined ? plan : focused(plan, focus)
}

/**
 * The text of a file with those of the patches that are for it.
 *
 * @param file from the root of the compiled code.
 * @throws Error a text to be found is not there, or more than once.
 */
export function patched(canary: Canary, file: string, source: string): string {
  let text = source
  for (const patch of canary.patches) {
    if (patch.file !== file) continue
    const times = text.split(patch.find).length - 1
    if (times !== 1)
      throw new Error(`canary ${canary.name}: ${file} holds ${times} times: ${patch.find}`)
    text = text.replace(patch.find, () => patch.replace)
  }
  return text
}
