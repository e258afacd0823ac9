/**
 * What a generated codec is, and the 64-bit integers that protobufjs lacks.
 *
 * A message is a plain object in which every field is present: numbers are 0,
 * bytes empty, lists empty; message-typed fields and members of a oneof are
 * `undefined` when absent. Encoding takes the same shape with any field left out.
 *
 * 64-bit integers are `bigint`, or `number` where the .proto says JS_NUMBER. A
 * number beyond 2^53 on the wire saturates at ±(2^53 - 1): every such field is a
 * revision, a count, a limit or a term, and that far out they all mean "more than
 * there will ever be".
 */

import protobuf from 'protobufjs/minimal.js'

/** Reads protobuf wire data from a byte array; see protobufjs. */
export type Reader = protobuf.Reader
/** Collects protobuf wire data; see protobufjs. */
export type Writer = protobuf.Writer
/** The protobufjs classes behind {@link Reader} and {@link Writer}. */
export const { Reader, Writer } = protobuf

type Scalar = string | number | boolean | bigint | Uint8Array | undefined

/** The shape that encoding accepts: any field, at any depth, may be left out. */
export type Init<T> = {
  [K in keyof T]?: T[K] extends Scalar
    ? T[K]
    : T[K] extends readonly (infer U)[]
      ? readonly (U extends Scalar ? U : Init<U>)[]
      : Init<NonNullable<T[K]>> | undefined
}

/** Encodes and decodes one message type. Stateless; safe to share. */
export interface Codec<T> {
  /** Full protobuf name, such as `etcdserverpb.PutRequest`. */
  readonly name: string
  /** A complete message from a partial one. */
  create(init?: Init<T>): T
  /** Appends the fields to `writer`, without a length prefix. */
  encode(message: Init<T>, writer?: Writer): Writer
  /**
   * Reads one message. Unknown fields are skipped.
   *
   * @param length bytes that belong to the message; all that is left when absent.
   * @param depth how many messages are already open around this one.
   * @param into an earlier part of the same message, which is changed; protobuf lets a
   *   message come in parts.
   * @throws {InvalidMessage} the bytes are not such a message.
   */
  decode(source: Reader | Uint8Array, length?: number, depth?: number, into?: T): T
}

/** The bytes are not a message of the expected type. */
export class InvalidMessage extends Error {
  override readonly name = 'InvalidMessage'
}

/**
 * Messages may nest this deep; deeper input is refused. Each transaction in a transaction
 * takes two, and `max-txn-ops` of 128 lets 128 of them in.
 */
export const DEPTH_MAX = 1000

/** Used by generated code: a reader over either form, and a guard against endless nesting. */
export function openReader(source: Reader | Uint8Array, depth: number, name: string): Reader {
  if (depth > DEPTH_MAX)
    throw new InvalidMessage(`${name}: nested deeper than ${DEPTH_MAX} messages`)
  return source instanceof Uint8Array ? Reader.create(source) : source
}

/** Used by generated code: turns whatever a reader throws into {@link InvalidMessage}. */
export function invalid(name: string, cause: unknown): InvalidMessage {
  if (cause instanceof InvalidMessage) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new InvalidMessage(`${name}: ${reason}`, { cause })
}

/** The empty byte array that absent bytes fields share. */
export const NO_BYTES: Uint8Array = new Uint8Array(0)

/** All of a message in bytes of its own. */
export function encodeBytes<T>(codec: Codec<T>, message: Init<T>): Uint8Array {
  return codec.encode(message).finish()
}

const TWO_32 = 0x1_0000_0000

/** One 64-bit integer, seen whole and in halves: several times as fast as to shift a bigint. */
const UNSIGNED = new BigUint64Array(1)
const SIGNED = new BigInt64Array(UNSIGNED.buffer)
const HALVES = new Uint32Array(UNSIGNED.buffer)
/** Which half is the low one on this machine. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1

/** The 64-bit varint last read by {@link readVarint}, as two unsigned halves. */
let low = 0
let high = 0

/** Reads a varint of up to ten bytes into {@link low} and {@link high}. */
function readVarint(reader: Reader): void {
  const { buf, len } = reader
  let pos = reader.pos
  let lo = 0
  let hi = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= len) throw new InvalidMessage('a number is cut off')
    const byte = buf[pos++]!
    const bits = byte & 0x7f
    if (shift < 28) lo |= bits << shift
    else if (shift === 28) {
      lo |= bits << 28
      hi = bits >>> 4
    } else if (shift < 63) hi |= bits << (shift - 32)
    else hi |= (bits & 1) << 31
    if (byte < 0x80) {
      reader.pos = pos
      low = lo >>> 0
      high = hi >>> 0
      return
    }
  }
  throw new InvalidMessage('a number is longer than ten bytes')
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A string, which protobuf wants in UTF-8. */
export function readString(reader: Reader): string {
  return UTF_8.decode(reader.bytes())
}

/** uint64 as a bigint. */
export function readUint64(reader: Reader): bigint {
  readVarint(reader)
  HALVES[LOW] = low
  HALVES[1 - LOW] = high
  return UNSIGNED[0]!
}

/** int64 as a bigint. */
export function readInt64(reader: Reader): bigint {
  readVarint(reader)
  HALVES[LOW] = low
  HALVES[1 - LOW] = high
  return SIGNED[0]!
}

/** uint64 as a number, saturating at 2^53 - 1. */
export function readUint53(reader: Reader): number {
  readVarint(reader)
  const value = high * TWO_32 + low
  return Math.min(Number.MAX_SAFE_INTEGER, value)
}

/** int64 as a number, saturating at ±(2^53 - 1). */
export function readInt53(reader: Reader): number {
  readVarint(reader)
  const value = (high | 0) * TWO_32 + low
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value))
}

/** Appends a 64-bit integer given as a bigint; two's complement for negative ones. */
export function writeBigint(writer: Writer, value: bigint): void {
  UNSIGNED[0] = value
  writer.uint64({ low: HALVES[LOW]!, high: HALVES[1 - LOW]!, unsigned: true } as never)
}

/** Appends a 64-bit integer given as a number; it must be a safe integer. */
export function writeNumber(writer: Writer, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer within 2^53: ${value}`)
  if (value >= 0 && value < TWO_32) writer.uint32(value)
  else writer.int64(value)
}
