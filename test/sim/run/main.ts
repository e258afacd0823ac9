/**
 * `npm run sim`: whole clusters lived from seeds, in one process and on no real clock, and
 * judged. `--help` lists what it can do.
 *
 * Ends with 0 when every life kept every promise, with 1 when one did not, with 2 when the
 * command line cannot be carried out, and with 130 or 143 when it was interrupted.
 */

import { orUsage } from '../../command-line.js'
import { drawPlan } from '../swarm/plan.js'
import { runBatch } from './batch.js'
import { runCanary } from './canary.js'
import { runOne } from './one.js'
import { type Command, readOptions, USAGE } from './options.js'
import { lifeOf } from './plan-file.js'
import { StartError } from './seed-process.js'
import { runShrink } from './shrink-command.js'

// A reader who has seen enough, such as `head`.
process.stdout.on('error', () => process.exit(1))
process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await orUsage(() => carryOut(readOptions(argv)))
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

async function carryOut(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(USAGE)
      return 0
    case 'batch':
      return runBatch(command)
    case 'one':
      return runOne(command)
    case 'shrink':
      return runShrink(command)
    case 'canary':
      return runCanary(command)
    case 'print-plan': {
      const life = lifeOf(command.subject)
      const plan = 'plan' in life ? life.plan : drawPlan(life.seed)
      process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`)
      return 0
    }
  }
}
