/** One set of stories over every transport: gRPC on a real socket, and in one process. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { nodeClock } from '../../client/host/clock-node.js'
import { type ServiceTable, streaming, unary } from '../../client/host/service.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { InProcessTransport } from '../../client/host/transport-inprocess.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { WatchRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import { KV, Maintenance, Peer, Watch } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { GrpcListener } from './listener-grpc.js'

interface World {
  readonly transport: Transport
  readonly address: string
  stop(): Promise<void>
}

const REQUEST_BYTES_MAX = 64 * 1024

async function overGrpc(services: ServiceTable): Promise<World> {
  const listening = await new GrpcListener().listen(
    { url: 'http://127.0.0.1:0', requestBytesMax: REQUEST_BYTES_MAX },
    services,
  )
  return {
    transport: new GrpcTransport(),
    address: listening.url,
    stop: () => listening.close(0),
  }
}

async function inProcess(services: ServiceTable): Promise<World> {
  const transport = new InProcessTransport({ clock: nodeClock, services: () => services })
  return { transport, address: 'here', stop: async () => {} }
}

/** What the handlers saw, for the stories to wait on. */
class Seen {
  /** Handlers that wait for their caller to go away. */
  hanging = 0
  readonly #marks = new Map<string, { promise: Promise<unknown>; resolve: (v: unknown) => void }>()
  readonly #mark = (name: string) => {
    let mark = this.#marks.get(name)
    if (mark === undefined) {
      let resolve: (value: unknown) => void = () => {}
      const promise = new Promise<unknown>((done) => {
        resolve = done
      })
      mark = { promise, resolve }
      this.#marks.set(name, mark)
    }
    return mark
  }
  mark(name: string, value?: unknown): void {
    this.#mark(name).resolve(value)
  }
  wait(name: string): Promise<unknown> {
    return this.#mark(name).promise
  }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytes = (value: string) => Buffer.from(value)

function services(seen: Seen): ServiceTable {
  return [
    unary(KV.put, async (request, context) => {
      switch (text(request.key)) {
        case 'fail':
          throw etcdErrors.leaseNotFound.error()
        case 'bug':
          throw new TypeError('percent % and ünïcode')
        case 'hang':
          seen.mark(`hanging ${text(request.value)}`)
          seen.hanging++
          context.signal.addEventListener('abort', () => seen.hanging--)
          await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
          seen.mark(`aborted ${text(request.value)}`)
          throw new Error('too late')
        case 'metadata':
          return { prevKv: { value: bytes(context.metadata['token'] ?? '') } }
        default:
          return { header: { revision: 7 }, prevKv: { key: request.key, value: request.value } }
      }
    }),
    streaming(Watch.watch, (stream, context) => {
      const handler = watchHandlers[context.metadata['story'] ?? 'echo']!
      handler(stream, seen)
      const story = context.metadata['story']
      context.signal.addEventListener('abort', () => seen.mark(`${story} aborted`))
    }),
    streaming(KV.rangeStream, (stream) => {
      stream.receive({
        message: (request) => {
          for (let i = 0; i < request.limit; i++) stream.send({ rangeResponse: { count: i } })
          stream.end()
        },
        close: () => {},
      })
    }),
    streaming(Peer.exchange, (stream) => {
      let received = 0
      stream.receive({
        message: () => received++,
        end: () => {
          seen.mark('client stream', received)
          stream.send({})
          stream.end()
        },
        close: () => {},
      })
    }),
  ]
}

type ServerStream = MessageStream<WatchRequest, Parameters<typeof sendWatch>[1]>
function sendWatch(stream: ServerStream, response: { watchId?: number; cancelReason?: string }) {
  return stream.send(response)
}

const CHUNK = 'x'.repeat(16 * 1024)
const FLOOD_MESSAGES = 500

