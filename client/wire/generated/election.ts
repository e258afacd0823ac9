/**
 * The election service: leadership for callers that hold no recipe of their own.
 *
 * Wire facts: etcd v3.7.1. 64-bit integers are bigint unless marked JS_NUMBER:
 * ids are random and do not fit a double, revisions and counts do.
 *
 * Generated from proto/election.proto by `npm run proto`; do not edit.
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
import { KeyValue } from './kv.js'
import { ResponseHeader } from './rpc.js'

/** Message `v3electionpb.CampaignRequest`. */
export interface CampaignRequest {
  name: Uint8Array
  lease: bigint
  value: Uint8Array
}
/** Codec of `v3electionpb.CampaignRequest`. */
export const CampaignRequest: Codec<CampaignRequest> = {
  name: 'v3electionpb.CampaignRequest',
  create(init: Init<CampaignRequest> = {}): CampaignRequest {
    return {
      name: init.name ?? NO_BYTES,
      lease: init.lease ?? 0n,
      value: init.value ?? NO_BYTES,
    }
  },
  encode(message: Init<CampaignRequest>, w: Writer = Writer.create()): Writer {
    if (message.name?.length) w.uint32(10).bytes(message.name)
    if (message.lease) writeBigint(w.uint32(16), message.lease)
    if (message.value?.length) w.uint32(26).bytes(message.value)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: CampaignRequest,
  ): CampaignRequest {
    const reader = openReader(source, depth, 'v3electionpb.CampaignRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: CampaignRequest = into ?? {
        name: NO_BYTES,
        lease: 0n,
        value: NO_BYTES,
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
          case 26:
            message.value = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3electionpb.CampaignRequest', error)
    }
  },
}

/** Message `v3electionpb.CampaignResponse`. */
export interface CampaignResponse {
  header: ResponseHeader | undefined
  leader: LeaderKey | undefined
}
/** Codec of `v3electionpb.CampaignResponse`. */
export const CampaignResponse: Codec<CampaignResponse> = {
  name: 'v3electionpb.CampaignResponse',
  create(init: Init<CampaignResponse> = {}): CampaignResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      leader: init.leader && LeaderKey.create(init.leader),
    }
  },
  encode(message: Init<CampaignResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.leader !== undefined) LeaderKey.encode(message.leader, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: CampaignResponse,
  ): CampaignResponse {
    const reader = openReader(source, depth, 'v3electionpb.CampaignResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: CampaignResponse = into ?? {
        header: undefined,
        leader: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.leader = LeaderKey.decode(reader, reader.size(), depth + 1, message.leader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3electionpb.CampaignResponse', error)
    }
  },
}

/** Message `v3electionpb.LeaderKey`. */
export interface LeaderKey {
  name: Uint8Array
  key: Uint8Array
  rev: number
  lease: bigint
}
/** Codec of `v3electionpb.LeaderKey`. */
export const LeaderKey: Codec<LeaderKey> = {
  name: 'v3electionpb.LeaderKey',
  create(init: Init<LeaderKey> = {}): LeaderKey {
    return {
      name: init.name ?? NO_BYTES,
      key: init.key ?? NO_BYTES,
      rev: init.rev ?? 0,
      lease: init.lease ?? 0n,
    }
  },
  encode(message: Init<LeaderKey>, w: Writer = Writer.create()): Writer {
    if (message.name?.length) w.uint32(10).bytes(message.name)
    if (message.key?.length) w.uint32(18).bytes(message.key)
    if (message.rev) writeNumber(w.uint32(24), message.rev)
    if (message.lease) writeBigint(w.uint32(32), message.lease)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: LeaderKey): LeaderKey {
    const reader = openReader(source, depth, 'v3electionpb.LeaderKey')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaderKey = into ?? {
        name: NO_BYTES,
        key: NO_BYTES,
        rev: 0,
        lease: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = reader.bytes()
            break
          case 18:
            message.key = reader.bytes()
            break
          case 24:
            message.rev = readInt53(reader)
            break
          case 32:
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
      throw invalid('v3electionpb.LeaderKey', error)
    }
  },
}

/** Message `v3electionpb.LeaderRequest`. */
export interface LeaderRequest {
  name: Uint8Array
}
/** Codec of `v3electionpb.LeaderRequest`. */
export const LeaderRequest: Codec<LeaderRequest> = {
  name: 'v3electionpb.LeaderRequest',
  create(init: Init<LeaderRequest> = {}): LeaderRequest {
    return {
      name: init.name ?? NO_BYTES,
    }
  },
  encode(message: Init<LeaderRequest>, w: Writer = Writer.create()): Writer {
    if (message.name?.length) w.uint32(10).bytes(message.name)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaderRequest,
  ): LeaderRequest {
    const reader = openReader(source, depth, 'v3electionpb.LeaderRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaderRequest = into ?? {
        name: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3electionpb.LeaderRequest', error)
    }
  },
}

