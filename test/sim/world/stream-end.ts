/**
 * One end of a simulated stream, seen by the process that holds it.
 *
 * It behaves as over gRPC: the server ends or fails the stream for both, the client's `end`
 * only closes its direction, the client's `fail` is a cancellation. What is sent is encoded
 * at once and decoded when it arrives, so the two processes share nothing. A sender whose
 * messages are not taken is asked to wait, and gets its `drain` when all of them are taken.
 * Callbacks come from jobs of their own, never from inside a call of their owner.
 */

import { cancelled } from '../../../client/host/failure.js'
import type { MessageStream, Receiver } from '../../../client/host/stream.js'
import type { Codec, Init } from '../../../client/wire/codec.js'
import { RpcError, Status } from '../../../client/wire/status.js'
import type { Life } from '../../../server/testing/member-clock.js'

/** Messages and bytes on their way or untaken from which on a sender is asked to wait. */
const UNTAKEN_MAX = 64
const UNTAKEN_BYTES_MAX = 256 * 1024

const NOW = Promise.resolve()

/** How an end reaches the far one. */
export interface Wire {
  /** Carries out something at the far side, late and in order. */
  post(arrive: () => void): void
  /** Carries a message, which may be lost, doubled or reordered where the stream bears it. */
  message(bytes: Uint8Array): void
}

/** What an end needs to know. */
export interface StreamEndOptions<In, Out> {
  readonly role: 'client' | 'server'
  readonly life: Life
  readonly incoming: Codec<In>
  readonly outgoing: Codec<Out>
  /** Called once, when the stream is over for this end. */
  readonly onOver: () => void
}

/** See the head of the file. */
export class StreamEnd<In, Out> implements MessageStream<In, Init<Out>> {
  far!: StreamEnd<Out, In>
  wire!: Wire
  readonly #options: StreamEndOptions<In, Out>
  #receiver: Receiver<In> | undefined
  #inbox: In[] = []
  /** Sizes of what lies in the inbox. */
  #inboxBytes = 0
  #untaken = 0
  #untakenBytes = 0
  #full = false
  #paused = false
  #sealed = false
  #farEnded = false
  #endTold = false
  #outcome: { readonly error: RpcError | undefined } | undefined
  #closed = false
  #scheduled = false
  #delivering = false

  constructor(options: StreamEndOptions<In, Out>) {
    this.#options = options
  }

  /** It has ended, well or not. */
  get isOver(): boolean {
    return this.#outcome !== undefined
  }

  send(message: Init<Out>): boolean {
    return !this.#sealed && this.#send(this.#options.outgoing.encode(message).finish())
  }

  sendBytes(bytes: Uint8Array): boolean {
    // A copy: the same bytes may go to many, and a receiver owns what it gets.
    return !this.#sealed && this.#send(Uint8Array.from(bytes))
  }

  end(): void {
    if (this.#sealed) return
    this.#sealed = true
    if (this.#options.role === 'client') {
      this.wire.post(() => this.far.#endOfInput())
      return
    }
    this.over(undefined)
    this.wire.post(() => this.far.#farOver(undefined))
  }

  fail(error: RpcError): void {
    if (this.#outcome !== undefined) return
    this.over(error)
    const told = this.#options.role === 'client' ? cancelled() : onTheWire(error)
    this.wire.post(() => this.far.#farOver(told))
  }

  receive(receiver: Receiver<In>): void {
    if (this.#receiver !== undefined) throw new Error('receive is called once')
    this.#receiver = receiver
    this.#schedule()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  /** A message has arrived. A copy that the network made is not `counted` as taken. */
  arrive(bytes: Uint8Array, counted = true): void {
    this.#options.life.run(() => {
      if (this.#outcome !== undefined || this.#farEnded) return
      this.#inbox.push(this.#options.incoming.decode(bytes))
      if (counted) this.#inboxBytes += bytes.length
      else this.far.#untaken++
      this.#deliver()
    })
  }

  /** A message of this size will never arrive, so nobody waits for it to be taken. */
  lost(bytes: number): void {
    this.#untaken--
    this.#untakenBytes -= bytes
    if (this.#full && this.#untaken === 0) void NOW.then(() => this.#drain())
  }

  /** The stream is over for this side; a failure is told even while paused. */
  over(error: RpcError | undefined): void {
    if (this.#outcome !== undefined) return
    this.#sealed = true
    this.#outcome = { error }
    this.#options.onOver()
    this.#schedule()
  }

  #send(bytes: Uint8Array): boolean {
    this.#untaken++
    this.#untakenBytes += bytes.length
    if (this.#untaken >= UNTAKEN_MAX || this.#untakenBytes >= UNTAKEN_BYTES_MAX) this.#full = true
    this.wire.message(bytes)
    return !this.#full
  }

  /** The far side ended the stream: told behind its messages, also to one who stands still. */
  #farOver(error: RpcError | undefined): void {
    this.#options.life.run(() => this.over(error))
  }

  #endOfInput(): void {
    this.#options.life.run(() => {
      this.#farEnded = true
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // Not queueMicrotask, which costs several times as much.
    void NOW.then(() =>
      this.#options.life.run(() => {
        this.#scheduled = false
        this.#deliver()
      }),
    )
  }

  #deliver(): void {
    const receiver = this.#receiver
    if (receiver === undefined || this.#closed || this.#delivering) return
    this.#delivering = true
    this.#deliverMessages(receiver)
    this.#delivering = false
    if (this.#inbox.length > 0 && this.#outcome?.error === undefined) return
    if (this.#farEnded && !this.#endTold && this.#outcome === undefined) {
      this.#endTold = true
      receiver.end?.()
    }
    if (this.#outcome === undefined) return
    this.#closed = true
    this.#inbox = []
    receiver.close(this.#outcome.error)
  }

  #deliverMessages(receiver: Receiver<In>): void {
    // What a server has not read when it ends the stream is of no interest any more.
    if (this.#options.role === 'server' && this.#outcome !== undefined) this.#inbox = []
    let taken = 0
    while (taken < this.#inbox.length && !this.#paused) receiver.message(this.#inbox[taken++]!)
    if (taken === 0) return
    this.#inbox.splice(0, taken)
    const bytes = this.#inbox.length === 0 ? this.#inboxBytes : 0
    this.#inboxBytes -= bytes
    this.far.#taken(taken, bytes, this.wire)
  }

  /** The far side has taken so many; it says so on its `wire` when this side waits for it. */
  #taken(messages: number, bytes: number, wire: Wire): void {
    this.#untaken -= messages
    this.#untakenBytes -= bytes
    if (this.#full && this.#untaken === 0) wire.post(() => this.#drain())
  }

  #drain(): void {
    this.#options.life.run(() => {
      if (!this.#full || this.#untaken >= UNTAKEN_MAX || this.#outcome !== undefined) return
      this.#full = false
      this.#receiver?.drain?.()
    })
  }
}

/** The far side learns a status, not our error object. */
function onTheWire(error: RpcError): RpcError {
  const code = error.code === Status.OK ? Status.UNKNOWN : error.code
  return new RpcError(code, error.details)
}

/** What a stream hears whose connection broke. */
export function connectionBroke(): RpcError {
  return new RpcError(Status.UNAVAILABLE, 'the connection broke')
}
