/**
 * The client's calls on a connection of grpc-js: one request, or a stream.
 *
 * Calls are cancelled a turn after they began at the earliest: grpc-js 1.14 starts a
 * call by a few promise jobs, does not look whether it was cancelled in between, and
 * would then send it all the same and never end it.
 *
 * `neverSent`: a call that was never given to a connection still names the target as
 * its peer, a call on a connection names the remote address. That holds for a refused
 * connection, a failed name, a closed channel, and a deadline that passed while
 * connecting. Anything later may have reached the server and is not marked.
 */

import {
  type Channel as GrpcJsChannel,
  Metadata as GrpcMetadata,
  type InterceptingListener,
  type StatusObject,
} from '@grpc/grpc-js'
import type { Method } from '../wire/method.js'
import { RpcError, Status } from '../wire/status.js'
import { cancelled, deadlineExceeded } from './failure.js'
import type { MixUp } from './mix-up.js'
import { GrpcStream, toBuffer } from './stream-grpc.js'
import type { CallOptions } from './transport.js'

/** A call of grpc-js, below its Client. */
export type GrpcCall = ReturnType<GrpcJsChannel['createCall']>

/** setTimeout takes 32-bit delays. */
const TIMEOUT_MS_MAX = 2_147_483_647

/** Something open that a closing channel ends. */
export interface Open {
  /** Ends it, in a later turn of the event loop. */
  cancel(error: RpcError): void
  /** The time to connect is over. */
  unconnected(timeoutMs: number): void
}

/** A message that waits until the one before it has left. */
interface Waiting {
  readonly bytes: Buffer
  readonly done: () => void
}

