/**
 * `npm run bench -- client`: four ways to call a cluster, side by side in one run.
 *
 * etcd3 (npm) on etcd; our client on etcd; our client on our server with unary calls, and
 * through the pipeline. For each number of members both clusters are up at the same time;
 * for each operation and number of callers the four take turns in short slices, so that a
 * noisy machine is noisy for all. Every way has a process of its own, so that CPU time of
 * client and servers can be told apart. All share the machine's cores; what counts is the
 * ratio.
 */

import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseFlags, positiveNumber, someOf, wholeNumber, wholeNumbers } from '../command-line.js'
import { type ClientRow, clientTable, verdict } from './client-report.js'
import type { Preparation, Slice, WorkerReport } from './client-worker.js'
import { type Contestant, type ContestantKind, installed } from './contestants.js'
import { type DriverName, OPERATIONS, type Operation } from './driver.js'
import { usageOf } from './process-usage.js'
import { WorkerProcess } from './worker-process.js'

const USAGE = `npm run bench -- client [options]

  --seconds N   load per row (3)
  --slices N    turns in which each row gets its seconds (3)
  --ops LIST    ${OPERATIONS.join(',')} (all)
  --callers L   numbers of concurrent callers (1,100,1000,5000)
  --members L   sizes of the clusters (1,3)
  --ways LIST   ${wayNames().join(',')} (all)
  --target T    all: clients know every member; leader: only the leader (all)
  --json FILE   writes the rows there, too
`

