/** What `npm run bench -- recipes` found, as a table. */

import type { RecipeReport } from './recipes-worker.js'
import { markdown } from './report.js'

/** One way in one scenario; without a report when it failed. */
export interface RecipeRow {
  readonly scenario: string
  readonly way: string
  readonly failed?: string
  readonly report?: RecipeReport
  /** CPU time of the server. */
  readonly serverMicros?: number
}

const HEADER = [
  'scenario',
  'client and server',
  'ops/s',
  'p50 ms',
  'p99 ms',
  'client µs/op',
  'server µs/op',
  'of etcd3',
  'notes',
]

/** A Markdown table, and below it what failed and why. */
export function recipesTable(rows: readonly RecipeRow[]): string {
  const failures = rows.flatMap(({ scenario, way, failed, report }) => {
    const why = failed ?? report?.firstFailure
    return why === undefined ? [] : [`${scenario}, ${way}: ${why}\n`]
  })
  return (
    markdown(
      HEADER,
      rows.map((row) => cellsOf(row, rows)),
    ) + failures.join('')
  )
}

function cellsOf(row: RecipeRow, rows: readonly RecipeRow[]): string[] {
  const { scenario, way, report, serverMicros } = row
  if (report === undefined) return [scenario, `${way}: failed`, '', '', '', '', '', '', '']
  const { operations, failures, p50Ms, p99Ms, cpuMicros, notes } = report
  const rival = rows.find((other) => other.scenario === scenario && other.way === 'etcd3-on-etcd')
  const ratio =
    rival === undefined || rival === row || rival.report === undefined
      ? ''
      : `${(rate(report) / rate(rival.report)).toFixed(2)}×`
  return [
    scenario,
    way + (failures > 0 ? ` (${failures} failed)` : ''),
    rate(report).toFixed(0),
    fixed(p50Ms),
    fixed(p99Ms),
    (cpuMicros / operations).toFixed(1),
    (serverMicros! / operations).toFixed(1),
    ratio,
    Object.entries(notes)
      .map(([name, value]) => `${name} ${value.toFixed(value < 100 ? 2 : 0)}`)
      .join('; '),
  ]
}

function rate({ operations, seconds }: RecipeReport): number {
  return operations / seconds
}

/** Nothing for what was not measured; it comes as null from another process. */
function fixed(value: number | null): string {
  return value === null || Number.isNaN(value) ? '' : value.toFixed(2)
}
