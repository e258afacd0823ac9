/** A closed-loop load: so many callers, each sending its next call when the last is answered. */

import type { Channel } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { KV } from '../../client/wire/methods.js'

const VALUE_BYTES = 256
/** Keys that exist before a range load begins. */
const KEYS = 1_000
/** Callers on one connection, at most. */
const CALLERS_PER_CONNECTION = 100

/** What is called. */
export type Operation = 'put' | 'range'

/** What came of a load. Times in milliseconds. */
export interface LoadResult {
  readonly operations: number
  readonly failures: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** An 8-byte key. */
function keyOf(number: number): Uint8Array {
  return Buffer.from(String(number).padStart(8, '0'))
}

/** Connections to one endpoint, kept over the warm-up and the measurement. */
export class Load {
  readonly #channels: Channel[]
  readonly #callers: number
  readonly #value = Buffer.alloc(VALUE_BYTES, 'v')

  constructor(endpoint: string, callers: number) {
    const transport = new GrpcTransport()
    const connections = Math.ceil(callers / CALLERS_PER_CONNECTION)
    this.#callers = callers
    this.#channels = Array.from({ length: connections }, () => transport.connect(endpoint))
  }

  /** Makes sure that the keys of the range load exist. */
  async fill(): Promise<void> {
    const [channel] = this.#channels
    for (let i = 0; i < KEYS; i += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, j) =>
          channel!.call(KV.put, { key: keyOf(i + j), value: this.#value }),
        ),
      )
  }

  /** Runs all callers for so many seconds. */
  async run(operation: Operation, seconds: number): Promise<LoadResult> {
    const latencies: number[] = []
    let failures = 0
    let next = 0
    const begin = performance.now()
    const end = begin + seconds * 1000
    const caller = async (channel: Channel): Promise<void> => {
      while (performance.now() < end) {
        const key = keyOf(next++ % KEYS)
        const started = performance.now()
        try {
          if (operation === 'put') await channel.call(KV.put, { key, value: this.#value })
          else await channel.call(KV.range, { key })
          latencies.push(performance.now() - started)
        } catch {
          failures++
        }
      }
    }
    await Promise.all(
      Array.from({ length: this.#callers }, (_, i) =>
        caller(this.#channels[i % this.#channels.length]!),
      ),
    )
    latencies.sort((a, b) => a - b)
    const quantile = (q: number) => latencies[Math.floor((latencies.length - 1) * q)] ?? Number.NaN
    return {
      operations: latencies.length,
      failures,
      seconds: (performance.now() - begin) / 1000,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
    }
  }

  close(): void {
    for (const channel of this.#channels) channel.close()
  }
}
