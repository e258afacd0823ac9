/** What `npm run bench -- client` found: a table, and how it stands with the goals. */

import type { Operation } from './driver.js'
import { markdown } from './report.js'

/** Where a row belongs. */
interface Place {
  readonly way: string
  readonly members: number
  readonly operation: Operation
  readonly callers: number
}

/** One way under one load. */
export interface ClientMeasured extends Place {
  readonly failed?: undefined
  /** How calls really travelled, as the client says. */
  readonly transport: string | undefined
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly clientMicrosPerOperation: number
  /** Of all members together. */
  readonly serverMicrosPerOperation: number
  readonly clientMemoryBytes: number
  readonly serverMemoryBytes: number
  readonly failures: number
  readonly firstFailure: string | undefined
}

/** One measurement; `failed` says why there is nothing to tell. */
export type ClientRow = ClientMeasured | (Place & { readonly failed: string })

const HEADER = [
  'members',
  'op',
  'callers',
  'client and server',
  'ops/s',
  'p50 ms',
  'p99 ms',
  'client µs/op',
  'server µs/op',
  'of etcd3',
]

const BASE = 'etcd3-on-etcd'

/** A Markdown table, and below it what failed and why. */
export function clientTable(rows: readonly ClientRow[]): string {
  const lines = rows.map((row) => cellsOf(row, rows))
  const failures = rows.flatMap((row) => {
    const why = row.failed ?? row.firstFailure
    return why === undefined ? [] : [`${placeOf(row)}: ${why}\n`]
  })
  return markdown(HEADER, lines) + failures.join('')
}

function placeOf({ way, operation, callers, members }: Place): string {
  return `${way}, ${operation}, ${callers} callers, ${members} members`
}

function cellsOf(row: ClientRow, rows: readonly ClientRow[]): string[] {
  const place = [String(row.members), row.operation, String(row.callers)]
  if (row.failed !== undefined) return [...place, `${row.way}: failed`, '', '', '', '', '', '']
  const base = find(rows, { ...row, way: BASE })
  const travelled = row.transport === undefined ? '' : ` (${row.transport})`
  return [
    ...place,
    row.way + travelled + (row.failures > 0 ? `, ${row.failures} failed` : ''),
    row.perSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.clientMicrosPerOperation.toFixed(0),
    row.serverMicrosPerOperation.toFixed(0),
    base === undefined || base === row ? '' : `${(row.perSecond / base.perSecond).toFixed(2)}×`,
  ]
}

function find(rows: readonly ClientRow[], place: Place): ClientMeasured | undefined {
  return rows.find(
    (row): row is ClientMeasured =>
      row.failed === undefined &&
      row.way === place.way &&
      row.members === place.members &&
      row.operation === place.operation &&
      row.callers === place.callers,
  )
}

/** The goals, each with what was measured; nothing for what was not measured. */
export function verdict(rows: readonly ClientRow[]): string {
  const lines: string[] = []
  const members = [...new Set(rows.map((row) => row.members))]
  for (const size of members)
    for (const operation of ['put', 'get'] as const) {
      const at = (way: string, callers: number) =>
        find(rows, { way, members: size, operation, callers })
      const [ours, theirs] = [at('conclave', 1000), at(BASE, 1000)]
      if (ours && theirs)
        lines.push(
          `${operation}, 1000 callers, ${size} members: ${(ours.perSecond / theirs.perSecond).toFixed(1)} times etcd3 on etcd (goal 10)`,
        )
      const [alone, etcdAlone] = [at('conclave', 1), at('conclave-on-etcd', 1)]
      if (alone && etcdAlone)
        lines.push(
          `${operation}, 1 caller, ${size} members: p50 ${alone.p50Ms.toFixed(2)} ms, on etcd ${etcdAlone.p50Ms.toFixed(2)} ms (goal: not above)`,
        )
      const own = bestOnEtcd(rows, size, operation)
      if (ours && own)
        lines.push(
          `${operation}, ${size} members: ${(ours.perSecond / own.perSecond).toFixed(1)} times the most that any client here got out of etcd (${placeOf(own)}: ${own.perSecond.toFixed(0)}/s)`,
        )
    }
  if (lines.length === 0) return ''
  return `\n${lines.join('\n')}\n${OWN_THROUGHPUT}`
}

/** etcd's own load generator is not part of this. */
const OWN_THROUGHPUT =
  "etcd's own throughput is not measured here: its Go benchmark is not installed. A JavaScript client saturates a core\n" +
  'before etcd does, so the figure above is a lower bound of it; with its own benchmark 18 to 23 thousand put/s were\n' +
  'seen on one member and about 10 thousand on three (two shared cores), which makes the goal 90 to 115 and 50 thousand.\n'

function bestOnEtcd(
  rows: readonly ClientRow[],
  members: number,
  operation: Operation,
): ClientMeasured | undefined {
  return rows
    .filter(
      (row): row is ClientMeasured =>
        row.failed === undefined &&
        row.way.endsWith('on-etcd') &&
        row.members === members &&
        row.operation === operation,
    )
    .sort((a, b) => b.perSecond - a.perSecond)[0]
}
