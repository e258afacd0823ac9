/** When a request provably did not leave, and when nobody can know: against real sockets. */

import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { parseAddress } from '../../client/host/address-grpc.js'
import { unary } from '../../client/host/service.js'
import type { Channel } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { KV, Watch } from '../../client/wire/methods.js'
import { type RpcError, Status } from '../../client/wire/status.js'
import { FrameType, frame, PREFACE, requestBlock } from '../../test/fuzz/http2-bytes.js'
import { GrpcListener } from './listener-grpc.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function channelTo(address: string): Channel {
  const channel = new GrpcTransport().connect(address)
  cleanups.push(() => channel.close())
  return channel
}

async function tcpServer(onSocket: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  const { port } = server.address() as { port: number }
  return `http://127.0.0.1:${port}`
}

async function put(channel: Channel, timeoutMs = 5_000): Promise<RpcError> {
  try {
    await channel.call(KV.put, { key: Buffer.from('a') }, { timeoutMs })
  } catch (error) {
    return error as RpcError
  }
  throw new Error('it succeeded')
}

describe('a request never left when', () => {
  test('nobody listens on the port', async () => {
    const address = await tcpServer(() => {})
    await cleanups.pop()?.()
    const channel = channelTo(address)
    expect(await put(channel)).toMatchObject({ code: Status.UNAVAILABLE, neverSent: true })
    // While it waits to connect again it says so at once.
    expect(await put(channel)).toMatchObject({ code: Status.UNAVAILABLE, neverSent: true })
  })

  test('the server accepts and resets', async () => {
    const address = await tcpServer((socket) => socket.resetAndDestroy())
    expect(await put(channelTo(address))).toMatchObject({
      code: Status.UNAVAILABLE,
      neverSent: true,
    })
  })

  test('the server accepts and says nothing until the deadline', async () => {
    const sockets: Socket[] = []
    const address = await tcpServer((socket) => sockets.push(socket))
    const error = await put(channelTo(address), 200)
    for (const socket of sockets) socket.destroy()
    expect(error).toMatchObject({ code: Status.DEADLINE_EXCEEDED, neverSent: true })
  })

  test('the server accepts and says nothing until the time to connect is over', async () => {
    const sockets: Socket[] = []
    const address = await tcpServer((socket) => sockets.push(socket))
    const channel = new GrpcTransport().connect(address, { connectTimeoutMs: 100 })
    cleanups.push(() => channel.close())
    const error = await put(channel, 60_000)
    const stream = channel.stream(Watch.watch)
    const ended = await new Promise<RpcError | undefined>((resolve) => {
      stream.receive({ message: () => {}, close: resolve })
    })
    for (const socket of sockets) socket.destroy()
    expect(error).toMatchObject({ code: Status.UNAVAILABLE, neverSent: true })
    expect(ended).toMatchObject({ code: Status.UNAVAILABLE, neverSent: true })
  })

  test('the name has no address', async () => {
    expect(await put(channelTo('http://nowhere.invalid:2379'))).toMatchObject({
      code: Status.UNAVAILABLE,
      neverSent: true,
    })
  })

  test('there is no such socket file', async () => {
    expect(await put(channelTo('unix:///no/such/socket'))).toMatchObject({
      code: Status.UNAVAILABLE,
      neverSent: true,
    })
  })
})

describe('a request may have left when', () => {
  /** A proxy whose connections the test can cut, before a server that never answers. */
  async function behindProxy(onRequest: () => void) {
    const listening = await new GrpcListener().listen(
      { url: 'http://127.0.0.1:0', requestBytesMax: 1_000_000 },
      [
        unary(KV.put, () => {
          onRequest()
          return new Promise<never>(() => {})
        }),
      ],
    )
    cleanups.push(() => listening.close(0))
    const { port } = new URL(listening.url)
    const sockets: Socket[] = []
    const address = await tcpServer((near) => {
      const far = connect(Number(port), '127.0.0.1')
      far.on('error', () => {})
      near.pipe(far).pipe(near)
      sockets.push(near, far)
    })
    return { address, cut: () => sockets.map((socket) => socket.resetAndDestroy()) }
  }

  test('the connection dies after the server received it', async () => {
    let received: () => void = () => {}
    const arrival = new Promise<void>((resolve) => {
      received = resolve
    })
    const { address, cut } = await behindProxy(() => received())
    const error = put(channelTo(address))
    await arrival
    cut()
    expect(await error).toMatchObject({ code: Status.UNAVAILABLE, neverSent: false })
  })

  test('the server resets it, as one that ends with calls open does', async () => {
    const RST_CANCEL = Buffer.from([0, 0, 0, 8])
    const address = await tcpServer((socket) => {
      socket.write(frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(0)))
      socket.on('data', () => socket.write(frame(FrameType.RST_STREAM, 0, 1, RST_CANCEL)))
    })
    expect(await put(channelTo(address))).toMatchObject({
      code: Status.UNAVAILABLE,
      neverSent: false,
    })
  })

  test('the deadline passes after the server received it', async () => {
    const { address, cut } = await behindProxy(() => {})
    const error = await put(channelTo(address), 300)
    cut()
    expect(error).toMatchObject({ code: Status.DEADLINE_EXCEEDED, neverSent: false })
  })
})

