/**
 * The real listener: gRPC over HTTP/2 by grpc-js, behind a doorkeeper of our own that
 * reads the opening of each connection, see http2-opening.ts.
 *
 * Every method is registered for its codecs only; a server interceptor takes each
 * call over before grpc-js would wrap it in streams, see {@link runCall}.
 *
 * Against abuse: requests above the limit are refused by their length prefix, streams
 * per connection are bounded, dead connections are found by pings. Header sizes,
 * resets and invalid frames are bounded by Node's own defaults (128 header pairs,
 * 1000 invalid frames), which grpc-js does not expose.
 */

import type { ServerHttp2Stream } from 'node:http2'
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerOptions,
} from '@grpc/grpc-js'
import { parseAddress } from '../../client/host/address-grpc.js'
import { type Log, silentLog } from '../../client/host/log.js'
import type { Route, ServiceTable } from '../../client/host/service.js'
import { runCall } from './call-grpc.js'
import { type DoorAddress, Http2Doorkeeper } from './http2-doorkeeper.js'
import type { Listener, Listening, ListenOptions } from './listener.js'

type ConnectionInjector = ReturnType<Server['createConnectionInjector']>

/** Open calls on one connection, streams included. */
const STREAMS_PER_CONNECTION_MAX = 100_000
/** A silent connection is pinged this often, and dropped when the ping stays unanswered. */
const KEEP_ALIVE_INTERVAL_MS = 60_000
const KEEP_ALIVE_TIMEOUT_MS = 20_000

/** The listener of the real world. */
export class GrpcListener implements Listener {
  readonly #log: Log

  /** @param options.log gets what handlers throw that is no `RpcError`. */
  constructor(options: { readonly log?: Log } = {}) {
    this.#log = options.log ?? silentLog
  }

  /** @throws an error with code EADDRINUSE or EACCES, or a TypeError for a URL that cannot be read. */
  async listen(options: ListenOptions, services: ServiceTable): Promise<Listening> {
    const { target, secure } = parseAddress(options.url)
    if (secure) throw new TypeError(`TLS is not supported yet: ${options.url}`)
    const server = this.#server(options, services)
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    const doorkeeper = new Http2Doorkeeper((socket) => injector.injectConnection(socket))
    const port = await listen(doorkeeper, doorOf(target), options.url)
    return {
      url: options.url.replace(/:0(\/?)$/, `:${port}$1`),
      close: (graceMs) => {
        doorkeeper.close()
        return close(server, injector, graceMs)
      },
    }
  }

  #server(options: ListenOptions, services: ServiceTable): Server {
    const routes = new Map(services.map((route) => [route.method.path, route]))
    const server = serverOf(this.#log, {
      interceptors: [(method, call) => this.#takeOver(routes.get(method.path), call)],
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': options.requestBytesMax,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
      'grpc.keepalive_time_ms': KEEP_ALIVE_INTERVAL_MS,
      'grpc.keepalive_timeout_ms': KEEP_ALIVE_TIMEOUT_MS,
    })
    for (const { method } of services) {
      const decode = (bytes: Buffer) => method.request.decode(bytes)
      server.register(method.path, unreachable, alreadyBytes, decode, 'bidi')
    }
    return server
  }

  #takeOver(
    route: Route | undefined,
    call: ServerInterceptingCallInterface,
  ): ServerInterceptingCall {
    runCall(route!, call, this.#log)
    return TAKEN
  }
}

/** What grpc-js does with a new stream; private there. */
type StreamHandler = (interceptors: unknown, stream: ServerHttp2Stream, headers: unknown) => void

/**
 * A server that a stream cannot bring down. grpc-js refuses a request for what is not here
 * by answering it, which throws where nobody catches it when the client has reset the
 * stream with the same packet.
 */
function serverOf(log: Log, options: ServerOptions): Server {
  const server = new Server(options)
  const inner = server as unknown as { _streamHandler: StreamHandler }
  const handle = inner._streamHandler
  if (typeof handle !== 'function') throw new Error('this grpc-js has no _streamHandler')
  inner._streamHandler = (interceptors, stream, headers) => {
    // Its session may still fail with an error, which every stream of it tells.
    stream.on('error', () => {})
    if (stream.destroyed || stream.closed) return
    try {
      handle.call(server, interceptors, stream, headers)
    } catch (error) {
      log.warn('a request could not be taken', { error })
      stream.destroy()
    }
  }
  return server
}

/** Stands for a call that is already running elsewhere; grpc-js starts it to no effect. */
class Taken extends ServerInterceptingCall {
  override start(): void {}
}
const TAKEN = new Taken(undefined as never)

function unreachable(): never {
  throw new Error('calls are taken over before their handler')
}

/** Our calls hand over encoded bytes. */
function alreadyBytes(bytes: Buffer): Buffer {
  return bytes
}

/** Where to listen. A name that means this machine is its IPv4 loopback, as in Go. */
function doorOf(target: string): DoorAddress {
  if (target.startsWith('unix:')) return { path: target.slice('unix:'.length) }
  const [, host, port] = /^dns:(.*):(\d+)$/.exec(target)!
  const bare = host!.replace(/^\[(.*)\]$/, '$1')
  return { host: bare === 'localhost' ? '127.0.0.1' : bare, port: Number(port) }
}

async function listen(door: Http2Doorkeeper, address: DoorAddress, url: string): Promise<number> {
  try {
    return await door.listen(address)
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`cannot listen on ${url}: ${message}`, { cause: error }), {
      code,
    })
  }
}

/** `forceShutdown` forgets connections when channelz is off, so they are cut by `drain`. */
function close(server: Server, injector: ConnectionInjector, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    injector.drain(graceMs)
    server.tryShutdown(() => resolve())
  })
}
