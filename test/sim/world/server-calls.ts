/**
 * The server's side of one call: the handler runs in the life of its process, and what it
 * answers goes back down the connection, unless the caller is known to be gone.
 *
 * A handler that throws anything but a status has a bug. Its caller is told UNKNOWN as in
 * production, and the world crashes with the error, so that no judge takes it for an outcome.
 */

import { cancelled, toRpcError, unimplemented } from '../../../client/host/failure.js'
import type { CallContext } from '../../../client/host/service.js'
import type { Metadata } from '../../../client/host/transport.js'
import type { Method } from '../../../client/wire/method.js'
import { RpcError, Status } from '../../../client/wire/status.js'
import type { ServerSide, SimConnection } from './connection.js'
import { StreamEnd } from './stream-end.js'

/** Where the answer of a unary call goes; called when it has arrived. */
export interface AnswerTo {
  answered(bytes: Uint8Array): void
  failed(error: RpcError): void
}

/** What a handler may know of its call. The signal is made when somebody asks for it. */
class Context implements CallContext {
  readonly metadata: Metadata
  readonly peer: string
  #controller: AbortController | undefined
  #isOver = false

  constructor(peer: string, metadata: Metadata | undefined) {
    this.peer = peer
    this.metadata = { ...metadata }
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isOver) this.#controller.abort()
    }
    return this.#controller.signal
  }

  end(): void {
    this.#isOver = true
    this.#controller?.abort()
  }
}

/** One request that has arrived. */
export class UnaryCall implements ServerSide {
  readonly #connection: SimConnection
  readonly #context: Context
  readonly #to: AnswerTo
  #isOver = false

  constructor(
    connection: SimConnection,
    path: string,
    metadata: Metadata | undefined,
    request: Uint8Array,
    to: AnswerTo,
  ) {
    this.#connection = connection
    this.#context = new Context(connection.client.name, metadata)
    this.#to = to
    connection.served.add(this)
    connection.server!.life.run(() => this.#serve(path, request))
  }

  lost(): void {
    this.#connection.server?.life.run(() => {
      if (this.#finish()) this.#context.end()
    })
  }

  #serve(path: string, request: Uint8Array): void {
    const server = this.#connection.server!
    const route = server.route(path)
    if (server.isClosing || route?.unary === undefined) {
      this.#fail(server.isClosing ? closing() : unimplemented(path))
      return
    }
    const { unary, method } = route
    server.callsOpen++
    const answer = async () =>
      method.response.encode((await unary(method.request.decode(request), this.#context)) as never)
    answer().then(
      (writer) => {
        server.callEnded()
        const bytes = writer.finish()
        if (this.#finish()) this.#send(() => this.#to.answered(bytes))
      },
      (error) => {
        server.callEnded()
        this.#fail(statusOf(error, this.#connection))
      },
    )
  }

  #fail(error: RpcError): void {
    const { code, details } = error
    if (this.#finish()) this.#send(() => this.#to.failed(new RpcError(code, details)))
  }

  /** The dead say nothing more. */
  #send(arrive: () => void): void {
    if (!this.#connection.server!.life.isOver) this.#connection.down.send(arrive)
  }

  #finish(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#connection.served.delete(this)
    return true
  }
}

/** One stream. Its end exists before it has arrived, so that messages find it. */
export class StreamCall<Request, Response> implements ServerSide {
  readonly end: StreamEnd<Request, Response>
  readonly #connection: SimConnection
  readonly #method: Method<Request, Response>
  readonly #metadata: Metadata | undefined
  #context: Context | undefined

  constructor(
    connection: SimConnection,
    method: Method<Request, Response>,
    metadata: Metadata | undefined,
    client: StreamEnd<Response, Request>,
  ) {
    this.#connection = connection
    this.#method = method
    this.#metadata = metadata
    this.end = new StreamEnd<Request, Response>({
      role: 'server',
      // Nothing is delivered before it has arrived, and then there is a server.
      life: { isPaused: false, run: (work) => connection.server?.life.run(work) },
      incoming: method.request,
      outgoing: method.response,
      onOver: () => this.#over(),
    })
    this.end.far = client
    client.far = this.end
    this.end.wire = {
      post: (arrive) => this.#send(arrive),
      message: (bytes) => this.#send(() => client.arrive(bytes)),
    }
  }

  /** It has arrived. */
  begin(): void {
    const connection = this.#connection
    const server = connection.server!
    this.#context = new Context(connection.client.name, this.#metadata)
    connection.served.add(this)
    server.life.run(() => {
      const handler = server.route(this.#method.path)?.streaming
      if (server.isClosing) this.end.fail(closing())
      else if (handler === undefined) this.end.fail(unimplemented(this.#method.path))
      else
        try {
          handler(this.end as never, this.#context!)
        } catch (error) {
          this.end.fail(statusOf(error, connection))
        }
    })
  }

  lost(): void {
    this.end.over(cancelled())
  }

  #over(): void {
    this.#connection.served.delete(this)
    this.#connection.server?.life.run(() => this.#context?.end())
  }

  #send(arrive: () => void): void {
    if (!this.#connection.server!.life.isOver) this.#connection.down.send(arrive)
  }
}

/** What the caller is told. What the dead throw is nobody's concern. */
function statusOf(error: unknown, { server, network }: SimConnection): RpcError {
  if (!(error instanceof RpcError) && !server!.life.isOver) network.crashed(error)
  return toRpcError(error)
}

function closing(): RpcError {
  return new RpcError(Status.UNAVAILABLE, 'the server is closing')
}