test('a channel connects again after its server came back on the same port', async () => {
  const serve = (url: string) =>
    new GrpcListener().listen({ url, requestBytesMax: 1_000_000 }, [unary(KV.put, () => ({}))])
  const first = await serve('http://127.0.0.1:0')
  const channel = channelTo(first.url)
  await channel.call(KV.put, {})
  await first.close(0)
  const second = await serve(first.url)
  cleanups.push(() => second.close(0))
  let failures = 0
  for (;;) {
    try {
      await channel.call(KV.put, {})
      break
    } catch (error) {
      expect(error).toMatchObject({ code: Status.UNAVAILABLE })
      expect(failures++).toBeLessThan(10_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
})

test('an address in use is told by its code', async () => {
  const listen = (url: string) => new GrpcListener().listen({ url, requestBytesMax: 1_000 }, [])
  const first = await listen('http://127.0.0.1:0')
  cleanups.push(() => first.close(0))
  await expect(listen(first.url)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

describe('a client that asks for what is not here and is gone in the same packet harms nobody', () => {
  const request = Buffer.concat([
    PREFACE,
    frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(0)),
    frame(FrameType.HEADERS, 5, 1, requestBlock('h:1', '/x')),
  ])

  test.each([
    ['resets its stream', frame(FrameType.RST_STREAM, 0, 1, Buffer.from([0, 0, 0, 8]))],
    ['breaks its session', frame(FrameType.SETTINGS, 0, 0, Buffer.from('0004ffffffff', 'hex'))],
  ])('it %s', async (_how, end) => {
    const url = 'http://127.0.0.1:0'
    const services = [unary(KV.put, () => ({ header: { revision: 9 } }))]
    const listening = await new GrpcListener().listen({ url, requestBytesMax: 1_000 }, services)
    cleanups.push(() => listening.close(0))
    const socket = connect(Number(new URL(listening.url).port), '127.0.0.1')
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {})
    await new Promise<void>((resolve) =>
      socket.write(Buffer.concat([request, end]), () => resolve()),
    )
    const answer = await channelTo(listening.url).call(KV.put, {})
    expect(answer.header?.revision).toBe(9)
  })
})

test('a closing listener lets open calls finish within its grace', async () => {
  let answer: () => void = () => {}
  let arrived: () => void = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const listening = await new GrpcListener().listen(
    { url: 'http://127.0.0.1:0', requestBytesMax: 1_000 },
    [
      unary(KV.put, async () => {
        arrived()
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        return { header: { revision: 9 } }
      }),
    ],
  )
  const call = channelTo(listening.url).call(KV.put, {})
  await arrival
  const closed = listening.close(10_000)
  answer()
  expect((await call).header?.revision).toBe(9)
  await closed
})

test.each([
  [
    'http://127.0.0.1:1',
    { target: 'dns:127.0.0.1:1', secure: false, name: '127.0.0.1:1', host: '127.0.0.1', port: 1 },
  ],
  [
    'https://a.example',
    {
      target: 'dns:a.example:2379',
      secure: true,
      name: 'a.example:2379',
      host: 'a.example',
      port: 2379,
    },
  ],
  ['[::1]:5', { target: 'dns:[::1]:5', secure: false, name: '[::1]:5', host: '::1', port: 5 }],
  [
    'http://[::1]/',
    { target: 'dns:[::1]:2379', secure: false, name: '[::1]:2379', host: '::1', port: 2379 },
  ],
  [
    'unix:///tmp/x',
    { target: 'unix:/tmp/x', secure: false, name: '/tmp/x', host: 'localhost', port: 0 },
  ],
  ['unix:x', { target: 'unix:x', secure: false, name: 'x', host: 'localhost', port: 0 }],
])('the address %s is understood', (address, expected) => {
  expect(parseAddress(address)).toEqual(expected)
})

test.each(['', 'ftp://a', 'http://a/b', 'http://a b'])('the address %j is refused', (address) => {
  expect(() => parseAddress(address)).toThrow(TypeError)
})
