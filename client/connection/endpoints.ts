/**
 * The endpoints of a cluster, and which of them to use.
 *
 * A client stays with one endpoint while it answers: its reads do not go back in time
 * from member to member, and connections stay few. An endpoint that fails is left at
 * once for the next one, and is not asked again before its back-off is over. When all
 * have failed, the one whose back-off ends first is next.
 */

import type { Clock } from '../host/clock.js'
import type { Random } from '../host/random.js'
import type { Channel, ChannelOptions, Transport } from '../host/transport.js'
import type { Telemetry } from '../telemetry.js'
import { backoffMs } from './backoff.js'

/** What a {@link Endpoints} needs. */
export interface EndpointsOptions {
  readonly addresses: readonly string[]
  readonly transport: Transport
  readonly channel: ChannelOptions
  readonly clock: Clock
  readonly random: Random
  readonly telemetry: Telemetry
}

/** One endpoint and what is known of it. */
export class Endpoint {
  readonly address: string
  readonly #options: EndpointsOptions
  #channel: Channel | undefined
  #failures = 0
  #blockedUntilMs = Number.NEGATIVE_INFINITY

  constructor(address: string, options: EndpointsOptions) {
    this.address = address
    this.#options = options
  }

  /** Its channel, opened on first use. */
  get channel(): Channel {
    this.#channel ??= this.#options.transport.connect(this.address, this.#options.channel)
    return this.#channel
  }

  /** Milliseconds until it may be used; 0 when it may now. */
  get waitMs(): number {
    return Math.max(0, this.#blockedUntilMs - this.#options.clock.now())
  }

  /** It answered. */
  succeeded(): void {
    this.#failures = 0
    this.#blockedUntilMs = Number.NEGATIVE_INFINITY
  }

  /** It did not answer as a healthy member does. Calls that fail together count as one failure. */
  failed(reason: string): void {
    if (this.waitMs > 0) return
    this.#options.telemetry.endpointFailed(this.address, reason)
    this.#failures++
    this.#blockedUntilMs =
      this.#options.clock.now() + backoffMs(this.#failures, this.#options.random)
  }

  /** Ends what is open on it. */
  close(): void {
    this.#channel?.close()
  }
}

/** All endpoints of a client. */
export class Endpoints {
  readonly all: readonly Endpoint[]
  readonly #telemetry: Telemetry
  /** The endpoint in use. A random one first, so that clients spread over the members. */
  #current: number

  constructor(options: EndpointsOptions) {
    this.#telemetry = options.telemetry
    this.all = options.addresses.map((address) => new Endpoint(address, options))
    this.#current = Math.floor(options.random.next() * this.all.length)
  }

  /** The endpoint to use now, or after its `waitMs`. */
  choose(): Endpoint {
    const count = this.all.length
    let best = this.#current
    for (let step = 0; step < count; step++) {
      const index = (this.#current + step) % count
      const { waitMs } = this.all[index]!
      if (waitMs < this.all[best]!.waitMs) best = index
      if (waitMs === 0) break
    }
    if (best !== this.#current)
      this.#telemetry.failedOver(this.all[this.#current]!.address, this.all[best]!.address)
    this.#current = best
    return this.all[best]!
  }

  close(): void {
    for (const endpoint of this.all) endpoint.close()
  }
}
