/**
 * Every message of the contract against an independent reader: protobufjs's own
 * reflection over the same .proto files.
 *
 * Random messages are encoded by our generated codec and read by reflection, and the
 * other way round; whatever one side writes the other must understand in full.
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import Long from 'long'
import protobuf from 'protobufjs'
import { type Codec, DEPTH_MAX, encodeBytes, InvalidMessage } from './codec.js'
import * as auth from './generated/auth.js'
import * as command from './generated/command.js'
import * as election from './generated/election.js'
import * as health from './generated/health.js'
import * as kv from './generated/kv.js'
import * as lock from './generated/lock.js'
import * as peer from './generated/peer.js'
import * as raft from './generated/raft.js'
import * as rpc from './generated/rpc.js'

const directory = join(import.meta.dirname ?? 'client/wire', 'proto')
const root = new protobuf.Root()
root.resolvePath = (_origin, target) => join(directory, target.split('/').at(-1)!)
root.loadSync(readdirSync(directory).filter((name) => name.endsWith('.proto')))
root.resolveAll()

type Any = Record<string, unknown>

function isCodec(value: unknown): value is Codec<Any> {
  return typeof value === 'object' && value !== null && 'decode' in value
}

const codecs = [auth, command, election, health, kv, lock, peer, raft, rpc]
  .flatMap((module) => Object.values(module) as unknown[])
  .filter(isCodec)

const asNumber = (field: protobuf.Field): boolean => field.options?.['jstype'] === 'JS_NUMBER'

/** A random value of a field in our shape. */
function fieldValue(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const type = field.resolvedType
  if (type instanceof protobuf.Enum) return fc.constantFrom(...Object.values(type.values))
  if (type instanceof protobuf.Type) return messageOf(type, depth + 1)
  switch (field.type) {
    case 'int64':
      return asNumber(field)
        ? fc.maxSafeInteger()
        : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'uint64':
      return asNumber(field) ? fc.maxSafeNat() : fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    case 'uint32':
      return fc.nat(0xffff_ffff)
    case 'bool':
      return fc.boolean()
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 8 })
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 })
  }
  throw new Error(`no arbitrary for ${field.type}`)
}

/** A random message in our shape: at most one member of a oneof is set. */
function messageOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Any> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of type.fieldsArray) {
    const isMessage = field.resolvedType instanceof protobuf.Type
    if (isMessage && depth >= 2) parts[field.name] = fc.constant(field.repeated ? [] : undefined)
    else if (field.repeated)
      parts[field.name] = fc.array(fieldValue(field, depth), { maxLength: 3 })
    else if (isMessage || field.partOf)
      parts[field.name] = fc.option(fieldValue(field, depth), { nil: undefined, freq: 2 })
    else parts[field.name] = fieldValue(field, depth)
  }
  return fc.tuple(fc.record(parts), fc.nat()).map(([message, pick]) => {
    for (const { fieldsArray } of type.oneofsArray) {
      const set = fieldsArray.filter((field) => message[field.name] !== undefined)
      for (const field of set) if (field !== set[pick % set.length]) message[field.name] = undefined
    }
    return message
  })
}

/** Our shape as reflection wants it: Long for 64 bits, absent for undefined. */
function toReflection(type: protobuf.Type, message: Any): Any {
  const out: Any = {}
  for (const field of type.fieldsArray) {
    const value = message[field.name]
    if (value === undefined) continue
    const convert = (item: unknown): unknown => {
      if (field.resolvedType instanceof protobuf.Type)
        return toReflection(field.resolvedType, item as Any)
      if (field.type === 'int64' || field.type === 'uint64')
        return Long.fromString(String(item), field.type === 'uint64')
      return item
    }
    out[field.name] = Array.isArray(value) ? value.map(convert) : convert(value)
  }
  return out
}

