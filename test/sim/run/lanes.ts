/**
 * Seeds over processes: each lane is a process that takes the next seed when it is done.
 *
 * Every tenth seed is lived twice, the second time in another process when there is one,
 * and both event logs go to files. Two lives of one plan that differ break the rule
 * `determinism`, which names the first line that differs.
 */

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Job, Outcome } from './job.js'

/** Lives one seed at a time: a `SeedProcess`, or a stub in tests. */
export interface SeedRunner {
  /** @returns undefined when it was told to stop before the answer. */
  run(job: Job): Promise<Outcome | undefined>
}

/** What to live, and who listens. */
export interface LanesOptions {
  readonly processes: readonly SeedRunner[]
  /** The next life, or undefined when there is none to begin. */
  next(): Job['life'] | undefined
  /** Hears every outcome. `isAgain`: the seed was lived before, and only the difference counts. */
  onOutcome(outcome: Outcome, isAgain: boolean): void
  /** Where event logs of lives that run twice are kept meanwhile; undefined: no life runs twice. */
  readonly directory: string | undefined
}

/** Every so many seeds one runs twice. */
const AGAIN_EVERY = 10

/** A life that waits for its second run. */
interface Again {
  readonly job: Job['life']
  readonly first: Outcome
  readonly lane: number
}

/** Lives them all. Ends when there is nothing to begin and every process is done. */
export async function runInLanes(options: LanesOptions): Promise<void> {
  const { processes, directory } = options
  const waiting: Again[] = []

  const lane = async (process: SeedRunner, index: number) => {
    for (;;) {
      // Another lane's seed first, so that two processes have lived it.
      const other = waiting.findIndex((again) => again.lane !== index)
      const again = other >= 0 ? waiting.splice(other, 1)[0] : undefined
      const job = again === undefined ? options.next() : undefined
      if (again !== undefined) await liveAgain(process, again)
      else if (job !== undefined) await liveFirst(process, job, index)
      else if (waiting.length > 0) await liveAgain(process, waiting.shift()!)
      else return
    }
  }

  const liveFirst = async (process: SeedRunner, life: Job['life'], index: number) => {
    const seed = seedOf(life)
    const runsTwice = directory !== undefined && seed % AGAIN_EVERY === 0
    const trace = runsTwice ? { trace: { file: logFile(directory, seed, 'first') } } : {}
    const outcome = await process.run({ life, ...trace })
    if (outcome === undefined) return
    options.onOutcome(outcome, false)
    if (runsTwice && isComplete(outcome)) waiting.push({ job: life, first: outcome, lane: index })
  }

  const liveAgain = async (process: SeedRunner, { job, first }: Again) => {
    const seed = seedOf(job)
    const files = [logFile(directory!, seed, 'first'), logFile(directory!, seed, 'second')] as const
    const outcome = await process.run({ life: job, trace: { file: files[1] } })
    if (outcome !== undefined) options.onOutcome(compared(first, outcome, files), true)
    for (const file of files) rmSync(file, { force: true })
  }

  await Promise.all(processes.map(lane))
}

function seedOf(life: Job['life']): number {
  return 'plan' in life ? life.plan.seed : life.seed
}

function logFile(directory: string, seed: number, run: string): string {
  return join(directory, `${seed}-${run}.log`)
}

/** Whether a life got to its end, so that a second one can be compared with it. */
function isComplete({ life }: Outcome): boolean {
  return life.logLines > 0
}

/** The second outcome, with a violation exactly when it differs from the first. */
function compared(first: Outcome, second: Outcome, files: readonly [string, string]): Outcome {
  const [one, two] = [first.life, second.life]
  const isSame = one.logHash === two.logHash && one.logLines === two.logLines
  const { violation: _, ...life } = two
  if (isSame) return { ...second, life }
  const message = isComplete(second)
    ? `two lives of the same plan differ: ${firstDifference(...files)}`
    : `the second life of the same plan ended otherwise: ${two.violation?.message}`
  return { ...second, life: { ...life, violation: { rule: 'determinism', message } } }
}

/** The first line of two logs that is not the same in both. */
export function firstDifference(fileA: string, fileB: string): string {
  const [a, b] = [fileA, fileB].map((file) => readFileSync(file, 'utf8').split('\n'))
  const at = a!.findIndex((line, index) => line !== b![index])
  if (at < 0 && a!.length === b!.length) return 'their logs have the same lines'
  const line = at < 0 ? a!.length : at
  const show = (lines: readonly string[]) => JSON.stringify(lines[line] ?? 'the end of the log')
  return `line ${line + 1} is ${show(a!)} and then ${show(b!)}`
}
