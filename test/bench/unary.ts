/**
 * `npm run bench -- unary`: put and range through unary calls, ours and etcd side by side in one run.
 *
 * For each number of members and callers both servers are up at the same time and take
 * turns, so that a noisy machine is noisy for both. What counts is the ratio; the load
 * generator runs on the same cores and has its share of every figure.
 *
 *     npm run bench -- unary --seconds 3 --callers 1,100,1000 --members 1,3 --json results.json
 */

import { writeFileSync } from 'node:fs'
import { parseFlags, positiveNumber, wholeNumbers } from '../command-line.js'
import { type Contestant, type ContestantKind, installed } from './contestants.js'
import { Load, type LoadResult, type Operation } from './load.js'
import { usageOf } from './process-usage.js'
import { type Row, table } from './report.js'

const WARM_UP_SECONDS = 1

const FLAGS = {
  seconds: { type: 'string', default: '3' },
  callers: { type: 'string', default: '1,100,1000' },
  members: { type: 'string', default: '1,3' },
  json: { type: 'string' },
} as const

type Running = readonly (readonly [ContestantKind, Contestant])[]

/** Carries out the command. @throws UsageError */
export async function benchUnary(argv: readonly string[]): Promise<void> {
  const values = parseFlags(argv, FLAGS)
  const seconds = positiveNumber('seconds', values.seconds)
  const kinds = installed()
  const rows: Row[] = []
  for (const members of wholeNumbers('members', values.members)) {
    const running = await startAll(kinds, members)
    try {
      for (const callers of wholeNumbers('callers', values.callers))
        for (const operation of ['put', 'range'] as const)
          for (const [kind, contestant] of running)
            rows.push(await measure(kind, contestant, { members, callers, operation, seconds }))
    } finally {
      await Promise.all(running.map(([, contestant]) => contestant.stop()))
    }
  }
  process.stdout.write(table(rows))
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
}

async function startAll(kinds: readonly ContestantKind[], members: number): Promise<Running> {
  const running: (readonly [ContestantKind, Contestant])[] = []
  for (const kind of kinds) running.push([kind, await kind.start(members)])
  return running
}

interface Measured {
  readonly members: number
  readonly callers: number
  readonly operation: Operation
  readonly seconds: number
}

async function measure(
  kind: ContestantKind,
  contestant: Contestant,
  { members, callers, operation, seconds }: Measured,
): Promise<Row> {
  process.stderr.write(`  ${kind.name}: ${operation}, ${callers} callers, ${members} members\n`)
  const load = new Load(contestant.leader, callers)
  try {
    await load.fill()
    await load.run(operation, WARM_UP_SECONDS)
    const before = usageOf(contestant.pids)
    const result: LoadResult = await load.run(operation, seconds)
    const after = usageOf(contestant.pids)
    const cpuMs = before && after ? after.cpuMs - before.cpuMs : Number.NaN
    return {
      server: kind.name,
      members,
      operation,
      callers,
      perSecond: result.operations / result.seconds,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      cpuMicrosPerOperation: (cpuMs * 1000) / result.operations,
      memoryBytes: after?.memoryBytes ?? Number.NaN,
      failures: result.failures,
    }
  } finally {
    load.close()
  }
}