/** Message `v3electionpb.LeaderResponse`. */
export interface LeaderResponse {
  header: ResponseHeader | undefined
  kv: KeyValue | undefined
}
/** Codec of `v3electionpb.LeaderResponse`. */
export const LeaderResponse: Codec<LeaderResponse> = {
  name: 'v3electionpb.LeaderResponse',
  create(init: Init<LeaderResponse> = {}): LeaderResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      kv: init.kv && KeyValue.create(init.kv),
    }
  },
  encode(message: Init<LeaderResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.kv !== undefined) KeyValue.encode(message.kv, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaderResponse,
  ): LeaderResponse {
    const reader = openReader(source, depth, 'v3electionpb.LeaderResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaderResponse = into ?? {
        header: undefined,
        kv: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.kv = KeyValue.decode(reader, reader.size(), depth + 1, message.kv)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3electionpb.LeaderResponse', error)
    }
  },
}

/** Message `v3electionpb.ResignRequest`. */
export interface ResignRequest {
  leader: LeaderKey | undefined
}
/** Codec of `v3electionpb.ResignRequest`. */
export const ResignRequest: Codec<ResignRequest> = {
  name: 'v3electionpb.ResignRequest',
  create(init: Init<ResignRequest> = {}): ResignRequest {
    return {
      leader: init.leader && LeaderKey.create(init.leader),
    }
  },
  encode(message: Init<ResignRequest>, w: Writer = Writer.create()): Writer {
    if (message.leader !== undefined) LeaderKey.encode(message.leader, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ResignRequest,
  ): ResignRequest {
    const reader = openReader(source, depth, 'v3electionpb.ResignRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ResignRequest = into ?? {
        leader: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.leader = LeaderKey.decode(reader, reader.size(), depth + 1, message.leader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3electionpb.ResignRequest', error)
    }
  },
}

/** Message `v3electionpb.ResignResponse`. */
export interface ResignResponse {
  header: ResponseHeader | undefined
}
/** Codec of `v3electionpb.ResignResponse`. */
export const ResignResponse: Codec<ResignResponse> = {
  name: 'v3electionpb.ResignResponse',
  create(init: Init<ResignResponse> = {}): ResignResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<ResignResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ResignResponse,
  ): ResignResponse {
    const reader = openReader(source, depth, 'v3electionpb.ResignResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ResignResponse = into ?? {
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
      throw invalid('v3electionpb.ResignResponse', error)
    }
  },
}

/** Message `v3electionpb.ProclaimRequest`. */
export interface ProclaimRequest {
  leader: LeaderKey | undefined
  value: Uint8Array
}
/** Codec of `v3electionpb.ProclaimRequest`. */
export const ProclaimRequest: Codec<ProclaimRequest> = {
  name: 'v3electionpb.ProclaimRequest',
  create(init: Init<ProclaimRequest> = {}): ProclaimRequest {
    return {
      leader: init.leader && LeaderKey.create(init.leader),
      value: init.value ?? NO_BYTES,
    }
  },
  encode(message: Init<ProclaimRequest>, w: Writer = Writer.create()): Writer {
    if (message.leader !== undefined) LeaderKey.encode(message.leader, w.uint32(10).fork()).ldelim()
    if (message.value?.length) w.uint32(18).bytes(message.value)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ProclaimRequest,
  ): ProclaimRequest {
    const reader = openReader(source, depth, 'v3electionpb.ProclaimRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ProclaimRequest = into ?? {
        leader: undefined,
        value: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.leader = LeaderKey.decode(reader, reader.size(), depth + 1, message.leader)
            break
          case 18:
            message.value = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('v3electionpb.ProclaimRequest', error)
    }
  },
}

/** Message `v3electionpb.ProclaimResponse`. */
export interface ProclaimResponse {
  header: ResponseHeader | undefined
}
/** Codec of `v3electionpb.ProclaimResponse`. */
export const ProclaimResponse: Codec<ProclaimResponse> = {
  name: 'v3electionpb.ProclaimResponse',
  create(init: Init<ProclaimResponse> = {}): ProclaimResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<ProclaimResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ProclaimResponse,
  ): ProclaimResponse {
    const reader = openReader(source, depth, 'v3electionpb.ProclaimResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ProclaimResponse = into ?? {
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
      throw invalid('v3electionpb.ProclaimResponse', error)
    }
  },
}
