/**
 * A round of exactly-once: three real members, clients that mark, faults, and the judge.
 *
 *     start -> marks under faults -> faults are undone -> everybody is answered again
 *     -> the clients end -> all members alike -> each tells all its history -> the judge
 */

import { setMaxListeners } from 'node:events'
import { type Client, connect, type PipelineMode } from '../../../client/index.js'
import type { Violation } from '../../check/operation.js'
import { forkRandom } from '../../sim/world/fork.js'
import { type ChaosCluster, onChaosCluster } from '../chaos/chaos-cluster.js'
import { FaultDriver } from '../chaos/fault-driver.js'
import { waitFor } from '../process-cluster.js'
import { type AppliedMark, duplicates, judgeMarks, type MarkedWrite } from './judge.js'
import { LISTS, Marker, MarkRecord } from './marker.js'

/** What a round is asked for. */
export interface MarksOptions {
  readonly seed: number
  /** Time under faults. */
  readonly seconds: number
  /** With it or without it: both make promises, and not the same. */
  readonly pipeline: Exclude<PipelineMode, 'auto'>
  /** Steps that each client begins in a second. Default 15. */
  readonly stepsPerSecond?: number
  /** Ends the faults early. */
  readonly signal?: AbortSignal
  /** Hears of every fault. */
  readonly onFault?: (line: string) => void
}

/** How a round went. */
export interface MarksReport {
  readonly seed: number
  readonly pipeline: MarksOptions['pipeline']
  /** Writes and reads. */
  readonly operations: number
  /** Writes by how they came out, with the code of those that failed. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Marks in the store. */
  readonly applied: number
  /** Marks that stand there again. */
  readonly duplicates: number
  /** Streams that clients opened, and calls that they sent again. */
  readonly streams: number
  readonly resent: number
  readonly faults: Readonly<Record<string, number>>
  /** The longest time in which no client was answered, in milliseconds. */
  readonly longestSilenceMs: number
  readonly violations: readonly Violation[]
}

const CLIENTS = Array.from({ length: 16 }, (_, i) => `c${i + 1}`)
/** What a cluster that is whole again may take for each thing that it owes. */
const OWED_MS = 60_000
/** Some sessions are so short that a fault outlasts them. */
const SHORT_SESSION_SECONDS = 3
const SHORT_SESSION_EVERY = 4

/**
 * Between members, each way: as long as a write is under way, it may be proposed to the next
 * leader again and stand in the log twice.
 */
const LATENCY_MS = 40

/** Runs a round. @throws what nobody expected, such as a wait in vain; the processes are ended all the same. */
export function runMarks(options: MarksOptions): Promise<MarksReport> {
  return onChaosCluster((cluster) => runOn(cluster, options))
}

async function runOn(cluster: ChaosCluster, options: MarksOptions): Promise<MarksReport> {
  const { seed, pipeline, stepsPerSecond = 15 } = options
  const driver = new FaultDriver(cluster, CLIENTS, options.onFault)
  const record = new MarkRecord()
  layLatency(cluster)
  const unanswered: Violation[] = []
  const clients = await connectAll(cluster, pipeline)
  const over = new AbortController()
  setMaxListeners(CLIENTS.length, over.signal)
  try {
    const markers = [...clients].map(
      ([name, client]) => new Marker(name, client, forkRandom(seed, name), record),
    )
    const work = markers.map((marker) => marker.run(stepsPerSecond, over.signal))
    const time = AbortSignal.timeout(Math.round(1000 * options.seconds))
    await driver.run(seed, options.signal ? AbortSignal.any([options.signal, time]) : time)
    await cluster.leader()
    const before = markers.map(({ acknowledged }) => acknowledged)
    const isWaiting = ({ acknowledged }: Marker, i: number) => acknowledged === before[i]
    const isAnswered = waitFor('answers', () => !markers.some(isWaiting), OWED_MS)
    await isAnswered.catch(() => {
      for (const { name } of markers.filter(isWaiting))
        unanswered.push({ rule: 'liveness', message: waitedInVain(name, record.writes) })
    })
    over.abort()
    await Promise.all(work)
  } finally {
    over.abort()
    for (const client of clients.values()) client.close()
  }
  const { applied, violations } = await historyOf(cluster)
  const { writes, reads, longestSilenceMs } = record
  const isOrdered = pipeline === 'require'
  const metrics = [...clients.values()].map((client) => client.metrics())
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
  return {
    ...{ seed, pipeline, longestSilenceMs },
    operations: writes.length + reads.length,
    outcomes: outcomesOf(writes),
    applied: applied.length,
    duplicates: duplicates(applied).length,
    streams: sum(metrics.map((one) => one.pipeline.opened)),
    resent: sum(metrics.map((one) => one.pipeline.resent)),
    faults: driver.counts,
    violations: [
      ...driver.violations,
      ...unanswered,
      ...violations,
      ...judgeMarks({ writes, reads, applied, isOrdered }),
    ],
  }
}

