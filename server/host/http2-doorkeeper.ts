/** Accepts connections, reads their opening, and hands on those that speak HTTP/2. */

import { createServer, type Server, type Socket } from 'node:net'
import { Http2Opening } from './http2-opening.js'

/** A connection must show the HTTP/2 preface within this time. */
const PREFACE_WAIT_MS = 10_000
/** TCP asks silent connections this often whether they are alive. */
const TCP_KEEP_ALIVE_MS = 30_000

/** Answers that an opening client may leave unread. */
const ANSWER_BYTES_MAX = 64 * 1024

const NOT_HTTP2 =
  'This port speaks gRPC over HTTP/2. The HTTP/1 gateway is not part of this version.\n'
const HTTP1_ANSWER = [
  'HTTP/1.1 501 Not Implemented',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${Buffer.byteLength(NOT_HTTP2)}`,
  'Connection: close',
  '',
  NOT_HTTP2,
].join('\r\n')

/** Where to listen: a TCP address or the path of a Unix socket. */
export type DoorAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }

/** See the head of the file. */
export class Http2Doorkeeper {
  readonly #server: Server
  readonly #opening = new Set<Socket>()
  readonly #handOn: (socket: Socket) => void

  /** @param handOn gets each HTTP/2 connection, its first bytes unread. */
  constructor(handOn: (socket: Socket) => void) {
    this.#handOn = handOn
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Listens. @returns the port; 0 for a path. @throws with codes EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  listen(address: DoorAddress): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(address, () => {
        this.#server.off('error', reject)
        const bound = this.#server.address()
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0)
      })
    })
  }

  /** Accepts no more, and drops connections that said nothing yet. Those handed on stay. */
  close(): void {
    this.#server.close()
    for (const socket of this.#opening) socket.destroy()
  }

  #accept(socket: Socket): void {
    const opening = new Http2Opening()
    this.#opening.add(socket)
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)
    const timer = setTimeout(() => socket.destroy(), PREFACE_WAIT_MS)
    const done = (): void => {
      clearTimeout(timer)
      this.#opening.delete(socket)
    }
    const onData = (bytes: Buffer): void => {
      const step = opening.read(bytes)
      if (step.kind === 'wait') {
        if (step.send !== undefined) {
          clearTimeout(timer)
          socket.write(step.send)
          if (socket.writableLength > ANSWER_BYTES_MAX) socket.destroy()
        }
        return
      }
      done()
      socket.off('data', onData)
      if (step.kind === 'refuse') {
        if (step.reason === 'http1') socket.end(HTTP1_ANSWER)
        else socket.destroy()
        return
      }
      socket.off('error', onError)
      socket.off('close', done)
      socket.pause()
      socket.unshift(step.bytes)
      this.#handOn(socket)
    }
    const onError = (): void => {
      socket.destroy()
    }
    socket.on('data', onData)
    socket.on('error', onError)
    socket.on('close', done)
  }
}
