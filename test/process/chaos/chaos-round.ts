/**
 * One round of chaos: a cluster of its own, clients at work, faults, and the judges' word.
 *
 *     start -> work under faults -> faults are undone -> the work ends -> all watchers level,
 *     all leases of dead owners gone, all members alike -> judges
 *
 * Whatever happens, every process that was started is ended.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../../../client/index.js'
import { judgeClientWatch } from '../../check/client-watch.js'
import { judgeRegisterSample } from '../../check/linearizability/register-sample.js'
import { judgeLocks } from '../../check/lock-rules.js'
import type { Answer, Operation, Violation } from '../../check/operation.js'
import { intentOf } from '../../check/recorder.js'
import { judgeRevisions } from '../../check/revision-judge.js'
import { judgeWatch } from '../../check/watch-rules.js'
import { NO_WORK } from '../../sim/workloads/table.js'
import type { WorkPlan } from '../../sim/workloads/work-plan.js'
import { startWorkloads, type Workloads } from '../../sim/workloads/workloads.js'
import { forkRandom } from '../../sim/world/fork.js'
import { type ChaosCluster, onChaosCluster } from './chaos-cluster.js'
import { FaultDriver } from './fault-driver.js'
import { judgeLeaseEnds } from './lease-ends.js'
import { Onlooker } from './onlooker.js'

/** What a round is asked for. */
export interface RoundOptions {
  readonly seed: number
  /** Time under faults. */
  readonly seconds: number
  /** Ends the faults early. */
  readonly signal: AbortSignal
  /** Steps that all clients begin in a second. */
  readonly stepsPerSecond?: number
  /** Hears of every fault. */
  readonly onFault?: (line: string) => void
  /** Hears now and then how it goes. */
  readonly onProgress?: (progress: Progress) => void
}

/** How a round goes. */
export interface Progress {
  readonly operations: number
  readonly faults: number
  /** Since the last acknowledged write, in milliseconds. */
  readonly sinceWriteMs: number
}

/** How a round went. */
export interface RoundReport {
  readonly seed: number
  /** Operations by the kind of their answer, with the reason of those that failed. */
  readonly outcomes: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** The longest gap between two acknowledged writes, in milliseconds. */
  readonly longestGapMs: number
  readonly leasesExpired: number
  readonly revisions: number
  readonly violations: readonly Violation[]
  /** Everything that was judged, for a file. */
  readonly history: { readonly operations: readonly Operation[]; readonly material: unknown }
}

const CLIENTS = ['c1', 'c2', 'c3', 'c4', 'c5']
const PROGRESS_MS = 5_000
/** What a cluster that is whole again may take for each thing that it owes. */
const OWED_MS = 45_000
const LOOK_MS = 200

/** Runs a round. @throws what nobody expected; the processes are ended all the same. */
export async function runRound(options: RoundOptions): Promise<RoundReport> {
  return onChaosCluster((cluster) => new Round(cluster, options).run())
}

class Round {
  readonly #cluster: ChaosCluster
  readonly #options: RoundOptions
  readonly #onlooker: Onlooker
  readonly #driver: FaultDriver
  readonly #violations: Violation[] = []
  /** When the work ended; unavailability is measured up to here. */
  #workEndedMs = Number.POSITIVE_INFINITY
  #workloads!: Workloads

  constructor(cluster: ChaosCluster, options: RoundOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#onlooker = new Onlooker(cluster.endpoints, () => performance.now())
    this.#driver = new FaultDriver(cluster, CLIENTS, options.onFault)
  }

  async run(): Promise<RoundReport> {
    const { seed } = this.#options
    const clients = await this.#clients()
    const world = {
      clock: { now: () => performance.now() },
      log: { say: () => {} },
      fork: (name: string) => forkRandom(seed, name),
      process: (name: string) => ({ connect: () => clients.get(name)! }),
    }
    this.#workloads = startWorkloads(world, planOf(this.#options))
    try {
      await this.#underFaults()
      await this.#settle()
    } finally {
      await this.#workloads.close()
      this.#onlooker.close()
    }
    return this.#report()
  }

