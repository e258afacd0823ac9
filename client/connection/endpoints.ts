/**
 * The endpoints of a cluster, and which of them to use.
 *
 * A client stays with one endpoint while it answers: its reads do not go back in time
 * from member to member, and connections stay few. An endpoint that fails is left at
 * once for the next one, and is not asked again before its back-off is over, nor after it
 * while another has not failed. When all have failed, the one whose back-off ends first is
 * next; one that is silent, and does not even tell its status, comes after those that speak.
 */

import { Endpoint, type EndpointOptions } from './endpoint.js'

/** What a {@link Endpoints} needs. */
export interface EndpointsOptions extends EndpointOptions {
  readonly addresses: readonly string[]
}

/** All endpoints of a client. There is always at least one. */
export class Endpoints {
  readonly #options: EndpointsOptions
  #all: readonly Endpoint[]
  /** The endpoint in use. A random one first, so that clients spread over the members. */
  #current: Endpoint
  #closed = false

  constructor(options: EndpointsOptions) {
    this.#options = options
    this.#all = options.addresses.map((address) => new Endpoint(address, options))
    this.#current = this.#random()
  }

  /** All of them, as they are now. */
  get all(): readonly Endpoint[] {
    return this.#all
  }

  /** The endpoint to use now, or after its `waitMs`. */
  choose(): Endpoint {
    const count = this.#all.length
    const from = this.#all.indexOf(this.#current)
    let best = this.#current
    for (let step = 0; step < count; step++) {
      const one = this.#all[(from + step) % count]!
      if (isBetter(one, best)) best = one
      if (best.avoidMs === 0 && best.failures === 0) break
    }
    if (best !== this.#current)
      this.#options.telemetry.failedOver(this.#current.address, best.address)
    this.#current = best
    return best
  }

  /**
   * These are the endpoints from now on. What is open on one that stays goes on; streams on
   * one that leaves break and are opened elsewhere, and its calls may come to their end.
   *
   * @param addresses at least one.
   */
  replace(addresses: readonly string[]): void {
    if (this.#closed || addresses.length === 0) return
    const before = new Map(this.#all.map((one) => [one.address, one]))
    this.#all = [...new Set(addresses)].map(
      (address) => before.get(address) ?? new Endpoint(address, this.#options),
    )
    const stays = new Set(this.#all)
    if (!stays.has(this.#current)) this.#current = this.#random()
    for (const one of before.values()) if (!stays.has(one)) one.retire()
  }

  close(): void {
    this.#closed = true
    for (const endpoint of this.#all) endpoint.close()
  }

  #random(): Endpoint {
    const all = this.#all
    return all[Math.floor(this.#options.random.next() * all.length)]!
  }
}

function isBetter(one: Endpoint, other: Endpoint): boolean {
  if (one.avoidMs !== other.avoidMs) return one.avoidMs < other.avoidMs
  return one.failures < other.failures
}