const watchHandlers: Record<string, (stream: ServerStream, seen: Seen) => void> = {
  echo(stream) {
    stream.receive({
      message: (request) => {
        stream.send({ watchId: request.cancelRequest?.watchId ?? 0 })
      },
      end: () => stream.end(),
      close: () => {},
    })
  },
  once(stream) {
    stream.receive({ message: () => stream.end(), close: () => {} })
  },
  hold(stream, seen) {
    stream.receive({
      message: () => stream.send({ watchId: 1 }),
      close: (error) => seen.mark('server closed', error),
    })
  },
  flood(stream, seen) {
    let sent = 0
    const fill = () => {
      while (sent < FLOOD_MESSAGES) {
        sent++
        if (!sendWatch(stream, { watchId: sent, cancelReason: CHUNK })) break
      }
      if (sent === FLOOD_MESSAGES) stream.end()
    }
    stream.receive({ message: () => {}, drain: fill, close: () => seen.mark('flood over') })
    fill()
    seen.mark('flood stopped', () => sent)
  },
  slow(stream, seen) {
    let received = 0
    stream.receive({
      message: () => {
        received++
      },
      end: () => {
        seen.mark('slow received', received)
        stream.end()
      },
      close: () => {},
    })
    stream.pause()
    seen.mark('slow stream', stream)
  },
  fail(stream) {
    stream.receive({ message: () => stream.fail(etcdErrors.noLeader.error()), close: () => {} })
  },
}

