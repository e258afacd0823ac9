/**
 * A network without sockets: listeners and callers of one process meet by URL.
 *
 * For clusters that live inside a program or a test. Calls pass through the codecs,
 * so members share nothing; see client/host/transport-inprocess.ts. A listener that
 * closes breaks what is open, as a closed socket would: a member that comes back must
 * not have callers who still talk to its former life.
 */

import type { Clock } from '../../client/host/clock.js'
import { type Route, type ServiceTable, streaming, unary } from '../../client/host/service.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import { InProcessTransport } from '../../client/host/transport-inprocess.js'
import { RpcError, Status } from '../../client/wire/status.js'
import type { Listener, Listening, ListenOptions } from './listener.js'
import { withEnd } from './stream-end.js'

/** Both sides of the network: give the same one to everybody who shall meet. */
export class InProcessNetwork implements Listener, Transport {
  readonly #serving = new Map<string, ServiceTable>()
  readonly #clock: Clock
  readonly #transport: InProcessTransport

  constructor(clock: Clock) {
    this.#clock = clock
    this.#transport = new InProcessTransport({
      clock,
      services: (address) => this.#serving.get(normalAddress(address)),
    })
  }

  async listen({ url }: ListenOptions, services: ServiceTable): Promise<Listening> {
    const address = normalAddress(url)
    if (this.#serving.has(address))
      throw Object.assign(new Error(`somebody serves at ${url} already`), { code: 'EADDRINUSE' })
    const calls = new OpenCalls()
    this.#serving.set(
      address,
      services.map((route) => calls.route(route)),
    )
    return {
      url,
      close: async (graceMs) => {
        this.#serving.delete(address)
        await calls.close(this.#clock, graceMs)
      },
    }
  }

  connect(address: string): Channel {
    return this.#transport.connect(address)
  }
}

/** The calls that one listener is serving. */
class OpenCalls {
  readonly #cuts = new Set<() => void>()
  #idle: (() => void) | undefined

  /** The same route; its calls are known here while they last. */
  route({ method, unary: answer, streaming: serve }: Route): Route {
    if (answer !== undefined)
      return unary(method as never, (request, context) =>
        this.#cuttable(async () => answer(request, context)),
      )
    return streaming(method as never, (stream, context) => {
      const over = this.#open(() => stream.fail(closed()))
      serve!(withEnd(stream, over), context)
    })
  }

  /** Resolves when no call is open any more; after the grace they are cut. */
  async close(clock: Clock, graceMs: number): Promise<void> {
    if (graceMs > 0 && this.#cuts.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve
      })
      const grace = clock.after(graceMs, () => this.#idle?.())
      await idle
      grace.cancel()
    }
    for (const cut of [...this.#cuts]) cut()
  }

  async #cuttable<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const over = this.#open(() => reject(closed()))
      work().then(resolve, reject).finally(over)
    })
  }

  #open(cut: () => void): () => void {
    this.#cuts.add(cut)
    return () => {
      this.#cuts.delete(cut)
      if (this.#cuts.size === 0) this.#idle?.()
    }
  }
}

function closed(): RpcError {
  return new RpcError(Status.UNAVAILABLE, 'the connection was closed')
}

/** The place that an address names: `http://a:1` and `a:1` are the same. */
export function normalAddress(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