const FLAGS = {
  seconds: { type: 'string', default: '3' },
  slices: { type: 'string', default: '3' },
  ops: { type: 'string' },
  callers: { type: 'string', default: '1,100,1000,5000' },
  members: { type: 'string', default: '1,3' },
  ways: { type: 'string' },
  target: { type: 'string', default: 'all' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const WARM_UP_SECONDS = 1
/** For preparations, and for callers that wait for their last answer. */
const PATIENCE_MS = 60_000

interface Way {
  readonly name: string
  readonly driver: DriverName
  readonly server: 'etcd' | 'conclave'
}

function ways(): readonly Way[] {
  return [
    { name: 'etcd3-on-etcd', driver: 'etcd3', server: 'etcd' },
    { name: 'conclave-on-etcd', driver: 'conclave', server: 'etcd' },
    { name: 'conclave-unary', driver: 'conclave-unary', server: 'conclave' },
    { name: 'conclave', driver: 'conclave', server: 'conclave' },
  ]
}

function wayNames(): string[] {
  return ways().map(({ name }) => name)
}

interface Measurement {
  readonly members: number
  readonly operation: Operation
  readonly callers: number
  readonly seconds: number
  readonly slices: number
}

/** Carries out the command. @throws UsageError */
export async function benchClient(argv: readonly string[]): Promise<void> {
  const values = parseFlags(argv, FLAGS)
  if (values.help) return void process.stdout.write(USAGE)
  const seconds = positiveNumber('seconds', values.seconds)
  const slices = wholeNumber('slices', values.slices, 3, 1)
  const chosen = new Set(someOf('ways', values.ways, wayNames()))
  const [target] = someOf('target', values.target, ['all', 'leader'])
  const kinds = installed()
  const rows: ClientRow[] = []
  for (const members of wholeNumbers('members', values.members)) {
    const clusters = await startAll(kinds, members)
    try {
      for (const operation of someOf('ops', values.ops, OPERATIONS))
        for (const callers of wholeNumbers('callers', values.callers)) {
          const parts = ways()
            .filter(({ name, server }) => chosen.has(name) && clusters.has(server))
            .map((way) => new Part(way, clusters.get(way.server)!, target === 'leader'))
          rows.push(...(await measure(parts, { members, operation, callers, seconds, slices })))
        }
    } finally {
      await Promise.all([...clusters.values()].map((cluster) => cluster.stop()))
    }
  }
  process.stdout.write(clientTable(rows) + verdict(rows))
  if (values.json !== undefined) {
    const machine = { cores: cpus().length, cpu: cpus()[0]?.model, node: process.version }
    const report = { machine, servers: kinds.map(({ name }) => name), rows }
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  }
}

async function startAll(
  kinds: readonly ContestantKind[],
  members: number,
): Promise<Map<Way['server'], Contestant>> {
  const clusters = new Map<Way['server'], Contestant>()
  for (const kind of kinds)
    clusters.set(kind.name === 'conclave' ? 'conclave' : 'etcd', await kind.start(members))
  return clusters
}

/** One way in one measurement: its process, and what its slices cost so far. */
class Part {
  readonly way: Way
  readonly #cluster: Contestant
  readonly #endpoints: readonly string[]
  readonly #worker = new WorkerProcess('./client-worker.js')
  #clientMicros = 0
  #serverMicros = 0
  #failure: string | undefined

  constructor(way: Way, cluster: Contestant, leaderOnly: boolean) {
    this.way = way
    this.#cluster = cluster
    this.#endpoints = leaderOnly ? [cluster.leader] : cluster.endpoints
  }

  async prepare({ operation, callers, members }: Measurement): Promise<void> {
    const preparation: Preparation = {
      ...{ driver: this.way.driver, endpoints: this.#endpoints, operation, callers },
      scope: `${this.way.name}/${operation}/${members}/${callers}/`,
    }
    await this.#try(async () => {
      await this.#worker.ask('prepare', preparation, PATIENCE_MS)
      await this.#run(WARM_UP_SECONDS)
      await this.#worker.ask('begin', null, PATIENCE_MS)
    })
  }

  async slice(seconds: number): Promise<void> {
    await this.#try(async () => {
      const before = usageOf(this.#cluster.pids)?.cpuMs ?? Number.NaN
      const { cpuMicros } = await this.#run(seconds)
      const after = usageOf(this.#cluster.pids)?.cpuMs ?? Number.NaN
      this.#clientMicros += cpuMicros
      this.#serverMicros += (after - before) * 1000
    })
  }

  async row({ members, operation, callers }: Measurement): Promise<ClientRow> {
    const place = { way: this.way.name, members, operation, callers }
    const report = await this.#try(() =>
      this.#worker.ask<WorkerReport>('report', null, PATIENCE_MS),
    )
    await this.#worker.stop()
    if (report === undefined) return { ...place, failed: this.#failure ?? 'it failed' }
    return {
      ...place,
      transport: report.transport,
      perSecond: report.operations / report.seconds,
      p50Ms: report.p50Ms,
      p99Ms: report.p99Ms,
      clientMicrosPerOperation: this.#clientMicros / report.operations,
      serverMicrosPerOperation: this.#serverMicros / report.operations,
      clientMemoryBytes: report.memoryBytes,
      serverMemoryBytes: usageOf(this.#cluster.pids)?.memoryBytes ?? Number.NaN,
      failures: report.failures,
      firstFailure: report.firstFailure,
    }
  }

  #run(seconds: number): Promise<Slice> {
    return this.#worker.ask<Slice>('run', { seconds }, seconds * 1000 + PATIENCE_MS)
  }

  /** A way that cannot do it is a row that says so; the others go on. */
  async #try<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (this.#failure !== undefined) return undefined
    try {
      return await act()
    } catch (error) {
      this.#failure = (error as Error).message
      return undefined
    }
  }
}

async function measure(parts: readonly Part[], measurement: Measurement): Promise<ClientRow[]> {
  const { members, operation, callers, seconds, slices } = measurement
  process.stderr.write(`  ${operation}, ${callers} callers, ${members} members\n`)
  for (const part of parts) await part.prepare(measurement)
  for (let i = 0; i < slices; i++) for (const part of parts) await part.slice(seconds / slices)
  const rows: ClientRow[] = []
  for (const part of parts) rows.push(await part.row(measurement))
  return rows
}
