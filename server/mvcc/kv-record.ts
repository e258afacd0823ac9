/**
 * Versions as values of the backend: protobuf `mvccpb.KeyValue`, byte for byte as etcd
 * writes it. A tombstone is a KeyValue with the key alone.
 *
 * This is the generated codec written out by hand, because every put and every read
 * of a value passes here; the codec is its twin in the test.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { KeyValue } from '../../client/wire/generated/kv.js'
import type { Table } from '../storage/tables.js'
import { keyOf } from './interval.js'
import type { StoredKv } from './stored-kv.js'

/** The table of all versions, under their revision keys. */
export const KV_TABLE: Table = 'kv'

const TAG_KEY = 0x0a
const TAG_CREATE_REVISION = 0x10
const TAG_MOD_REVISION = 0x18
const TAG_VERSION = 0x20
const TAG_VALUE = 0x2a
const TAG_LEASE = 0x30

/** Up to this length a loop writes a key faster than a call does. */
const SHORT_KEY = 48

/** A version as bytes of its own. */
export function encodeRecord(kv: StoredKv): Uint8Array {
  const { key, value, createRevision, modRevision, version } = kv
  const lease = kv.lease === 0n ? 0n : BigInt.asUintN(64, kv.lease)
  const size =
    (key.length > 0 ? 1 + varintSize(key.length) + key.length : 0) +
    (createRevision > 0 ? 1 + varintSize(createRevision) : 0) +
    (modRevision > 0 ? 1 + varintSize(modRevision) : 0) +
    (version > 0 ? 1 + varintSize(version) : 0) +
    (value.length > 0 ? 1 + varintSize(value.length) + value.length : 0) +
    (lease > 0n ? 1 + bigVarintSize(lease) : 0)
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  if (key.length > 0) {
    at = writeVarint(bytes, at, TAG_KEY, key.length)
    if (key.length > SHORT_KEY) bytes.write(key, at, 'latin1')
    else for (let i = 0; i < key.length; i++) bytes[at + i] = key.charCodeAt(i)
    at += key.length
  }
  if (createRevision > 0) at = writeVarint(bytes, at, TAG_CREATE_REVISION, createRevision)
  if (modRevision > 0) at = writeVarint(bytes, at, TAG_MOD_REVISION, modRevision)
  if (version > 0) at = writeVarint(bytes, at, TAG_VERSION, version)
  if (value.length > 0) {
    at = writeVarint(bytes, at, TAG_VALUE, value.length)
    bytes.set(value, at)
    at += value.length
  }
  if (lease > 0n) at = writeBigVarint(bytes, at, TAG_LEASE, lease)
  if (at !== size) throw new Error(`A record of ${size} bytes was written as ${at}`)
  return bytes
}

/** The version that a record holds. */
export function decodeRecord(bytes: Uint8Array): StoredKv {
  const { key, createRevision, modRevision, version, value, lease } = KeyValue.decode(bytes)
  return { key: keyOf(key), createRevision, modRevision, version, value, lease }
}

/** The key alone. It is the first field of every record. */
export function keyOfRecord(bytes: Uint8Array): string {
  if (bytes[0] !== TAG_KEY) throw new Error('A record of the kv table does not begin with its key')
  readLength(bytes, 1)
  return keyOf(view(bytes, lengthEnd, lengthRead))
}

/** The value alone, as a view on the record. */
export function valueOfRecord(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at]!
    readLength(bytes, at + 1)
    if (tag === TAG_VALUE) return view(bytes, lengthEnd, lengthRead)
    if (tag === TAG_LEASE) break
    at = tag === TAG_KEY ? lengthEnd + lengthRead : lengthEnd
  }
  return NO_BYTES
}

/** A plain array: a Buffer takes longer to make. */
function view(bytes: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length > bytes.length) throw new Error('A record of the kv table is cut off')
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length)
}

/** Results of {@link readLength}: the varint and the place behind it. */
let lengthRead = 0
let lengthEnd = 0

/** Reads a varint; only its low 32 bits matter to a length. */
function readLength(bytes: Uint8Array, start: number): void {
  let at = start
  let value = 0
  let shift = 0
  for (;;) {
    const byte = bytes[at++]!
    if (shift < 32) value |= (byte & 0x7f) << shift
    if (byte < 0x80 || at >= bytes.length) break
    shift += 7
  }
  lengthRead = value >>> 0
  lengthEnd = at
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

function bigVarintSize(value: bigint): number {
  let size = 1
  for (let rest = value; rest >= 0x80n; rest >>= 7n) size++
  return size
}

function writeVarint(bytes: Uint8Array, start: number, tag: number, value: number): number {
  let at = start
  bytes[at++] = tag
  let rest = value
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = rest
  return at
}

function writeBigVarint(bytes: Uint8Array, start: number, tag: number, value: bigint): number {
  let at = start
  bytes[at++] = tag
  let rest = value
  while (rest >= 0x80n) {
    bytes[at++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  bytes[at++] = Number(rest)
  return at
}
