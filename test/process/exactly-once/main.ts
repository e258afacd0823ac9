/**
 * The command: `node dist/test/process/exactly-once/main.js [--minutes N] [--seed S]`, once
 * built. Rounds of a minute at most follow each other, with the pipeline and without it in
 * turn, with the seeds `S`, `S + 1`, …; the first that breaks a promise ends the run with
 * exit code 1. A command line that cannot be carried out ends it with 2.
 */

import { command, positiveNumber, someOf, type Values, wholeNumber } from '../../command-line.js'
import { Interruption } from '../../interruption.js'
import { runMarks } from './marks-round.js'
import { reportText } from './report-text.js'

const USAGE = `node dist/test/process/exactly-once/main.js [options]

  --minutes N      how long under faults (1)
  --seed S         the seed of the first round; by default another one each time
  --pipeline LIST  require (with it), off (without it), or both in turn (require,off)
  --faults         prints each fault as it happens
`

const FLAGS = {
  minutes: { type: 'string', default: '1' },
  seed: { type: 'string' },
  pipeline: { type: 'string' },
  faults: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const ROUND_SECONDS = 60

process.exitCode = await command(USAGE, FLAGS, main)

async function main(values: Values<typeof FLAGS>): Promise<number> {
  const modes = someOf('pipeline', values.pipeline, ['require', 'off'])
  const stopping = new AbortController()
  const interruption = new Interruption(() => stopping.abort())
  const { signal } = stopping
  const first = wholeNumber('seed', values.seed, Date.now() % 1_000_000_000)
  let left = 60 * positiveNumber('minutes', values.minutes)
  for (let seed = first; left > 0 && !signal.aborted; seed++, left -= ROUND_SECONDS) {
    const seconds = Math.min(left, ROUND_SECONDS)
    for (const pipeline of modes) {
      const onFault = values.faults ? console.log : () => {}
      const report = await runMarks({ seed, seconds, pipeline, signal, onFault })
      console.log(reportText(report))
      if (report.violations.length > 0) return 1
    }
  }
  return interruption.exitCode ?? 0
}
