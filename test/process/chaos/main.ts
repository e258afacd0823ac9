/**
 * The command: `npm run chaos -- --minutes N [--seed S] [--round SECONDS]`.
 *
 * Rounds follow each other, each with a cluster and a seed of its own: `S`, `S + 1`, …
 * The first that breaks a promise ends the run with exit code 1; what was recorded is
 * written to a file. A command line that cannot be carried out ends it with 2. An interrupt ends the round in order: its faults are undone, its
 * judges are asked, its processes are ended; a second one ends all at once.
 */

import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, positiveNumber, type Values, wholeNumber } from '../../command-line.js'
import { Interruption } from '../../interruption.js'
import { type Progress, type RoundReport, runRound } from './chaos-round.js'

const USAGE = `npm run chaos -- [options]

  --minutes N      how long (2)
  --seed S         the seed of the first round; by default another one each time
  --round SECONDS  how long one round takes (60)
  --faults         prints each fault as it happens
`

const FLAGS = {
  minutes: { type: 'string', default: '2' },
  seed: { type: 'string' },
  round: { type: 'string', default: '60' },
  faults: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

process.exitCode = await command(USAGE, FLAGS, main)

async function main(values: Values<typeof FLAGS>): Promise<number> {
  const seconds = 60 * positiveNumber('minutes', values.minutes)
  const roundSeconds = Math.min(seconds, positiveNumber('round', values.round))
  const seed = wholeNumber('seed', values.seed, Date.now() % 1_000_000_000)
  const stopping = new AbortController()
  const interruption = new Interruption(() => stopping.abort())
  const { signal } = stopping
  const startedMs = performance.now()
  const minute = () => ((performance.now() - startedMs) / 60_000).toFixed(1)
  const onProgress = ({ operations, faults, sinceWriteMs }: Progress) =>
    console.log(
      `minute ${minute()}: ${operations} operations, ${faults} faults, last write ${Math.round(sinceWriteMs)} ms ago`,
    )
  const onFault = values.faults ? (line: string) => console.log(line) : () => {}
  for (let n = 0; performance.now() - startedMs < 1000 * seconds && !signal.aborted; n++) {
    const leftSeconds = seconds - (performance.now() - startedMs) / 1000
    const report = await runRound({
      ...{ seed: seed + n, seconds: Math.min(roundSeconds, leftSeconds), signal },
      ...{ onProgress, onFault },
    })
    console.log(reportText(report))
    if (report.violations.length > 0) {
      const file = join(tmpdir(), `chaos-${report.seed}.json`)
      writeFileSync(file, JSON.stringify(report, readable))
      console.log(`history in ${file}\nnpm run chaos -- --seed ${report.seed}`)
      return 1
    }
  }
  return interruption.exitCode ?? 0
}

function reportText(report: RoundReport): string {
  const { seed, outcomes, faults, longestGapMs, leasesExpired, revisions, violations } = report
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  return [
    `round of seed ${seed}: ${revisions} revisions`,
    `  operations: ${list(outcomes)}`,
    `  faults: ${list(faults)}`,
    `  longest time without an acknowledged write: ${Math.round(longestGapMs)} ms`,
    `  leases expired: ${leasesExpired}`,
    `  violations: ${violations.length}`,
    ...violations.slice(0, 10).map(({ rule, message }) => `    ${rule}: ${message}`),
  ].join('\n')
}

/** For JSON: big integers as text, bytes as base64. */
function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  // Buffers were turned into this form before anybody asked.
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown }
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('base64') : value
}
