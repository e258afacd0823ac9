/**
 * The command: `node dist/test/process/cron/main.js [--seconds N] [--seed S]`, once built.
 * One round; exit code 1 when a promise was broken, 2 when the command line is wrong.
 */

import { command, positiveNumber, type Values, wholeNumber } from '../../command-line.js'
import { runFleet } from './fleet.js'

const USAGE = `node dist/test/process/cron/main.js [options]

  --seconds N  how long under faults (120)
  --seed S     the seed of the faults; by default another one each time
  --faults     prints each fault as it happens
`

const FLAGS = {
  seconds: { type: 'string', default: '120' },
  seed: { type: 'string' },
  faults: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

process.exitCode = await command(USAGE, FLAGS, main)

async function main(values: Values<typeof FLAGS>): Promise<number> {
  const seed = wholeNumber('seed', values.seed, Date.now() % 1_000_000_000)
  const seconds = positiveNumber('seconds', values.seconds)
  const onFault = values.faults ? console.log : () => {}
  const { violations, ...report } = await runFleet({ seed, seconds, onFault })
  console.log(report)
  for (const { rule, message } of violations.slice(0, 10)) console.log(`${rule}: ${message}`)
  console.log(`${violations.length} violations`)
  return violations.length === 0 ? 0 : 1
}
