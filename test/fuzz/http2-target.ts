/**
 * The door of the gRPC port under random bytes in random pieces.
 *
 * First the reader of openings by itself, fed piece by piece:
 *
 *     it never throws, and holds no more than its limit
 *     what it hands on is what came: but for pings, for acknowledgments of settings, and for
 *     the block of the first HEADERS, which is never longer
 *
 * Then a real listener on a loopback socket gets the same pieces, and must go on serving:
 * a call on a connection of its own is answered after each case.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { streaming, unary } from '../../client/host/service.js'
import type { Channel } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { Health, Peer } from '../../client/wire/methods.js'
import { Http2Opening, OPENING_BYTES_MAX } from '../../server/host/http2-opening.js'
import type { Listening } from '../../server/host/listener.js'
import { GrpcListener } from '../../server/host/listener-grpc.js'
import { FRAME_HEADER_BYTES, FrameType, PREFACE, randomConnection } from './http2-bytes.js'
import { fromHex, mutate, pieces, toHex } from './mutate.js'
import { targetOf } from './target.js'

type Http2Case = {
  /** What is written, piece by piece. */
  readonly pieces: readonly string[]
  readonly end: 'close' | 'reset' | 'leave'
}

const ANSWER_MS_MAX = 10_000
/** Calls that the listener takes; small, so that a length prefix can exceed it. */
const REQUEST_BYTES_MAX = 4096

/** A listener, and somebody whom it must go on serving. */
class Door {
  readonly #listening: Listening
  readonly #channel: Channel
  readonly port: number

  private constructor(listening: Listening) {
    this.#listening = listening
    this.port = Number(new URL(listening.url).port)
    this.#channel = new GrpcTransport().connect(listening.url)
  }

  static async open(): Promise<Door> {
    const health = unary(Health.check, () => ({ status: 1 }))
    const exchange = streaming(Peer.exchange, (stream) =>
      stream.receive({ message: () => {}, end: () => stream.end(), close: () => {} }),
    )
    const options = { url: 'http://127.0.0.1:0', requestBytesMax: REQUEST_BYTES_MAX }
    return new Door(await new GrpcListener().listen(options, [health, exchange]))
  }

  /** @throws it does not answer any more. */
  async serves(): Promise<void> {
    await this.#channel.call(Health.check, {}, { timeoutMs: ANSWER_MS_MAX })
  }

  async close(): Promise<void> {
    this.#channel.close()
    await this.#listening.close(0)
  }
}

let door: Promise<Door> | undefined

/** See the head of the file. */
export const http2Target = targetOf<Http2Case>({
  name: 'http2',
  about: 'bytes into the gRPC port: nothing altered, nothing hoarded, and others are served',

  draw(random, known) {
    const pool = known.map((each) => Buffer.concat(each.pieces.map(fromHex)))
    const old = pool.length > 0 && random.chance(0.15) ? random.pick(pool) : undefined
    const right = old ?? randomConnection(random, [Health.check.path, Peer.exchange.path])
    const bytes = random.chance(0.5) ? right : mutate(random, right, pool)
    const end = random.pick(['close', 'reset', 'leave'] as const)
    return { pieces: pieces(random, bytes, random.pick([1, 2, 6, 30])).map(toHex), end }
  },

  async run({ pieces: written, end }) {
    const parts = written.map(fromHex)
    openingKeeps(parts)
    door ??= Door.open()
    const { port } = await door
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'connect')
    for (const part of parts) await write(socket, part)
    if (end === 'close') socket.end()
    if (end === 'reset') socket.resetAndDestroy()
    await (await door).serves()
    socket.destroy()
  },

  async close() {
    await (await door)?.close()
    door = undefined
  },
})

function write(socket: Socket, part: Buffer): Promise<void> {
  return new Promise((done) => {
    if (socket.destroyed || part.length === 0) done()
    else socket.write(part, () => done())
  })
}

function openingKeeps(parts: readonly Buffer[]): void {
  const opening = new Http2Opening()
  let fed = Buffer.alloc(0)
  for (const part of parts) {
    fed = Buffer.concat([fed, part])
    const step = opening.read(part)
    if (step.kind === 'wait') {
      const kept = comparable(fed).reduce((sum, each) => sum + each.length, 0)
      if (kept > OPENING_BYTES_MAX) throw new Error(`it waits with ${kept} bytes`)
      continue
    }
    if (step.kind === 'refuse') return
    const [came, handed] = [comparable(fed), comparable(step.bytes)]
    const at = came.findIndex((each) => each[3] === FrameType.HEADERS)
    came.forEach((each, i) => {
      const got = handed[i]
      if (got === undefined) throw new Error(`frame ${i} is missing`)
      if (i === at && got.length <= each.length) return
      if (!got.equals(each)) throw new Error(`frame ${i} was altered`)
    })
    if (handed.length !== came.length) throw new Error('more was handed on than came')
    return
  }
}

/** The preface, the frames that must pass, and what is left behind the last whole one. */
function comparable(bytes: Buffer): Buffer[] {
  const out = [bytes.subarray(0, PREFACE.length)]
  let at = PREFACE.length
  while (bytes.length - at >= FRAME_HEADER_BYTES) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    const [type, flags] = [bytes[at + 3], bytes[at + 4]!]
    const isAck = (flags & 1) === 1
    const isOurs = type === FrameType.PING ? !isAck : type === FrameType.SETTINGS && isAck
    if (!isOurs) out.push(bytes.subarray(at, end))
    at = end
  }
  return [...out, bytes.subarray(at)]
}
