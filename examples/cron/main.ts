/** A job every second on a fleet of three workers: the one that runs it is killed, and the ticks go on. */

import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect } from 'conclave'
import { Cron } from 'conclave/recipes'
import { withCluster } from '../cluster.js'
import type { Report } from './worker.js'

const NAMES = ['anna', 'ben', 'cleo']
/** Ticks before one is killed, and after it until the end. */
const TICKS = 4
const GIVE_UP_MS = 30_000
/** The killed one's lease of three seconds, and a second or two for the machine. */
const GAP_SECONDS_MAX = 6

const program = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Starts the workers, kills the one that runs the job, and counts the ticks. */
class Fleet {
  readonly reports: Report[] = []
  readonly #workers = new Map<string, ChildProcess>()

  start(endpoints: readonly string[]): void {
    for (const name of NAMES) {
      const worker = fork(program, [name, endpoints.join(',')])
      this.#workers.set(name, worker)
      worker.on('message', (report: Report) => {
        this.reports.push(report)
        const { node, scheduledMs, token } = report
        const time = new Date(scheduledMs).toISOString().slice(11, 19)
        console.log(`  ${time}  ${node} runs the report, token ${token}`)
      })
    }
  }

  async ticks(count: number): Promise<void> {
    const endMs = performance.now() + GIVE_UP_MS
    while (this.reports.length < count) {
      if (performance.now() > endMs) throw new Error('the ticks do not come')
      await sleep(50)
    }
  }

  killRunner(): void {
    const { node } = this.reports.at(-1)!
    console.log(`${node} is killed`)
    this.#workers.get(node)!.kill('SIGKILL')
    this.#workers.delete(node)
  }

  /** The others stop as one should: they end what they run, and hand over. */
  async stop(): Promise<void> {
    const gone = [...this.#workers.values()].map((worker) => {
      const closed = new Promise((done) => worker.once('close', done))
      if (worker.connected) worker.send('stop')
      else worker.kill('SIGKILL')
      return closed
    })
    await Promise.all(gone)
  }
}

await withCluster(async (endpoints) => {
  const fleet = new Fleet()
  try {
    console.log(`${NAMES.join(', ')} share a job that runs every second`)
    fleet.start(endpoints)
    await fleet.ticks(TICKS)
    fleet.killRunner()
    await fleet.ticks(2 * TICKS)
  } finally {
    await fleet.stop()
  }
  const client = connect({ endpoints: [...endpoints] })
  await new Cron(client, 'example').remove('report')
  client.close()
  const ticks = fleet.reports.map(({ scheduledMs }) => scheduledMs / 1_000)
  const gap = Math.max(...ticks.slice(1).map((tick, i) => tick - ticks[i]!)) - 1
  const twice = ticks.length - new Set(ticks).size
  console.log(`${ticks.length} ticks, ${twice} twice, ${gap} left out in a row at most`)
  if (twice > 0 || gap > GAP_SECONDS_MAX) process.exitCode = 1
})