  async #clients(): Promise<Map<string, Client>> {
    const clients = new Map<string, Client>()
    for (const name of CLIENTS) {
      const endpoints = await this.#cluster.endpointsOf(name)
      const pings = { keepAliveIntervalMs: 1000, keepAliveTimeoutMs: 2000 }
      clients.set(name, connect({ endpoints, connectTimeoutMs: 1000, pipeline: 'off', ...pings }))
    }
    return clients
  }

  async #underFaults(): Promise<void> {
    const { seed, seconds, signal, onProgress } = this.#options
    const over = new AbortController()
    const end = () => over.abort()
    signal.addEventListener('abort', end, { once: true })
    const timer = setTimeout(end, 1000 * seconds)
    const look = setInterval(() => {
      this.#driver.lookForEnded()
      onProgress?.(this.#progress())
      if (this.#driver.violations.length > 0) end()
    }, PROGRESS_MS)
    try {
      await this.#driver.run(seed, over.signal)
    } finally {
      clearTimeout(timer)
      clearInterval(look)
      signal.removeEventListener('abort', end)
    }
  }

  #progress(): Progress {
    const { operations } = this.#workloads
    const recent = operations.slice(-1000).filter(isAcknowledgedWrite)
    const lastMs = Math.max(0, ...recent.map(({ endedMs }) => endedMs ?? 0))
    const sinceWriteMs = performance.now() - lastMs
    return { operations: operations.length, faults: this.#driver.count, sinceWriteMs }
  }

  /** What a cluster that is whole again owes. */
  async #settle(): Promise<void> {
    await this.#cluster.leader()
    const acknowledged = () => this.#workloads.operations.filter(isAcknowledgedWrite).length
    const before = acknowledged()
    await this.#until('an acknowledged write', () => acknowledged() > before)
    this.#workEndedMs = performance.now()
    this.#workloads.stop()
    await this.#owed('all calls answered', this.#workloads.settled)
    await this.#until('an onlooker who is level', () => {
      this.#onlooker.askProgress()
      return this.#onlooker.revision >= this.#workloads.revision
    })
    // Asked once: whoever asks who is behind writes a marker for them to be told of.
    const { revision: owed } = this.#workloads
    await this.#until('the watchers to be level', () => this.#workloads.behind(owed).length === 0)
    await this.#until('all leases gone', () => this.#noLeases())
    await this.#until('all members at one index', () => this.#cluster.isLevel())
    const hashes = await Promise.all(this.#cluster.members.map((member) => member.hashKv()))
    if (new Set(hashes).size > 1)
      this.#violations.push({ rule: 'members differ', message: `hashes ${hashes.join(', ')}` })
    const revision = await this.#revision()
    await this.#until('an onlooker who saw the end', () => {
      this.#onlooker.askProgress()
      return this.#onlooker.revision >= revision
    })
  }

  async #noLeases(): Promise<boolean> {
    const client = connect({ endpoints: this.#cluster.endpoints, pipeline: 'off' })
    try {
      return (await client.lease.list()).length === 0
    } finally {
      client.close()
    }
  }

  async #revision(): Promise<number> {
    const answers = await Promise.all(this.#cluster.members.map((member) => member.status()))
    return Math.max(...answers.map((answer) => answer?.header?.revision ?? 0))
  }

  async #owed(what: string, promise: Promise<unknown>): Promise<void> {
    const over = new AbortController()
    const late = sleep(OWED_MS, 'late' as const, over).catch(() => 'done' as const)
    if ((await Promise.race([promise, late])) === 'late') this.#notDone(what)
    over.abort()
  }

  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + OWED_MS
    for (;;) {
      // A question that fails is asked again.
      if (await Promise.resolve(condition()).catch(() => false)) return
      if (performance.now() > untilMs) return this.#notDone(what)
      await sleep(LOOK_MS)
    }
  }

  #notDone(what: string): void {
    const message = `waited ${OWED_MS} ms for ${what}, all being whole`
    this.#violations.push({ rule: 'liveness', message })
  }

  #report(): RoundReport {
    const { operations, material } = this.#workloads
    const found: Violation[] = [
      ...this.#driver.violations,
      ...this.#violations,
      ...material.violations,
    ]
    const truth = this.#onlooker.truth()
    const leases = judgeLeaseEnds(material.leases, truth, this.#onlooker.toldMs)
    found.push(
      ...leases.violations,
      ...judgeRevisions(operations, truth),
      ...judgeRegisterSample(operations),
      ...judgeLocks(material.locks, operations, truth),
      ...material.watchTraces.flatMap((trace) => judgeWatch(trace, truth)),
      ...[this.#onlooker.record(), ...material.clientWatches].flatMap((one) =>
        judgeClientWatch(one, truth),
      ),
    )
    return {
      seed: this.#options.seed,
      outcomes: countBy(operations.map(({ answer }) => outcomeOf(answer))),
      faults: this.#driver.counts,
      longestGapMs: longestGapMs(operations, this.#workEndedMs),
      leasesExpired: leases.expired,
      revisions: truth.revision,
      violations: found,
      history: { operations, material: { ...material, truth: truth.events } },
    }
  }
}

/** Everything but compaction, which would take the onlooker his truth. */
function planOf({ stepsPerSecond = 60 }: RoundOptions): WorkPlan {
  return {
    clients: CLIENTS.length,
    pipelineShare: 0,
    sessionTtlSeconds: 5,
    stepsPerSecond,
    stepsUnderWayMax: 8,
    operationsMax: 1_000_000,
    weights: {
      ...NO_WORK,
      ...{ registers: 30, append: 20, transactions: 10 },
      ...{ watch: 2, clientWatch: 3, lease: 8, mutex: 5, election: 2 },
    },
    keys: 6,
    valueBytes: 0,
    timeoutMsMin: 500,
    timeoutMsMax: 3_000,
    slowReaderMs: 20,
    compactionIntervalMs: 60_000,
    watchersMax: 3,
    leaseTtlSecondsMin: 2,
    leaseTtlSecondsMax: 5,
    locks: 2,
  }
}

function isAcknowledgedWrite({ call, answer }: Operation): boolean {
  return answer?.kind === 'ok' && intentOf(call) === 'write'
}

function longestGapMs(operations: readonly Operation[], untilMs: number): number {
  const ends = operations
    .filter(isAcknowledgedWrite)
    .map(({ endedMs }) => endedMs ?? 0)
    .filter((ms) => ms <= untilMs)
  ends.sort((a, b) => a - b)
  return ends.reduce((max, ms, i) => Math.max(max, i === 0 ? 0 : ms - ends[i - 1]!), 0)
}

function outcomeOf(answer: Answer | undefined): string {
  if (answer?.kind === 'failed' || answer?.kind === 'unknown')
    return `${answer.kind} (${answer.reason})`
  return answer?.kind ?? 'unanswered'
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
