/**
 * A fleet of cron workers, each a process, under faults: workers are killed, stand still
 * and go on, their clocks are stepped. What their handlers did is judged.
 *
 *     cluster -> workers -> ready -> faults, one worker always left alone -> all whole
 *     -> some seconds -> workers stop -> the judge
 */

import { type ChildProcess, fork } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../../../server/index.js'
import { type CronCall, judgeCron } from '../../check/cron-rules.js'
import type { Violation } from '../../check/operation.js'
import { SeededRandom } from '../../model/random.js'
import { waitFor } from '../process-cluster.js'
import { FLEET_JOBS, type FromWorker, type ToWorker } from './messages.js'

/** What a round is asked for. */
export interface FleetOptions {
  readonly seed: number
  /** Time under faults. */
  readonly seconds: number
  readonly signal?: AbortSignal
  /** Hears of every fault. */
  readonly onFault?: (line: string) => void
}

/** How a round went. */
export interface FleetReport {
  readonly seed: number
  /** Calls by job. */
  readonly calls: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** The longest time between two calls of a job, in milliseconds. */
  readonly longestGapMs: number
  readonly violations: readonly Violation[]
}

const WORKERS = ['w1', 'w2', 'w3'] as const
const TTL_SECONDS = 3
/** A clock is ahead of the machine's, or behind it, by so much at most. */
const AHEAD_MS_MAX = 2_000
/**
 * The declared window: the lease of a runner that died in a run has to end; the one that
 * takes over may be behind it by twice the longest step; the rest is for the run itself, and
 * for processes that start on a busy machine.
 */
const GAP_MS = 1_000 * TTL_SECONDS + 2 * AHEAD_MS_MAX + 5_000
const READY_MS = 30_000
const QUIET_MS = 3_000
const WORKER = resolve('dist/test/process/cron/worker.js')

/** A worker; the object outlives its processes. */
class FleetWorker {
  readonly name: string
  readonly #endpoints: readonly string[]
  readonly #onMessage: (message: FromWorker) => void
  #child: ChildProcess | undefined
  isReady = false
  isStopped = false
  #isDismissed = false
  /** How it ended by itself, if it did. */
  failure: string | undefined

  constructor(
    name: string,
    endpoints: readonly string[],
    onMessage: (message: FromWorker) => void,
  ) {
    this.name = name
    this.#endpoints = endpoints
    this.#onMessage = onMessage
  }

