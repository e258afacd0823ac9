/** Many seeds on all cores, and the report of them. */

import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../command-line.js'
import { Interruption } from '../../interruption.js'
import { coverageOf } from './coverage.js'
import { runInLanes } from './lanes.js'
import type { BatchCommand } from './options.js'
import { paintFor } from './paint.js'
import { Progress } from './progress.js'
import { coverageText, failureText, reportText, rulesText } from './report.js'
import { SeedProcess, type SeedProcessOptions } from './seed-process.js'
import { faultsOf, Tally } from './tally.js'

/** Failures that are printed whole as they happen. */
const FAILURES_SHOWN = 20

/**
 * Runs the seeds. An interrupt ends it with the report of what is done, and with 130 or 143.
 *
 * @param options for the processes; tests name a program of their own.
 * @returns the exit code: 0 when every life kept every promise.
 * @throws UsageError before anything is lived, when the report could not be written.
 */
export async function runBatch(
  command: BatchCommand,
  options: SeedProcessOptions = {},
): Promise<number> {
  const { from, seeds, jobs, minutes, coverage } = command
  if (command.json !== undefined) checkWritable(command.json)
  const startMs = performance.now()
  const deadlineMs = minutes === undefined ? undefined : startMs + minutes * 60_000
  const processes = Array.from(
    { length: Math.min(jobs, seeds) },
    () => new SeedProcess({ ...options, coverage }),
  )
  const paint = paintFor(process.stdout)
  const progress = new Progress(process.stdout)
  const tally = new Tally()
  const directory = mkdtempSync(join(tmpdir(), `conclave-sim-${process.pid}-`))

  const interruption = new Interruption(() => {
    for (const one of processes) one.kill()
  })
  const isInterrupted = () => interruption.exitCode !== undefined

  let begun = 0
  const isOver = () => isInterrupted() || performance.now() >= (deadlineMs ?? Infinity)
  try {
    await runInLanes({
      processes,
      directory,
      next: () => (begun < seeds && !isOver() ? { seed: from + begun++ } : undefined),
      onOutcome(outcome, isAgain) {
        const failure = tally.add(outcome, isAgain)
        if (failure !== undefined && tally.failures.length <= FAILURES_SHOWN) {
          progress.clear()
          process.stdout.write(`${failureText(failure, paint)}\n`)
        }
        const totals = tally.totals()
        const done = totals.passed + totals.failed
        const faults = faultsOf(totals)
        progress.show({ done, of: seeds, failed: totals.failed, faults, deadlineMs })
      },
    })
    progress.clear()
    const ends = await Promise.all(processes.map((one) => one.end()))
    const wallMs = performance.now() - startMs
    const totals = tally.totals()
    const rooms = coverage ? coverageOf(ends.flat()) : undefined
    process.stdout.write(
      reportText(totals, wallMs, paint, isInterrupted()) + rulesText(tally.failures),
    )
    if (rooms !== undefined) process.stdout.write(coverageText(rooms, command.misses))
    if (isInterrupted()) process.stdout.write('interrupted: this is what was done until then\n')
    if (command.json !== undefined)
      writeJson(command.json, {
        from,
        interrupted: isInterrupted(),
        ...totals,
        wallMs,
        failures: tally.failures,
        ...(rooms === undefined ? {} : { coverage: rooms }),
      })
    return interruption.exitCode ?? verdictCode(totals.passed, totals.failed)
  } finally {
    interruption.release()
    for (const one of processes) one.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A batch in which nothing was lived proves nothing. */
function verdictCode(passed: number, failed: number): number {
  return failed === 0 && passed > 0 ? 0 : 1
}

/** The file is made, if there is none: hours later would be too late to learn that it cannot be. */
function checkWritable(file: string): void {
  try {
    appendFileSync(file, '')
  } catch (error) {
    throw new UsageError(`--json: no report can be written: ${(error as Error).message}`)
  }
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
