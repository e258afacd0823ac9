/**
 * A transport that proves who the client is.
 *
 * Before the first call of a channel the cluster is asked for a token, once for all that
 * wait; from then on every call and stream carries it. What a server refuses for its
 * token did not happen, so it is repeated with a fresh one, writes as well as reads.
 */

import type { Clock } from '../host/clock.js'
import type { MessageStream } from '../host/stream.js'
import type { CallOptions, Channel, ChannelOptions, Transport } from '../host/transport.js'
import type { Init } from '../wire/codec.js'
import { etcdErrorNamed } from '../wire/etcd-errors.js'
import type { Method, MethodKind } from '../wire/method.js'
import { Auth } from '../wire/methods.js'
import { RpcError, Status } from '../wire/status.js'
import { AuthorizedStream } from './authorized-stream.js'
import { isTokenRefusal, type Token, type Tokens } from './tokens.js'
import type { Waits } from './waits.js'

/** How long a request for a token may take; it costs a server some hundred milliseconds of work. */
const AUTHENTICATE_MS = 4_000
/** Fresh tokens for one call: users and roles may change while it is asked for. */
const FRESH_TOKENS_MAX = 3

/** What an {@link AuthorizedTransport} needs. */
export interface Authorization {
  readonly tokens: Tokens
  readonly clock: Clock
  readonly waits: Waits
}

/** Adds the token of a client to all that it sends. */
export class AuthorizedTransport implements Transport {
  readonly #inner: Transport
  readonly #authorization: Authorization

  constructor(inner: Transport, authorization: Authorization) {
    this.#inner = inner
    this.#authorization = authorization
  }

  connect(address: string, options?: ChannelOptions): Channel {
    return new AuthorizedChannel(this.#inner.connect(address, options), this.#authorization)
  }
}

/** A channel whose calls carry the token. */
export class AuthorizedChannel implements Channel {
  readonly #inner: Channel
  readonly #authorization: Authorization
  #asking: Promise<Token> | undefined

  constructor(inner: Channel, authorization: Authorization) {
    this.#inner = inner
    this.#authorization = authorization
  }

  async call<Request, Response>(
    method: Method<Request, Response, 'unary'>,
    request: Init<Request>,
    options: CallOptions = {},
  ): Promise<Response> {
    const { tokens, clock } = this.#authorization
    const endsAtMs = clock.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY)
    const left = (): CallOptions =>
      options.timeoutMs === undefined
        ? options
        : { ...options, timeoutMs: Math.max(1, endsAtMs - clock.now()) }
    for (let fresh = 0; ; fresh++) {
      const token = tokens.current ?? (await this.#ask(left()))
      try {
        return await this.#inner.call(method, request, withToken(left(), token))
      } catch (error) {
        if (!(error instanceof RpcError && isTokenRefusal(error))) throw error
        tokens.refused(token)
        if (fresh === FRESH_TOKENS_MAX) throw error
      }
    }
  }

  stream<Request, Response>(
    method: Method<Request, Response, Exclude<MethodKind, 'unary'>>,
    options: CallOptions = {},
  ): MessageStream<Response, Init<Request>> {
    const { tokens } = this.#authorization
    return new AuthorizedStream({
      tokens,
      ask: () => this.#ask(options),
      open: (token) => this.#inner.stream(method, withToken(options, token)),
      encode: (message) => method.request.encode(message).finish(),
    })
  }

  close(): void {
    this.#inner.close()
  }

  /** A token from the cluster; whoever waits for it leaves when its time is over. */
  #ask({ timeoutMs = AUTHENTICATE_MS, signal }: CallOptions): Promise<Token> {
    this.#asking ??= this.#authenticate()
    return this.#authorization.waits.within(this.#asking, timeoutMs, signal, late)
  }

  async #authenticate(): Promise<Token> {
    const { tokens } = this.#authorization
    const { username, password } = tokens.credentials
    try {
      const request = { name: username, password }
      const options = { timeoutMs: AUTHENTICATE_MS }
      const { token } = await this.#inner.call(Auth.authenticate, request, options)
      return tokens.granted(token)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (etcdErrorNamed(error.details) !== 'authNotEnabled') throw notSent(error)
      return tokens.granted(undefined)
    } finally {
      this.#asking = undefined
    }
  }
}

/** What waited for the token did not leave: another endpoint may be asked. */
function notSent(error: RpcError): RpcError {
  const { code, details } = error
  const isElsewhere = code === Status.UNAVAILABLE || code === Status.DEADLINE_EXCEEDED
  return isElsewhere ? new RpcError(code, details, true, { cause: error.cause ?? error }) : error
}

function late(): RpcError {
  return new RpcError(Status.DEADLINE_EXCEEDED, 'no token came in time', true)
}

function withToken(options: CallOptions, { text }: Token): CallOptions {
  return text === undefined
    ? options
    : { ...options, metadata: { ...options.metadata, token: text } }
}
