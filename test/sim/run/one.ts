/** One life, with its event log on standard output if wanted, and what it came to. */

import { Interruption } from '../../interruption.js'
import { canaryNamed } from '../canaries/canaries.js'
import { canaryPlan } from '../canaries/canary.js'
import { canaryOptions } from './canary-process.js'
import type { OneCommand } from './options.js'
import { paintFor } from './paint.js'
import { lifeOf } from './plan-file.js'
import { failureText, reportText } from './report.js'
import { SeedProcess, type SeedProcessOptions } from './seed-process.js'
import { Tally } from './tally.js'

/** @returns the exit code: 0 when the life kept every promise. */
export async function runOne(
  command: OneCommand,
  options: SeedProcessOptions = {},
): Promise<number> {
  const { canary, trace, subject } = command
  const life =
    canary !== undefined && 'seed' in subject
      ? { plan: canaryPlan(canaryNamed(canary), subject.seed) }
      : lifeOf(subject)
  const seedProcess = new SeedProcess({
    ...options,
    ...(canary === undefined ? {} : canaryOptions(canary)),
    printsTrace: trace,
  })
  const interruption = new Interruption(() => seedProcess.kill())
  const startMs = performance.now()
  try {
    const outcome = await seedProcess.run({ life, ...(trace ? { trace: 'stdout' } : {}) })
    if (outcome === undefined) return interruption.exitCode ?? 1
    const paint = paintFor(process.stdout)
    const tally = new Tally()
    const failure = tally.add(outcome, false)
    if (failure !== undefined)
      process.stdout.write(
        // A trace has just shown the last events.
        failureText(trace ? { ...failure, lastEvents: [] } : failure, paint, canary),
      )
    process.stdout.write(reportText(tally.totals(), performance.now() - startMs, paint))
    const { logLines, logHash } = outcome.life
    process.stdout.write(`  event log            ${logLines} lines, hash ${logHash}\n`)
    return failure === undefined ? 0 : 1
  } finally {
    interruption.release()
    seedProcess.kill()
  }
}
