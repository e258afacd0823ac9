/** What `npm run bench -- watch` found, as a table. */

import { markdown } from './report.js'

/** One way in one scenario; without numbers when it failed. */
export interface WatchRow {
  readonly scenario: string
  readonly way: string
  readonly failed?: string
  /** Events or renewals. */
  readonly eventsPerSecond?: number
  /** Renewals that should have been. */
  readonly duePerSecond?: number
  readonly lost?: number
  readonly p50Ms?: number | undefined
  readonly p99Ms?: number | undefined
  /** Growth of resident memory per watcher or lease. */
  readonly clientBytesEach?: number
  readonly serverBytesEach?: number
  readonly clientMicrosPerEvent?: number
  readonly serverMicrosPerEvent?: number
}

const HEADER = [
  'scenario',
  'client and server',
  'events/s',
  'delay p50 ms',
  'delay p99 ms',
  'client B each',
  'server B each',
  'client µs/event',
  'server µs/event',
  'lost',
]

/** A Markdown table, and below it what failed and why. */
export function watchTable(rows: readonly WatchRow[]): string {
  const lines = rows.map((row) => [
    row.scenario,
    row.way + (row.failed === undefined ? '' : ': failed'),
    fixed(row.eventsPerSecond, 0) +
      (row.duePerSecond === undefined ? '' : ` of ${row.duePerSecond.toFixed(0)} due`),
    fixed(row.p50Ms, 2),
    fixed(row.p99Ms, 2),
    fixed(row.clientBytesEach, 0),
    fixed(row.serverBytesEach, 0),
    fixed(row.clientMicrosPerEvent, 1),
    fixed(row.serverMicrosPerEvent, 1),
    fixed(row.lost, 0),
  ])
  const failures = rows.flatMap(({ scenario, way, failed }) =>
    failed === undefined ? [] : [`${scenario}, ${way}: ${failed}\n`],
  )
  return markdown(HEADER, lines) + failures.join('')
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? '' : value.toFixed(digits)
}
