/** The proxy between real sockets: what passes, what is cut one way, late, reset or met with silence. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { Link } from './link.js'
import { TcpProxy } from './proxy.js'
import { ownerOf } from './socket-owner.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Everything that a socket is told, and how to wait for it. */
class Ear {
  text = ''
  isClosed = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    socket.setEncoding('latin1')
    socket.on('data', (part: string) => {
      this.text += part
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }

  async until(condition: (ear: Ear) => boolean): Promise<void> {
    while (!condition(this))
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

/** A server behind a proxy, a client before it, and the link between them. */
async function line() {
  const accepted: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    accepted.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = new Link('client', 'server')
  const proxy = await TcpProxy.open((server.address() as AddressInfo).port, () => link)
  cleanups.push(async () => {
    await proxy.close()
    server.close()
  })
  const begin = () => {
    const socket = connect(proxy.port, '127.0.0.1')
    socket.on('error', () => {})
    cleanups.push(() => socket.destroy())
    return socket
  }
  const dial = async () => {
    const socket = begin()
    await once(socket, 'connect')
    return socket
  }
  const pair = async () => {
    const near = await dial()
    const far = accepted[0] ?? ((await once(server, 'connection')) as [Socket])[0]
    return { near, far, nearEar: new Ear(near), farEar: new Ear(far) }
  }
  return { link, proxy, begin, dial, pair, accepted }
}

test('bytes and ends pass in both directions', async () => {
  const { near, far, nearEar, farEar } = await (await line()).pair()
  near.write('there')
  await farEar.until(({ text }) => text === 'there')
  far.write('back')
  await nearEar.until(({ text }) => text === 'back')
  near.end()
  await farEar.until(({ isClosed }) => isClosed)
})

test('a one-way cut holds one direction and not the other, and loses nothing', async () => {
  const { link, pair } = await line()
  const { near, far, nearEar, farEar } = await pair()
  const heal = link.lay({ there: { hold: true } })
  near.write('held')
  far.write('passes')
  await nearEar.until(({ text }) => text === 'passes')
  expect(farEar.text).toBe('')
  heal()
  await farEar.until(({ text }) => text === 'held')
})

test('latency makes bytes late', async () => {
  const { link, pair } = await line()
  const { near, farEar } = await pair()
  link.lay({ there: { latencyMs: 80 } })
  const startedMs = performance.now()
  near.write('late')
  await farEar.until(({ text }) => text === 'late')
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(79)
})

test('a narrow line passes bytes in the time that they take', async () => {
  const { link, pair } = await line()
  const { near, farEar } = await pair()
  link.lay({ there: { bytesPerSecond: 10_000 } })
  const startedMs = performance.now()
  near.write(Buffer.alloc(1000))
  await farEar.until(({ text }) => text.length === 1000)
  near.write('x')
  await farEar.until(({ text }) => text.length === 1001)
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(99)
})

test('a refusing link resets what is open and what comes', async () => {
  const { link, pair, begin, dial } = await line()
  const { nearEar, farEar } = await pair()
  const heal = link.lay({ refuse: true })
  await nearEar.until(({ isClosed }) => isClosed)
  await farEar.until(({ isClosed }) => isClosed)
  await new Ear(begin()).until(({ isClosed }) => isClosed)
  heal()
  expect((await dial()).destroyed).toBe(false)
})

test('a silent link accepts and never speaks; its healing ends who waits', async () => {
  const { link, dial, accepted } = await line()
  const heal = link.lay({ silent: true })
  const socket = await dial()
  const ear = new Ear(socket)
  await new Promise((resolve) => socket.write('hello', resolve))
  expect(accepted).toEqual([])
  heal()
  await ear.until(({ isClosed }) => isClosed)
})

test('effects add up, and each is taken off by itself', async () => {
  const { link, pair } = await line()
  const { near, farEar } = await pair()
  const heals = [link.lay({ there: { hold: true } }), link.lay({ silent: true })]
  near.write('x')
  heals[0]!()
  expect(farEar.text).toBe('')
  heals[1]!()
  await farEar.until(({ text }) => text === 'x')
})

test('the process that dialled is known by its connection', async () => {
  const { proxy, dial } = await line()
  const socket = await dial()
  const processes = new Map([
    ['nobody', 2 ** 22 + 1],
    ['me', process.pid],
  ])
  expect(await ownerOf(socket.localPort!, proxy.port, processes)).toBe('me')
  expect(await ownerOf(1, proxy.port, processes)).toBeUndefined()
})
