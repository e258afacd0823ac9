/**
 * The stored key-value and the event that a change of it makes.
 *
 * Wire facts: etcd v3.7.1. 64-bit integers are bigint unless marked JS_NUMBER:
 * ids are random and do not fit a double, revisions and counts do.
 *
 * Generated from proto/kv.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  NO_BYTES,
  openReader,
  type Reader,
  readInt53,
  readInt64,
  Writer,
  writeBigint,
  writeNumber,
} from '../codec.js'

/** Message `mvccpb.KeyValue`. */
export interface KeyValue {
  key: Uint8Array
  createRevision: number
  modRevision: number
  version: number
  value: Uint8Array
  lease: bigint
}
/** Codec of `mvccpb.KeyValue`. */
export const KeyValue: Codec<KeyValue> = {
  name: 'mvccpb.KeyValue',
  create(init: Init<KeyValue> = {}): KeyValue {
    return {
      key: init.key ?? NO_BYTES,
      createRevision: init.createRevision ?? 0,
      modRevision: init.modRevision ?? 0,
      version: init.version ?? 0,
      value: init.value ?? NO_BYTES,
      lease: init.lease ?? 0n,
    }
  },
  encode(message: Init<KeyValue>, w: Writer = Writer.create()): Writer {
    if (message.key?.length) w.uint32(10).bytes(message.key)
    if (message.createRevision) writeNumber(w.uint32(16), message.createRevision)
    if (message.modRevision) writeNumber(w.uint32(24), message.modRevision)
    if (message.version) writeNumber(w.uint32(32), message.version)
    if (message.value?.length) w.uint32(42).bytes(message.value)
    if (message.lease) writeBigint(w.uint32(48), message.lease)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: KeyValue): KeyValue {
    const reader = openReader(source, depth, 'mvccpb.KeyValue')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: KeyValue = into ?? {
        key: NO_BYTES,
        createRevision: 0,
        modRevision: 0,
        version: 0,
        value: NO_BYTES,
        lease: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.key = reader.bytes()
            break
          case 16:
            message.createRevision = readInt53(reader)
            break
          case 24:
            message.modRevision = readInt53(reader)
            break
          case 32:
            message.version = readInt53(reader)
            break
          case 42:
            message.value = reader.bytes()
            break
          case 48:
            message.lease = readInt64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('mvccpb.KeyValue', error)
    }
  },
}

/** Message `mvccpb.Event`. */
export interface Event {
  type: EventType
  kv: KeyValue | undefined
  prevKv: KeyValue | undefined
}
/** Codec of `mvccpb.Event`. */
export const Event: Codec<Event> = {
  name: 'mvccpb.Event',
  create(init: Init<Event> = {}): Event {
    return {
      type: init.type ?? 0,
      kv: init.kv && KeyValue.create(init.kv),
      prevKv: init.prevKv && KeyValue.create(init.prevKv),
    }
  },
  encode(message: Init<Event>, w: Writer = Writer.create()): Writer {
    if (message.type) w.uint32(8).int32(message.type)
    if (message.kv !== undefined) KeyValue.encode(message.kv, w.uint32(18).fork()).ldelim()
    if (message.prevKv !== undefined) KeyValue.encode(message.prevKv, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Event): Event {
    const reader = openReader(source, depth, 'mvccpb.Event')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Event = into ?? {
        type: 0,
        kv: undefined,
        prevKv: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.type = reader.int32() as EventType
            break
          case 18:
            message.kv = KeyValue.decode(reader, reader.size(), depth + 1, message.kv)
            break
          case 26:
            message.prevKv = KeyValue.decode(reader, reader.size(), depth + 1, message.prevKv)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('mvccpb.Event', error)
    }
  },
}

/** Enum `mvccpb.Event.EventType`. */
export const EventType = {
  PUT: 0,
  DELETE: 1,
} as const
/** A value of {@link EventType}; a peer may send numbers that are not in it. */
export type EventType = (typeof EventType)[keyof typeof EventType]
