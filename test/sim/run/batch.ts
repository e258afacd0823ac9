/** Many seeds on all cores, and the report of them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
 * Runs the seeds. An interrupt ends it with the report of what is done.
 *
 * @param options for the processes; tests name a program of their own.
 * @returns the exit code: 0 when every life kept every promise.
 */
export async function runBatch(
  command: BatchCommand,
  options: SeedProcessOptions = {},
): Promise<number> {
  const { from, seeds, jobs, minutes, coverage } = command
  const startMs = performance.now()
  const deadlineMs = minutes === undefined ? undefined : startMs + minutes * 60_000
  const processes = Array.from(
    { length: Math.min(jobs, seeds) },
    () => new SeedProcess({ ...options, coverage }),
  )
  const paint = paintFor(process.stdout)
  const progress = new Progress(process.stdout)
  const tally = new Tally()
  const directory = mkdtempSync(join(tmpdir(), 'conclave-sim-'))

  let isInterrupted = false
  const interrupt = () => {
    isInterrupted = true
    for (const one of processes) one.kill()
  }
  process.once('SIGINT', interrupt)

  let begun = 0
  const isOver = () => isInterrupted || performance.now() >= (deadlineMs ?? Infinity)
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
    process.stdout.write(reportText(totals, wallMs, paint) + rulesText(tally.failures))
    if (rooms !== undefined) process.stdout.write(coverageText(rooms, command.misses))
    if (isInterrupted) process.stdout.write('interrupted: this is what was done until then\n')
    if (command.json !== undefined)
      writeJson(command.json, {
        from,
        ...totals,
        wallMs,
        failures: tally.failures,
        ...(rooms === undefined ? {} : { coverage: rooms }),
      })
    return verdictCode(totals.passed, totals.failed)
  } finally {
    process.off('SIGINT', interrupt)
    for (const one of processes) one.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A batch in which nothing was lived proves nothing. */
function verdictCode(passed: number, failed: number): number {
  return failed === 0 && passed > 0 ? 0 : 1
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
