/** A report of exactly-once for people. */

import type { MarksReport } from './marks-round.js'

/** Several lines, the first ten broken promises among them. */
export function reportText(report: MarksReport): string {
  const { seed, pipeline, operations, applied, streams, resent, violations } = report
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  return [
    `seed ${seed}, ${pipeline === 'off' ? 'single calls' : 'the pipeline'}`,
    `  ${operations} operations; writes: ${list(report.outcomes)}`,
    `  applied: ${applied}, of them duplicates: ${report.duplicates}`,
    `  streams welcomed: ${streams}, calls sent again: ${resent}`,
    `  faults: ${list(report.faults)}`,
    `  longest time without an answer: ${Math.round(report.longestSilenceMs)} ms`,
    `  violations: ${violations.length}`,
    ...violations.slice(0, 10).map(({ rule, message }) => `    ${rule}: ${message}`),
  ].join('\n')
}
