/**
 * A network without sockets: listeners and callers of one process meet by URL.
 *
 * For clusters that live inside a program or a test. Calls pass through the codecs,
 * so members share nothing; see client/host/transport-inprocess.ts.
 */

import type { Clock } from '../../client/host/clock.js'
import type { ServiceTable } from '../../client/host/service.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import { InProcessTransport } from '../../client/host/transport-inprocess.js'
import type { Listener, Listening, ListenOptions } from './listener.js'

/** Both sides of the network: give the same one to everybody who shall meet. */
export class InProcessNetwork implements Listener, Transport {
  readonly #serving = new Map<string, ServiceTable>()
  readonly #transport: InProcessTransport

  constructor(clock: Clock) {
    this.#transport = new InProcessTransport({
      clock,
      services: (address) => this.#serving.get(normal(address)),
    })
  }

  async listen({ url }: ListenOptions, services: ServiceTable): Promise<Listening> {
    const address = normal(url)
    if (this.#serving.has(address))
      throw Object.assign(new Error(`somebody serves at ${url} already`), { code: 'EADDRINUSE' })
    this.#serving.set(address, services)
    return {
      url,
      close: async () => {
        this.#serving.delete(address)
      },
    }
  }

  connect(address: string): Channel {
    return this.#transport.connect(address)
  }
}

/** `http://a:1` and `a:1` are the same place. */
function normal(address: string): string {
  return address.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
