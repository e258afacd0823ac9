/**
 * A connection between two processes, as TCP and HTTP/2 make one.
 *
 *     connecting --accepted--> open --broken, reset, pings unanswered, closed--> over
 *         \--refused, no answer in time--> over: nothing was sent
 *
 * Requests, answers and stream messages of one connection share its two pipes, so they keep
 * their order. At a cut link they wait; after a drawn time the connection breaks. When one
 * process dies the other gets a reset, behind whatever had left before. When the connection
 * breaks, what is inside is lost, and each side learns of it by itself.
 */

import type { Timer } from '../../../client/host/clock.js'
import type { ChannelOptions } from '../../../client/host/transport.js'
import { RpcError, Status } from '../../../client/wire/status.js'
import { exponentialMs } from './fork.js'
import type { Accepting, SimNetwork } from './network.js'
import { Pipe } from './pipe.js'
import type { SimClock } from './sim-clock.js'
import { connectionBroke } from './stream-end.js'

/** The operating system gives up connecting after this. */
const CONNECT_TIMEOUT_MS = 20_000

/** A call or stream of the caller's side. */
export interface ClientSide {
  /** Its request has reached the server's process. */
  readonly arrived: boolean
  readonly isStream: boolean
  /** Its connection is over. */
  lost(error: RpcError): void
}

/** A call or stream of the server's side. */
export interface ServerSide {
  /** Its caller is gone. */
  lost(): void
}

/** Who calls. */
export interface Caller {
  readonly name: string
  readonly life: SimClock
}

/** See the head of the file. */
export class SimConnection {
  readonly calls = new Set<ClientSide>()
  readonly served = new Set<ServerSide>()
  readonly client: Caller
  readonly address: string
  readonly network: SimNetwork
  /** From the caller to the server. */
  readonly up: Pipe
  readonly down: Pipe
  readonly #options: ChannelOptions
  #server: Accepting | undefined
  /** The caller knows that it was accepted. */
  #isOpen = false
  #waiting: (() => void)[] = []
  #isOver = false
  #connecting: Timer | undefined
  #ping: Timer | undefined
  /** A time to break at was drawn for the cut that holds it now. */
  #breaking = false

  constructor(network: SimNetwork, client: Caller, address: string, options: ChannelOptions) {
    this.network = network
    this.client = client
    this.address = address
    this.#options = options
    const owner = network.ownerOf(address)
    const onHeld = () => this.#onHeld()
    this.up = new Pipe(network.link(client.name, owner), network.clock, onHeld)
    this.down = new Pipe(network.link(owner, client.name), network.clock, onHeld)
    network.connections.add(this)
    this.#connect()
  }

  /** Who accepted it. */
  get server(): Accepting | undefined {
    return this.#server
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isOver
  }

