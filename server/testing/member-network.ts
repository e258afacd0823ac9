/**
 * A network inside one process whose links can be cut, one way at a time.
 *
 * Each process sees it through a view of its own, so a cut has a direction: what `a` opens
 * to `b` fails, what `b` opens to `a` does not. Members send raft's messages on streams of
 * their own, so such a cut stops one direction of raft.
 *
 *     before the call is sent    UNAVAILABLE, `neverSent`: as a refused connection
 *     while it is under way      UNAVAILABLE: as a broken connection, its outcome is unknown
 *     the callee stands still    no answer until it goes on, or until the caller's deadline
 *
 * Latency, loss and order are no business of this one.
 */

import type { Clock } from '../../client/host/clock.js'
import { failedStream } from '../../client/host/stream-failed.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import { RpcError, Status } from '../../client/wire/status.js'
import type { Listener } from '../host/listener.js'
import { InProcessNetwork, normalAddress } from '../host/network-inprocess.js'
import { answerHeld, servicesHeld, streamHeld } from './held-calls.js'
import type { Life } from './member-clock.js'

/** A call or stream that is under way. */
interface Connection {
  readonly from: string
  readonly to: string
  readonly breakOff: () => void
}

const refused = (): RpcError => new RpcError(Status.UNAVAILABLE, 'the link is cut', true)
const broken = (): RpcError => new RpcError(Status.UNAVAILABLE, 'the connection broke')

/** The life of one whom nobody stops. */
const FREE: Life = { isPaused: false, run: (work) => work() }

/** See the head of the file. */
export class MemberNetwork {
  readonly #network: InProcessNetwork
  /** By caller, whom it does not reach. */
  readonly #cuts = new Map<string, Set<string>>()
  readonly #open = new Set<Connection>()
  /** Who listened last at an address. */
  readonly #owners = new Map<string, string>()

  constructor(clock: Clock) {
    this.#network = new InProcessNetwork(clock)
  }

  /**
   * The network as `name` sees it: what it listens on belongs to it.
   *
   * @param life what arrives waits while it is paused, and is lost when it is over.
   */
  view(name: string, life: Life = FREE): Transport & Listener {
    return {
      listen: async (options, services) => {
        this.#owners.set(normalAddress(options.url), name)
        return this.#network.listen(options, servicesHeld(services, life))
      },
      connect: (address) => this.#channel(name, address, life),
    }
  }

  /** Nothing that `from` sends reaches `to` any more; what is under way between them that way breaks. */
  cut(from: string, to: string): void {
    const cuts = this.#cuts.get(from) ?? new Set()
    this.#cuts.set(from, cuts.add(to))
    this.#breakOff((connection) => connection.from === from && connection.to === to)
  }

  /** Whether calls of `from` to `to` fail. */
  isCut(from: string, to: string): boolean {
    return this.#cuts.get(from)?.has(to) ?? false
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
    this.#breakOff(({ from, to }) => from === name || to === name)
  }

  /** All links are whole again. */
  heal(): void {
    this.#cuts.clear()
  }

  #breakOff(which: (connection: Connection) => boolean): void {
    for (const connection of [...this.#open]) if (which(connection)) connection.breakOff()
  }

  #channel(from: string, address: string, life: Life): Channel {
    const inner = this.#network.connect(address)
    const owner = () => this.#owners.get(normalAddress(address)) ?? address
    const open = (breakOff: () => void): (() => void) => {
      const connection = { from, to: owner(), breakOff }
      this.#open.add(connection)
      return () => this.#open.delete(connection)
    }
    return {
      call: (method, request, options = {}) => {
        if (this.isCut(from, owner())) return Promise.reject(refused())
        const breaking = new AbortController()
        const over = open(() => breaking.abort())
        const own = breaking.signal
        const signal = options.signal === undefined ? own : AbortSignal.any([options.signal, own])
        const answer = inner.call(method, request, { ...options, signal }).then(
          (response) => {
            over()
            return response
          },
          (error) => {
            over()
            throw own.aborted ? broken() : error
          },
        )
        return answerHeld(answer, life)
      },
      stream: (method, options) => {
        if (this.isCut(from, owner())) return failedStream(refused())
        const stream = inner.stream(method, options)
        const over = open(() => stream.fail(broken()))
        return streamHeld(stream, life, over)
      },
      close: () => inner.close(),
    }
  }
}
