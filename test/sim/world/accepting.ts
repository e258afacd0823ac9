/** A listener of one process: the services that it offers and the connections that it took. */

import type { Route, ServiceTable } from '../../../client/host/service.js'
import type { SimConnection } from './connection.js'
import type { SimClock } from './sim-clock.js'

/** See the head of the file. */
export class Accepting {
  readonly connections = new Set<SimConnection>()
  /** Unary calls that are being answered. */
  callsOpen = 0
  readonly #routes: ReadonlyMap<string, Route>
  #isClosing = false
  #idle: (() => void) | undefined

  constructor(
    readonly machine: string,
    readonly life: SimClock,
    services: ServiceTable,
  ) {
    this.#routes = new Map(services.map((route) => [route.method.path, route]))
  }

  /** It takes no new calls. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  route(path: string): Route | undefined {
    return this.#routes.get(path)
  }

  /** An answer was given. */
  callEnded(): void {
    this.callsOpen--
    if (this.callsOpen === 0) this.#idle?.()
  }

  /** Takes no new calls; after those under way, or the grace in milliseconds, the connections end. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    if (graceMs > 0 && this.callsOpen > 0)
      await new Promise<void>((resolve) => {
        const grace = this.life.after(graceMs, resolve)
        this.#idle = () => {
          grace.cancel()
          resolve()
        }
      })
    for (const connection of [...this.connections]) connection.serverLeft()
  }
}