/** One request and its answer. */
export class UnaryCall<Response> implements Open, InterceptingListener {
  readonly #call: GrpcCall
  readonly #open: Set<Open>
  readonly #mixUp: MixUp
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: unknown) => void
  #method!: Method<unknown, Response>
  #target = ''
  #unhook: () => void = () => {}
  #response: { readonly message: Response } | undefined
  #why: RpcError | undefined

  constructor(
    call: GrpcCall,
    open: Set<Open>,
    mixUp: MixUp,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#call = call
    this.#open = open
    this.#mixUp = mixUp
    this.#resolve = resolve
    this.#reject = reject
  }

  start<Request>(
    method: Method<Request, Response>,
    bytes: Uint8Array,
    target: string,
    options: CallOptions,
  ): void {
    this.#method = method as Method<unknown, Response>
    this.#target = target
    this.#open.add(this)
    this.#unhook = watchOver(this, options)
    this.#call.start(grpcMetadata(options), this)
    this.#call.sendMessageWithContext({}, toBuffer(bytes))
    this.#call.halfClose()
    this.#call.startRead()
  }

  cancel(error: RpcError): void {
    this.#why ??= error
    setImmediate(() => this.#call.cancelWithStatus(error.code, error.details))
  }

  unconnected(timeoutMs: number): void {
    if (this.#call.getPeer() === this.#target) this.cancel(noConnection(timeoutMs))
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(bytes: Uint8Array): void {
    try {
      this.#response = { message: this.#method.response.decode(bytes) }
    } catch (error) {
      this.cancel(unreadable(error))
    }
  }

  onReceiveStatus(status: StatusObject): void {
    this.#open.delete(this)
    this.#unhook()
    const unconnected = this.#call.getPeer() === this.#target
    if (status.code !== Status.OK)
      this.#mixUp.explain(
        failure(statusOf(status, unconnected), unconnected, this.#why),
        this.#reject,
      )
    else if (this.#response === undefined)
      this.#reject(new RpcError(Status.INTERNAL, 'the server sent no response message'))
    else this.#resolve(this.#response.message)
  }
}

/** The client's side of a stream. Messages leave one at a time: grpc-js drops a second one before the call began. */
export class ClientStream<In, Out>
  extends GrpcStream<In, Out>
  implements Open, InterceptingListener
{
  readonly #call: GrpcCall
  readonly #method: Method<Out, In>
  readonly #open: Set<Open>
  readonly #mixUp: MixUp
  readonly #target: string
  readonly #unhook: () => void
  #queue: Waiting[] = []
  /** Entries of the queue before it have left. */
  #queueStart = 0
  #writing = false
  #wrote = false
  #finishing = false
  #why: RpcError | undefined

  constructor(
    method: Method<Out, In>,
    call: GrpcCall,
    open: Set<Open>,
    mixUp: MixUp,
    target: string,
    options: CallOptions,
  ) {
    super(method.request)
    this.#method = method
    this.#call = call
    this.#open = open
    this.#mixUp = mixUp
    this.#target = target
    open.add(this)
    this.#unhook = watchOver(this, options)
    call.start(grpcMetadata(options), this)
    // Without a read outstanding grpc-js takes in all that comes, without bounds.
    this.readAhead()
  }

  cancel(error: RpcError): void {
    this.fail(error)
  }

  unconnected(timeoutMs: number): void {
    if (!this.#mayHaveLeft) this.cancel(noConnection(timeoutMs))
  }

  /** What is no gRPC, such as a proxy's error page, leaves the stream open for as long as this side does. */
  onReceiveMetadata(metadata: GrpcMetadata): void {
    const [type] = metadata.get('content-type')
    if (!String(type).startsWith('application/grpc')) this.end()
  }

  onReceiveMessage(bytes: Uint8Array): void {
    let message: In
    try {
      message = this.#method.response.decode(bytes)
    } catch (error) {
      this.fail(unreadable(error))
      return
    }
    this.arrived(message)
  }

  onReceiveStatus(status: StatusObject): void {
    this.#open.delete(this)
    this.#unhook()
    const unconnected = this.#call.getPeer() === this.#target
    this.#queue = []
    this.#queueStart = 0
    if (status.code === Status.OK) this.over(undefined)
    else {
      const error = failure(statusOf(status, unconnected), !this.#mayHaveLeft, this.#why)
      this.#mixUp.explain(error, (told) => this.over(told))
    }
  }

  protected override startRead(): void {
    this.#call.startRead()
  }

  protected override write(bytes: Buffer, done: () => void): void {
    if (this.#writing) this.#queue.push({ bytes, done })
    else this.#write(bytes, done)
  }

  protected override finish(): void {
    this.#finishing = true
    if (!this.#writing) this.#call.halfClose()
  }

  protected override abort(error: RpcError): void {
    this.#why ??= error
    setImmediate(() => this.#call.cancelWithStatus(error.code, error.details))
  }

  /** grpc-js names no peer as long as nothing was written. */
  get #mayHaveLeft(): boolean {
    return this.#wrote && this.#call.getPeer() !== this.#target
  }

  #write(bytes: Buffer, done: () => void): void {
    this.#writing = true
    this.#wrote = true
    const callback = () => {
      this.#writing = false
      const next = this.#next()
      if (next !== undefined) this.#write(next.bytes, next.done)
      else if (this.#finishing) this.#call.halfClose()
      done()
    }
    this.#call.sendMessageWithContext({ callback }, bytes)
  }

  /** Not `shift`, which moves a long queue by one each time: ten thousand watches may begin at once. */
  #next(): Waiting | undefined {
    const next = this.#queue[this.#queueStart]
    if (next === undefined) return undefined
    this.#queueStart++
    if (this.#queueStart * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#queueStart)
      this.#queueStart = 0
    }
    return next
  }
}

/** Our own reason when we ended the call, else what the status says. */
function failure(status: StatusObject, neverSent: boolean, why: RpcError | undefined): RpcError {
  if (why === undefined) return new RpcError(status.code as Status, status.details, neverSent)
  return neverSent && !why.neverSent ? new RpcError(why.code, why.details, true) : why
}

/**
 * A connection that died under the call's feet is reported as INTERNAL, when grpc-js names no
 * peer or the stream broke off without a status, or like a call that we cancelled: a server
 * that ends resets what is open with CANCEL.
 */
function statusOf(status: StatusObject, unconnected: boolean): StatusObject {
  const { code, details } = status
  const died = code === (Status.INTERNAL as number) && (unconnected || BROKE_OFF.test(details))
  const wasReset = code === (Status.CANCELLED as number) && details === RESET
  if (!died && !wasReset) return status
  return {
    ...status,
    code: Status.UNAVAILABLE as number,
    details: details.includes(NO_STATUS) ? NO_GRPC : details,
  }
}

/** What grpc-js says of a stream that ended without a status: in order, or for a fault of either side. */
const BROKE_OFF = /^Received RST_STREAM with code [02]\b/
const NO_STATUS = 'Call ended without gRPC status'
const NO_GRPC =
  'the answer ended without a gRPC status; perhaps this is not the client address of a member'

/** What grpc-js says of a stream that the far side reset with CANCEL; whoever cancels here knows why. */
const RESET = 'Call cancelled'

function noConnection(timeoutMs: number): RpcError {
  return new RpcError(Status.UNAVAILABLE, `no connection within ${timeoutMs} ms`)
}

function unreadable(error: unknown): RpcError {
  const reason = error instanceof Error ? error.message : String(error)
  return new RpcError(Status.INTERNAL, `the response cannot be read: ${reason}`)
}

/** Ends `open` when its time is over or its signal aborts; returns how to stop watching. */
function watchOver(open: Open, { signal, timeoutMs }: CallOptions): () => void {
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => open.cancel(deadlineExceeded()), Math.min(timeoutMs, TIMEOUT_MS_MAX))
  const onAbort = () => open.cancel(cancelled())
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** grpc-js copies it before use, so calls without metadata share one. */
const NO_METADATA = new GrpcMetadata()

function grpcMetadata({ metadata, timeoutMs }: CallOptions): GrpcMetadata {
  if (metadata === undefined && timeoutMs === undefined) return NO_METADATA
  const copy = new GrpcMetadata()
  if (timeoutMs !== undefined) copy.set('grpc-timeout', grpcTimeout(timeoutMs))
  for (const name in metadata) copy.set(name, metadata[name]!)
  return copy
}

/** At most eight digits and a unit, as the gRPC protocol wants it. */
function grpcTimeout(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms))
  return whole < 100_000_000 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1000), 99_999_999)}S`
}
