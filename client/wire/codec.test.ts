/**
 * Every message of the contract against an independent reader: protobufjs's own
 * reflection over the same .proto files.
 *
 * Random messages are encoded by our generated codec and read by reflection, and the
 * other way round; whatever one side writes the other must understand in full.
 */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import Long from 'long'
import protobuf from 'protobufjs'
import {
  codecs,
  fieldsOf,
  fromReflection,
  isNumber,
  type Message,
  plain,
  root,
} from '../../test/fuzz/reflection.js'
import { DEPTH_MAX, encodeBytes, InvalidMessage } from './codec.js'
import * as kv from './generated/kv.js'
import { ConfState } from './generated/raft.js'
import * as rpc from './generated/rpc.js'

/** A random value of a field in our shape. */
function fieldValue(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const type = field.resolvedType
  if (type instanceof protobuf.Enum) return fc.constantFrom(...Object.values(type.values))
  if (type instanceof protobuf.Type) return messageOf(type, depth + 1)
  switch (field.type) {
    case 'int64':
      return isNumber(field)
        ? fc.maxSafeInteger()
        : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'uint64':
      return isNumber(field) ? fc.maxSafeNat() : fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
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
function messageOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Message> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of fieldsOf(type)) {
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
function toReflection(type: protobuf.Type, message: Message): Message {
  const out: Message = {}
  for (const field of fieldsOf(type)) {
    const value = message[field.name]
    if (value === undefined) continue
    const convert = (item: unknown): unknown => {
      if (field.resolvedType instanceof protobuf.Type)
        return toReflection(field.resolvedType, item as Message)
      if (field.type === 'int64' || field.type === 'uint64')
        return Long.fromString(String(item), field.type === 'uint64')
      return item
    }
    out[field.name] = Array.isArray(value) ? value.map(convert) : convert(value)
  }
  return out
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

  test('a message that comes in two parts is one message, as protobuf demands', () => {
    const parts = Buffer.concat([
      encodeBytes(rpc.PutResponse, { header: { revision: 3 } }),
      encodeBytes(rpc.PutResponse, { header: { raftTerm: 4 } }),
    ])
    expect(rpc.PutResponse.decode(parts).header).toMatchObject({ revision: 3, raftTerm: 4 })
  })

  test('text that is not UTF-8 is refused', () => {
    const name = Buffer.from('0a02c328', 'hex')
    expect(() => rpc.AuthUserAddRequest.decode(name)).toThrow(InvalidMessage)
  })

  test('a tag or a length that does not fit into 32 bits is refused, not cut short', () => {
    const key = '0a0161'
    expect(kv.KeyValue.decode(Buffer.from(key, 'hex')).key).toEqual(Buffer.from('a'))
    for (const wrong of ['8a8080801001 61', '0a8180808010 61'])
      expect(() => kv.KeyValue.decode(Buffer.from(wrong.replace(' ', ''), 'hex'))).toThrow(
        InvalidMessage,
      )
  })

  test('a packed list whose last number runs past its end is refused', () => {
    const voters = Buffer.from('0a018001', 'hex')
    expect(() => ConfState.decode(voters)).toThrow(InvalidMessage)
  })

  test('fields of a newer version are skipped', () => {
    const bytes = Buffer.concat([
      encodeBytes(kv.KeyValue, { version: 7 }),
      Buffer.from([0xf8, 0x07, 0x01]),
    ])
    expect(kv.KeyValue.decode(bytes).version).toBe(7)
  })
})
