/** The opening of a connection: what old etcd clients send is mended, everything else passes untouched. */

import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { mendAuthority } from './hpack-authority.js'
import { Http2Doorkeeper } from './http2-doorkeeper.js'
import { Http2Opening, OPENING_BYTES_MAX } from './http2-opening.js'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const frame = (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)) => {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}
const SETTINGS = frame(4, 0, 0)
const SETTINGS_ACK = frame(4, 1, 0)
const literal = (name: number, value: string) =>
  Buffer.concat([Buffer.from([0x40 | name, value.length]), Buffer.from(value)])
const headers = (authority: string) =>
  frame(
    1,
    0x4,
    1,
    Buffer.concat([Buffer.from([0x83, 0x86]), literal(1, authority), literal(4, '/x')]),
  )

/** What Node's own HTTP/2 client sends first, Huffman coding and all. */
async function captured(authority: string): Promise<Buffer> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const received = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket: Socket) => {
      let all = Buffer.alloc(0)
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        all = Buffer.concat([all, bytes])
        const step = new Http2Opening().read(all)
        if (step.kind === 'open') resolve(all)
      })
    })
  })
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  session.on('error', () => {})
  session.request({ ':authority': authority, ':path': '/p' }).on('error', () => {})
  const bytes = await received
  session.destroy()
  server.close()
  return bytes
}

describe('mendAuthority', () => {
  test('takes the scheme off, and touches nothing else', () => {
    const block = Buffer.concat([
      Buffer.from([0x3f, 0xe1, 0x1f, 0x83]),
      literal(1, 'http://h:1'),
      literal(4, '/x'),
    ])
    const mended = Buffer.concat([
      Buffer.from([0x3f, 0xe1, 0x1f, 0x83]),
      literal(1, 'h:1'),
      literal(4, '/x'),
    ])
    expect(mendAuthority(block)).toEqual(mended)
  })

  test('leaves a good authority alone', () => {
    expect(mendAuthority(literal(1, 'h:1'))).toBeUndefined()
  })

  test('gives up on a block that ends in the middle of a field', () => {
    const block = literal(1, 'http://host:12345')
    for (let length = 0; length < block.length; length++)
      expect(mendAuthority(block.subarray(0, length))).toBeUndefined()
  })

  test('reads what another encoder wrote with Huffman codes', async () => {
    const hosts = [
      '127.0.0.1:2379',
      'etcd-1.Example.COM:65535',
      '[::1]:2379',
      'qwertyuiopasdfghjklzxcvbnm_0123456789:1',
    ]
    for (const host of hosts) {
      const step = new Http2Opening().read(await captured(`http://${host}`))
      if (step.kind !== 'open') throw new Error('the opening is not complete')
      expect(step.bytes.includes(host)).toBe(true)
      expect(step.bytes.includes(`//${host}`)).toBe(false)
    }
  })
})

