/** Callers of plain unary calls, without our client. */

import type { Channel } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { KV } from '../../client/wire/methods.js'
import { closedLoop, Tally, timed } from './closed-loop.js'

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
    const tally = new Tally()
    let next = 0
    const call = (caller: number): Promise<unknown> => {
      const channel = this.#channels[caller % this.#channels.length]!
      const key = keyOf(next++ % KEYS)
      if (operation === 'range') return channel.call(KV.range, { key })
      return channel.call(KV.put, { key, value: this.#value })
    }
    await closedLoop(timed(this.#callers, call), seconds, tally)
    return {
      operations: tally.latenciesMs.length,
      failures: tally.failures,
      seconds: tally.seconds,
      p50Ms: tally.quantileMs(0.5),
      p99Ms: tally.quantileMs(0.99),
    }
  }

  close(): void {
    for (const channel of this.#channels) channel.close()
  }
}