  start(): void {
    const child = fork(WORKER, [this.name, this.#endpoints.join(), String(TTL_SECONDS)])
    this.#child = child
    this.isReady = false
    this.isStopped = false
    this.#isDismissed = false
    child.once('exit', (code, signal) => {
      if (!this.#isDismissed) this.failure = `${this.name} ended with ${signal ?? code}`
    })
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'ready' && this.#child === child) this.isReady = true
      this.#onMessage(message)
    })
  }

  tell(message: ToWorker): void {
    if (this.#child?.connected) this.#child.send(message)
  }

  /** SIGSTOP or SIGCONT. */
  setStopped(isStopped: boolean): void {
    this.isStopped = isStopped
    this.#child?.kill(isStopped ? 'SIGSTOP' : 'SIGCONT')
  }

  /** SIGKILL; resolves when the process has ended and all that it told was heard. */
  async kill(): Promise<void> {
    const child = this.#child
    this.isReady = false
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    this.#isDismissed = true
    child.kill('SIGKILL')
    await new Promise((done) => child.once('close', done))
  }

  /** Asks it to stop, and resolves when it has. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    this.#isDismissed = true
    const closed = new Promise((done) => child.once('close', done))
    this.tell({ kind: 'stop' })
    await Promise.race([closed, sleep(READY_MS, undefined, { ref: false })])
    await this.kill()
  }
}

/** Runs a round. @throws what nobody expected; the processes are ended all the same. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  const cluster = await startCluster({ size: 3, storage: 'memory' })
  const diary = new Map<string, CronCall & { heldUntilMs: number }>()
  const workers = WORKERS.map(
    (name) => new FleetWorker(name, cluster.endpoints, (message) => note(diary, message)),
  )
  const faults: Record<string, number> = {}
  try {
    for (const worker of workers) worker.start()
    await waitFor('workers', () => areReady(workers), READY_MS)
    const fromMs = nowMs()
    await runFaults(workers, faults, options)
    for (const worker of workers) worker.setStopped(false)
    await waitFor('workers again', () => areReady(workers), READY_MS)
    await sleep(QUIET_MS)
    const toMs = nowMs()
    await Promise.all(workers.map((worker) => worker.stop()))
    return report(options.seed, [...diary.values()], faults, { fromMs, toMs })
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await cluster.stop()
  }
}

/** @throws one of them has ended by itself. */
function areReady(workers: readonly FleetWorker[]): boolean {
  const failed = workers.find(({ failure }) => failure !== undefined)
  if (failed !== undefined) throw new Error(failed.failure)
  return workers.every(({ isReady }) => isReady)
}

async function runFaults(
  workers: readonly FleetWorker[],
  faults: Record<string, number>,
  { seed, seconds, signal, onFault = () => {} }: FleetOptions,
): Promise<void> {
  const random = new SeededRandom(seed)
  const endMs = nowMs() + 1_000 * seconds
  const under = new Set<Promise<void>>()
  while (nowMs() < endMs && signal?.aborted !== true) {
    await sleep(random.between(500, 2_500))
    const whole = workers.filter(({ isReady, isStopped }) => isReady && !isStopped)
    if (whole.length < 2) continue
    const worker = whole[random.between(0, whole.length - 1)]!
    const kind = random.weighted({ kill: 3, stop: 3, step: 2 })
    const ms =
      kind === 'step' ? random.between(-AHEAD_MS_MAX, AHEAD_MS_MAX) : random.between(1_000, 6_000)
    faults[kind] = (faults[kind] ?? 0) + 1
    onFault(`${kind} ${worker.name}${kind === 'kill' ? '' : ` ${ms} ms`}`)
    const fault = strike(worker, kind, ms)
    under.add(fault)
    void fault.finally(() => under.delete(fault))
  }
  await Promise.all(under)
}

async function strike(worker: FleetWorker, kind: string, ms: number): Promise<void> {
  if (kind === 'step') worker.tell({ kind: 'step', aheadMs: ms })
  else if (kind === 'stop') {
    worker.setStopped(true)
    await sleep(ms)
    worker.setStopped(false)
  } else {
    await worker.kill()
    worker.start()
  }
}

function note(diary: Map<string, CronCall & { heldUntilMs: number }>, message: FromWorker): void {
  if (message.kind === 'ready') return
  if (message.kind === 'held') {
    const call = diary.get(`${message.job} ${message.fencingToken}`)
    if (call !== undefined) call.heldUntilMs = message.atMs
    return
  }
  const { call } = message
  let name = `${call.job} ${call.fencingToken}`
  // The judge is to see a token that was used twice.
  while (diary.has(name)) name += ' again'
  diary.set(name, { ...call, heldUntilMs: 0 })
}

function report(
  seed: number,
  calls: readonly CronCall[],
  faults: Readonly<Record<string, number>>,
  due: { readonly fromMs: number; readonly toMs: number },
): FleetReport {
  const violations = judgeCron(calls, { due, gapMs: GAP_MS })
  const counts: Record<string, number> = {}
  let longestGapMs = 0
  for (const job of Object.keys(FLEET_JOBS)) {
    const starts = calls.filter((call) => call.job === job).map(({ startMs }) => startMs)
    starts.sort((a, b) => a - b)
    counts[job] = starts.length
    for (const [i, startMs] of starts.entries())
      longestGapMs = Math.max(longestGapMs, startMs - (starts[i - 1] ?? startMs))
  }
  return { seed, calls: counts, faults, longestGapMs, violations }
}

/** Of the clock that the workers tell. */
function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
