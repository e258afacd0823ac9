/**
 * Members that a test plays by hand: the client talks to them in one process, in virtual time.
 *
 * A member is up, refuses connections, or takes requests and never answers. What it
 * does with a request is up to the test.
 */

import { type Route, type ServiceTable, streaming, unary } from '../../client/host/service.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { ConnectOptions } from '../../client/options.js'
import type { Init } from '../../client/wire/codec.js'
import type {
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
  StatusResponse,
  WatchRequest,
  WatchResponse,
} from '../../client/wire/generated/rpc.js'
import { KV, Lease, Maintenance, Watch } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { clientOf } from './named-members.js'

/** A stream as the member sees it, with everything that came in. */
export class MemberStream<In, Out> {
  readonly received: In[] = []
  closed: { readonly error: RpcError | undefined } | undefined
  readonly #stream: MessageStream<In, Init<Out>>

  constructor(stream: MessageStream<In, Init<Out>>, onMessage: (message: In) => void) {
    this.#stream = stream
    stream.receive({
      message: (message) => {
        this.received.push(message)
        onMessage(message)
      },
      close: (error) => {
        this.closed = { error }
      },
    })
  }

  send(message: Init<Out>): void {
    this.#stream.send(message)
  }

  fail(error: RpcError): void {
    this.#stream.fail(error)
  }

  end(): void {
    this.#stream.end()
  }
}

/** One member; its handlers may be replaced at any time. */
export class FakeMember {
  up = true
  puts = 0
  ranges = 0
  onPut: (request: PutRequest) => Init<PutResponse> | Promise<Init<PutResponse>> = () => ({})
  onRange: (request: RangeRequest) => Init<RangeResponse> | Promise<Init<RangeResponse>> =
    () => ({})
  onWatch: (request: WatchRequest, stream: MemberStream<WatchRequest, WatchResponse>) => void =
    () => {}
  onKeepAlive: (
    request: LeaseKeepAliveRequest,
    stream: MemberStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>,
  ) => void = () => {}
  onRangeStream: (stream: MemberStream<RangeRequest, RangeStreamResponse>) => void = () => {}
  /** How it tells its status; it does not know the method by default, which is an answer, too. */
  onStatus: () => Init<StatusResponse> | Promise<Init<StatusResponse>> = () => {
    throw new RpcError(Status.UNIMPLEMENTED, 'unknown method')
  }
  readonly watches: MemberStream<WatchRequest, WatchResponse>[] = []
  readonly keepAlives: MemberStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>[] = []

  readonly services: ServiceTable = [
    unary(KV.put, (request) => {
      this.puts++
      return this.onPut(request)
    }),
    unary(KV.range, (request) => {
      this.ranges++
      return this.onRange(request)
    }),
    unary(Maintenance.status, () => this.onStatus()),
    streaming(KV.rangeStream, (stream) => {
      const mine: MemberStream<RangeRequest, RangeStreamResponse> = new MemberStream(stream, () =>
        this.onRangeStream(mine),
      )
    }),
    streaming(Watch.watch, (stream) => {
      const mine: MemberStream<WatchRequest, WatchResponse> = new MemberStream(stream, (request) =>
        this.onWatch(request, mine),
      )
      this.watches.push(mine)
    }),
    streaming(Lease.leaseKeepAlive, (stream) => {
      const mine: MemberStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> = new MemberStream(
        stream,
        (request) => this.onKeepAlive(request, mine),
      )
      this.keepAlives.push(mine)
    }),
  ] satisfies Route[]
}

/** Never answers. */
export function silence(): Promise<never> {
  return new Promise(() => {})
}

/** A client and its members `a`, `b`, … in virtual time. */
export function fakeMembers(count: number, options: Partial<ConnectOptions> = {}) {
  const members = Array.from({ length: count }, () => new FakeMember())
  const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length) }
  // These members speak etcd and no more.
  const { client, clock } = clientOf(members, { random, pipeline: 'off', ...options })
  return { client, clock, members, first: members[0]! }
}

/** Lets promise jobs run until nothing moves any more. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
