/**
 * Which branches of the server's rooms a run took: the counts of all processes together.
 *
 * A script that no process loaded counts with all its branches as not taken.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Branch, branchesOf } from './branches.js'
import type { ScriptStretches, Stretch } from './precise-coverage.js'
import { BUILT, measuredScripts, ROOMS, roomOf } from './rooms.js'

/** What was taken of one room. Assertions are not among the branches. */
export interface RoomCoverage {
  readonly room: string
  readonly branches: number
  readonly taken: number
  /** Arms that only throw a plain `Error`. */
  readonly assertions: number
  /** `path:line kind` of every branch that nothing took. */
  readonly misses: readonly string[]
}

/** What counts as a branch, for the reader of a report. */
export const WHAT_A_BRANCH_IS =
  'A branch is an arm of an if (a missing else too) or of ?:, the right side of &&, || or ??, a case, or a\n' +
  'catch; an if arm that only throws a plain Error is an assertion and not counted.'

/** Adds up the processes' counts. */
export function coverageOf(processes: readonly ScriptStretches[]): RoomCoverage[] {
  const scripts = measuredScripts().map((url) => ({ url, room: roomOf(url)!, ...read(url) }))
  return ROOMS.map((room) => {
    const counted = scripts
      .filter((script) => script.room === room)
      .flatMap(({ url, path, branches }) => {
        const runs = processes.filter((ran) => ran.url === url).map(({ stretches }) => stretches)
        return branches.map((branch) => ({ branch, path, isTaken: isTaken(branch, runs) }))
      })
    const counting = counted.filter(({ branch }) => !branch.isAssertion)
    const missed = counting.filter(({ isTaken }) => !isTaken)
    return {
      room,
      branches: counting.length,
      taken: counting.length - missed.length,
      assertions: counted.length - counting.length,
      misses: missed.map(({ branch, path }) => `${path}:${branch.line} ${branch.kind}`),
    }
  })
}

/** Whether one of the processes took this branch. */
export function isTaken(branch: Branch, processes: readonly (readonly Stretch[])[]): boolean {
  return processes.some((stretches) => {
    const count = countAt(stretches, branch.offset)
    if (branch.insteadOf === undefined) return count > 0
    return countAt(stretches, branch.insteadOf) > count
  })
}

/** How often the code at this offset ran: what the innermost stretch around it says. */
function countAt(stretches: readonly Stretch[], offset: number): number {
  let innermost: Stretch | undefined
  for (const stretch of stretches) {
    if (offset < stretch.startOffset || offset >= stretch.endOffset) continue
    if (innermost === undefined || length(stretch) <= length(innermost)) innermost = stretch
  }
  return innermost?.count ?? 0
}

function length({ startOffset, endOffset }: Stretch): number {
  return endOffset - startOffset
}

function read(url: string): { path: string; branches: Branch[] } {
  const script = readFileSync(fileURLToPath(url), 'utf8')
  const map = readFileSync(fileURLToPath(`${url}.map`), 'utf8')
  const path = url.slice(BUILT.href.length).replace(/\.js$/, '.ts')
  return { path, branches: branchesOf(script, map) }
}
