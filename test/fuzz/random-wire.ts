/**
 * Random protobuf bytes that follow a message type more or less: known fields in any order
 * and number, packed or not, numbers at their edges and longer than need be, unknown fields
 * and groups, and now and then a wrong wire type or length.
 */

import protobuf from 'protobufjs'
import type { SeededRandom } from '../model/random.js'
import { fieldsOf } from './reflection.js'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const GROUP = 3
const GROUP_END = 4
const FIXED32 = 5

const NUMBERS = [
  ...[0n, 1n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n],
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
  ...[2n ** 64n - 2n ** 53n, 2n ** 64n - 2n ** 31n, 2n ** 70n - 1n],
]
const NOT_UTF8 = ['ff', 'c328', 'eda080', 'f8a1a1a1a1', 'c0af', '61f09f98']
/** Messages inside messages; the type of a transaction contains itself. */
const DEPTH_MAX = 5

/** The bytes of one message, without a length in front. */
export function randomWire(random: SeededRandom, type: protobuf.Type, depth = 0): Buffer {
  const parts: Buffer[] = []
  const countMax = depth === 0 ? 8 : 4
  for (let left = random.between(0, countMax); left > 0; left--)
    parts.push(randomField(random, type, depth))
  return Buffer.concat(parts)
}

function randomField(random: SeededRandom, type: protobuf.Type, depth: number): Buffer {
  const fields = fieldsOf(type)
  if (fields.length === 0 || random.chance(0.06)) return unknownField(random, 3)
  const field = random.pick(fields)
  if (random.chance(0.04)) return fieldOf(random, field.id, random.between(0, 7), depth)
  const nested = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined
  if (nested !== undefined) {
    const body = depth < DEPTH_MAX ? randomWire(random, nested, depth + 1) : Buffer.alloc(0)
    return Buffer.concat([tag(random, field.id, BYTES), sized(random, body)])
  }
  if (field.type === 'bytes' || field.type === 'string') {
    const body = field.type === 'bytes' ? random.bytes(random.between(0, 9)) : text(random)
    return Buffer.concat([tag(random, field.id, BYTES), sized(random, body)])
  }
  if (field.repeated && random.chance(0.6)) {
    const items = Array.from({ length: random.between(0, 4) }, () => number(random))
    return Buffer.concat([tag(random, field.id, BYTES), sized(random, Buffer.concat(items))])
  }
  return Buffer.concat([tag(random, field.id, VARINT), number(random)])
}

/** A field that no version of the type has, or whose number is nobody's. */
function unknownField(random: SeededRandom, depth: number): Buffer {
  const id = random.pick([0, 15, 99, 1000, 18_999, 2 ** 29 - 1])
  return fieldOf(random, id, random.pick([VARINT, FIXED64, BYTES, GROUP, FIXED32]), depth)
}

function fieldOf(random: SeededRandom, id: number, wireType: number, depth: number): Buffer {
  const head = tag(random, id, wireType)
  switch (wireType) {
    case VARINT:
      return Buffer.concat([head, number(random)])
    case FIXED64:
      return Buffer.concat([head, random.bytes(8)])
    case BYTES:
      return Buffer.concat([head, sized(random, random.bytes(random.between(0, 6)))])
    case GROUP: {
      const inner = depth > 0 && random.chance(0.5) ? unknownField(random, depth - 1) : []
      const endId = random.chance(0.9) ? id : id + 1
      return Buffer.concat([head, Buffer.from(inner), tag(random, endId, GROUP_END)])
    }
    case FIXED32:
      return Buffer.concat([head, random.bytes(4)])
    default:
      return head
  }
}

function tag(random: SeededRandom, id: number, wireType: number): Buffer {
  return varint((BigInt(id) << 3n) | BigInt(wireType), random.chance(0.02) ? 6 : 0)
}

function number(random: SeededRandom): Buffer {
  const value = random.chance(0.6) ? BigInt(random.between(0, 300)) : random.pick(NUMBERS)
  return varint(value, random.chance(0.05) ? random.between(2, 11) : 0)
}

function text(random: SeededRandom): Buffer {
  if (random.chance(0.08)) return Buffer.from(random.pick(NOT_UTF8), 'hex')
  return Buffer.from(random.pick(['', 'a', 'http://h:1', 'ключ', '鍵', '😀', '\0', '\ufffd']))
}

/** Bytes behind their length, which is seldom wrong. */
function sized(random: SeededRandom, body: Uint8Array): Buffer {
  const wrong = random.pick([-1, 1, 2, 127, 2 ** 31, 2 ** 32])
  const length = random.chance(0.03) ? Math.max(0, body.length + wrong) : body.length
  return Buffer.concat([varint(BigInt(length), random.chance(0.02) ? 6 : 0), body])
}

/** A varint, padded to at least so many bytes. */
export function varint(value: bigint, bytesMin = 0): Buffer {
  const out: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const last = rest < 0x80n && out.length + 1 >= bytesMin
    out.push(Number(rest & 0x7fn) | (last ? 0 : 0x80))
    if (last) return Buffer.from(out)
  }
}
