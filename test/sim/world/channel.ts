/** The caller's port to the network: calls and streams to one address over one connection at a time. */

import { cancelled, channelClosed } from '../../../client/host/failure.js'
import type { MessageStream } from '../../../client/host/stream.js'
import { failedStream } from '../../../client/host/stream-failed.js'
import type { Channel, ChannelOptions } from '../../../client/host/transport.js'
import { OwnStream, OwnUnaryCall } from './client-calls.js'
import { type Caller, SimConnection } from './connection.js'
import type { SimNetwork } from './network.js'

/** A process's way to one address: a connection, and another one after it broke. */
export class SimChannel implements Channel {
  readonly #network: SimNetwork
  readonly #caller: Caller
  readonly #address: string
  readonly #options: ChannelOptions
  #connection: SimConnection | undefined
  #isClosed = false

  constructor(network: SimNetwork, caller: Caller, address: string, options: ChannelOptions) {
    this.#network = network
    this.#caller = caller
    this.#address = address
    this.#options = options
  }

  call: Channel['call'] = (method, request, options = {}) => {
    if (this.#caller.life.isOver) return new Promise(() => {})
    return new Promise((resolve, reject) => {
      const bytes = method.request.encode(request).finish()
      if (this.#isClosed) throw channelClosed(true)
      if (options.signal?.aborted) throw cancelled(true)
      new OwnUnaryCall(this.#connected(), method as never, bytes, options, resolve as never, reject)
    })
  }

  stream: Channel['stream'] = (method, options = {}) => {
    if (this.#caller.life.isOver) return deadStream()
    if (this.#isClosed) return failedStream(channelClosed(true))
    if (options.signal?.aborted) return failedStream(cancelled(true))
    return new OwnStream(this.#connected(), method, options).end
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.close(channelClosed(false))
  }

  #connected(): SimConnection {
    if (this.#connection === undefined || this.#connection.isOver)
      this.#connection = new SimConnection(
        this.#network,
        this.#caller,
        this.#address,
        this.#options,
      )
    return this.#connection
  }
}

/** What the dead hear. */
function deadStream<In, Out>(): MessageStream<In, Out> {
  const never = { end() {}, fail() {}, receive() {}, pause() {}, resume() {} }
  return { ...never, send: () => false, sendBytes: () => false }
}
