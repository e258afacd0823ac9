/**
 * `npm run bench -- recipes`: what the recipes cost, on our server and on etcd, beside etcd3
 * (npm) where it has such a thing.
 *
 * Each row has a cluster of one member and a client process of its own, one after the other.
 * CPU time includes making ready what the scenario needs. All share the machine's cores;
 * what counts is the ratio.
 */

import { writeFileSync } from 'node:fs'
import { parseFlags, positiveNumber, someOf } from '../command-line.js'
import { type ContestantKind, installed } from './contestants.js'
import { usageOf } from './process-usage.js'
import { SCENARIOS } from './recipes/table-of-scenarios.js'
import { type RecipeRow, recipesTable } from './recipes-report.js'
import type { RecipeReport, RecipeTask } from './recipes-worker.js'
import { WorkerProcess } from './worker-process.js'

const NAMES = Object.keys(SCENARIOS)
const WAYS = ['etcd3-on-etcd', 'conclave-on-etcd', 'conclave'] as const
type Way = (typeof WAYS)[number]

const USAGE = `npm run bench -- recipes [options]

  --scenarios LIST  ${NAMES.join(',')} (all)
  --ways LIST       ${WAYS.join(',')} (all)
  --seconds N       time that is measured per row (3)
  --json FILE       writes the rows there, too
`

const FLAGS = {
  scenarios: { type: 'string' },
  ways: { type: 'string' },
  seconds: { type: 'string', default: '3' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const PATIENCE_MS = 120_000

/** Carries out the command. @throws UsageError */
export async function benchRecipes(argv: readonly string[]): Promise<void> {
  const values = parseFlags(argv, FLAGS)
  if (values.help) return void process.stdout.write(USAGE)
  const seconds = positiveNumber('seconds', values.seconds)
  const ways = someOf('ways', values.ways, WAYS)
  const kinds = installed()
  const rows: RecipeRow[] = []
  for (const scenario of someOf('scenarios', values.scenarios, NAMES))
    for (const way of ways) {
      const kind = kinds.find(({ name }) => (name === 'conclave') === (way === 'conclave'))
      const isMissing = way === 'etcd3-on-etcd' && SCENARIOS[scenario]!.rival === undefined
      if (kind === undefined || isMissing) continue
      process.stderr.write(`  ${scenario}, ${way}\n`)
      rows.push({ scenario, way, ...(await measure(kind, way, scenario, seconds)) })
    }
  process.stdout.write(recipesTable(rows))
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
}

async function measure(
  kind: ContestantKind,
  way: Way,
  scenario: string,
  seconds: number,
): Promise<Omit<RecipeRow, 'scenario' | 'way'>> {
  const server = await kind.start(1)
  const worker = new WorkerProcess('./recipes-worker.js')
  try {
    const { endpoints, pids } = server
    const library = way === 'etcd3-on-etcd' ? 'etcd3' : 'conclave'
    const task: RecipeTask = { scenario, library, endpoints, seconds }
    const before = usageOf(pids)?.cpuMs ?? Number.NaN
    const report = await worker.ask<RecipeReport>('run', task, PATIENCE_MS)
    const after = usageOf(pids)?.cpuMs ?? Number.NaN
    return { report, serverMicros: (after - before) * 1000 }
  } catch (error) {
    return { failed: (error as Error).message }
  } finally {
    await worker.stop()
    await server.stop()
  }
}
