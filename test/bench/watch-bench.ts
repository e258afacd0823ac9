/**
 * `npm run bench -- watch`: many watchers and many leases.
 *
 * | scenario | what |
 * | --- | --- |
 * | `one client` | 10,000 watchers of one client, each on a key of its own; every put is one event |
 * | `many clients` | 100 clients with 1,000 watchers in all on one key; every put is 1,000 events |
 * | `leases` | 10,000 leases that one client keeps alive; an event is a renewal |
 *
 * Each row has a server and a client process of its own. A third process writes at an even
 * pace; its values say when they were written, and the delay of an event is its age when the
 * watcher hands it over. Memory is the growth of resident memory while watchers or leases
 * are made; the server's CPU time includes the puts.
 */

import { writeFileSync } from 'node:fs'
import { parseFlags, positiveNumber, someOf, wholeNumber } from '../command-line.js'
import { type Contestant, type ContestantKind, installed } from './contestants.js'
import { usageOf } from './process-usage.js'
import { type WatchRow, watchTable } from './watch-report.js'
import type { WatchReport, WatchSetting } from './watch-worker.js'
import { WorkerProcess } from './worker-process.js'

const SCENARIOS = ['one-client', 'many-clients', 'leases'] as const

const WAYS = ['etcd3-on-etcd', 'conclave-on-etcd', 'conclave'] as const

const USAGE = `npm run bench -- watch [options]

  --scenarios LIST  ${SCENARIOS.join(',')} (all)
  --ways LIST       ${WAYS.join(',')} (all)
  --seconds N       time that is measured per row (10)
  --watchers N      watchers of the one client (10000)
  --clients N       clients that share --shared watchers (100)
  --shared N        watchers of the many clients in all (1000)
  --leases N        leases that one client keeps alive (10000)
  --ttl N           seconds of each lease; it is renewed three times as often (9)
  --rate N          puts per second for the one client (1000); the many clients get a twentieth
  --json FILE       writes the rows there, too
`

const FLAGS = {
  scenarios: { type: 'string' },
  ways: { type: 'string' },
  seconds: { type: 'string', default: '10' },
  watchers: { type: 'string' },
  clients: { type: 'string' },
  shared: { type: 'string' },
  leases: { type: 'string' },
  ttl: { type: 'string' },
  rate: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const PATIENCE_MS = 120_000

/** How much of everything. */
interface Load {
  readonly seconds: number
  readonly clients: number
  /** Watchers or leases. */
  readonly count: number
  /** Puts per second. */
  readonly rate: number
  readonly ttl: number
}

/** Carries out the command. @throws UsageError */
export async function benchWatch(argv: readonly string[]): Promise<void> {
  const values = parseFlags(argv, FLAGS)
  if (values.help) return void process.stdout.write(USAGE)
  const number = (
    flag: 'watchers' | 'clients' | 'shared' | 'leases' | 'ttl' | 'rate',
    otherwise: number,
  ) => wholeNumber(flag, values[flag], otherwise, 1)
  const rate = number('rate', 1000)
  const all = { seconds: positiveNumber('seconds', values.seconds), ttl: number('ttl', 9) }
  const loads: Readonly<Record<(typeof SCENARIOS)[number], Load>> = {
    'one-client': { ...all, clients: 1, count: number('watchers', 10_000), rate },
    'many-clients': {
      ...{ ...all, clients: number('clients', 100), count: number('shared', 1_000) },
      rate: rate / 20,
    },
    leases: { ...all, clients: 1, count: number('leases', 10_000), rate: 0 },
  }
  const kinds = installed()
  const rows: WatchRow[] = []
  for (const scenario of someOf('scenarios', values.scenarios, SCENARIOS))
    for (const way of someOf('ways', values.ways, WAYS)) {
      const kind = kinds.find(({ name }) => (name === 'conclave') === (way === 'conclave'))
      if (kind === undefined) continue
      process.stderr.write(`  ${scenario}, ${way}\n`)
      rows.push({ scenario, way, ...(await measure(kind, way, scenario, loads[scenario])) })
    }
  process.stdout.write(watchTable(rows))
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
}

type Result = Omit<WatchRow, 'scenario' | 'way'>

async function measure(
  kind: ContestantKind,
  way: (typeof WAYS)[number],
  scenario: (typeof SCENARIOS)[number],
  load: Load,
): Promise<Result> {
  const server = await kind.start(1)
  const watcher = new WorkerProcess('./watch-worker.js')
  const writer = new WorkerProcess('./watch-worker.js')
  const { endpoints } = server
  const library = way === 'etcd3-on-etcd' ? 'etcd3' : 'conclave'
  const setting: WatchSetting = { library, endpoints, clients: load.clients }
  try {
    if (scenario === 'leases') return await keepAlive(server, watcher, setting, load)
    const keys = scenario === 'one-client' ? ownKeys(load.count) : ['watched']
    const watched = Array.from({ length: load.count }, (_, i) => keys[i % keys.length]!)
    const made = await growth(server, watcher, load.count, () =>
      watcher.ask('watch', { ...setting, keys: watched }, PATIENCE_MS),
    )
    const puts = { endpoints, keys, perSecond: load.rate }
    await writer.ask('write', { ...puts, seconds: 1 }, PATIENCE_MS)
    return {
      ...made,
      ...(await costs(server, watcher, () =>
        writer.ask('write', { ...puts, seconds: load.seconds }, PATIENCE_MS),
      )),
    }
  } catch (error) {
    return { failed: (error as Error).message }
  } finally {
    await Promise.all([watcher.stop(), writer.stop()])
    await server.stop()
  }
}

async function keepAlive(
  server: Contestant,
  watcher: WorkerProcess,
  setting: WatchSetting,
  load: Load,
): Promise<Result> {
  const { count, ttl, seconds } = load
  const made = await growth(server, watcher, count, () =>
    watcher.ask('leases', { ...setting, count, ttl }, PATIENCE_MS),
  )
  const wait = () => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const cost = await costs(server, watcher, wait)
  return {
    ...made,
    ...cost,
    p50Ms: undefined,
    p99Ms: undefined,
    duePerSecond: (count * 3) / ttl,
  }
}

function ownKeys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `watched/${String(i).padStart(8, '0')}`)
}

/** Resident memory that `make` took on both sides, per watcher or lease. */
async function growth(
  server: Contestant,
  watcher: WorkerProcess,
  count: number,
  make: () => Promise<unknown>,
) {
  const resident = async () => ({
    client: await watcher.ask<number>('memory', null, PATIENCE_MS),
    server: usageOf(server.pids)?.memoryBytes ?? Number.NaN,
  })
  const before = await resident()
  await make()
  const after = await resident()
  return {
    clientBytesEach: (after.client - before.client) / count,
    serverBytesEach: (after.server - before.server) / count,
  }
}

/** What was seen while `load` went on, and its CPU time on both sides. */
async function costs(server: Contestant, watcher: WorkerProcess, load: () => Promise<unknown>) {
  await watcher.ask('begin', null, PATIENCE_MS)
  const before = usageOf(server.pids)?.cpuMs ?? Number.NaN
  await load()
  const report = await watcher.ask<WatchReport>('report', null, PATIENCE_MS)
  const after = usageOf(server.pids)?.cpuMs ?? Number.NaN
  return {
    eventsPerSecond: report.events / report.seconds,
    lost: report.lost,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    clientMicrosPerEvent: report.cpuMicros / report.events,
    serverMicrosPerEvent: ((after - before) * 1000) / report.events,
  }
}
