/**
 * Calls as grpc-js's server sees them, handed to our handlers.
 *
 * Works on the call below grpc-js's Duplex streams: one message is read when the
 * handler wants one, and bytes that are already encoded pass untouched.
 *
 * grpc-js tells `onCancel` once at the end of every call, also of those that ended
 * well; whoever set `#finished` before knows the difference. A stream's signal aborts
 * in both cases, so that what was armed for it is put away.
 */

import type {
  Metadata as GrpcMetadata,
  ServerInterceptingCallInterface,
  ServerListener,
} from '@grpc/grpc-js'
import {
  cancelled,
  deadlineExceeded,
  toRpcError,
  unimplemented,
} from '../../client/host/failure.js'
import type { Log } from '../../client/host/log.js'
import type { CallContext, Route } from '../../client/host/service.js'
import { GrpcStream, toBuffer } from '../../client/host/stream-grpc.js'
import type { Metadata } from '../../client/host/transport.js'
import { type RpcError, Status } from '../../client/wire/status.js'

/** The listener that grpc-js expects, without the `next` arguments that only chained interceptors use. */
type Listener = Required<{ [K in keyof ServerListener]: (argument: never) => void }>
type StartArgument = Parameters<ServerInterceptingCallInterface['start']>[0]

/** Runs a call of a route; the call has not been started yet. */
export function runCall(route: Route, call: ServerInterceptingCallInterface, log: Log): void {
  if (route.unary !== undefined) new UnaryCall(route, call, log).start()
  else if (route.streaming !== undefined) new StreamCall(route, call, log).start()
  else call.sendStatus(statusOf(unimplemented(route.method.path)))
}

function statusOf(error: RpcError) {
  return { code: error.code as number, details: error.details, metadata: null }
}

/** Made on demand: most unary handlers look at nothing but the message. */
class Context implements CallContext {
  readonly #call: ServerInterceptingCallInterface
  readonly #metadata: GrpcMetadata
  #plain: Metadata | undefined
  #abort: AbortController | undefined
  #gone = false

  constructor(call: ServerInterceptingCallInterface, metadata: GrpcMetadata) {
    this.#call = call
    this.#metadata = metadata
  }

  get metadata(): Metadata {
    this.#plain ??= Object.fromEntries(
      Object.entries(this.#metadata.getMap()).map(([name, value]) => [name, String(value)]),
    )
    return this.#plain
  }

  get peer(): string {
    return this.#call.getPeer()
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#gone) this.#abort.abort()
    }
    return this.#abort.signal
  }

  /** The caller went away, its time is over, or the stream ended. */
  gone(): void {
    this.#gone = true
    this.#abort?.abort()
  }
}

/** Why a call ended that the handler did not end. */
function whyGone(call: ServerInterceptingCallInterface): RpcError {
  const deadline = Number(call.getDeadline())
  return deadline <= Date.now() ? deadlineExceeded() : cancelled()
}

/** What the handler threw, as a status; an unexpected error goes to the log too. */
function answerable(error: unknown, route: Route, log: Log): RpcError {
  const answer = toRpcError(error)
  if (answer !== error) log.error('a handler failed', { method: route.method.path, error })
  return answer
}

class UnaryCall implements Listener {
  readonly #route: Route
  readonly #call: ServerInterceptingCallInterface
  readonly #log: Log
  #context: Context | undefined
  #received = false
  #finished = false

  constructor(route: Route, call: ServerInterceptingCallInterface, log: Log) {
    this.#route = route
    this.#call = call
    this.#log = log
  }

  start(): void {
    this.#call.start(this as unknown as StartArgument)
  }

  onReceiveMetadata(metadata: GrpcMetadata): void {
    this.#context = new Context(this.#call, metadata)
    this.#call.startRead()
  }

  onReceiveMessage(message: unknown): void {
    if (this.#received) return
    this.#received = true
    const { method, unary } = this.#route
    try {
      const answer = unary!(message, this.#context!)
      if (!(answer instanceof Promise)) this.#succeed(method.response.encode(answer).finish())
      else answer.then((value) => this.#encode(value)).catch((error) => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
  }

  onReceiveHalfClose(): void {
    if (this.#received) return
    this.#received = true
    this.#finished = true
    this.#call.sendStatus({
      code: Status.UNIMPLEMENTED as number,
      details: `no request message for ${this.#route.method.path}`,
      metadata: null,
    })
  }

  onCancel(): void {
    if (!this.#finished) this.#context?.gone()
    this.#finished = true
  }

  #encode(answer: object): void {
    this.#succeed(this.#route.method.response.encode(answer).finish())
  }

  #succeed(bytes: Uint8Array): void {
    if (this.#finished) return
    this.#finished = true
    this.#call.sendMessage(toBuffer(bytes), noop)
    this.#call.sendStatus(OK)
  }

  #fail(error: unknown): void {
    const answer = answerable(error, this.#route, this.#log)
    if (this.#finished) return
    this.#finished = true
    this.#call.sendStatus(statusOf(answer))
  }
}

const OK = { code: Status.OK as number, details: 'OK', metadata: null }

function noop(): void {}

class StreamCall extends GrpcStream<unknown, unknown> implements Listener {
  readonly #route: Route
  readonly #call: ServerInterceptingCallInterface
  readonly #log: Log
  #context: Context | undefined
  /** How this side ended it. */
  #finished: { readonly error: RpcError | undefined } | undefined

  constructor(route: Route, call: ServerInterceptingCallInterface, log: Log) {
    super(route.method.response)
    this.#route = route
    this.#call = call
    this.#log = log
  }

  start(): void {
    this.#call.start(this as unknown as StartArgument)
  }

  onReceiveMetadata(metadata: GrpcMetadata): void {
    this.#context = new Context(this.#call, metadata)
    try {
      this.#route.streaming!(this, this.#context)
    } catch (error) {
      this.fail(answerable(error, this.#route, this.#log))
    }
  }

  onReceiveMessage(message: unknown): void {
    this.arrived(message)
  }

  onReceiveHalfClose(): void {
    // Also the first thing that a cancellation by grpc-js's client looks like: it ends, then resets.
    this.farEnd()
  }

  onCancel(): void {
    this.#context?.gone()
    this.over(this.#finished === undefined ? whyGone(this.#call) : this.#finished.error)
  }

  protected override startRead(): void {
    this.#call.startRead()
  }

  protected override write(bytes: Buffer, done: () => void): void {
    this.#call.sendMessage(bytes, done)
  }

  protected override finish(): void {
    this.#finished ??= { error: undefined }
    this.#call.sendStatus(OK)
  }

  protected override abort(error: RpcError): void {
    this.#finished ??= { error }
    this.#call.sendStatus(statusOf(error))
  }
}
