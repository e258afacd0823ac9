/**
 * A second opinion on every message: protobufjs's reflection over the .proto files, brought
 * into the shape of our codecs.
 */

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import protobuf from 'protobufjs'
import { type Codec, DEPTH_MAX } from '../../client/wire/codec.js'
import * as auth from '../../client/wire/generated/auth.js'
import * as command from '../../client/wire/generated/command.js'
import * as election from '../../client/wire/generated/election.js'
import * as health from '../../client/wire/generated/health.js'
import * as kv from '../../client/wire/generated/kv.js'
import * as lock from '../../client/wire/generated/lock.js'
import * as peer from '../../client/wire/generated/peer.js'
import * as pipeline from '../../client/wire/generated/pipeline.js'
import * as raft from '../../client/wire/generated/raft.js'
import * as rpc from '../../client/wire/generated/rpc.js'

/** A message of some type. */
export type Message = Record<string, unknown>

/** The .proto files; tests run from the root of the repository. */
const DIRECTORY = resolve('client/wire/proto')

const FILLER = 'filler'

/** Every message type of the .proto files. */
export const root: protobuf.Root = new protobuf.Root()
root.resolvePath = (_origin, target) => resolve(DIRECTORY, target.split('/').at(-1)!)
root.loadSync(readdirSync(DIRECTORY).filter((name) => name.endsWith('.proto')))
root.resolveAll()
fillEmptyTypes(root)

/** Reflection mistakes groups in messages without fields; one field that nobody sends avoids it. */
function fillEmptyTypes(namespace: protobuf.NamespaceBase): void {
  for (const child of namespace.nestedArray) {
    if (child instanceof protobuf.Type && child.fieldsArray.length === 0)
      child.add(new protobuf.Field(FILLER, 2 ** 29 - 2, 'bool'))
    if (child instanceof protobuf.Namespace) fillEmptyTypes(child)
  }
}

/** The fields of a type, as its .proto file has them. */
export function fieldsOf(type: protobuf.Type): protobuf.Field[] {
  return type.fieldsArray.filter(({ name }) => name !== FILLER)
}

/** Every generated codec. */
export const codecs: readonly Codec<Message>[] = [
  ...[auth, command, election, health, kv, lock, peer, pipeline, raft, rpc],
]
  .flatMap((module) => Object.values(module) as unknown[])
  .filter(isCodec)

function isCodec(value: unknown): value is Codec<Message> {
  return typeof value === 'object' && value !== null && 'decode' in value
}

/** Our 64-bit integers are numbers where the file says so. */
export function isNumber(field: protobuf.Field): boolean {
  return field.options?.['jstype'] === 'JS_NUMBER'
}

/** What reflection reads, in the shape of our codecs. @throws the bytes are no such message. */
export function decodeByReflection(type: protobuf.Type, bytes: Uint8Array): Message {
  protobuf.Reader.recursionLimit = DEPTH_MAX
  return fromReflection(type, type.decode(bytes))
}

/** A reflected message in the shape of our codecs. */
export function fromReflection(type: protobuf.Type, message: protobuf.Message): Message {
  const out: Message = {}
  for (const field of fieldsOf(type)) {
    const own = Object.hasOwn(message, field.name)
    const value = (message as unknown as Message)[field.name]
    const convert = (item: unknown) => fromReflected(field, item)
    if (field.repeated) out[field.name] = own ? (value as unknown[]).map(convert) : []
    else if (field.partOf || field.resolvedType instanceof protobuf.Type)
      out[field.name] = own && value !== null ? convert(value) : undefined
    else out[field.name] = convert(own ? value : field.typeDefault)
  }
  return out
}

function fromReflected(field: protobuf.Field, item: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type)
    return fromReflection(field.resolvedType, item as protobuf.Message)
  if (field.type === 'int64' || field.type === 'uint64')
    return isNumber(field) ? saturated(BigInt(String(item))) : BigInt(String(item))
  return field.type === 'bytes' ? Uint8Array.from(item as Uint8Array) : item
}

function saturated(value: bigint): number {
  const max = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(value > max ? max : value < -max ? -max : value)
}

/** Buffers and byte arrays compare alike. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}
