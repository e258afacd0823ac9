/**
 * A TCP proxy on loopback that stands before one listener: whoever dials it is put on the
 * {@link Link} that belongs to him.
 */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Link } from './link.js'

/** Finds the link of a connection by the port that it comes from; undefined refuses it. */
export type LinkOf = (
  fromPort: number,
  proxyPort: number,
) => Link | undefined | Promise<Link | undefined>

/** See the head of the file. */
export class TcpProxy {
  readonly #server: Server
  readonly #targetPort: number
  readonly #linkOf: LinkOf
  readonly #sockets = new Set<Socket>()

  /** Listens on a port of its own, for what listens on `targetPort`. */
  static async open(targetPort: number, linkOf: LinkOf): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort, linkOf)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  private constructor(targetPort: number, linkOf: LinkOf) {
    this.#targetPort = targetPort
    this.#linkOf = linkOf
    const options = { pauseOnConnect: true, allowHalfOpen: true, noDelay: true }
    this.#server = createServer(options, (socket) => void this.#accept(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Breaks everything, and listens no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #accept(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    const link = await this.#linkOf(socket.remotePort ?? 0, this.port)
    if (socket.destroyed) return
    if (link === undefined) socket.resetAndDestroy()
    else link.take(socket, this.#targetPort)
  }
}