/** What reflection read, in our shape. */
function fromReflection(type: protobuf.Type, message: protobuf.Message): Any {
  const out: Any = {}
  for (const field of type.fieldsArray) {
    const own = Object.hasOwn(message, field.name)
    const value = (message as unknown as Any)[field.name]
    const convert = (item: unknown): unknown => {
      if (field.resolvedType instanceof protobuf.Type)
        return fromReflection(field.resolvedType, item as protobuf.Message)
      if (field.type === 'int64' || field.type === 'uint64')
        return asNumber(field) ? Number(String(item)) : BigInt(String(item))
      if (field.type === 'bytes') return Uint8Array.from(item as Uint8Array)
      return item
    }
    if (field.repeated) out[field.name] = own ? (value as unknown[]).map(convert) : []
    else if (field.partOf || field.resolvedType instanceof protobuf.Type)
      out[field.name] = own && value !== null ? convert(value) : undefined
    else out[field.name] = convert(own ? value : field.typeDefault)
  }
  return out
}

/** Buffers and byte arrays compare alike. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

test('every message of the .proto files has a codec', () => {
  const names = new Set(codecs.map((codec) => codec.name))
  const missing: string[] = []
  const visit = (namespace: protobuf.NamespaceBase): void => {
    for (const child of namespace.nestedArray) {
      if (child instanceof protobuf.Type && !names.has(child.fullName.slice(1)))
        missing.push(child.fullName)
      if (child instanceof protobuf.Namespace) visit(child)
    }
  }
  visit(root)
  expect(missing).toEqual([])
  expect(codecs.length).toBeGreaterThan(117)
})

describe('against protobufjs reflection', () => {
  test.each(codecs.map((codec) => [codec.name, codec] as const))('%s', (name, codec) => {
    const type = root.lookupType(name)
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const bytes = encodeBytes(codec, message as never)
        expect(fromReflection(type, type.decode(bytes))).toEqual(plain(message))
        const theirs = type.encode(type.fromObject(toReflection(type, message))).finish()
        expect(plain(codec.decode(theirs))).toEqual(plain(message))
        expect(plain(codec.create(message as never))).toEqual(plain(message))
      }),
      { numRuns: 40 },
    )
  })

  test.each(codecs.map((codec) => [codec.name, codec] as const))(
    '%s: any bytes are a message or an InvalidMessage',
    (_name, codec) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          try {
            codec.decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidMessage)
          }
        }),
        { numRuns: 100 },
      )
    },
  )
})

describe('at the edges', () => {
  test('numbers beyond 2^53 saturate instead of losing digits in silence', () => {
    const type = root.lookupType('etcdserverpb.RangeRequest')
    const huge = type.encode({ revision: Long.MAX_VALUE, limit: Long.MIN_VALUE }).finish()
    const { revision, limit } = rpc.RangeRequest.decode(huge)
    expect(revision).toBe(Number.MAX_SAFE_INTEGER)
    expect(limit).toBe(-Number.MAX_SAFE_INTEGER)
  })

  test('a number that is not a safe integer is refused before it is sent', () => {
    expect(() => encodeBytes(rpc.RangeRequest, { limit: 2 ** 53 })).toThrow(RangeError)
    expect(() => encodeBytes(rpc.RangeRequest, { limit: 0.5 })).toThrow(RangeError)
  })

  test('transactions nested without end are refused, not followed', () => {
    let txn: rpc.TxnRequest = rpc.TxnRequest.create()
    for (let i = 0; i < DEPTH_MAX; i++)
      txn = rpc.TxnRequest.create({ success: [{ requestTxn: txn }] })
    expect(() => rpc.TxnRequest.decode(encodeBytes(rpc.TxnRequest, txn))).toThrow(/nested deeper/)
  })

  test('the last member of a oneof on the wire wins, as protobuf demands', () => {
    const bytes = Buffer.concat([
      encodeBytes(rpc.Compare, { version: 1 }),
      encodeBytes(rpc.Compare, { lease: 2n }),
    ])
    const { version, lease } = rpc.Compare.decode(bytes)
    expect({ version, lease }).toEqual({ version: undefined, lease: 2n })
  })

  test('fields of a newer version are skipped', () => {
    const bytes = Buffer.concat([
      encodeBytes(kv.KeyValue, { version: 7 }),
      Buffer.from([0xf8, 0x07, 0x01]),
    ])
    expect(kv.KeyValue.decode(bytes).version).toBe(7)
  })
})
