/**
 * The lock service: a mutex for callers that hold no recipe of their own.
 *
 * Wire facts: etcd v3.7.1. 64-bit integers are bigint unless marked JS_NUMBER:
 * ids are random and do not fit a double, revisions and counts do.
 *
 * Generated from proto/lock.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  NO_BYTES,
  openReader,
  type Reader,
  readInt64,
  Writer,
  writeBigint,
} from '../codec.js'
import { ResponseHeader } from './rpc.js'

/** Message `v3lockpb.LockRequest`. */
export interface LockRequest {
  name: Uint8Array
  lease: bigint
}
/** Codec of `v3lockpb.LockRequest`. */
export const LockRequest: Codec<LockRequest> = {
  name: 'v3lockpb.LockRequest',
  create(init: Init<LockRequest> = {}): LockRequest {
    return {
      name: init.name ?? NO_BYTES,
      lease: init.lease ?? 0n,
    }
  },
  encode(message: Init<LockRequest>, w: Writer = Writer.create()): Writer {
    if (message.name?.length) w.uint32(10).bytes(message.name)
    if (message.lease) writeBigint(w.uint32(16), message.lease)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: LockRequest): LockRequest {
    const reader = openReader(source, depth, 'v3lockpb.LockRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LockRequest = into ?? {
        name: NO_BYTES,
        lease: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = reader.bytes()
            break
          case 16:
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
      throw invalid('v3lockpb.LockRequest', error)
    }
  },
}

/** Message `v3lockpb.LockResponse`. */
export interface LockResponse {
  header: ResponseHeader | undefined
  key: Uint8Array
}
/** Codec of `v3lockpb.LockResponse`. */
export const LockResponse: Codec<LockResponse> = {
  name: 'v3lockpb.LockResponse',
  create(init: Init<LockResponse> = {}): LockResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      key: init.key ?? NO_BYTES,
    }
  },
  encode(message: Init<LockResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.key?.length) w.uint32(18).bytes(message.key)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LockResponse,
  ): LockResponse {
    const reader = openReader(source, depth, 'v3lockpb.LockResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LockResponse = into ?? {
        header: undefined,
        key: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.key = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3lockpb.LockResponse', error)
    }
  },
}

/** Message `v3lockpb.UnlockRequest`. */
export interface UnlockRequest {
  key: Uint8Array
}
/** Codec of `v3lockpb.UnlockRequest`. */
export const UnlockRequest: Codec<UnlockRequest> = {
  name: 'v3lockpb.UnlockRequest',
  create(init: Init<UnlockRequest> = {}): UnlockRequest {
    return {
      key: init.key ?? NO_BYTES,
    }
  },
  encode(message: Init<UnlockRequest>, w: Writer = Writer.create()): Writer {
    if (message.key?.length) w.uint32(10).bytes(message.key)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: UnlockRequest,
  ): UnlockRequest {
    const reader = openReader(source, depth, 'v3lockpb.UnlockRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: UnlockRequest = into ?? {
        key: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.key = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3lockpb.UnlockRequest', error)
    }
  },
}

/** Message `v3lockpb.UnlockResponse`. */
export interface UnlockResponse {
  header: ResponseHeader | undefined
}
/** Codec of `v3lockpb.UnlockResponse`. */
export const UnlockResponse: Codec<UnlockResponse> = {
  name: 'v3lockpb.UnlockResponse',
  create(init: Init<UnlockResponse> = {}): UnlockResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<UnlockResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: UnlockResponse,
  ): UnlockResponse {
    const reader = openReader(source, depth, 'v3lockpb.UnlockResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: UnlockResponse = into ?? {
        header: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3lockpb.UnlockResponse', error)
    }
  },
}
