/** HTTP/2 as bytes, to be sent as it should be and as it should not: frames, and header blocks without Huffman. */

import type { SeededRandom } from '../model/random.js'

/** How a connection begins. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Frame types that have a name (RFC 9113, section 6). */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

/** Bytes in front of every payload. */
export const FRAME_HEADER_BYTES = 9

/** One frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** The headers of a gRPC request. */
export function requestBlock(authority: string, path: string): Buffer {
  // :method POST and :scheme http, :authority, :path, then literals with names of their own.
  return Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal(1, authority),
    literal(4, path),
    named('content-type', 'application/grpc'),
    named('te', 'trailers'),
  ])
}

function literal(index: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40 | index, value.length]), Buffer.from(value, 'latin1')])
}

function named(name: string, value: string): Buffer {
  const text = (part: string) => [Buffer.from([part.length]), Buffer.from(part, 'latin1')]
  return Buffer.concat([Buffer.from([0x40]), ...text(name), ...text(value)])
}

/** A gRPC message in its five-byte frame. */
export function grpcMessage(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

const AUTHORITIES = [
  'h:1',
  'http://h:1',
  'https://h:1',
  'http://',
  'http://a/b',
  '',
  'h h',
  '\u00ff',
]

/** A connection's bytes: mostly right, frame by frame. */
export function randomConnection(random: SeededRandom, paths: readonly string[]): Buffer {
  const empty: Buffer = Buffer.alloc(0)
  const parts: Buffer[] = random.chance(0.95) ? [PREFACE] : []
  if (random.chance(0.95)) parts.push(frame(FrameType.SETTINGS, 0, 0, settings(random)))
  for (let left = random.between(0, 8); left > 0; left--) {
    const stream = random.pick([0, 1, 1, 1, 3, 2, 2 ** 31 - 1])
    const kind = random.weighted({
      ...{ headers: 6, data: 4, ping: 2, ack: 2, settings: 1, window: 2, reset: 1, priority: 1 },
      ...{ goaway: 0.5, continuation: 1, push: 0.3, unknown: 1 },
    })
    switch (kind) {
      case 'headers': {
        const path = random.pick([...paths, '/x', '', '*'])
        const block = requestBlock(random.pick(AUTHORITIES), path)
        parts.push(frame(FrameType.HEADERS, random.pick([4, 5, 0, 12, 36]), stream, block))
        break
      }
      case 'data': {
        const body = random.pick([grpcMessage(bytes(random, random.between(0, 20))), empty])
        parts.push(frame(FrameType.DATA, random.pick([0, 1, 8]), stream, body))
        break
      }
      case 'ping':
        parts.push(
          frame(FrameType.PING, random.pick([0, 0, 1]), 0, bytes(random, random.pick([8, 8, 7]))),
        )
        break
      case 'ack':
        parts.push(frame(FrameType.SETTINGS, 1, 0, empty))
        break
      case 'settings':
        parts.push(frame(FrameType.SETTINGS, 0, 0, settings(random)))
        break
      case 'window':
        parts.push(
          frame(
            FrameType.WINDOW_UPDATE,
            0,
            stream,
            random.pick([bytes(random, 4), Buffer.alloc(4)]),
          ),
        )
        break
      case 'reset':
        parts.push(frame(FrameType.RST_STREAM, 0, stream, bytes(random, 4)))
        break
      case 'priority':
        parts.push(frame(FrameType.PRIORITY, 0, stream, bytes(random, 5)))
        break
      case 'goaway':
        parts.push(frame(FrameType.GOAWAY, 0, 0, bytes(random, 8)))
        break
      case 'continuation':
        parts.push(frame(FrameType.CONTINUATION, random.pick([0, 4]), stream, bytes(random, 6)))
        break
      case 'push':
        parts.push(frame(FrameType.PUSH_PROMISE, 4, stream, bytes(random, 6)))
        break
      default:
        parts.push(frame(random.between(10, 255), random.between(0, 255), stream, bytes(random, 9)))
    }
  }
  return Buffer.concat(parts)
}

function settings(random: SeededRandom): Buffer {
  const rows = Array.from({ length: random.between(0, 3) }, () => {
    const row = Buffer.alloc(6)
    row.writeUInt16BE(random.between(0, 9), 0)
    row.writeUInt32BE(random.pick([0, 1, 4096, 65_535, 2 ** 31, 2 ** 32 - 1]), 2)
    return row
  })
  return Buffer.concat(rows)
}

function bytes(random: SeededRandom, length: number): Buffer {
  return Buffer.from(random.bytes(length))
}