  /** It was accepted, whatever became of it: what was asked on it may have left. */
  get hasOpened(): boolean {
    return this.#isOpen
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Carries something to the server, once there is one. */
  post(arrive: () => void): void {
    if (!this.#isOpen) this.#waiting.push(arrive)
    else this.up.send(arrive)
  }

  /** A call begins; it hears of the end. */
  begin(call: ClientSide): void {
    this.calls.add(call)
    this.#keepAlive()
  }

  /** The network breaks it: what is inside is lost. */
  breakOff(): void {
    if (this.#isOver) return
    const { clock, random } = this.network
    this.#count('the connection breaks')
    const error = this.#broke()
    this.#over()
    this.up.close()
    this.down.close()
    this.client.life.run(() => this.#loseCalls(error))
    clock.after(exponentialMs(random, this.up.link.latencyMsMean), () => this.#loseServed())
  }

  /** The caller takes it for broken. */
  giveUp(): void {
    if (this.#isOver) return
    this.#count('the connection is given up')
    this.close(this.#broke())
  }

  /** The caller's process is dead. */
  callerDied(): void {
    if (this.#isOver) return
    this.#over()
    this.down.close()
    this.up.close(() => this.#loseServed())
  }

  /** The server's process is dead, or closes the connection. */
  serverLeft(): void {
    this.#loseServed()
    if (this.#isOver) return
    const error = this.#broke()
    this.#over()
    this.up.close()
    this.down.close(() => this.client.life.run(() => this.#loseCalls(error)))
  }

  /** The caller closes it. */
  close(error: RpcError): void {
    if (!this.#isOver) {
      this.#over()
      this.down.close()
      this.up.close(() => this.#loseServed())
    }
    this.#loseCalls(error)
  }

  #connect(): void {
    const { life } = this.client
    const timeoutMs = this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    this.#connecting = life.after(timeoutMs, () =>
      this.#fail(`no connection to ${this.address} within ${timeoutMs} ms`),
    )
    this.up.send(() => {
      const server = this.up.link.refuse ? undefined : this.network.accepting(this.address)
      if (server === undefined) {
        this.network.counts.add('connectionsRefused')
        if (this.up.link.refuse) this.network.counts.add('connectionsRefusedByLink')
        this.down.send(() => life.run(() => this.#fail(`${this.address} refuses connections`)))
        return
      }
      this.#server = server
      server.connections.add(this)
      this.down.send(() => life.run(() => this.#accepted()))
    })
  }

  #accepted(): void {
    this.#connecting?.cancel()
    if (this.#isOver) return
    this.#isOpen = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const arrive of waiting) this.up.send(arrive)
    this.#keepAlive()
  }

  /** There is no connection: nothing has left. */
  #fail(why: string): void {
    if (this.#isOver) return
    this.#over()
    this.up.close()
    this.down.close()
    this.#loseCalls(new RpcError(Status.UNAVAILABLE, why, true))
  }

  /** Before it was open nothing had left. */
  #broke(): RpcError {
    const { code, details } = connectionBroke()
    return new RpcError(code, details, !this.#isOpen)
  }

  #count(what: string): void {
    const { counts } = this.network
    counts.add('connectionsBroken')
    for (const call of this.calls)
      if (!call.isStream) counts.add(call.arrived ? 'answersLost' : 'requestsLost')
    this.network.log(`${this.client.name}>${this.up.link.to}`, what)
  }

  #over(): void {
    this.#isOver = true
    this.#waiting = []
    this.#connecting?.cancel()
    this.#ping?.cancel()
    this.network.connections.delete(this)
  }

  #loseCalls(error: RpcError): void {
    const calls = [...this.calls]
    this.calls.clear()
    for (const call of calls) call.lost(error)
  }

  #loseServed(): void {
    this.#server?.connections.delete(this)
    const served = [...this.served]
    this.served.clear()
    for (const call of served) call.lost()
  }

  #onHeld(): void {
    if (this.#breaking || this.#isOver) return
    this.#breaking = true
    const { clock, random, breakMsMean } = this.network
    clock.after(exponentialMs(random, breakMsMean), () => {
      this.#breaking = false
      if ((this.up.isHeld || this.down.isHeld) && this.isOpen) this.breakOff()
    })
  }

  /** While calls are open the server's process is asked for a sign of life, if the caller wants that. */
  #keepAlive(): void {
    const { keepAliveIntervalMs, keepAliveTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options
    if (keepAliveIntervalMs === undefined || this.#ping !== undefined || !this.isOpen) return
    const { life } = this.client
    this.#ping = life.after(keepAliveIntervalMs, () => {
      this.#ping = undefined
      if (!this.isOpen || this.calls.size === 0) return
      const timeout = life.after(keepAliveTimeoutMs, () => {
        this.network.counts.add('pingsUnanswered')
        this.giveUp()
      })
      this.#ping = timeout
      const pong = () => {
        timeout.cancel()
        this.#ping = undefined
        this.#keepAlive()
      }
      const answer = () => this.down.send(() => life.run(pong))
      this.up.send(() => this.#server?.life.run(answer))
    })
  }
}
