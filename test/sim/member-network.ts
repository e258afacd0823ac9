/**
 * A network between members of one test, whose links can be cut one way at a time.
 *
 * Each member sees it through a view of its own, so a cut has a direction: from `a`
 * to `b` nothing arrives. New calls on a cut link fail as if nobody listened, open
 * streams break. Latency, loss and order are the business of the simulated world.
 */

import type { Clock } from '../../client/host/clock.js'
import type { MessageStream, Receiver } from '../../client/host/stream.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import { RpcError, Status } from '../../client/wire/status.js'
import type { Listener } from '../../server/host/listener.js'
import { InProcessNetwork } from '../../server/host/network-inprocess.js'

const cutError = (): RpcError => new RpcError(Status.UNAVAILABLE, 'the link is cut')

/** See the head of the file. */
export class MemberNetwork {
  readonly #network: InProcessNetwork
  readonly #cuts = new Set<string>()
  readonly #open = new Map<string, Set<(error: RpcError) => void>>()
  readonly #owners = new Map<string, string>()

  constructor(clock: Clock) {
    this.#network = new InProcessNetwork(clock)
  }

  /** The network as `name` sees it: what it listens on belongs to it. */
  view(name: string): Transport & Listener {
    return {
      listen: async (options, services) => {
        this.#owners.set(options.url, name)
        return this.#network.listen(options, services)
      },
      connect: (address) => this.#channel(name, address),
    }
  }

  /** Nothing goes from `from` to `to` any more. */
  cut(from: string, to: string): void {
    const link = `${from}>${to}`
    this.#cuts.add(link)
    for (const breakOff of [...(this.#open.get(link) ?? [])]) breakOff(cutError())
  }

  /** Nothing goes between this one and those, in either direction. */
  isolate(name: string, others: readonly string[]): void {
    for (const other of others) {
      this.cut(name, other)
      this.cut(other, name)
    }
  }

  /** The process is gone: every connection from it and to it breaks. */
  drop(name: string): void {
    for (const [link, open] of this.#open)
      if (link.split('>').includes(name)) for (const breakOff of [...open]) breakOff(cutError())
  }

  /** All links are whole again. */
  heal(): void {
    this.#cuts.clear()
  }

  #channel(from: string, address: string): Channel {
    const inner = this.#network.connect(address)
    const link = () => `${from}>${this.#owners.get(address) ?? address}`
    const isCut = () => this.#cuts.has(link())
    return {
      call: (method, request, options) =>
        isCut() ? Promise.reject(cutError()) : inner.call(method, request, options),
      stream: (method, options) => {
        const stream = inner.stream(method, options)
        if (isCut()) stream.fail(cutError())
        return this.#breakable(stream, link())
      },
      close: () => inner.close(),
    }
  }

  #breakable<In, Out>(stream: MessageStream<In, Out>, link: string): MessageStream<In, Out> {
    const open = this.#open.get(link) ?? new Set()
    this.#open.set(link, open)
    const breakOff = (error: RpcError): void => stream.fail(error)
    open.add(breakOff)
    return {
      send: (message) => stream.send(message),
      sendBytes: (bytes) => stream.sendBytes(bytes),
      end: () => stream.end(),
      fail: (error) => stream.fail(error),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      receive: (receiver: Receiver<In>) =>
        stream.receive({
          ...receiver,
          message: (message) => receiver.message(message),
          close: (error) => {
            open.delete(breakOff)
            receiver.close(error)
          },
        }),
    }
  }
}