/** Who waited, and how the last of his writes ended. */
function waitedInVain(name: string, writes: readonly MarkedWrite[]): string {
  const ended = writes.filter(({ client, outcome }) => client === name && outcome !== undefined)
  return `${name} waited ${OWED_MS} ms, all being whole; last: ${JSON.stringify(ended.at(-1))}`
}

function layLatency(cluster: ChaosCluster): void {
  const names = cluster.members.map(({ name }) => name)
  const late = { latencyMs: LATENCY_MS }
  for (const from of names)
    for (const to of names) cluster.link(from, to).lay({ there: late, back: late })
}

async function connectAll(
  cluster: ChaosCluster,
  pipeline: PipelineMode,
): Promise<Map<string, Client>> {
  const clients = new Map<string, Client>()
  for (const [i, name] of CLIENTS.entries()) {
    const endpoints = await cluster.endpointsOf(name)
    const pings = { keepAliveIntervalMs: 1000, keepAliveTimeoutMs: 2000, connectTimeoutMs: 1000 }
    const isShort = i % SHORT_SESSION_EVERY === 0
    const session = isShort ? { sessionTtlSeconds: SHORT_SESSION_SECONDS } : {}
    clients.set(name, connect({ endpoints, pipeline, ...pings, ...session }))
  }
  return clients
}

/** What all members say was applied, and how they differ. */
async function historyOf(
  cluster: ChaosCluster,
): Promise<{ applied: AppliedMark[]; violations: Violation[] }> {
  const end = `end of ${LISTS}`
  const client = connect({ endpoints: cluster.endpoints, pipeline: 'require' })
  try {
    await client.kv.put(end, '', { timeoutMs: OWED_MS })
  } finally {
    client.close()
  }
  await waitFor('all members at one index', () => cluster.isLevel(), OWED_MS)
  const hashes = await Promise.all(cluster.members.map((member) => member.hashKv()))
  const histories = await Promise.all(cluster.endpoints.map((endpoint) => marksOf(endpoint, end)))
  const told = new Set(histories.map((marks) => JSON.stringify(marks)))
  const violations: Violation[] = []
  const rule = 'members differ'
  if (new Set(hashes).size > 1) violations.push({ rule, message: `hashes ${hashes.join(', ')}` })
  if (told.size > 1) violations.push({ rule, message: `${told.size} histories` })
  return { applied: histories[0]!, violations }
}

/** The history of all lists as one member tells it, up to the put of the key `end`. */
async function marksOf(endpoint: string, end: string): Promise<AppliedMark[]> {
  const client = connect({ endpoints: endpoint, pipeline: 'off' })
  const marks: AppliedMark[] = []
  try {
    for await (const { kv } of client.watch({ all: true }, { startRevision: 1 })) {
      if (kv.keyString === end) return marks
      const name = kv.keyString.slice(LISTS.length)
      marks.push({ client: name, mark: Number(kv.text()), revision: kv.modRevision })
    }
  } finally {
    client.close()
  }
  throw new Error(`the watch of ${endpoint} ended`)
}

function outcomesOf(writes: readonly MarkedWrite[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of writes) {
    const { kind = 'under way' } = outcome ?? {}
    const name = outcome !== undefined && 'code' in outcome ? `${kind} (${outcome.code})` : kind
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
