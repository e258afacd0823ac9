/** The port to the network, seen from whoever answers: serve a table of handlers on an address. */

import type { ServiceTable } from '../../client/host/service.js'

/** How to serve. */
export interface ListenOptions {
  /** Where: `http://host:port`; port 0 takes a free one. */
  readonly url: string
  /** Larger requests are refused with RESOURCE_EXHAUSTED before they are read. */
  readonly requestBytesMax: number
}

/** A server that listens. */
export interface Listening {
  /** The URL with the port that was taken. */
  readonly url: string
  /** No new calls; open ones may finish for `graceMs`, then they are cut. */
  close(graceMs: number): Promise<void>
}

/** Opens listeners. An address in use fails with code EADDRINUSE. */
export interface Listener {
  listen(options: ListenOptions, services: ServiceTable): Promise<Listening>
}
