/** A process with one client and its callers; see worker-process.ts for how it is asked. */

import { closedLoop, Tally, type Workload } from './closed-loop.js'
import type { Driver, DriverName, Operation } from './driver.js'
import { ConclaveDriver } from './driver-conclave.js'
import { Etcd3Driver } from './driver-etcd3.js'
import { serveParent } from './worker-process.js'

/** What `prepare` is told. */
export interface Preparation {
  readonly driver: DriverName
  readonly endpoints: readonly string[]
  readonly operation: Operation
  readonly callers: number
  /** Keys that only this worker uses begin with it. */
  readonly scope: string
}

/** What one slice took. */
export interface Slice {
  /** CPU time of this process, in microseconds. */
  readonly cpuMicros: number
  readonly operations: number
}

/** What came of all slices since `begin`. */
export interface WorkerReport {
  readonly operations: number
  readonly failures: number
  readonly firstFailure: string | undefined
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly memoryBytes: number
  readonly transport: string | undefined
}

let driver: Driver | undefined
let workload: Workload | undefined
let tally = new Tally()

serveParent({
  async prepare({ driver: name, endpoints, operation, callers, scope }: Preparation) {
    driver =
      name === 'etcd3'
        ? new Etcd3Driver(endpoints, scope)
        : new ConclaveDriver(endpoints, scope, name === 'conclave-unary')
    workload = await driver[operation](callers)
  },
  /** Forgets what was measured so far. */
  begin() {
    tally = new Tally()
  },
  async run({ seconds }: { readonly seconds: number }): Promise<Slice> {
    const before = { cpu: process.cpuUsage(), operations: tally.latenciesMs.length }
    await closedLoop(workload!, seconds, tally)
    const { user, system } = process.cpuUsage(before.cpu)
    return { cpuMicros: user + system, operations: tally.latenciesMs.length - before.operations }
  },
  report(): WorkerReport {
    return {
      operations: tally.latenciesMs.length,
      failures: tally.failures,
      firstFailure: tally.firstFailure,
      seconds: tally.seconds,
      p50Ms: tally.quantileMs(0.5),
      p99Ms: tally.quantileMs(0.99),
      memoryBytes: process.memoryUsage.rss(),
      transport: driver!.transport(),
    }
  },
  async close() {
    await driver?.close()
  },
})
