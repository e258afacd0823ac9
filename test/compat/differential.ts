/**
 * `npm run test:differential -- --seeds N [--from S]`: the same random sequences to our
 * server and to etcd, until one answer differs.
 *
 * More options: `--lanes` pairs of servers at a time (3), `--differences` to gather before
 * the end (1), `--tally` to count every kind of answer. `ETCD_BIN` names another etcd
 * binary. Ends with 1 when something differs, or when there is no etcd.
 */

import { parseArgs } from 'node:util'
import { runDifferential } from './differential-run.js'
import { findEtcd } from './etcd-process.js'

const values = readOptions()

function readOptions() {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '0' },
        lanes: { type: 'string', default: '3' },
        differences: { type: 'string', default: '1' },
        tally: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
}

const colourful = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number, text: string) => (colourful ? `\x1b[${code}m${text}\x1b[0m` : text)

/** A whole number from the command line. */
function whole(name: 'seeds' | 'from' | 'lanes' | 'differences'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} must be a whole number, not "${values[name]}"`)
  process.exit(1)
}

const etcd = findEtcd()
if (etcd === undefined) {
  console.error('there is no etcd to compare with: set ETCD_BIN or put etcd on the PATH')
  process.exit(1)
}

const seeds = whole('seeds')
const progress = (done: number, steps: number) => {
  const line = `${done} of ${seeds} sequences, ${steps} steps`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`)
  else if (done % Math.max(1, Math.ceil(seeds / 10)) === 0) console.log(line)
}

const startedMs = performance.now()
const result = await runDifferential({
  etcd,
  seeds,
  from: whole('from'),
  lanes: Math.max(1, whole('lanes')),
  differencesMax: Math.max(1, whole('differences')),
  onSequence: progress,
}).catch((error: unknown) => {
  console.error(`the servers could not be started: ${(error as Error).message}`)
  process.exit(1)
})
if (process.stdout.isTTY) process.stdout.write('\n')

for (const { seed, report } of result.differences) {
  console.log(`\n${paint(31, 'DIFFERENT')} ${report}`)
  console.log(`\nagain: npm run test:differential -- --from ${seed} --seeds 1\n`)
}
if (values.tally)
  for (const [name, count] of [...result.tally.outcomes, ...result.tally.rules].sort())
    console.log(`${String(count).padStart(8)}  ${name}`)
const seconds = Math.round((performance.now() - startedMs) / 1000)
if (result.differences.length > 0) {
  console.log(paint(31, `${result.differences.length} differ of ${result.sequences} sequences`))
  process.exit(1)
}
console.log(
  `${paint(32, 'same')}: ${result.sequences} sequences, ${result.tally.steps} steps, ${seconds} s`,
)
