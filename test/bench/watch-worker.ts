/** A process with many watchers or leases, or one that writes for them; see worker-process.ts. */

import { connect } from '../../client/index.js'
import { Tally } from './closed-loop.js'
import { ageMs, stamp, type Watching } from './watching.js'
import { ConclaveWatching } from './watching-conclave.js'
import { Etcd3Watching } from './watching-etcd3.js'
import { serveParent } from './worker-process.js'

/** Who watches. */
export interface WatchSetting {
  readonly library: 'etcd3' | 'conclave'
  readonly endpoints: readonly string[]
  readonly clients: number
}

/** What happened since `begin`. */
export interface WatchReport {
  /** Events seen, or leases renewed. */
  readonly events: number
  readonly lost: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMicros: number
  readonly seconds: number
}

let tally = new Tally()
let lost = 0
let began = { cpu: process.cpuUsage(), ms: performance.now() }
/** Stays open until the process ends. */
let watching: Watching | undefined

function open({ library, endpoints, clients }: WatchSetting): Watching {
  watching =
    library === 'etcd3'
      ? new Etcd3Watching(endpoints, clients)
      : new ConclaveWatching(endpoints, clients)
  return watching
}

serveParent({
  /** Resident memory in bytes, without what is garbage. */
  memory() {
    globalThis.gc?.()
    return process.memoryUsage.rss()
  },
  watch({ keys, ...setting }: WatchSetting & { readonly keys: readonly string[] }) {
    return open(setting).watch(keys, (value) => tally.record(ageMs(value)))
  },
  leases({ count, ttl, ...setting }: WatchSetting & { readonly count: number; ttl: number }) {
    return open(setting).keepAlive(count, ttl, {
      renewed: () => tally.record(0),
      lost: () => lost++,
    })
  },
  begin() {
    tally = new Tally()
    began = { cpu: process.cpuUsage(), ms: performance.now() }
  },
  report(): WatchReport {
    const { user, system } = process.cpuUsage(began.cpu)
    return {
      events: tally.latenciesMs.length,
      lost,
      p50Ms: tally.quantileMs(0.5),
      p99Ms: tally.quantileMs(0.99),
      cpuMicros: user + system,
      seconds: (performance.now() - began.ms) / 1000,
    }
  },
  write,
})

/** So many stamped puts a second, evenly. @returns how many there were. */
async function write({
  endpoints,
  keys,
  perSecond,
  seconds,
}: {
  readonly endpoints: readonly string[]
  readonly keys: readonly string[]
  readonly perSecond: number
  readonly seconds: number
}): Promise<number> {
  const client = connect({ endpoints, timeoutMs: 20_000 })
  const puts: Promise<unknown>[] = []
  const count = Math.max(1, Math.round(perSecond * seconds))
  const beginMs = performance.now()
  while (puts.length < count) {
    const due = Math.min(count, ((performance.now() - beginMs) / 1000) * perSecond)
    // A prime step spreads consecutive puts over all watchers.
    while (puts.length < due)
      puts.push(client.kv.put(keys[(puts.length * 7919) % keys.length]!, stamp()))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(puts)
  client.close()
  return count
}
