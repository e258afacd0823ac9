/** etcdctl's `table`: for lists of members and endpoints only. */

import { formatDuration } from './go-values.js'
import type { ClusterPrinter } from './output.js'
import { hashRows, memberRows, statusRows } from './output-simple.js'

/** Prints lists as tables. */
export const tablePrinter: ClusterPrinter = {
  memberList: (response) =>
    table(
      ['ID', 'STATUS', 'NAME', 'PEER ADDRS', 'CLIENT ADDRS', 'IS LEARNER'],
      memberRows(response),
    ),
  endpointHealth: (answers) =>
    table(
      ['ENDPOINT', 'HEALTH', 'TOOK', 'ERROR'],
      answers.map(({ endpoint, isHealthy, tookMs, error }) => [
        endpoint,
        `${isHealthy}`,
        formatDuration(tookMs),
        error,
      ]),
    ),
  endpointStatus: (answers) =>
    table(
      [
        ...['ENDPOINT', 'ID', 'VERSION', 'DB SIZE', 'IS LEADER', 'IS LEARNER'],
        ...['RAFT TERM', 'RAFT INDEX', 'RAFT APPLIED INDEX', 'ERRORS'],
      ],
      statusRows(answers),
    ),
  endpointHashKv: (answers) => table(['ENDPOINT', 'HASH'], hashRows(answers)),
}

/** A table with its head centred and its cells to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  )
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    rule,
    line(head.map((title, i) => centred(title, widths[i]!))),
    rule,
    ...rows.map((row) => line(row.map((cell, i) => cell.padStart(widths[i]!)))),
    rule,
  ]
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2)
  return text.padStart(text.length + left).padEnd(width)
}
