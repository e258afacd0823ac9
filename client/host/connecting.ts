/**
 * Sockets that grpc-js is connecting, so that a closing channel can end them.
 *
 * grpc-js keeps such a socket to itself, and one to an address that answers nothing would
 * keep the process alive for minutes after its channel was closed. Node publishes every
 * socket on a diagnostics channel as it is made; grpc-js asks its credentials to be ready
 * a few promise jobs before it makes one. So the next socket is taken to be that of the
 * channel that asked first, and the port of its attempt must confirm it.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

const CREATED = 'net.client.socket'

/** Channels that are about to make a socket, in the order in which they asked. */
const expecting: Connecting[] = []

function created(message: unknown): void {
  const { socket } = message as { readonly socket: Socket }
  expecting.shift()?.take(socket)
  if (expecting.length === 0) unsubscribe(CREATED, created)
}

/** The sockets of one connector that are not connected yet. */
export class Connecting {
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #closed = false

  /** @param port to which its sockets connect. */
  constructor(port: number) {
    this.#port = port
  }

  /** The connector makes a socket in this turn. */
  expect(): void {
    if (expecting.length === 0) subscribe(CREATED, created)
    expecting.push(this)
    // Whatever became of it, nobody else's socket of a later turn is meant.
    setImmediate(() => this.#forget())
  }

  /** @internal A socket was made. */
  take(socket: Socket): void {
    socket.once('connectionAttempt', (_ip: string, port: number) => {
      if (port !== this.#port) return
      this.#sockets.add(socket)
      // Not inside the attempt, which goes on behind this call.
      if (this.#closed) setImmediate(() => socket.destroy())
    })
    const done = () => this.#sockets.delete(socket)
    socket.once('connect', done)
    socket.once('close', done)
  }

  /** Ends what is still connecting. */
  close(): void {
    this.#closed = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #forget(): void {
    const at = expecting.indexOf(this)
    if (at < 0) return
    expecting.splice(at, 1)
    if (expecting.length === 0) unsubscribe(CREATED, created)
  }
}