/** Collects what a stream brings, and how it ends. */
function collect<In>(stream: MessageStream<In, never>) {
  const messages: In[] = []
  const closed = new Promise<RpcError | undefined>((resolve) => {
    stream.receive({ message: (message) => messages.push(message), close: resolve })
  })
  return { messages, closed }
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error as RpcError,
  )

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe.each([
  ['over gRPC', overGrpc],
  ['in process', inProcess],
] as const)('%s', (name, start) => {
  let world: World
  let channel: Channel
  let seen: Seen
  const table: { current: ServiceTable } = { current: [] }

  beforeAll(async () => {
    seen = new Seen()
    table.current = services(seen)
    world = await start(table.current)
    channel = world.transport.connect(world.address)
  })
  afterAll(async () => {
    channel.close()
    await world.stop()
  })

  const watch = (story: string, options = {}) =>
    channel.stream(Watch.watch, { metadata: { story }, ...options })

  test('a call brings back what the handler answered, with every field present', async () => {
    const response = await channel.call(KV.put, { key: bytes('a'), value: bytes('b') })
    expect(response.header).toEqual({ clusterId: 0n, memberId: 0n, revision: 7, raftTerm: 0 })
    expect(text(response.prevKv!.value)).toBe('b')
    expect(response.prevKv!.lease).toBe(0n)
  })

  test('the bytes of a request may be reused by the caller at once', async () => {
    const value = Buffer.from('before')
    const call = channel.call(KV.put, { key: bytes('a'), value })
    value.write('after!')
    expect(text((await call).prevKv!.value)).toBe('before')
  })

  test('metadata travels with the call', async () => {
    const response = await channel.call(
      KV.put,
      { key: bytes('metadata') },
      { metadata: { token: 'secret' } },
    )
    expect(text(response.prevKv!.value)).toBe('secret')
  })

  test('an error of the handler arrives with its code and text, and is not marked as never sent', async () => {
    const error = await failure(channel.call(KV.put, { key: bytes('fail') }))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({
      code: Status.NOT_FOUND,
      details: 'etcdserver: requested lease not found',
      neverSent: false,
    })
  })

  test('a bug in a handler becomes UNKNOWN with its text', async () => {
    const error = await failure(channel.call(KV.put, { key: bytes('bug') }))
    expect(error).toMatchObject({ code: Status.UNKNOWN, details: 'percent % and ünïcode' })
  })

  test('a method that nobody serves is UNIMPLEMENTED', async () => {
    const error = await failure(channel.call(Maintenance.status, {}))
    expect(error.code).toBe(Status.UNIMPLEMENTED)
  })

  test('a deadline ends the call on both sides', async () => {
    const error = await failure(
      channel.call(KV.put, { key: bytes('hang'), value: bytes('A') }, { timeoutMs: 60 }),
    )
    expect(error).toMatchObject({ code: Status.DEADLINE_EXCEEDED, neverSent: false })
    await seen.wait('aborted A')
  })

  test('aborting ends the call on both sides', async () => {
    const abort = new AbortController()
    const call = channel.call(
      KV.put,
      { key: bytes('hang'), value: bytes('B') },
      { signal: abort.signal },
    )
    await seen.wait('hanging B')
    abort.abort()
    expect((await failure(call)).code).toBe(Status.CANCELLED)
    await seen.wait('aborted B')
  })

  test('a call that is aborted in the turn in which it began leaves nothing behind', async () => {
    const abort = new AbortController()
    const call = channel.call(KV.put, { key: bytes('hang') }, { signal: abort.signal })
    abort.abort()
    expect(await failure(call)).toMatchObject({ code: Status.CANCELLED })
    const late = channel.call(KV.put, { key: bytes('hang') }, { timeoutMs: 0 })
    expect(await failure(late)).toMatchObject({ code: Status.DEADLINE_EXCEEDED })
    await channel.call(KV.put, { key: bytes('a') })
    await turns(50)
    expect(seen.hanging).toBe(0)
  })

  test('a call that is aborted before it begins is never sent', async () => {
    const error = await failure(
      channel.call(KV.put, { key: bytes('a') }, { signal: AbortSignal.abort() }),
    )
    expect(error).toMatchObject({ code: Status.CANCELLED, neverSent: true })
  })

  test('a stream keeps the order in both directions and ends after the half-close', async () => {
    const stream = watch('echo')
    const { messages, closed } = collect(stream as never)
    for (let i = 0; i < 300; i++) stream.send({ cancelRequest: { watchId: i } })
    stream.end()
    expect(stream.send({})).toBe(false)
    expect(await closed).toBeUndefined()
    expect((messages as WatchResponse[]).map((m) => m.watchId)).toEqual(
      Array.from({ length: 300 }, (_, i) => i),
    )
  })

  test('bytes that are already encoded arrive like a message', async () => {
    const stream = watch('echo')
    const { messages, closed } = collect(stream as never)
    const encoded = Watch.watch.request.encode({ cancelRequest: { watchId: 42 } }).finish()
    stream.sendBytes(encoded)
    stream.sendBytes(encoded)
    stream.end()
    await closed
    expect((messages as WatchResponse[]).map((m) => m.watchId)).toEqual([42, 42])
  })

  test('a server stream gets its request as a message and ends by itself', async () => {
    const stream = channel.stream(KV.rangeStream)
    const { messages, closed } = collect(stream as never)
    stream.send({ key: bytes('a'), limit: 100 })
    stream.end()
    expect(await closed).toBeUndefined()
    expect(messages).toHaveLength(100)
  })

  test('a client stream is answered when it ends', async () => {
    const stream = channel.stream(Peer.exchange)
    const { messages, closed } = collect(stream as never)
    for (let i = 0; i < 50; i++) stream.send({})
    stream.end()
    expect(await closed).toBeUndefined()
    expect(messages).toHaveLength(1)
    expect(await seen.wait('client stream')).toBe(50)
  })

  test('a stream that the server fails ends with that status', async () => {
    const stream = watch('fail')
    const { closed } = collect(stream as never)
    stream.send({})
    expect(await closed).toMatchObject({
      code: Status.UNAVAILABLE,
      details: 'etcdserver: no leader',
      neverSent: false,
    })
  })

  test('a stream on a method that nobody serves is UNIMPLEMENTED', async () => {
    const { closed } = collect(channel.stream(Maintenance.snapshot) as never)
    expect((await closed)?.code).toBe(Status.UNIMPLEMENTED)
  })

  test('cancelling a stream tells both sides', async () => {
    const stream = watch('hold')
    let echoed: () => void = () => {}
    const running = new Promise<void>((resolve) => {
      echoed = resolve
    })
    const closed = new Promise<RpcError | undefined>((resolve) => {
      stream.receive({ message: () => echoed(), close: resolve })
    })
    stream.send({})
    await running
    const mine = new RpcError(Status.CANCELLED, 'enough')
    stream.fail(mine)
    expect(await closed).toBe(mine)
    await seen.wait('hold aborted')
    expect(await seen.wait('server closed')).toMatchObject({ code: Status.CANCELLED })
    expect(stream.send({})).toBe(false)
  })

  test('a stream that ended well aborts its signal, too, so that its handler can tidy up', async () => {
    const stream = watch('once')
    const { closed } = collect(stream as never)
    stream.send({})
    expect(await closed).toBeUndefined()
    await seen.wait('once aborted')
  })

  test('a deadline ends a stream', async () => {
    const { closed } = collect(watch('echo', { timeoutMs: 50 }) as never)
    expect((await closed)?.code).toBe(Status.DEADLINE_EXCEEDED)
  })

  test('a reader that pauses stops the writer within bounds, and loses nothing', async () => {
    const stream = watch('flood')
    const ids: number[] = []
    const closed = new Promise<RpcError | undefined>((resolve) => {
      stream.receive({ message: (m) => ids.push(m.watchId), close: resolve })
    })
    stream.pause()
    const sent = (await seen.wait('flood stopped')) as () => number
    let before = -1
    while (sent() !== before) {
      before = sent()
      await turns(200)
    }
    const heldBytes = (sent() - ids.length) * CHUNK.length
    expect(heldBytes).toBeLessThan(2 * 1024 * 1024)
    expect(sent()).toBeLessThan(FLOOD_MESSAGES)
    stream.resume()
    expect(await closed).toBeUndefined()
    expect(ids).toEqual(Array.from({ length: FLOOD_MESSAGES }, (_, i) => i + 1))
  })

  test('a server that pauses makes the client wait for drain', async () => {
    const stream = watch('slow')
    let drained: () => void = () => {}
    const drain = new Promise<void>((resolve) => {
      drained = resolve
    })
    const closed = new Promise<RpcError | undefined>((resolve) => {
      stream.receive({ message: () => {}, drain: () => drained(), close: resolve })
    })
    const server = (await seen.wait('slow stream')) as MessageStream<never, never>
    let sent = 0
    const big = { createRequest: { key: bytes('k'.repeat(8 * 1024)) } }
    while (stream.send(big)) sent++
    sent++
    expect(sent).toBeLessThan(200)
    server.resume()
    await drain
    stream.end()
    await closed
    expect(await seen.wait('slow received')).toBe(sent)
  })

  test('a thousand calls at once all get their own answer', async () => {
    const calls = Array.from({ length: 1000 }, (_, i) =>
      channel.call(KV.put, { key: bytes(`k${i}`), value: bytes(`v${i}`) }),
    )
    const values = (await Promise.all(calls)).map((response) => text(response.prevKv!.value))
    expect(values).toEqual(Array.from({ length: 1000 }, (_, i) => `v${i}`))
  })

  test('closing a channel ends what is open with CANCELLED, and refuses what comes later', async () => {
    const other = world.transport.connect(world.address)
    const call = other.call(KV.put, { key: bytes('hang') })
    const { closed } = collect(other.stream(Watch.watch) as never)
    await turns(20)
    other.close()
    other.close()
    expect((await failure(call)).code).toBe(Status.CANCELLED)
    expect((await closed)?.code).toBe(Status.CANCELLED)
    expect(await failure(other.call(KV.put, {}))).toMatchObject({
      code: Status.CANCELLED,
      neverSent: true,
    })
    const late = await collect(other.stream(Watch.watch) as never).closed
    expect(late).toMatchObject({ code: Status.CANCELLED, neverSent: true })
  })

  if (name === 'over gRPC') {
    test('a request above the limit is refused with RESOURCE_EXHAUSTED', async () => {
      const value = Buffer.alloc(REQUEST_BYTES_MAX + 1)
      const error = await failure(channel.call(KV.put, { key: bytes('a'), value }))
      expect(error.code).toBe(Status.RESOURCE_EXHAUSTED)
    })
  }
})