describe('Http2Opening', () => {
  test('a client that sends its request at once is handed on at once, and hears nothing from us', () => {
    const all = Buffer.concat([PREFACE, SETTINGS, headers('h:1'), frame(0, 1, 1)])
    expect(new Http2Opening().read(all)).toEqual({ kind: 'open', bytes: all })
  })

  test('whatever the pieces, the same bytes are handed on', () => {
    const all = Buffer.concat([PREFACE, SETTINGS, headers('h:1')])
    for (let cut = 1; cut < all.length; cut++) {
      const opening = new Http2Opening()
      let step = opening.read(all.subarray(0, cut))
      let acknowledged = false
      if (step.kind === 'wait' && step.send !== undefined) {
        acknowledged = true
        step = opening.read(Buffer.concat([all.subarray(cut), SETTINGS_ACK]))
      } else step = opening.read(all.subarray(cut))
      expect([cut, acknowledged, step.kind === 'open' && step.bytes.equals(all)]).toEqual([
        cut,
        acknowledged,
        true,
      ])
    }
  })

  test('a client that waits for our settings gets them, and its acknowledgment stays here', () => {
    const opening = new Http2Opening()
    expect(opening.read(Buffer.concat([PREFACE, SETTINGS]))).toEqual({
      kind: 'wait',
      send: SETTINGS,
    })
    expect(opening.read(SETTINGS_ACK)).toEqual({ kind: 'wait', send: undefined })
    const step = opening.read(headers('http://h:1'))
    expect(step).toEqual({
      kind: 'open',
      bytes: Buffer.concat([PREFACE, SETTINGS, headers('h:1')]),
    })
  })

  test('a request that overtakes the acknowledgment waits for it', () => {
    const opening = new Http2Opening()
    opening.read(Buffer.concat([PREFACE, SETTINGS]))
    expect(opening.read(headers('h:1')).kind).toBe('wait')
    expect(opening.read(SETTINGS_ACK)).toEqual({
      kind: 'open',
      bytes: Buffer.concat([PREFACE, SETTINGS, headers('h:1')]),
    })
  })

  test('a ping of an idle client is answered', () => {
    const opening = new Http2Opening()
    opening.read(Buffer.concat([PREFACE, SETTINGS]))
    const step = opening.read(frame(6, 0, 0, Buffer.from('12345678')))
    expect(step).toEqual({ kind: 'wait', send: frame(6, 1, 0, Buffer.from('12345678')) })
  })

  test('bytes that come one by one are copied about as often as bytes that come at once', () => {
    const copied = (pieceBytes: number) => {
      const all = Buffer.concat([PREFACE, frame(0, 0, 1, Buffer.alloc(200_000))])
      const opening = new Http2Opening()
      let bytes = 0
      const concat = Buffer.concat
      Buffer.concat = (list, length) => {
        const joined = concat(list, length)
        bytes += joined.length
        return joined
      }
      try {
        for (let at = 0; at < all.length; at += pieceBytes)
          opening.read(all.subarray(at, at + pieceBytes))
      } finally {
        Buffer.concat = concat
      }
      return bytes
    }
    expect(copied(1)).toBeLessThan(200 * copied(100_000))
  })

  test('HTTP/1 is recognised by its first byte; an endless opening is refused', () => {
    expect(new Http2Opening().read(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual({
      kind: 'refuse',
      reason: 'http1',
    })
    const opening = new Http2Opening()
    opening.read(PREFACE)
    expect(opening.read(frame(1, 0x4, 1, Buffer.alloc(OPENING_BYTES_MAX)))).toEqual({
      kind: 'refuse',
      reason: 'malformed',
    })
  })
})

describe('Http2Doorkeeper', () => {
  const ends: (() => void)[] = []
  afterEach(() => {
    for (const end of ends.splice(0)) end()
  })

  async function door(): Promise<number> {
    const http2 = createHttp2Server((request, response) => response.end(request.authority))
    const doorkeeper = new Http2Doorkeeper((socket) => http2.emit('connection', socket))
    ends.push(() => doorkeeper.close())
    return doorkeeper.listen({ host: '127.0.0.1', port: 0 })
  }

  test('a client with a scheme in its authority is served, again and again on one connection', async () => {
    const session = connectHttp2(`http://127.0.0.1:${await door()}`)
    ends.push(() => session.destroy())
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        const stream = session.request({ ':authority': 'http://host:1', ':path': '/' })
        let text = ''
        stream.setEncoding('utf8').on('data', (part) => {
          text += part
        })
        stream.on('end', () => resolve(text)).on('error', reject)
      })
    for (let i = 0; i < 3; i++) expect(await ask()).toBe('host:1')
  })

  test('a client that pings without end and reads no answer is cut off', async () => {
    const socket = connect(await door(), '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    const pings = Buffer.concat(Array(4096).fill(frame(6, 0, 0, Buffer.from('12345678'))))
    socket.write(Buffer.concat([PREFACE, SETTINGS]))
    for (let sent = 0; sent < 64 * 2 ** 20 && !socket.destroyed; sent += pings.length)
      await new Promise((resolve) => socket.write(pings, resolve))
    expect(socket.destroyed).toBe(true)
    socket.destroy()
  })

  test('a browser is told in its own language what this port is', async () => {
    const socket = connect(await door(), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(text).toMatch(/^HTTP\/1\.1 501 .*gRPC over HTTP\/2/s)
  })
})
