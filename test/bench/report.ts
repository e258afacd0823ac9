/** The measurements as a table: a row each, and how ours compares with the one below it. */

/** One measurement. */
export interface Row {
  readonly server: string
  readonly members: number
  readonly operation: string
  readonly callers: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU time of all server processes for one operation. */
  readonly cpuMicrosPerOperation: number
  /** Resident memory of all server processes. */
  readonly memoryBytes: number
  readonly failures: number
}

const HEADER = [
  'members',
  'op',
  'callers',
  'server',
  'ops/s',
  'p50 ms',
  'p99 ms',
  'CPU µs/op',
  'MiB',
  'of etcd',
]

/** A Markdown table. */
export function table(rows: readonly Row[]): string {
  return markdown(
    HEADER,
    rows.map((row) => cellsOf(row, rows)),
  )
}

/** Lines of cells under a header, aligned to the right. */
export function markdown(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const cells = [header, ...lines]
  const widths = header.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, column) => text.padStart(widths[column]!)).join(' | ')} |\n`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|\n`
  return line(cells[0]!) + rule + cells.slice(1).map(line).join('')
}

function cellsOf(row: Row, rows: readonly Row[]): string[] {
  const etcd = rows.find(
    (other) =>
      other.server.startsWith('etcd') &&
      other.members === row.members &&
      other.operation === row.operation &&
      other.callers === row.callers,
  )
  const ratio =
    etcd === undefined || etcd === row ? '' : `${(row.perSecond / etcd.perSecond).toFixed(2)}×`
  return [
    String(row.members),
    row.operation,
    String(row.callers),
    row.server + (row.failures > 0 ? ` (${row.failures} failed)` : ''),
    row.perSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.cpuMicrosPerOperation.toFixed(0),
    (row.memoryBytes / 2 ** 20).toFixed(0),
    ratio,
  ]
}
