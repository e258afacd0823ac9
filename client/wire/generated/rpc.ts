/**
 * The etcd v3 API: key-values, watches, leases, cluster, maintenance and auth.
 *
 * Wire facts: etcd v3.7.1. 64-bit integers are bigint unless marked JS_NUMBER:
 * ids are random and do not fit a double, revisions and counts do.
 *
 * Generated from proto/rpc.proto by `npm run proto`; do not edit.
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
  readString,
  readUint53,
  readUint64,
  Writer,
  writeBigint,
  writeNumber,
} from '../codec.js'
import { Permission, UserAddOptions } from './auth.js'
import { Event, KeyValue } from './kv.js'

/** Enum `etcdserverpb.AlarmType`. */
export const AlarmType = {
  NONE: 0,
  NOSPACE: 1,
  CORRUPT: 2,
} as const
/** A value of {@link AlarmType}; a peer may send numbers that are not in it. */
export type AlarmType = (typeof AlarmType)[keyof typeof AlarmType]

/** Message `etcdserverpb.ResponseHeader`. */
export interface ResponseHeader {
  clusterId: bigint
  memberId: bigint
  revision: number
  raftTerm: number
}
/** Codec of `etcdserverpb.ResponseHeader`. */
export const ResponseHeader: Codec<ResponseHeader> = {
  name: 'etcdserverpb.ResponseHeader',
  create(init: Init<ResponseHeader> = {}): ResponseHeader {
    return {
      clusterId: init.clusterId ?? 0n,
      memberId: init.memberId ?? 0n,
      revision: init.revision ?? 0,
      raftTerm: init.raftTerm ?? 0,
    }
  },
  encode(message: Init<ResponseHeader>, w: Writer = Writer.create()): Writer {
    if (message.clusterId) writeBigint(w.uint32(8), message.clusterId)
    if (message.memberId) writeBigint(w.uint32(16), message.memberId)
    if (message.revision) writeNumber(w.uint32(24), message.revision)
    if (message.raftTerm) writeNumber(w.uint32(32), message.raftTerm)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ResponseHeader,
  ): ResponseHeader {
    const reader = openReader(source, depth, 'etcdserverpb.ResponseHeader')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ResponseHeader = into ?? {
        clusterId: 0n,
        memberId: 0n,
        revision: 0,
        raftTerm: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.clusterId = readUint64(reader)
            break
          case 16:
            message.memberId = readUint64(reader)
            break
          case 24:
            message.revision = readInt53(reader)
            break
          case 32:
            message.raftTerm = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.ResponseHeader', error)
    }
  },
}

/** Message `etcdserverpb.RangeRequest`. */
export interface RangeRequest {
  key: Uint8Array
  rangeEnd: Uint8Array
  limit: number
  revision: number
  sortOrder: SortOrder
  sortTarget: SortTarget
  serializable: boolean
  keysOnly: boolean
  countOnly: boolean
  minModRevision: number
  maxModRevision: number
  minCreateRevision: number
  maxCreateRevision: number
}
/** Codec of `etcdserverpb.RangeRequest`. */
export const RangeRequest: Codec<RangeRequest> = {
  name: 'etcdserverpb.RangeRequest',
  create(init: Init<RangeRequest> = {}): RangeRequest {
    return {
      key: init.key ?? NO_BYTES,
      rangeEnd: init.rangeEnd ?? NO_BYTES,
      limit: init.limit ?? 0,
      revision: init.revision ?? 0,
      sortOrder: init.sortOrder ?? 0,
      sortTarget: init.sortTarget ?? 0,
      serializable: init.serializable ?? false,
      keysOnly: init.keysOnly ?? false,
      countOnly: init.countOnly ?? false,
      minModRevision: init.minModRevision ?? 0,
      maxModRevision: init.maxModRevision ?? 0,
      minCreateRevision: init.minCreateRevision ?? 0,
      maxCreateRevision: init.maxCreateRevision ?? 0,
    }
  },
  encode(message: Init<RangeRequest>, w: Writer = Writer.create()): Writer {
    if (message.key?.length) w.uint32(10).bytes(message.key)
    if (message.rangeEnd?.length) w.uint32(18).bytes(message.rangeEnd)
    if (message.limit) writeNumber(w.uint32(24), message.limit)
    if (message.revision) writeNumber(w.uint32(32), message.revision)
    if (message.sortOrder) w.uint32(40).int32(message.sortOrder)
    if (message.sortTarget) w.uint32(48).int32(message.sortTarget)
    if (message.serializable) w.uint32(56).bool(message.serializable)
    if (message.keysOnly) w.uint32(64).bool(message.keysOnly)
    if (message.countOnly) w.uint32(72).bool(message.countOnly)
    if (message.minModRevision) writeNumber(w.uint32(80), message.minModRevision)
    if (message.maxModRevision) writeNumber(w.uint32(88), message.maxModRevision)
    if (message.minCreateRevision) writeNumber(w.uint32(96), message.minCreateRevision)
    if (message.maxCreateRevision) writeNumber(w.uint32(104), message.maxCreateRevision)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: RangeRequest,
  ): RangeRequest {
    const reader = openReader(source, depth, 'etcdserverpb.RangeRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: RangeRequest = into ?? {
        key: NO_BYTES,
        rangeEnd: NO_BYTES,
        limit: 0,
        revision: 0,
        sortOrder: 0,
        sortTarget: 0,
        serializable: false,
        keysOnly: false,
        countOnly: false,
        minModRevision: 0,
        maxModRevision: 0,
        minCreateRevision: 0,
        maxCreateRevision: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.key = reader.bytes()
            break
          case 18:
            message.rangeEnd = reader.bytes()
            break
          case 24:
            message.limit = readInt53(reader)
            break
          case 32:
            message.revision = readInt53(reader)
            break
          case 40:
            message.sortOrder = reader.int32() as SortOrder
            break
          case 48:
            message.sortTarget = reader.int32() as SortTarget
            break
          case 56:
            message.serializable = reader.bool()
            break
          case 64:
            message.keysOnly = reader.bool()
            break
          case 72:
            message.countOnly = reader.bool()
            break
          case 80:
            message.minModRevision = readInt53(reader)
            break
          case 88:
            message.maxModRevision = readInt53(reader)
            break
          case 96:
            message.minCreateRevision = readInt53(reader)
            break
          case 104:
            message.maxCreateRevision = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.RangeRequest', error)
    }
  },
}

/** Enum `etcdserverpb.RangeRequest.SortOrder`. */
export const SortOrder = {
  NONE: 0,
  ASCEND: 1,
  DESCEND: 2,
} as const
/** A value of {@link SortOrder}; a peer may send numbers that are not in it. */
export type SortOrder = (typeof SortOrder)[keyof typeof SortOrder]

/** Enum `etcdserverpb.RangeRequest.SortTarget`. */
export const SortTarget = {
  KEY: 0,
  VERSION: 1,
  CREATE: 2,
  MOD: 3,
  VALUE: 4,
} as const
/** A value of {@link SortTarget}; a peer may send numbers that are not in it. */
export type SortTarget = (typeof SortTarget)[keyof typeof SortTarget]

/** Message `etcdserverpb.RangeResponse`. */
export interface RangeResponse {
  header: ResponseHeader | undefined
  kvs: KeyValue[]
  more: boolean
  count: number
}
/** Codec of `etcdserverpb.RangeResponse`. */
export const RangeResponse: Codec<RangeResponse> = {
  name: 'etcdserverpb.RangeResponse',
  create(init: Init<RangeResponse> = {}): RangeResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      kvs: init.kvs?.map((item) => KeyValue.create(item)) ?? [],
      more: init.more ?? false,
      count: init.count ?? 0,
    }
  },
  encode(message: Init<RangeResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.kvs)
      for (const item of message.kvs) KeyValue.encode(item, w.uint32(18).fork()).ldelim()
    if (message.more) w.uint32(24).bool(message.more)
    if (message.count) writeNumber(w.uint32(32), message.count)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: RangeResponse,
  ): RangeResponse {
    const reader = openReader(source, depth, 'etcdserverpb.RangeResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: RangeResponse = into ?? {
        header: undefined,
        kvs: [],
        more: false,
        count: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.kvs.push(KeyValue.decode(reader, reader.size(), depth + 1))
            break
          case 24:
            message.more = reader.bool()
            break
          case 32:
            message.count = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.RangeResponse', error)
    }
  },
}

/** Message `etcdserverpb.PutRequest`. */
export interface PutRequest {
  key: Uint8Array
  value: Uint8Array
  lease: bigint
  prevKv: boolean
  ignoreValue: boolean
  ignoreLease: boolean
}
/** Codec of `etcdserverpb.PutRequest`. */
export const PutRequest: Codec<PutRequest> = {
  name: 'etcdserverpb.PutRequest',
  create(init: Init<PutRequest> = {}): PutRequest {
    return {
      key: init.key ?? NO_BYTES,
      value: init.value ?? NO_BYTES,
      lease: init.lease ?? 0n,
      prevKv: init.prevKv ?? false,
      ignoreValue: init.ignoreValue ?? false,
      ignoreLease: init.ignoreLease ?? false,
    }
  },
  encode(message: Init<PutRequest>, w: Writer = Writer.create()): Writer {
    if (message.key?.length) w.uint32(10).bytes(message.key)
    if (message.value?.length) w.uint32(18).bytes(message.value)
    if (message.lease) writeBigint(w.uint32(24), message.lease)
    if (message.prevKv) w.uint32(32).bool(message.prevKv)
    if (message.ignoreValue) w.uint32(40).bool(message.ignoreValue)
    if (message.ignoreLease) w.uint32(48).bool(message.ignoreLease)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: PutRequest): PutRequest {
    const reader = openReader(source, depth, 'etcdserverpb.PutRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PutRequest = into ?? {
        key: NO_BYTES,
        value: NO_BYTES,
        lease: 0n,
        prevKv: false,
        ignoreValue: false,
        ignoreLease: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.key = reader.bytes()
            break
          case 18:
            message.value = reader.bytes()
            break
          case 24:
            message.lease = readInt64(reader)
            break
          case 32:
            message.prevKv = reader.bool()
            break
          case 40:
            message.ignoreValue = reader.bool()
            break
          case 48:
            message.ignoreLease = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.PutRequest', error)
    }
  },
}

/** Message `etcdserverpb.PutResponse`. */
export interface PutResponse {
  header: ResponseHeader | undefined
  prevKv: KeyValue | undefined
}
/** Codec of `etcdserverpb.PutResponse`. */
export const PutResponse: Codec<PutResponse> = {
  name: 'etcdserverpb.PutResponse',
  create(init: Init<PutResponse> = {}): PutResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      prevKv: init.prevKv && KeyValue.create(init.prevKv),
    }
  },
  encode(message: Init<PutResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.prevKv !== undefined) KeyValue.encode(message.prevKv, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: PutResponse): PutResponse {
    const reader = openReader(source, depth, 'etcdserverpb.PutResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PutResponse = into ?? {
        header: undefined,
        prevKv: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
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
      throw invalid('etcdserverpb.PutResponse', error)
    }
  },
}

/** Message `etcdserverpb.DeleteRangeRequest`. */
export interface DeleteRangeRequest {
  key: Uint8Array
  rangeEnd: Uint8Array
  prevKv: boolean
}
/** Codec of `etcdserverpb.DeleteRangeRequest`. */
export const DeleteRangeRequest: Codec<DeleteRangeRequest> = {
  name: 'etcdserverpb.DeleteRangeRequest',
  create(init: Init<DeleteRangeRequest> = {}): DeleteRangeRequest {
    return {
      key: init.key ?? NO_BYTES,
      rangeEnd: init.rangeEnd ?? NO_BYTES,
      prevKv: init.prevKv ?? false,
    }
  },
  encode(message: Init<DeleteRangeRequest>, w: Writer = Writer.create()): Writer {
    if (message.key?.length) w.uint32(10).bytes(message.key)
    if (message.rangeEnd?.length) w.uint32(18).bytes(message.rangeEnd)
    if (message.prevKv) w.uint32(24).bool(message.prevKv)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DeleteRangeRequest,
  ): DeleteRangeRequest {
    const reader = openReader(source, depth, 'etcdserverpb.DeleteRangeRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DeleteRangeRequest = into ?? {
        key: NO_BYTES,
        rangeEnd: NO_BYTES,
        prevKv: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.key = reader.bytes()
            break
          case 18:
            message.rangeEnd = reader.bytes()
            break
          case 24:
            message.prevKv = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DeleteRangeRequest', error)
    }
  },
}

/** Message `etcdserverpb.DeleteRangeResponse`. */
export interface DeleteRangeResponse {
  header: ResponseHeader | undefined
  deleted: number
  prevKvs: KeyValue[]
}
/** Codec of `etcdserverpb.DeleteRangeResponse`. */
export const DeleteRangeResponse: Codec<DeleteRangeResponse> = {
  name: 'etcdserverpb.DeleteRangeResponse',
  create(init: Init<DeleteRangeResponse> = {}): DeleteRangeResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      deleted: init.deleted ?? 0,
      prevKvs: init.prevKvs?.map((item) => KeyValue.create(item)) ?? [],
    }
  },
  encode(message: Init<DeleteRangeResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.deleted) writeNumber(w.uint32(16), message.deleted)
    if (message.prevKvs)
      for (const item of message.prevKvs) KeyValue.encode(item, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DeleteRangeResponse,
  ): DeleteRangeResponse {
    const reader = openReader(source, depth, 'etcdserverpb.DeleteRangeResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DeleteRangeResponse = into ?? {
        header: undefined,
        deleted: 0,
        prevKvs: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.deleted = readInt53(reader)
            break
          case 26:
            message.prevKvs.push(KeyValue.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DeleteRangeResponse', error)
    }
  },
}

/** Message `etcdserverpb.RequestOp`. */
export interface RequestOp {
  requestRange: RangeRequest | undefined
  requestPut: PutRequest | undefined
  requestDeleteRange: DeleteRangeRequest | undefined
  requestTxn: TxnRequest | undefined
}
/** Codec of `etcdserverpb.RequestOp`. */
export const RequestOp: Codec<RequestOp> = {
  name: 'etcdserverpb.RequestOp',
  create(init: Init<RequestOp> = {}): RequestOp {
    return {
      requestRange: init.requestRange && RangeRequest.create(init.requestRange),
      requestPut: init.requestPut && PutRequest.create(init.requestPut),
      requestDeleteRange:
        init.requestDeleteRange && DeleteRangeRequest.create(init.requestDeleteRange),
      requestTxn: init.requestTxn && TxnRequest.create(init.requestTxn),
    }
  },
  encode(message: Init<RequestOp>, w: Writer = Writer.create()): Writer {
    if (message.requestRange !== undefined)
      RangeRequest.encode(message.requestRange, w.uint32(10).fork()).ldelim()
    if (message.requestPut !== undefined)
      PutRequest.encode(message.requestPut, w.uint32(18).fork()).ldelim()
    if (message.requestDeleteRange !== undefined)
      DeleteRangeRequest.encode(message.requestDeleteRange, w.uint32(26).fork()).ldelim()
    if (message.requestTxn !== undefined)
      TxnRequest.encode(message.requestTxn, w.uint32(34).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: RequestOp): RequestOp {
    const reader = openReader(source, depth, 'etcdserverpb.RequestOp')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: RequestOp = into ?? {
        requestRange: undefined,
        requestPut: undefined,
        requestDeleteRange: undefined,
        requestTxn: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.requestPut = undefined
            message.requestDeleteRange = undefined
            message.requestTxn = undefined
            message.requestRange = RangeRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.requestRange,
            )
            break
          case 18:
            message.requestRange = undefined
            message.requestDeleteRange = undefined
            message.requestTxn = undefined
            message.requestPut = PutRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.requestPut,
            )
            break
          case 26:
            message.requestRange = undefined
            message.requestPut = undefined
            message.requestTxn = undefined
            message.requestDeleteRange = DeleteRangeRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.requestDeleteRange,
            )
            break
          case 34:
            message.requestRange = undefined
            message.requestPut = undefined
            message.requestDeleteRange = undefined
            message.requestTxn = TxnRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.requestTxn,
            )
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.RequestOp', error)
    }
  },
}

/** Message `etcdserverpb.ResponseOp`. */
export interface ResponseOp {
  responseRange: RangeResponse | undefined
  responsePut: PutResponse | undefined
  responseDeleteRange: DeleteRangeResponse | undefined
  responseTxn: TxnResponse | undefined
}
/** Codec of `etcdserverpb.ResponseOp`. */
export const ResponseOp: Codec<ResponseOp> = {
  name: 'etcdserverpb.ResponseOp',
  create(init: Init<ResponseOp> = {}): ResponseOp {
    return {
      responseRange: init.responseRange && RangeResponse.create(init.responseRange),
      responsePut: init.responsePut && PutResponse.create(init.responsePut),
      responseDeleteRange:
        init.responseDeleteRange && DeleteRangeResponse.create(init.responseDeleteRange),
      responseTxn: init.responseTxn && TxnResponse.create(init.responseTxn),
    }
  },
  encode(message: Init<ResponseOp>, w: Writer = Writer.create()): Writer {
    if (message.responseRange !== undefined)
      RangeResponse.encode(message.responseRange, w.uint32(10).fork()).ldelim()
    if (message.responsePut !== undefined)
      PutResponse.encode(message.responsePut, w.uint32(18).fork()).ldelim()
    if (message.responseDeleteRange !== undefined)
      DeleteRangeResponse.encode(message.responseDeleteRange, w.uint32(26).fork()).ldelim()
    if (message.responseTxn !== undefined)
      TxnResponse.encode(message.responseTxn, w.uint32(34).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: ResponseOp): ResponseOp {
    const reader = openReader(source, depth, 'etcdserverpb.ResponseOp')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ResponseOp = into ?? {
        responseRange: undefined,
        responsePut: undefined,
        responseDeleteRange: undefined,
        responseTxn: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.responsePut = undefined
            message.responseDeleteRange = undefined
            message.responseTxn = undefined
            message.responseRange = RangeResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.responseRange,
            )
            break
          case 18:
            message.responseRange = undefined
            message.responseDeleteRange = undefined
            message.responseTxn = undefined
            message.responsePut = PutResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.responsePut,
            )
            break
          case 26:
            message.responseRange = undefined
            message.responsePut = undefined
            message.responseTxn = undefined
            message.responseDeleteRange = DeleteRangeResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.responseDeleteRange,
            )
            break
          case 34:
            message.responseRange = undefined
            message.responsePut = undefined
            message.responseDeleteRange = undefined
            message.responseTxn = TxnResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.responseTxn,
            )
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.ResponseOp', error)
    }
  },
}

/** Message `etcdserverpb.Compare`. */
export interface Compare {
  result: CompareResult
  target: CompareTarget
  key: Uint8Array
  version: number | undefined
  createRevision: number | undefined
  modRevision: number | undefined
  value: Uint8Array | undefined
  lease: bigint | undefined
  rangeEnd: Uint8Array
}
/** Codec of `etcdserverpb.Compare`. */
export const Compare: Codec<Compare> = {
  name: 'etcdserverpb.Compare',
  create(init: Init<Compare> = {}): Compare {
    return {
      result: init.result ?? 0,
      target: init.target ?? 0,
      key: init.key ?? NO_BYTES,
      version: init.version,
      createRevision: init.createRevision,
      modRevision: init.modRevision,
      value: init.value,
      lease: init.lease,
      rangeEnd: init.rangeEnd ?? NO_BYTES,
    }
  },
  encode(message: Init<Compare>, w: Writer = Writer.create()): Writer {
    if (message.result) w.uint32(8).int32(message.result)
    if (message.target) w.uint32(16).int32(message.target)
    if (message.key?.length) w.uint32(26).bytes(message.key)
    if (message.version !== undefined) writeNumber(w.uint32(32), message.version)
    if (message.createRevision !== undefined) writeNumber(w.uint32(40), message.createRevision)
    if (message.modRevision !== undefined) writeNumber(w.uint32(48), message.modRevision)
    if (message.value !== undefined) w.uint32(58).bytes(message.value)
    if (message.lease !== undefined) writeBigint(w.uint32(64), message.lease)
    if (message.rangeEnd?.length) w.uint32(514).bytes(message.rangeEnd)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Compare): Compare {
    const reader = openReader(source, depth, 'etcdserverpb.Compare')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Compare = into ?? {
        result: 0,
        target: 0,
        key: NO_BYTES,
        version: undefined,
        createRevision: undefined,
        modRevision: undefined,
        value: undefined,
        lease: undefined,
        rangeEnd: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.result = reader.int32() as CompareResult
            break
          case 16:
            message.target = reader.int32() as CompareTarget
            break
          case 26:
            message.key = reader.bytes()
            break
          case 32:
            message.createRevision = undefined
            message.modRevision = undefined
            message.value = undefined
            message.lease = undefined
            message.version = readInt53(reader)
            break
          case 40:
            message.version = undefined
            message.modRevision = undefined
            message.value = undefined
            message.lease = undefined
            message.createRevision = readInt53(reader)
            break
          case 48:
            message.version = undefined
            message.createRevision = undefined
            message.value = undefined
            message.lease = undefined
            message.modRevision = readInt53(reader)
            break
          case 58:
            message.version = undefined
            message.createRevision = undefined
            message.modRevision = undefined
            message.lease = undefined
            message.value = reader.bytes()
            break
          case 64:
            message.version = undefined
            message.createRevision = undefined
            message.modRevision = undefined
            message.value = undefined
            message.lease = readInt64(reader)
            break
          case 514:
            message.rangeEnd = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.Compare', error)
    }
  },
}

/** Enum `etcdserverpb.Compare.CompareResult`. */
export const CompareResult = {
  EQUAL: 0,
  GREATER: 1,
  LESS: 2,
  NOT_EQUAL: 3,
} as const
/** A value of {@link CompareResult}; a peer may send numbers that are not in it. */
export type CompareResult = (typeof CompareResult)[keyof typeof CompareResult]

/** Enum `etcdserverpb.Compare.CompareTarget`. */
export const CompareTarget = {
  VERSION: 0,
  CREATE: 1,
  MOD: 2,
  VALUE: 3,
  LEASE: 4,
} as const
/** A value of {@link CompareTarget}; a peer may send numbers that are not in it. */
export type CompareTarget = (typeof CompareTarget)[keyof typeof CompareTarget]

/** Message `etcdserverpb.TxnRequest`. */
export interface TxnRequest {
  compare: Compare[]
  success: RequestOp[]
  failure: RequestOp[]
}
/** Codec of `etcdserverpb.TxnRequest`. */
export const TxnRequest: Codec<TxnRequest> = {
  name: 'etcdserverpb.TxnRequest',
  create(init: Init<TxnRequest> = {}): TxnRequest {
    return {
      compare: init.compare?.map((item) => Compare.create(item)) ?? [],
      success: init.success?.map((item) => RequestOp.create(item)) ?? [],
      failure: init.failure?.map((item) => RequestOp.create(item)) ?? [],
    }
  },
  encode(message: Init<TxnRequest>, w: Writer = Writer.create()): Writer {
    if (message.compare)
      for (const item of message.compare) Compare.encode(item, w.uint32(10).fork()).ldelim()
    if (message.success)
      for (const item of message.success) RequestOp.encode(item, w.uint32(18).fork()).ldelim()
    if (message.failure)
      for (const item of message.failure) RequestOp.encode(item, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: TxnRequest): TxnRequest {
    const reader = openReader(source, depth, 'etcdserverpb.TxnRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: TxnRequest = into ?? {
        compare: [],
        success: [],
        failure: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.compare.push(Compare.decode(reader, reader.size(), depth + 1))
            break
          case 18:
            message.success.push(RequestOp.decode(reader, reader.size(), depth + 1))
            break
          case 26:
            message.failure.push(RequestOp.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.TxnRequest', error)
    }
  },
}

/** Message `etcdserverpb.TxnResponse`. */
export interface TxnResponse {
  header: ResponseHeader | undefined
  succeeded: boolean
  responses: ResponseOp[]
}
/** Codec of `etcdserverpb.TxnResponse`. */
export const TxnResponse: Codec<TxnResponse> = {
  name: 'etcdserverpb.TxnResponse',
  create(init: Init<TxnResponse> = {}): TxnResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      succeeded: init.succeeded ?? false,
      responses: init.responses?.map((item) => ResponseOp.create(item)) ?? [],
    }
  },
  encode(message: Init<TxnResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.succeeded) w.uint32(16).bool(message.succeeded)
    if (message.responses)
      for (const item of message.responses) ResponseOp.encode(item, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: TxnResponse): TxnResponse {
    const reader = openReader(source, depth, 'etcdserverpb.TxnResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: TxnResponse = into ?? {
        header: undefined,
        succeeded: false,
        responses: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.succeeded = reader.bool()
            break
          case 26:
            message.responses.push(ResponseOp.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.TxnResponse', error)
    }
  },
}

/** Message `etcdserverpb.CompactionRequest`. */
export interface CompactionRequest {
  revision: number
  physical: boolean
}
/** Codec of `etcdserverpb.CompactionRequest`. */
export const CompactionRequest: Codec<CompactionRequest> = {
  name: 'etcdserverpb.CompactionRequest',
  create(init: Init<CompactionRequest> = {}): CompactionRequest {
    return {
      revision: init.revision ?? 0,
      physical: init.physical ?? false,
    }
  },
  encode(message: Init<CompactionRequest>, w: Writer = Writer.create()): Writer {
    if (message.revision) writeNumber(w.uint32(8), message.revision)
    if (message.physical) w.uint32(16).bool(message.physical)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: CompactionRequest,
  ): CompactionRequest {
    const reader = openReader(source, depth, 'etcdserverpb.CompactionRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: CompactionRequest = into ?? {
        revision: 0,
        physical: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.revision = readInt53(reader)
            break
          case 16:
            message.physical = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.CompactionRequest', error)
    }
  },
}

/** Message `etcdserverpb.CompactionResponse`. */
export interface CompactionResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.CompactionResponse`. */
export const CompactionResponse: Codec<CompactionResponse> = {
  name: 'etcdserverpb.CompactionResponse',
  create(init: Init<CompactionResponse> = {}): CompactionResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<CompactionResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: CompactionResponse,
  ): CompactionResponse {
    const reader = openReader(source, depth, 'etcdserverpb.CompactionResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: CompactionResponse = into ?? {
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
      throw invalid('etcdserverpb.CompactionResponse', error)
    }
  },
}

/** Message `etcdserverpb.HashRequest`. */
export interface HashRequest {}
/** Codec of `etcdserverpb.HashRequest`. */
export const HashRequest: Codec<HashRequest> = {
  name: 'etcdserverpb.HashRequest',
  create(_init: Init<HashRequest> = {}): HashRequest {
    return {}
  },
  encode(_message: Init<HashRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: HashRequest): HashRequest {
    const reader = openReader(source, depth, 'etcdserverpb.HashRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HashRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.HashRequest', error)
    }
  },
}

/** Message `etcdserverpb.HashKVRequest`. */
export interface HashKVRequest {
  revision: number
}
/** Codec of `etcdserverpb.HashKVRequest`. */
export const HashKVRequest: Codec<HashKVRequest> = {
  name: 'etcdserverpb.HashKVRequest',
  create(init: Init<HashKVRequest> = {}): HashKVRequest {
    return {
      revision: init.revision ?? 0,
    }
  },
  encode(message: Init<HashKVRequest>, w: Writer = Writer.create()): Writer {
    if (message.revision) writeNumber(w.uint32(8), message.revision)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: HashKVRequest,
  ): HashKVRequest {
    const reader = openReader(source, depth, 'etcdserverpb.HashKVRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HashKVRequest = into ?? {
        revision: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.revision = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.HashKVRequest', error)
    }
  },
}

/** Message `etcdserverpb.HashKVResponse`. */
export interface HashKVResponse {
  header: ResponseHeader | undefined
  hash: number
  compactRevision: number
  hashRevision: number
}
/** Codec of `etcdserverpb.HashKVResponse`. */
export const HashKVResponse: Codec<HashKVResponse> = {
  name: 'etcdserverpb.HashKVResponse',
  create(init: Init<HashKVResponse> = {}): HashKVResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      hash: init.hash ?? 0,
      compactRevision: init.compactRevision ?? 0,
      hashRevision: init.hashRevision ?? 0,
    }
  },
  encode(message: Init<HashKVResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.hash) w.uint32(16).uint32(message.hash)
    if (message.compactRevision) writeNumber(w.uint32(24), message.compactRevision)
    if (message.hashRevision) writeNumber(w.uint32(32), message.hashRevision)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: HashKVResponse,
  ): HashKVResponse {
    const reader = openReader(source, depth, 'etcdserverpb.HashKVResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HashKVResponse = into ?? {
        header: undefined,
        hash: 0,
        compactRevision: 0,
        hashRevision: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.hash = reader.uint32()
            break
          case 24:
            message.compactRevision = readInt53(reader)
            break
          case 32:
            message.hashRevision = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.HashKVResponse', error)
    }
  },
}

/** Message `etcdserverpb.HashResponse`. */
export interface HashResponse {
  header: ResponseHeader | undefined
  hash: number
}
/** Codec of `etcdserverpb.HashResponse`. */
export const HashResponse: Codec<HashResponse> = {
  name: 'etcdserverpb.HashResponse',
  create(init: Init<HashResponse> = {}): HashResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      hash: init.hash ?? 0,
    }
  },
  encode(message: Init<HashResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.hash) w.uint32(16).uint32(message.hash)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: HashResponse,
  ): HashResponse {
    const reader = openReader(source, depth, 'etcdserverpb.HashResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HashResponse = into ?? {
        header: undefined,
        hash: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.hash = reader.uint32()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.HashResponse', error)
    }
  },
}

/** Message `etcdserverpb.SnapshotRequest`. */
export interface SnapshotRequest {}
/** Codec of `etcdserverpb.SnapshotRequest`. */
export const SnapshotRequest: Codec<SnapshotRequest> = {
  name: 'etcdserverpb.SnapshotRequest',
  create(_init: Init<SnapshotRequest> = {}): SnapshotRequest {
    return {}
  },
  encode(_message: Init<SnapshotRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SnapshotRequest,
  ): SnapshotRequest {
    const reader = openReader(source, depth, 'etcdserverpb.SnapshotRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SnapshotRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.SnapshotRequest', error)
    }
  },
}

/** Message `etcdserverpb.SnapshotResponse`. */
export interface SnapshotResponse {
  header: ResponseHeader | undefined
  remainingBytes: number
  blob: Uint8Array
  version: string
}
/** Codec of `etcdserverpb.SnapshotResponse`. */
export const SnapshotResponse: Codec<SnapshotResponse> = {
  name: 'etcdserverpb.SnapshotResponse',
  create(init: Init<SnapshotResponse> = {}): SnapshotResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      remainingBytes: init.remainingBytes ?? 0,
      blob: init.blob ?? NO_BYTES,
      version: init.version ?? '',
    }
  },
  encode(message: Init<SnapshotResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.remainingBytes) writeNumber(w.uint32(16), message.remainingBytes)
    if (message.blob?.length) w.uint32(26).bytes(message.blob)
    if (message.version) w.uint32(34).string(message.version)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SnapshotResponse,
  ): SnapshotResponse {
    const reader = openReader(source, depth, 'etcdserverpb.SnapshotResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SnapshotResponse = into ?? {
        header: undefined,
        remainingBytes: 0,
        blob: NO_BYTES,
        version: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.remainingBytes = readUint53(reader)
            break
          case 26:
            message.blob = reader.bytes()
            break
          case 34:
            message.version = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.SnapshotResponse', error)
    }
  },
}

/** Message `etcdserverpb.WatchRequest`. */
export interface WatchRequest {
  createRequest: WatchCreateRequest | undefined
  cancelRequest: WatchCancelRequest | undefined
  progressRequest: WatchProgressRequest | undefined
}
/** Codec of `etcdserverpb.WatchRequest`. */
export const WatchRequest: Codec<WatchRequest> = {
  name: 'etcdserverpb.WatchRequest',
  create(init: Init<WatchRequest> = {}): WatchRequest {
    return {
      createRequest: init.createRequest && WatchCreateRequest.create(init.createRequest),
      cancelRequest: init.cancelRequest && WatchCancelRequest.create(init.cancelRequest),
      progressRequest: init.progressRequest && WatchProgressRequest.create(init.progressRequest),
    }
  },
  encode(message: Init<WatchRequest>, w: Writer = Writer.create()): Writer {
    if (message.createRequest !== undefined)
      WatchCreateRequest.encode(message.createRequest, w.uint32(10).fork()).ldelim()
    if (message.cancelRequest !== undefined)
      WatchCancelRequest.encode(message.cancelRequest, w.uint32(18).fork()).ldelim()
    if (message.progressRequest !== undefined)
      WatchProgressRequest.encode(message.progressRequest, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: WatchRequest,
  ): WatchRequest {
    const reader = openReader(source, depth, 'etcdserverpb.WatchRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: WatchRequest = into ?? {
        createRequest: undefined,
        cancelRequest: undefined,
        progressRequest: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.cancelRequest = undefined
            message.progressRequest = undefined
            message.createRequest = WatchCreateRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.createRequest,
            )
            break
          case 18:
            message.createRequest = undefined
            message.progressRequest = undefined
            message.cancelRequest = WatchCancelRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.cancelRequest,
            )
            break
          case 26:
            message.createRequest = undefined
            message.cancelRequest = undefined
            message.progressRequest = WatchProgressRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.progressRequest,
            )
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.WatchRequest', error)
    }
  },
}

/** Message `etcdserverpb.WatchCreateRequest`. */
export interface WatchCreateRequest {
  key: Uint8Array
  rangeEnd: Uint8Array
  startRevision: number
  progressNotify: boolean
  filters: FilterType[]
  prevKv: boolean
  watchId: number
  fragment: boolean
}
/** Codec of `etcdserverpb.WatchCreateRequest`. */
export const WatchCreateRequest: Codec<WatchCreateRequest> = {
  name: 'etcdserverpb.WatchCreateRequest',
  create(init: Init<WatchCreateRequest> = {}): WatchCreateRequest {
    return {
      key: init.key ?? NO_BYTES,
      rangeEnd: init.rangeEnd ?? NO_BYTES,
      startRevision: init.startRevision ?? 0,
      progressNotify: init.progressNotify ?? false,
      filters: init.filters ? [...init.filters] : [],
      prevKv: init.prevKv ?? false,
      watchId: init.watchId ?? 0,
      fragment: init.fragment ?? false,
    }
  },
  encode(message: Init<WatchCreateRequest>, w: Writer = Writer.create()): Writer {
    if (message.key?.length) w.uint32(10).bytes(message.key)
    if (message.rangeEnd?.length) w.uint32(18).bytes(message.rangeEnd)
    if (message.startRevision) writeNumber(w.uint32(24), message.startRevision)
    if (message.progressNotify) w.uint32(32).bool(message.progressNotify)
    if (message.filters?.length) {
      w.uint32(42).fork()
      for (const item of message.filters) w.int32(item)
      w.ldelim()
    }
    if (message.prevKv) w.uint32(48).bool(message.prevKv)
    if (message.watchId) writeNumber(w.uint32(56), message.watchId)
    if (message.fragment) w.uint32(64).bool(message.fragment)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: WatchCreateRequest,
  ): WatchCreateRequest {
    const reader = openReader(source, depth, 'etcdserverpb.WatchCreateRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: WatchCreateRequest = into ?? {
        key: NO_BYTES,
        rangeEnd: NO_BYTES,
        startRevision: 0,
        progressNotify: false,
        filters: [],
        prevKv: false,
        watchId: 0,
        fragment: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.key = reader.bytes()
            break
          case 18:
            message.rangeEnd = reader.bytes()
            break
          case 24:
            message.startRevision = readInt53(reader)
            break
          case 32:
            message.progressNotify = reader.bool()
            break
          case 40:
            message.filters.push(reader.int32() as FilterType)
            break
          case 42: {
            const until = reader.size() + reader.pos
            while (reader.pos < until) message.filters.push(reader.int32() as FilterType)
            if (reader.pos !== until) throw new InvalidMessage('a list is cut off')
            break
          }
          case 48:
            message.prevKv = reader.bool()
            break
          case 56:
            message.watchId = readInt53(reader)
            break
          case 64:
            message.fragment = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.WatchCreateRequest', error)
    }
  },
}

/** Enum `etcdserverpb.WatchCreateRequest.FilterType`. */
export const FilterType = {
  NOPUT: 0,
  NODELETE: 1,
} as const
/** A value of {@link FilterType}; a peer may send numbers that are not in it. */
export type FilterType = (typeof FilterType)[keyof typeof FilterType]

/** Message `etcdserverpb.WatchCancelRequest`. */
export interface WatchCancelRequest {
  watchId: number
}
/** Codec of `etcdserverpb.WatchCancelRequest`. */
export const WatchCancelRequest: Codec<WatchCancelRequest> = {
  name: 'etcdserverpb.WatchCancelRequest',
  create(init: Init<WatchCancelRequest> = {}): WatchCancelRequest {
    return {
      watchId: init.watchId ?? 0,
    }
  },
  encode(message: Init<WatchCancelRequest>, w: Writer = Writer.create()): Writer {
    if (message.watchId) writeNumber(w.uint32(8), message.watchId)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: WatchCancelRequest,
  ): WatchCancelRequest {
    const reader = openReader(source, depth, 'etcdserverpb.WatchCancelRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: WatchCancelRequest = into ?? {
        watchId: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.watchId = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.WatchCancelRequest', error)
    }
  },
}

/** Message `etcdserverpb.WatchProgressRequest`. */
export interface WatchProgressRequest {}
/** Codec of `etcdserverpb.WatchProgressRequest`. */
export const WatchProgressRequest: Codec<WatchProgressRequest> = {
  name: 'etcdserverpb.WatchProgressRequest',
  create(_init: Init<WatchProgressRequest> = {}): WatchProgressRequest {
    return {}
  },
  encode(_message: Init<WatchProgressRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: WatchProgressRequest,
  ): WatchProgressRequest {
    const reader = openReader(source, depth, 'etcdserverpb.WatchProgressRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: WatchProgressRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.WatchProgressRequest', error)
    }
  },
}

/** Message `etcdserverpb.WatchResponse`. */
export interface WatchResponse {
  header: ResponseHeader | undefined
  watchId: number
  created: boolean
  canceled: boolean
  compactRevision: number
  cancelReason: string
  fragment: boolean
  events: Event[]
}
/** Codec of `etcdserverpb.WatchResponse`. */
export const WatchResponse: Codec<WatchResponse> = {
  name: 'etcdserverpb.WatchResponse',
  create(init: Init<WatchResponse> = {}): WatchResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      watchId: init.watchId ?? 0,
      created: init.created ?? false,
      canceled: init.canceled ?? false,
      compactRevision: init.compactRevision ?? 0,
      cancelReason: init.cancelReason ?? '',
      fragment: init.fragment ?? false,
      events: init.events?.map((item) => Event.create(item)) ?? [],
    }
  },
  encode(message: Init<WatchResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.watchId) writeNumber(w.uint32(16), message.watchId)
    if (message.created) w.uint32(24).bool(message.created)
    if (message.canceled) w.uint32(32).bool(message.canceled)
    if (message.compactRevision) writeNumber(w.uint32(40), message.compactRevision)
    if (message.cancelReason) w.uint32(50).string(message.cancelReason)
    if (message.fragment) w.uint32(56).bool(message.fragment)
    if (message.events)
      for (const item of message.events) Event.encode(item, w.uint32(90).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: WatchResponse,
  ): WatchResponse {
    const reader = openReader(source, depth, 'etcdserverpb.WatchResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: WatchResponse = into ?? {
        header: undefined,
        watchId: 0,
        created: false,
        canceled: false,
        compactRevision: 0,
        cancelReason: '',
        fragment: false,
        events: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.watchId = readInt53(reader)
            break
          case 24:
            message.created = reader.bool()
            break
          case 32:
            message.canceled = reader.bool()
            break
          case 40:
            message.compactRevision = readInt53(reader)
            break
          case 50:
            message.cancelReason = readString(reader)
            break
          case 56:
            message.fragment = reader.bool()
            break
          case 90:
            message.events.push(Event.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.WatchResponse', error)
    }
  },
}

/** Message `etcdserverpb.LeaseGrantRequest`. */
export interface LeaseGrantRequest {
  TTL: number
  ID: bigint
}
/** Codec of `etcdserverpb.LeaseGrantRequest`. */
export const LeaseGrantRequest: Codec<LeaseGrantRequest> = {
  name: 'etcdserverpb.LeaseGrantRequest',
  create(init: Init<LeaseGrantRequest> = {}): LeaseGrantRequest {
    return {
      TTL: init.TTL ?? 0,
      ID: init.ID ?? 0n,
    }
  },
  encode(message: Init<LeaseGrantRequest>, w: Writer = Writer.create()): Writer {
    if (message.TTL) writeNumber(w.uint32(8), message.TTL)
    if (message.ID) writeBigint(w.uint32(16), message.ID)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseGrantRequest,
  ): LeaseGrantRequest {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseGrantRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseGrantRequest = into ?? {
        TTL: 0,
        ID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.TTL = readInt53(reader)
            break
          case 16:
            message.ID = readInt64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseGrantRequest', error)
    }
  },
}

/** Message `etcdserverpb.LeaseGrantResponse`. */
export interface LeaseGrantResponse {
  header: ResponseHeader | undefined
  ID: bigint
  TTL: number
  error: string
}
/** Codec of `etcdserverpb.LeaseGrantResponse`. */
export const LeaseGrantResponse: Codec<LeaseGrantResponse> = {
  name: 'etcdserverpb.LeaseGrantResponse',
  create(init: Init<LeaseGrantResponse> = {}): LeaseGrantResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      ID: init.ID ?? 0n,
      TTL: init.TTL ?? 0,
      error: init.error ?? '',
    }
  },
  encode(message: Init<LeaseGrantResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.ID) writeBigint(w.uint32(16), message.ID)
    if (message.TTL) writeNumber(w.uint32(24), message.TTL)
    if (message.error) w.uint32(34).string(message.error)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseGrantResponse,
  ): LeaseGrantResponse {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseGrantResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseGrantResponse = into ?? {
        header: undefined,
        ID: 0n,
        TTL: 0,
        error: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.ID = readInt64(reader)
            break
          case 24:
            message.TTL = readInt53(reader)
            break
          case 34:
            message.error = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseGrantResponse', error)
    }
  },
}

/** Message `etcdserverpb.LeaseRevokeRequest`. */
export interface LeaseRevokeRequest {
  ID: bigint
}
/** Codec of `etcdserverpb.LeaseRevokeRequest`. */
export const LeaseRevokeRequest: Codec<LeaseRevokeRequest> = {
  name: 'etcdserverpb.LeaseRevokeRequest',
  create(init: Init<LeaseRevokeRequest> = {}): LeaseRevokeRequest {
    return {
      ID: init.ID ?? 0n,
    }
  },
  encode(message: Init<LeaseRevokeRequest>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseRevokeRequest,
  ): LeaseRevokeRequest {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseRevokeRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseRevokeRequest = into ?? {
        ID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseRevokeRequest', error)
    }
  },
}

/** Message `etcdserverpb.LeaseRevokeResponse`. */
export interface LeaseRevokeResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.LeaseRevokeResponse`. */
export const LeaseRevokeResponse: Codec<LeaseRevokeResponse> = {
  name: 'etcdserverpb.LeaseRevokeResponse',
  create(init: Init<LeaseRevokeResponse> = {}): LeaseRevokeResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<LeaseRevokeResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseRevokeResponse,
  ): LeaseRevokeResponse {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseRevokeResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseRevokeResponse = into ?? {
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
      throw invalid('etcdserverpb.LeaseRevokeResponse', error)
    }
  },
}

/** Message `etcdserverpb.LeaseCheckpoint`. */
export interface LeaseCheckpoint {
  ID: bigint
  remaining_TTL: number
}
/** Codec of `etcdserverpb.LeaseCheckpoint`. */
export const LeaseCheckpoint: Codec<LeaseCheckpoint> = {
  name: 'etcdserverpb.LeaseCheckpoint',
  create(init: Init<LeaseCheckpoint> = {}): LeaseCheckpoint {
    return {
      ID: init.ID ?? 0n,
      remaining_TTL: init.remaining_TTL ?? 0,
    }
  },
  encode(message: Init<LeaseCheckpoint>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.remaining_TTL) writeNumber(w.uint32(16), message.remaining_TTL)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseCheckpoint,
  ): LeaseCheckpoint {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseCheckpoint')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseCheckpoint = into ?? {
        ID: 0n,
        remaining_TTL: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          case 16:
            message.remaining_TTL = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseCheckpoint', error)
    }
  },
}

/** Message `etcdserverpb.LeaseCheckpointRequest`. */
export interface LeaseCheckpointRequest {
  checkpoints: LeaseCheckpoint[]
}
/** Codec of `etcdserverpb.LeaseCheckpointRequest`. */
export const LeaseCheckpointRequest: Codec<LeaseCheckpointRequest> = {
  name: 'etcdserverpb.LeaseCheckpointRequest',
  create(init: Init<LeaseCheckpointRequest> = {}): LeaseCheckpointRequest {
    return {
      checkpoints: init.checkpoints?.map((item) => LeaseCheckpoint.create(item)) ?? [],
    }
  },
  encode(message: Init<LeaseCheckpointRequest>, w: Writer = Writer.create()): Writer {
    if (message.checkpoints)
      for (const item of message.checkpoints)
        LeaseCheckpoint.encode(item, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseCheckpointRequest,
  ): LeaseCheckpointRequest {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseCheckpointRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseCheckpointRequest = into ?? {
        checkpoints: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.checkpoints.push(LeaseCheckpoint.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseCheckpointRequest', error)
    }
  },
}

/** Message `etcdserverpb.LeaseCheckpointResponse`. */
export interface LeaseCheckpointResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.LeaseCheckpointResponse`. */
export const LeaseCheckpointResponse: Codec<LeaseCheckpointResponse> = {
  name: 'etcdserverpb.LeaseCheckpointResponse',
  create(init: Init<LeaseCheckpointResponse> = {}): LeaseCheckpointResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<LeaseCheckpointResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseCheckpointResponse,
  ): LeaseCheckpointResponse {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseCheckpointResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseCheckpointResponse = into ?? {
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
      throw invalid('etcdserverpb.LeaseCheckpointResponse', error)
    }
  },
}

/** Message `etcdserverpb.LeaseKeepAliveRequest`. */
export interface LeaseKeepAliveRequest {
  ID: bigint
}
/** Codec of `etcdserverpb.LeaseKeepAliveRequest`. */
export const LeaseKeepAliveRequest: Codec<LeaseKeepAliveRequest> = {
  name: 'etcdserverpb.LeaseKeepAliveRequest',
  create(init: Init<LeaseKeepAliveRequest> = {}): LeaseKeepAliveRequest {
    return {
      ID: init.ID ?? 0n,
    }
  },
  encode(message: Init<LeaseKeepAliveRequest>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseKeepAliveRequest,
  ): LeaseKeepAliveRequest {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseKeepAliveRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseKeepAliveRequest = into ?? {
        ID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseKeepAliveRequest', error)
    }
  },
}

/** Message `etcdserverpb.LeaseKeepAliveResponse`. */
export interface LeaseKeepAliveResponse {
  header: ResponseHeader | undefined
  ID: bigint
  TTL: number
}
/** Codec of `etcdserverpb.LeaseKeepAliveResponse`. */
export const LeaseKeepAliveResponse: Codec<LeaseKeepAliveResponse> = {
  name: 'etcdserverpb.LeaseKeepAliveResponse',
  create(init: Init<LeaseKeepAliveResponse> = {}): LeaseKeepAliveResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      ID: init.ID ?? 0n,
      TTL: init.TTL ?? 0,
    }
  },
  encode(message: Init<LeaseKeepAliveResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.ID) writeBigint(w.uint32(16), message.ID)
    if (message.TTL) writeNumber(w.uint32(24), message.TTL)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseKeepAliveResponse,
  ): LeaseKeepAliveResponse {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseKeepAliveResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseKeepAliveResponse = into ?? {
        header: undefined,
        ID: 0n,
        TTL: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.ID = readInt64(reader)
            break
          case 24:
            message.TTL = readInt53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseKeepAliveResponse', error)
    }
  },
}

/** Message `etcdserverpb.LeaseTimeToLiveRequest`. */
export interface LeaseTimeToLiveRequest {
  ID: bigint
  keys: boolean
}
/** Codec of `etcdserverpb.LeaseTimeToLiveRequest`. */
export const LeaseTimeToLiveRequest: Codec<LeaseTimeToLiveRequest> = {
  name: 'etcdserverpb.LeaseTimeToLiveRequest',
  create(init: Init<LeaseTimeToLiveRequest> = {}): LeaseTimeToLiveRequest {
    return {
      ID: init.ID ?? 0n,
      keys: init.keys ?? false,
    }
  },
  encode(message: Init<LeaseTimeToLiveRequest>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.keys) w.uint32(16).bool(message.keys)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseTimeToLiveRequest,
  ): LeaseTimeToLiveRequest {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseTimeToLiveRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseTimeToLiveRequest = into ?? {
        ID: 0n,
        keys: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          case 16:
            message.keys = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseTimeToLiveRequest', error)
    }
  },
}

/** Message `etcdserverpb.LeaseTimeToLiveResponse`. */
export interface LeaseTimeToLiveResponse {
  header: ResponseHeader | undefined
  ID: bigint
  TTL: number
  grantedTTL: number
  keys: Uint8Array[]
}
/** Codec of `etcdserverpb.LeaseTimeToLiveResponse`. */
export const LeaseTimeToLiveResponse: Codec<LeaseTimeToLiveResponse> = {
  name: 'etcdserverpb.LeaseTimeToLiveResponse',
  create(init: Init<LeaseTimeToLiveResponse> = {}): LeaseTimeToLiveResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      ID: init.ID ?? 0n,
      TTL: init.TTL ?? 0,
      grantedTTL: init.grantedTTL ?? 0,
      keys: init.keys ? [...init.keys] : [],
    }
  },
  encode(message: Init<LeaseTimeToLiveResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.ID) writeBigint(w.uint32(16), message.ID)
    if (message.TTL) writeNumber(w.uint32(24), message.TTL)
    if (message.grantedTTL) writeNumber(w.uint32(32), message.grantedTTL)
    if (message.keys) for (const item of message.keys) w.uint32(42).bytes(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseTimeToLiveResponse,
  ): LeaseTimeToLiveResponse {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseTimeToLiveResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseTimeToLiveResponse = into ?? {
        header: undefined,
        ID: 0n,
        TTL: 0,
        grantedTTL: 0,
        keys: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.ID = readInt64(reader)
            break
          case 24:
            message.TTL = readInt53(reader)
            break
          case 32:
            message.grantedTTL = readInt53(reader)
            break
          case 42:
            message.keys.push(reader.bytes())
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseTimeToLiveResponse', error)
    }
  },
}

/** Message `etcdserverpb.LeaseLeasesRequest`. */
export interface LeaseLeasesRequest {}
/** Codec of `etcdserverpb.LeaseLeasesRequest`. */
export const LeaseLeasesRequest: Codec<LeaseLeasesRequest> = {
  name: 'etcdserverpb.LeaseLeasesRequest',
  create(_init: Init<LeaseLeasesRequest> = {}): LeaseLeasesRequest {
    return {}
  },
  encode(_message: Init<LeaseLeasesRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseLeasesRequest,
  ): LeaseLeasesRequest {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseLeasesRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseLeasesRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseLeasesRequest', error)
    }
  },
}

/** Message `etcdserverpb.LeaseStatus`. */
export interface LeaseStatus {
  ID: bigint
}
/** Codec of `etcdserverpb.LeaseStatus`. */
export const LeaseStatus: Codec<LeaseStatus> = {
  name: 'etcdserverpb.LeaseStatus',
  create(init: Init<LeaseStatus> = {}): LeaseStatus {
    return {
      ID: init.ID ?? 0n,
    }
  },
  encode(message: Init<LeaseStatus>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: LeaseStatus): LeaseStatus {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseStatus')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseStatus = into ?? {
        ID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseStatus', error)
    }
  },
}

/** Message `etcdserverpb.LeaseLeasesResponse`. */
export interface LeaseLeasesResponse {
  header: ResponseHeader | undefined
  leases: LeaseStatus[]
}
/** Codec of `etcdserverpb.LeaseLeasesResponse`. */
export const LeaseLeasesResponse: Codec<LeaseLeasesResponse> = {
  name: 'etcdserverpb.LeaseLeasesResponse',
  create(init: Init<LeaseLeasesResponse> = {}): LeaseLeasesResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      leases: init.leases?.map((item) => LeaseStatus.create(item)) ?? [],
    }
  },
  encode(message: Init<LeaseLeasesResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.leases)
      for (const item of message.leases) LeaseStatus.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: LeaseLeasesResponse,
  ): LeaseLeasesResponse {
    const reader = openReader(source, depth, 'etcdserverpb.LeaseLeasesResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseLeasesResponse = into ?? {
        header: undefined,
        leases: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.leases.push(LeaseStatus.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.LeaseLeasesResponse', error)
    }
  },
}

/** Message `etcdserverpb.Member`. */
export interface Member {
  ID: bigint
  name: string
  peerURLs: string[]
  clientURLs: string[]
  isLearner: boolean
}
/** Codec of `etcdserverpb.Member`. */
export const Member: Codec<Member> = {
  name: 'etcdserverpb.Member',
  create(init: Init<Member> = {}): Member {
    return {
      ID: init.ID ?? 0n,
      name: init.name ?? '',
      peerURLs: init.peerURLs ? [...init.peerURLs] : [],
      clientURLs: init.clientURLs ? [...init.clientURLs] : [],
      isLearner: init.isLearner ?? false,
    }
  },
  encode(message: Init<Member>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.name) w.uint32(18).string(message.name)
    if (message.peerURLs) for (const item of message.peerURLs) w.uint32(26).string(item)
    if (message.clientURLs) for (const item of message.clientURLs) w.uint32(34).string(item)
    if (message.isLearner) w.uint32(40).bool(message.isLearner)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Member): Member {
    const reader = openReader(source, depth, 'etcdserverpb.Member')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Member = into ?? {
        ID: 0n,
        name: '',
        peerURLs: [],
        clientURLs: [],
        isLearner: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readUint64(reader)
            break
          case 18:
            message.name = readString(reader)
            break
          case 26:
            message.peerURLs.push(readString(reader))
            break
          case 34:
            message.clientURLs.push(readString(reader))
            break
          case 40:
            message.isLearner = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.Member', error)
    }
  },
}

/** Message `etcdserverpb.MemberAddRequest`. */
export interface MemberAddRequest {
  peerURLs: string[]
  isLearner: boolean
}
/** Codec of `etcdserverpb.MemberAddRequest`. */
export const MemberAddRequest: Codec<MemberAddRequest> = {
  name: 'etcdserverpb.MemberAddRequest',
  create(init: Init<MemberAddRequest> = {}): MemberAddRequest {
    return {
      peerURLs: init.peerURLs ? [...init.peerURLs] : [],
      isLearner: init.isLearner ?? false,
    }
  },
  encode(message: Init<MemberAddRequest>, w: Writer = Writer.create()): Writer {
    if (message.peerURLs) for (const item of message.peerURLs) w.uint32(10).string(item)
    if (message.isLearner) w.uint32(16).bool(message.isLearner)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberAddRequest,
  ): MemberAddRequest {
    const reader = openReader(source, depth, 'etcdserverpb.MemberAddRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberAddRequest = into ?? {
        peerURLs: [],
        isLearner: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.peerURLs.push(readString(reader))
            break
          case 16:
            message.isLearner = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberAddRequest', error)
    }
  },
}

/** Message `etcdserverpb.MemberAddResponse`. */
export interface MemberAddResponse {
  header: ResponseHeader | undefined
  member: Member | undefined
  members: Member[]
}
/** Codec of `etcdserverpb.MemberAddResponse`. */
export const MemberAddResponse: Codec<MemberAddResponse> = {
  name: 'etcdserverpb.MemberAddResponse',
  create(init: Init<MemberAddResponse> = {}): MemberAddResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      member: init.member && Member.create(init.member),
      members: init.members?.map((item) => Member.create(item)) ?? [],
    }
  },
  encode(message: Init<MemberAddResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.member !== undefined) Member.encode(message.member, w.uint32(18).fork()).ldelim()
    if (message.members)
      for (const item of message.members) Member.encode(item, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberAddResponse,
  ): MemberAddResponse {
    const reader = openReader(source, depth, 'etcdserverpb.MemberAddResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberAddResponse = into ?? {
        header: undefined,
        member: undefined,
        members: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.member = Member.decode(reader, reader.size(), depth + 1, message.member)
            break
          case 26:
            message.members.push(Member.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberAddResponse', error)
    }
  },
}

/** Message `etcdserverpb.MemberRemoveRequest`. */
export interface MemberRemoveRequest {
  ID: bigint
}
/** Codec of `etcdserverpb.MemberRemoveRequest`. */
export const MemberRemoveRequest: Codec<MemberRemoveRequest> = {
  name: 'etcdserverpb.MemberRemoveRequest',
  create(init: Init<MemberRemoveRequest> = {}): MemberRemoveRequest {
    return {
      ID: init.ID ?? 0n,
    }
  },
  encode(message: Init<MemberRemoveRequest>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberRemoveRequest,
  ): MemberRemoveRequest {
    const reader = openReader(source, depth, 'etcdserverpb.MemberRemoveRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberRemoveRequest = into ?? {
        ID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readUint64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberRemoveRequest', error)
    }
  },
}

/** Message `etcdserverpb.MemberRemoveResponse`. */
export interface MemberRemoveResponse {
  header: ResponseHeader | undefined
  members: Member[]
}
/** Codec of `etcdserverpb.MemberRemoveResponse`. */
export const MemberRemoveResponse: Codec<MemberRemoveResponse> = {
  name: 'etcdserverpb.MemberRemoveResponse',
  create(init: Init<MemberRemoveResponse> = {}): MemberRemoveResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      members: init.members?.map((item) => Member.create(item)) ?? [],
    }
  },
  encode(message: Init<MemberRemoveResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.members)
      for (const item of message.members) Member.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberRemoveResponse,
  ): MemberRemoveResponse {
    const reader = openReader(source, depth, 'etcdserverpb.MemberRemoveResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberRemoveResponse = into ?? {
        header: undefined,
        members: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.members.push(Member.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberRemoveResponse', error)
    }
  },
}

/** Message `etcdserverpb.MemberUpdateRequest`. */
export interface MemberUpdateRequest {
  ID: bigint
  peerURLs: string[]
}
/** Codec of `etcdserverpb.MemberUpdateRequest`. */
export const MemberUpdateRequest: Codec<MemberUpdateRequest> = {
  name: 'etcdserverpb.MemberUpdateRequest',
  create(init: Init<MemberUpdateRequest> = {}): MemberUpdateRequest {
    return {
      ID: init.ID ?? 0n,
      peerURLs: init.peerURLs ? [...init.peerURLs] : [],
    }
  },
  encode(message: Init<MemberUpdateRequest>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.peerURLs) for (const item of message.peerURLs) w.uint32(18).string(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberUpdateRequest,
  ): MemberUpdateRequest {
    const reader = openReader(source, depth, 'etcdserverpb.MemberUpdateRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberUpdateRequest = into ?? {
        ID: 0n,
        peerURLs: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readUint64(reader)
            break
          case 18:
            message.peerURLs.push(readString(reader))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberUpdateRequest', error)
    }
  },
}

/** Message `etcdserverpb.MemberUpdateResponse`. */
export interface MemberUpdateResponse {
  header: ResponseHeader | undefined
  members: Member[]
}
/** Codec of `etcdserverpb.MemberUpdateResponse`. */
export const MemberUpdateResponse: Codec<MemberUpdateResponse> = {
  name: 'etcdserverpb.MemberUpdateResponse',
  create(init: Init<MemberUpdateResponse> = {}): MemberUpdateResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      members: init.members?.map((item) => Member.create(item)) ?? [],
    }
  },
  encode(message: Init<MemberUpdateResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.members)
      for (const item of message.members) Member.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberUpdateResponse,
  ): MemberUpdateResponse {
    const reader = openReader(source, depth, 'etcdserverpb.MemberUpdateResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberUpdateResponse = into ?? {
        header: undefined,
        members: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.members.push(Member.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberUpdateResponse', error)
    }
  },
}

/** Message `etcdserverpb.MemberListRequest`. */
export interface MemberListRequest {
  linearizable: boolean
}
/** Codec of `etcdserverpb.MemberListRequest`. */
export const MemberListRequest: Codec<MemberListRequest> = {
  name: 'etcdserverpb.MemberListRequest',
  create(init: Init<MemberListRequest> = {}): MemberListRequest {
    return {
      linearizable: init.linearizable ?? false,
    }
  },
  encode(message: Init<MemberListRequest>, w: Writer = Writer.create()): Writer {
    if (message.linearizable) w.uint32(8).bool(message.linearizable)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberListRequest,
  ): MemberListRequest {
    const reader = openReader(source, depth, 'etcdserverpb.MemberListRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberListRequest = into ?? {
        linearizable: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.linearizable = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberListRequest', error)
    }
  },
}

/** Message `etcdserverpb.MemberListResponse`. */
export interface MemberListResponse {
  header: ResponseHeader | undefined
  members: Member[]
}
/** Codec of `etcdserverpb.MemberListResponse`. */
export const MemberListResponse: Codec<MemberListResponse> = {
  name: 'etcdserverpb.MemberListResponse',
  create(init: Init<MemberListResponse> = {}): MemberListResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      members: init.members?.map((item) => Member.create(item)) ?? [],
    }
  },
  encode(message: Init<MemberListResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.members)
      for (const item of message.members) Member.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberListResponse,
  ): MemberListResponse {
    const reader = openReader(source, depth, 'etcdserverpb.MemberListResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberListResponse = into ?? {
        header: undefined,
        members: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.members.push(Member.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberListResponse', error)
    }
  },
}

/** Message `etcdserverpb.MemberPromoteRequest`. */
export interface MemberPromoteRequest {
  ID: bigint
}
/** Codec of `etcdserverpb.MemberPromoteRequest`. */
export const MemberPromoteRequest: Codec<MemberPromoteRequest> = {
  name: 'etcdserverpb.MemberPromoteRequest',
  create(init: Init<MemberPromoteRequest> = {}): MemberPromoteRequest {
    return {
      ID: init.ID ?? 0n,
    }
  },
  encode(message: Init<MemberPromoteRequest>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberPromoteRequest,
  ): MemberPromoteRequest {
    const reader = openReader(source, depth, 'etcdserverpb.MemberPromoteRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberPromoteRequest = into ?? {
        ID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readUint64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberPromoteRequest', error)
    }
  },
}

/** Message `etcdserverpb.MemberPromoteResponse`. */
export interface MemberPromoteResponse {
  header: ResponseHeader | undefined
  members: Member[]
}
/** Codec of `etcdserverpb.MemberPromoteResponse`. */
export const MemberPromoteResponse: Codec<MemberPromoteResponse> = {
  name: 'etcdserverpb.MemberPromoteResponse',
  create(init: Init<MemberPromoteResponse> = {}): MemberPromoteResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      members: init.members?.map((item) => Member.create(item)) ?? [],
    }
  },
  encode(message: Init<MemberPromoteResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.members)
      for (const item of message.members) Member.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberPromoteResponse,
  ): MemberPromoteResponse {
    const reader = openReader(source, depth, 'etcdserverpb.MemberPromoteResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberPromoteResponse = into ?? {
        header: undefined,
        members: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.members.push(Member.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MemberPromoteResponse', error)
    }
  },
}

/** Message `etcdserverpb.DefragmentRequest`. */
export interface DefragmentRequest {}
/** Codec of `etcdserverpb.DefragmentRequest`. */
export const DefragmentRequest: Codec<DefragmentRequest> = {
  name: 'etcdserverpb.DefragmentRequest',
  create(_init: Init<DefragmentRequest> = {}): DefragmentRequest {
    return {}
  },
  encode(_message: Init<DefragmentRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DefragmentRequest,
  ): DefragmentRequest {
    const reader = openReader(source, depth, 'etcdserverpb.DefragmentRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DefragmentRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DefragmentRequest', error)
    }
  },
}

/** Message `etcdserverpb.DefragmentResponse`. */
export interface DefragmentResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.DefragmentResponse`. */
export const DefragmentResponse: Codec<DefragmentResponse> = {
  name: 'etcdserverpb.DefragmentResponse',
  create(init: Init<DefragmentResponse> = {}): DefragmentResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<DefragmentResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DefragmentResponse,
  ): DefragmentResponse {
    const reader = openReader(source, depth, 'etcdserverpb.DefragmentResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DefragmentResponse = into ?? {
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
      throw invalid('etcdserverpb.DefragmentResponse', error)
    }
  },
}

/** Message `etcdserverpb.MoveLeaderRequest`. */
export interface MoveLeaderRequest {
  targetID: bigint
}
/** Codec of `etcdserverpb.MoveLeaderRequest`. */
export const MoveLeaderRequest: Codec<MoveLeaderRequest> = {
  name: 'etcdserverpb.MoveLeaderRequest',
  create(init: Init<MoveLeaderRequest> = {}): MoveLeaderRequest {
    return {
      targetID: init.targetID ?? 0n,
    }
  },
  encode(message: Init<MoveLeaderRequest>, w: Writer = Writer.create()): Writer {
    if (message.targetID) writeBigint(w.uint32(8), message.targetID)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MoveLeaderRequest,
  ): MoveLeaderRequest {
    const reader = openReader(source, depth, 'etcdserverpb.MoveLeaderRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MoveLeaderRequest = into ?? {
        targetID: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.targetID = readUint64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.MoveLeaderRequest', error)
    }
  },
}

/** Message `etcdserverpb.MoveLeaderResponse`. */
export interface MoveLeaderResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.MoveLeaderResponse`. */
export const MoveLeaderResponse: Codec<MoveLeaderResponse> = {
  name: 'etcdserverpb.MoveLeaderResponse',
  create(init: Init<MoveLeaderResponse> = {}): MoveLeaderResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<MoveLeaderResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MoveLeaderResponse,
  ): MoveLeaderResponse {
    const reader = openReader(source, depth, 'etcdserverpb.MoveLeaderResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MoveLeaderResponse = into ?? {
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
      throw invalid('etcdserverpb.MoveLeaderResponse', error)
    }
  },
}

/** Message `etcdserverpb.AlarmRequest`. */
export interface AlarmRequest {
  action: AlarmAction
  memberID: bigint
  alarm: AlarmType
}
/** Codec of `etcdserverpb.AlarmRequest`. */
export const AlarmRequest: Codec<AlarmRequest> = {
  name: 'etcdserverpb.AlarmRequest',
  create(init: Init<AlarmRequest> = {}): AlarmRequest {
    return {
      action: init.action ?? 0,
      memberID: init.memberID ?? 0n,
      alarm: init.alarm ?? 0,
    }
  },
  encode(message: Init<AlarmRequest>, w: Writer = Writer.create()): Writer {
    if (message.action) w.uint32(8).int32(message.action)
    if (message.memberID) writeBigint(w.uint32(16), message.memberID)
    if (message.alarm) w.uint32(24).int32(message.alarm)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AlarmRequest,
  ): AlarmRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AlarmRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AlarmRequest = into ?? {
        action: 0,
        memberID: 0n,
        alarm: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.action = reader.int32() as AlarmAction
            break
          case 16:
            message.memberID = readUint64(reader)
            break
          case 24:
            message.alarm = reader.int32() as AlarmType
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AlarmRequest', error)
    }
  },
}

/** Enum `etcdserverpb.AlarmRequest.AlarmAction`. */
export const AlarmAction = {
  GET: 0,
  ACTIVATE: 1,
  DEACTIVATE: 2,
} as const
/** A value of {@link AlarmAction}; a peer may send numbers that are not in it. */
export type AlarmAction = (typeof AlarmAction)[keyof typeof AlarmAction]

/** Message `etcdserverpb.AlarmMember`. */
export interface AlarmMember {
  memberID: bigint
  alarm: AlarmType
}
/** Codec of `etcdserverpb.AlarmMember`. */
export const AlarmMember: Codec<AlarmMember> = {
  name: 'etcdserverpb.AlarmMember',
  create(init: Init<AlarmMember> = {}): AlarmMember {
    return {
      memberID: init.memberID ?? 0n,
      alarm: init.alarm ?? 0,
    }
  },
  encode(message: Init<AlarmMember>, w: Writer = Writer.create()): Writer {
    if (message.memberID) writeBigint(w.uint32(8), message.memberID)
    if (message.alarm) w.uint32(16).int32(message.alarm)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: AlarmMember): AlarmMember {
    const reader = openReader(source, depth, 'etcdserverpb.AlarmMember')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AlarmMember = into ?? {
        memberID: 0n,
        alarm: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.memberID = readUint64(reader)
            break
          case 16:
            message.alarm = reader.int32() as AlarmType
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AlarmMember', error)
    }
  },
}

/** Message `etcdserverpb.AlarmResponse`. */
export interface AlarmResponse {
  header: ResponseHeader | undefined
  alarms: AlarmMember[]
}
/** Codec of `etcdserverpb.AlarmResponse`. */
export const AlarmResponse: Codec<AlarmResponse> = {
  name: 'etcdserverpb.AlarmResponse',
  create(init: Init<AlarmResponse> = {}): AlarmResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      alarms: init.alarms?.map((item) => AlarmMember.create(item)) ?? [],
    }
  },
  encode(message: Init<AlarmResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.alarms)
      for (const item of message.alarms) AlarmMember.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AlarmResponse,
  ): AlarmResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AlarmResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AlarmResponse = into ?? {
        header: undefined,
        alarms: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.alarms.push(AlarmMember.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AlarmResponse', error)
    }
  },
}

/** Message `etcdserverpb.DowngradeRequest`. */
export interface DowngradeRequest {
  action: DowngradeAction
  version: string
}
/** Codec of `etcdserverpb.DowngradeRequest`. */
export const DowngradeRequest: Codec<DowngradeRequest> = {
  name: 'etcdserverpb.DowngradeRequest',
  create(init: Init<DowngradeRequest> = {}): DowngradeRequest {
    return {
      action: init.action ?? 0,
      version: init.version ?? '',
    }
  },
  encode(message: Init<DowngradeRequest>, w: Writer = Writer.create()): Writer {
    if (message.action) w.uint32(8).int32(message.action)
    if (message.version) w.uint32(18).string(message.version)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DowngradeRequest,
  ): DowngradeRequest {
    const reader = openReader(source, depth, 'etcdserverpb.DowngradeRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DowngradeRequest = into ?? {
        action: 0,
        version: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.action = reader.int32() as DowngradeAction
            break
          case 18:
            message.version = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DowngradeRequest', error)
    }
  },
}

/** Enum `etcdserverpb.DowngradeRequest.DowngradeAction`. */
export const DowngradeAction = {
  VALIDATE: 0,
  ENABLE: 1,
  CANCEL: 2,
} as const
/** A value of {@link DowngradeAction}; a peer may send numbers that are not in it. */
export type DowngradeAction = (typeof DowngradeAction)[keyof typeof DowngradeAction]

/** Message `etcdserverpb.DowngradeResponse`. */
export interface DowngradeResponse {
  header: ResponseHeader | undefined
  version: string
}
/** Codec of `etcdserverpb.DowngradeResponse`. */
export const DowngradeResponse: Codec<DowngradeResponse> = {
  name: 'etcdserverpb.DowngradeResponse',
  create(init: Init<DowngradeResponse> = {}): DowngradeResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      version: init.version ?? '',
    }
  },
  encode(message: Init<DowngradeResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.version) w.uint32(18).string(message.version)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DowngradeResponse,
  ): DowngradeResponse {
    const reader = openReader(source, depth, 'etcdserverpb.DowngradeResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DowngradeResponse = into ?? {
        header: undefined,
        version: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.version = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DowngradeResponse', error)
    }
  },
}

/** Message `etcdserverpb.DowngradeVersionTestRequest`. */
export interface DowngradeVersionTestRequest {
  ver: string
}
/** Codec of `etcdserverpb.DowngradeVersionTestRequest`. */
export const DowngradeVersionTestRequest: Codec<DowngradeVersionTestRequest> = {
  name: 'etcdserverpb.DowngradeVersionTestRequest',
  create(init: Init<DowngradeVersionTestRequest> = {}): DowngradeVersionTestRequest {
    return {
      ver: init.ver ?? '',
    }
  },
  encode(message: Init<DowngradeVersionTestRequest>, w: Writer = Writer.create()): Writer {
    if (message.ver) w.uint32(10).string(message.ver)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DowngradeVersionTestRequest,
  ): DowngradeVersionTestRequest {
    const reader = openReader(source, depth, 'etcdserverpb.DowngradeVersionTestRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DowngradeVersionTestRequest = into ?? {
        ver: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.ver = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DowngradeVersionTestRequest', error)
    }
  },
}

/** Message `etcdserverpb.StatusRequest`. */
export interface StatusRequest {}
/** Codec of `etcdserverpb.StatusRequest`. */
export const StatusRequest: Codec<StatusRequest> = {
  name: 'etcdserverpb.StatusRequest',
  create(_init: Init<StatusRequest> = {}): StatusRequest {
    return {}
  },
  encode(_message: Init<StatusRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: StatusRequest,
  ): StatusRequest {
    const reader = openReader(source, depth, 'etcdserverpb.StatusRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: StatusRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.StatusRequest', error)
    }
  },
}

/** Message `etcdserverpb.StatusResponse`. */
export interface StatusResponse {
  header: ResponseHeader | undefined
  version: string
  dbSize: number
  leader: bigint
  raftIndex: number
  raftTerm: number
  raftAppliedIndex: number
  errors: string[]
  dbSizeInUse: number
  isLearner: boolean
  storageVersion: string
  dbSizeQuota: number
  downgradeInfo: DowngradeInfo | undefined
}
/** Codec of `etcdserverpb.StatusResponse`. */
export const StatusResponse: Codec<StatusResponse> = {
  name: 'etcdserverpb.StatusResponse',
  create(init: Init<StatusResponse> = {}): StatusResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      version: init.version ?? '',
      dbSize: init.dbSize ?? 0,
      leader: init.leader ?? 0n,
      raftIndex: init.raftIndex ?? 0,
      raftTerm: init.raftTerm ?? 0,
      raftAppliedIndex: init.raftAppliedIndex ?? 0,
      errors: init.errors ? [...init.errors] : [],
      dbSizeInUse: init.dbSizeInUse ?? 0,
      isLearner: init.isLearner ?? false,
      storageVersion: init.storageVersion ?? '',
      dbSizeQuota: init.dbSizeQuota ?? 0,
      downgradeInfo: init.downgradeInfo && DowngradeInfo.create(init.downgradeInfo),
    }
  },
  encode(message: Init<StatusResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.version) w.uint32(18).string(message.version)
    if (message.dbSize) writeNumber(w.uint32(24), message.dbSize)
    if (message.leader) writeBigint(w.uint32(32), message.leader)
    if (message.raftIndex) writeNumber(w.uint32(40), message.raftIndex)
    if (message.raftTerm) writeNumber(w.uint32(48), message.raftTerm)
    if (message.raftAppliedIndex) writeNumber(w.uint32(56), message.raftAppliedIndex)
    if (message.errors) for (const item of message.errors) w.uint32(66).string(item)
    if (message.dbSizeInUse) writeNumber(w.uint32(72), message.dbSizeInUse)
    if (message.isLearner) w.uint32(80).bool(message.isLearner)
    if (message.storageVersion) w.uint32(90).string(message.storageVersion)
    if (message.dbSizeQuota) writeNumber(w.uint32(96), message.dbSizeQuota)
    if (message.downgradeInfo !== undefined)
      DowngradeInfo.encode(message.downgradeInfo, w.uint32(106).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: StatusResponse,
  ): StatusResponse {
    const reader = openReader(source, depth, 'etcdserverpb.StatusResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: StatusResponse = into ?? {
        header: undefined,
        version: '',
        dbSize: 0,
        leader: 0n,
        raftIndex: 0,
        raftTerm: 0,
        raftAppliedIndex: 0,
        errors: [],
        dbSizeInUse: 0,
        isLearner: false,
        storageVersion: '',
        dbSizeQuota: 0,
        downgradeInfo: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.version = readString(reader)
            break
          case 24:
            message.dbSize = readInt53(reader)
            break
          case 32:
            message.leader = readUint64(reader)
            break
          case 40:
            message.raftIndex = readUint53(reader)
            break
          case 48:
            message.raftTerm = readUint53(reader)
            break
          case 56:
            message.raftAppliedIndex = readUint53(reader)
            break
          case 66:
            message.errors.push(readString(reader))
            break
          case 72:
            message.dbSizeInUse = readInt53(reader)
            break
          case 80:
            message.isLearner = reader.bool()
            break
          case 90:
            message.storageVersion = readString(reader)
            break
          case 96:
            message.dbSizeQuota = readInt53(reader)
            break
          case 106:
            message.downgradeInfo = DowngradeInfo.decode(
              reader,
              reader.size(),
              depth + 1,
              message.downgradeInfo,
            )
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.StatusResponse', error)
    }
  },
}

/** Message `etcdserverpb.DowngradeInfo`. */
export interface DowngradeInfo {
  enabled: boolean
  targetVersion: string
}
/** Codec of `etcdserverpb.DowngradeInfo`. */
export const DowngradeInfo: Codec<DowngradeInfo> = {
  name: 'etcdserverpb.DowngradeInfo',
  create(init: Init<DowngradeInfo> = {}): DowngradeInfo {
    return {
      enabled: init.enabled ?? false,
      targetVersion: init.targetVersion ?? '',
    }
  },
  encode(message: Init<DowngradeInfo>, w: Writer = Writer.create()): Writer {
    if (message.enabled) w.uint32(8).bool(message.enabled)
    if (message.targetVersion) w.uint32(18).string(message.targetVersion)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DowngradeInfo,
  ): DowngradeInfo {
    const reader = openReader(source, depth, 'etcdserverpb.DowngradeInfo')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DowngradeInfo = into ?? {
        enabled: false,
        targetVersion: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.enabled = reader.bool()
            break
          case 18:
            message.targetVersion = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.DowngradeInfo', error)
    }
  },
}

/** Message `etcdserverpb.AuthEnableRequest`. */
export interface AuthEnableRequest {}
/** Codec of `etcdserverpb.AuthEnableRequest`. */
export const AuthEnableRequest: Codec<AuthEnableRequest> = {
  name: 'etcdserverpb.AuthEnableRequest',
  create(_init: Init<AuthEnableRequest> = {}): AuthEnableRequest {
    return {}
  },
  encode(_message: Init<AuthEnableRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthEnableRequest,
  ): AuthEnableRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthEnableRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthEnableRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthEnableRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthDisableRequest`. */
export interface AuthDisableRequest {}
/** Codec of `etcdserverpb.AuthDisableRequest`. */
export const AuthDisableRequest: Codec<AuthDisableRequest> = {
  name: 'etcdserverpb.AuthDisableRequest',
  create(_init: Init<AuthDisableRequest> = {}): AuthDisableRequest {
    return {}
  },
  encode(_message: Init<AuthDisableRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthDisableRequest,
  ): AuthDisableRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthDisableRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthDisableRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthDisableRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthStatusRequest`. */
export interface AuthStatusRequest {}
/** Codec of `etcdserverpb.AuthStatusRequest`. */
export const AuthStatusRequest: Codec<AuthStatusRequest> = {
  name: 'etcdserverpb.AuthStatusRequest',
  create(_init: Init<AuthStatusRequest> = {}): AuthStatusRequest {
    return {}
  },
  encode(_message: Init<AuthStatusRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthStatusRequest,
  ): AuthStatusRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthStatusRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthStatusRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthStatusRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthenticateRequest`. */
export interface AuthenticateRequest {
  name: string
  password: string
}
/** Codec of `etcdserverpb.AuthenticateRequest`. */
export const AuthenticateRequest: Codec<AuthenticateRequest> = {
  name: 'etcdserverpb.AuthenticateRequest',
  create(init: Init<AuthenticateRequest> = {}): AuthenticateRequest {
    return {
      name: init.name ?? '',
      password: init.password ?? '',
    }
  },
  encode(message: Init<AuthenticateRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    if (message.password) w.uint32(18).string(message.password)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthenticateRequest,
  ): AuthenticateRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthenticateRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthenticateRequest = into ?? {
        name: '',
        password: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          case 18:
            message.password = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthenticateRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserAddRequest`. */
export interface AuthUserAddRequest {
  name: string
  password: string
  options: UserAddOptions | undefined
  hashedPassword: string
}
/** Codec of `etcdserverpb.AuthUserAddRequest`. */
export const AuthUserAddRequest: Codec<AuthUserAddRequest> = {
  name: 'etcdserverpb.AuthUserAddRequest',
  create(init: Init<AuthUserAddRequest> = {}): AuthUserAddRequest {
    return {
      name: init.name ?? '',
      password: init.password ?? '',
      options: init.options && UserAddOptions.create(init.options),
      hashedPassword: init.hashedPassword ?? '',
    }
  },
  encode(message: Init<AuthUserAddRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    if (message.password) w.uint32(18).string(message.password)
    if (message.options !== undefined)
      UserAddOptions.encode(message.options, w.uint32(26).fork()).ldelim()
    if (message.hashedPassword) w.uint32(34).string(message.hashedPassword)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserAddRequest,
  ): AuthUserAddRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserAddRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserAddRequest = into ?? {
        name: '',
        password: '',
        options: undefined,
        hashedPassword: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          case 18:
            message.password = readString(reader)
            break
          case 26:
            message.options = UserAddOptions.decode(
              reader,
              reader.size(),
              depth + 1,
              message.options,
            )
            break
          case 34:
            message.hashedPassword = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserAddRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserGetRequest`. */
export interface AuthUserGetRequest {
  name: string
}
/** Codec of `etcdserverpb.AuthUserGetRequest`. */
export const AuthUserGetRequest: Codec<AuthUserGetRequest> = {
  name: 'etcdserverpb.AuthUserGetRequest',
  create(init: Init<AuthUserGetRequest> = {}): AuthUserGetRequest {
    return {
      name: init.name ?? '',
    }
  },
  encode(message: Init<AuthUserGetRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserGetRequest,
  ): AuthUserGetRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserGetRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserGetRequest = into ?? {
        name: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserGetRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserDeleteRequest`. */
export interface AuthUserDeleteRequest {
  name: string
}
/** Codec of `etcdserverpb.AuthUserDeleteRequest`. */
export const AuthUserDeleteRequest: Codec<AuthUserDeleteRequest> = {
  name: 'etcdserverpb.AuthUserDeleteRequest',
  create(init: Init<AuthUserDeleteRequest> = {}): AuthUserDeleteRequest {
    return {
      name: init.name ?? '',
    }
  },
  encode(message: Init<AuthUserDeleteRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserDeleteRequest,
  ): AuthUserDeleteRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserDeleteRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserDeleteRequest = into ?? {
        name: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserDeleteRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserChangePasswordRequest`. */
export interface AuthUserChangePasswordRequest {
  name: string
  password: string
  hashedPassword: string
}
/** Codec of `etcdserverpb.AuthUserChangePasswordRequest`. */
export const AuthUserChangePasswordRequest: Codec<AuthUserChangePasswordRequest> = {
  name: 'etcdserverpb.AuthUserChangePasswordRequest',
  create(init: Init<AuthUserChangePasswordRequest> = {}): AuthUserChangePasswordRequest {
    return {
      name: init.name ?? '',
      password: init.password ?? '',
      hashedPassword: init.hashedPassword ?? '',
    }
  },
  encode(message: Init<AuthUserChangePasswordRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    if (message.password) w.uint32(18).string(message.password)
    if (message.hashedPassword) w.uint32(26).string(message.hashedPassword)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserChangePasswordRequest,
  ): AuthUserChangePasswordRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserChangePasswordRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserChangePasswordRequest = into ?? {
        name: '',
        password: '',
        hashedPassword: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          case 18:
            message.password = readString(reader)
            break
          case 26:
            message.hashedPassword = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserChangePasswordRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserGrantRoleRequest`. */
export interface AuthUserGrantRoleRequest {
  user: string
  role: string
}
/** Codec of `etcdserverpb.AuthUserGrantRoleRequest`. */
export const AuthUserGrantRoleRequest: Codec<AuthUserGrantRoleRequest> = {
  name: 'etcdserverpb.AuthUserGrantRoleRequest',
  create(init: Init<AuthUserGrantRoleRequest> = {}): AuthUserGrantRoleRequest {
    return {
      user: init.user ?? '',
      role: init.role ?? '',
    }
  },
  encode(message: Init<AuthUserGrantRoleRequest>, w: Writer = Writer.create()): Writer {
    if (message.user) w.uint32(10).string(message.user)
    if (message.role) w.uint32(18).string(message.role)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserGrantRoleRequest,
  ): AuthUserGrantRoleRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserGrantRoleRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserGrantRoleRequest = into ?? {
        user: '',
        role: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.user = readString(reader)
            break
          case 18:
            message.role = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserGrantRoleRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserRevokeRoleRequest`. */
export interface AuthUserRevokeRoleRequest {
  name: string
  role: string
}
/** Codec of `etcdserverpb.AuthUserRevokeRoleRequest`. */
export const AuthUserRevokeRoleRequest: Codec<AuthUserRevokeRoleRequest> = {
  name: 'etcdserverpb.AuthUserRevokeRoleRequest',
  create(init: Init<AuthUserRevokeRoleRequest> = {}): AuthUserRevokeRoleRequest {
    return {
      name: init.name ?? '',
      role: init.role ?? '',
    }
  },
  encode(message: Init<AuthUserRevokeRoleRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    if (message.role) w.uint32(18).string(message.role)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserRevokeRoleRequest,
  ): AuthUserRevokeRoleRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserRevokeRoleRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserRevokeRoleRequest = into ?? {
        name: '',
        role: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          case 18:
            message.role = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserRevokeRoleRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleAddRequest`. */
export interface AuthRoleAddRequest {
  name: string
}
/** Codec of `etcdserverpb.AuthRoleAddRequest`. */
export const AuthRoleAddRequest: Codec<AuthRoleAddRequest> = {
  name: 'etcdserverpb.AuthRoleAddRequest',
  create(init: Init<AuthRoleAddRequest> = {}): AuthRoleAddRequest {
    return {
      name: init.name ?? '',
    }
  },
  encode(message: Init<AuthRoleAddRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleAddRequest,
  ): AuthRoleAddRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleAddRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleAddRequest = into ?? {
        name: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleAddRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleGetRequest`. */
export interface AuthRoleGetRequest {
  role: string
}
/** Codec of `etcdserverpb.AuthRoleGetRequest`. */
export const AuthRoleGetRequest: Codec<AuthRoleGetRequest> = {
  name: 'etcdserverpb.AuthRoleGetRequest',
  create(init: Init<AuthRoleGetRequest> = {}): AuthRoleGetRequest {
    return {
      role: init.role ?? '',
    }
  },
  encode(message: Init<AuthRoleGetRequest>, w: Writer = Writer.create()): Writer {
    if (message.role) w.uint32(10).string(message.role)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleGetRequest,
  ): AuthRoleGetRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleGetRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleGetRequest = into ?? {
        role: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.role = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleGetRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserListRequest`. */
export interface AuthUserListRequest {}
/** Codec of `etcdserverpb.AuthUserListRequest`. */
export const AuthUserListRequest: Codec<AuthUserListRequest> = {
  name: 'etcdserverpb.AuthUserListRequest',
  create(_init: Init<AuthUserListRequest> = {}): AuthUserListRequest {
    return {}
  },
  encode(_message: Init<AuthUserListRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserListRequest,
  ): AuthUserListRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserListRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserListRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserListRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleListRequest`. */
export interface AuthRoleListRequest {}
/** Codec of `etcdserverpb.AuthRoleListRequest`. */
export const AuthRoleListRequest: Codec<AuthRoleListRequest> = {
  name: 'etcdserverpb.AuthRoleListRequest',
  create(_init: Init<AuthRoleListRequest> = {}): AuthRoleListRequest {
    return {}
  },
  encode(_message: Init<AuthRoleListRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleListRequest,
  ): AuthRoleListRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleListRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleListRequest = into ?? {}
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleListRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleDeleteRequest`. */
export interface AuthRoleDeleteRequest {
  role: string
}
/** Codec of `etcdserverpb.AuthRoleDeleteRequest`. */
export const AuthRoleDeleteRequest: Codec<AuthRoleDeleteRequest> = {
  name: 'etcdserverpb.AuthRoleDeleteRequest',
  create(init: Init<AuthRoleDeleteRequest> = {}): AuthRoleDeleteRequest {
    return {
      role: init.role ?? '',
    }
  },
  encode(message: Init<AuthRoleDeleteRequest>, w: Writer = Writer.create()): Writer {
    if (message.role) w.uint32(10).string(message.role)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleDeleteRequest,
  ): AuthRoleDeleteRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleDeleteRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleDeleteRequest = into ?? {
        role: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.role = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleDeleteRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleGrantPermissionRequest`. */
export interface AuthRoleGrantPermissionRequest {
  name: string
  perm: Permission | undefined
}
/** Codec of `etcdserverpb.AuthRoleGrantPermissionRequest`. */
export const AuthRoleGrantPermissionRequest: Codec<AuthRoleGrantPermissionRequest> = {
  name: 'etcdserverpb.AuthRoleGrantPermissionRequest',
  create(init: Init<AuthRoleGrantPermissionRequest> = {}): AuthRoleGrantPermissionRequest {
    return {
      name: init.name ?? '',
      perm: init.perm && Permission.create(init.perm),
    }
  },
  encode(message: Init<AuthRoleGrantPermissionRequest>, w: Writer = Writer.create()): Writer {
    if (message.name) w.uint32(10).string(message.name)
    if (message.perm !== undefined) Permission.encode(message.perm, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleGrantPermissionRequest,
  ): AuthRoleGrantPermissionRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleGrantPermissionRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleGrantPermissionRequest = into ?? {
        name: '',
        perm: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = readString(reader)
            break
          case 18:
            message.perm = Permission.decode(reader, reader.size(), depth + 1, message.perm)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleGrantPermissionRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleRevokePermissionRequest`. */
export interface AuthRoleRevokePermissionRequest {
  role: string
  key: Uint8Array
  rangeEnd: Uint8Array
}
/** Codec of `etcdserverpb.AuthRoleRevokePermissionRequest`. */
export const AuthRoleRevokePermissionRequest: Codec<AuthRoleRevokePermissionRequest> = {
  name: 'etcdserverpb.AuthRoleRevokePermissionRequest',
  create(init: Init<AuthRoleRevokePermissionRequest> = {}): AuthRoleRevokePermissionRequest {
    return {
      role: init.role ?? '',
      key: init.key ?? NO_BYTES,
      rangeEnd: init.rangeEnd ?? NO_BYTES,
    }
  },
  encode(message: Init<AuthRoleRevokePermissionRequest>, w: Writer = Writer.create()): Writer {
    if (message.role) w.uint32(10).string(message.role)
    if (message.key?.length) w.uint32(18).bytes(message.key)
    if (message.rangeEnd?.length) w.uint32(26).bytes(message.rangeEnd)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleRevokePermissionRequest,
  ): AuthRoleRevokePermissionRequest {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleRevokePermissionRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleRevokePermissionRequest = into ?? {
        role: '',
        key: NO_BYTES,
        rangeEnd: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.role = readString(reader)
            break
          case 18:
            message.key = reader.bytes()
            break
          case 26:
            message.rangeEnd = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleRevokePermissionRequest', error)
    }
  },
}

/** Message `etcdserverpb.AuthEnableResponse`. */
export interface AuthEnableResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthEnableResponse`. */
export const AuthEnableResponse: Codec<AuthEnableResponse> = {
  name: 'etcdserverpb.AuthEnableResponse',
  create(init: Init<AuthEnableResponse> = {}): AuthEnableResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthEnableResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthEnableResponse,
  ): AuthEnableResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthEnableResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthEnableResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthEnableResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthDisableResponse`. */
export interface AuthDisableResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthDisableResponse`. */
export const AuthDisableResponse: Codec<AuthDisableResponse> = {
  name: 'etcdserverpb.AuthDisableResponse',
  create(init: Init<AuthDisableResponse> = {}): AuthDisableResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthDisableResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthDisableResponse,
  ): AuthDisableResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthDisableResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthDisableResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthDisableResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthStatusResponse`. */
export interface AuthStatusResponse {
  header: ResponseHeader | undefined
  enabled: boolean
  authRevision: number
}
/** Codec of `etcdserverpb.AuthStatusResponse`. */
export const AuthStatusResponse: Codec<AuthStatusResponse> = {
  name: 'etcdserverpb.AuthStatusResponse',
  create(init: Init<AuthStatusResponse> = {}): AuthStatusResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      enabled: init.enabled ?? false,
      authRevision: init.authRevision ?? 0,
    }
  },
  encode(message: Init<AuthStatusResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.enabled) w.uint32(16).bool(message.enabled)
    if (message.authRevision) writeNumber(w.uint32(24), message.authRevision)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthStatusResponse,
  ): AuthStatusResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthStatusResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthStatusResponse = into ?? {
        header: undefined,
        enabled: false,
        authRevision: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 16:
            message.enabled = reader.bool()
            break
          case 24:
            message.authRevision = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthStatusResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthenticateResponse`. */
export interface AuthenticateResponse {
  header: ResponseHeader | undefined
  token: string
}
/** Codec of `etcdserverpb.AuthenticateResponse`. */
export const AuthenticateResponse: Codec<AuthenticateResponse> = {
  name: 'etcdserverpb.AuthenticateResponse',
  create(init: Init<AuthenticateResponse> = {}): AuthenticateResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      token: init.token ?? '',
    }
  },
  encode(message: Init<AuthenticateResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.token) w.uint32(18).string(message.token)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthenticateResponse,
  ): AuthenticateResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthenticateResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthenticateResponse = into ?? {
        header: undefined,
        token: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.token = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthenticateResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserAddResponse`. */
export interface AuthUserAddResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthUserAddResponse`. */
export const AuthUserAddResponse: Codec<AuthUserAddResponse> = {
  name: 'etcdserverpb.AuthUserAddResponse',
  create(init: Init<AuthUserAddResponse> = {}): AuthUserAddResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthUserAddResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserAddResponse,
  ): AuthUserAddResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserAddResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserAddResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthUserAddResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserGetResponse`. */
export interface AuthUserGetResponse {
  header: ResponseHeader | undefined
  roles: string[]
}
/** Codec of `etcdserverpb.AuthUserGetResponse`. */
export const AuthUserGetResponse: Codec<AuthUserGetResponse> = {
  name: 'etcdserverpb.AuthUserGetResponse',
  create(init: Init<AuthUserGetResponse> = {}): AuthUserGetResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      roles: init.roles ? [...init.roles] : [],
    }
  },
  encode(message: Init<AuthUserGetResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.roles) for (const item of message.roles) w.uint32(18).string(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserGetResponse,
  ): AuthUserGetResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserGetResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserGetResponse = into ?? {
        header: undefined,
        roles: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.roles.push(readString(reader))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserGetResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserDeleteResponse`. */
export interface AuthUserDeleteResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthUserDeleteResponse`. */
export const AuthUserDeleteResponse: Codec<AuthUserDeleteResponse> = {
  name: 'etcdserverpb.AuthUserDeleteResponse',
  create(init: Init<AuthUserDeleteResponse> = {}): AuthUserDeleteResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthUserDeleteResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserDeleteResponse,
  ): AuthUserDeleteResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserDeleteResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserDeleteResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthUserDeleteResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserChangePasswordResponse`. */
export interface AuthUserChangePasswordResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthUserChangePasswordResponse`. */
export const AuthUserChangePasswordResponse: Codec<AuthUserChangePasswordResponse> = {
  name: 'etcdserverpb.AuthUserChangePasswordResponse',
  create(init: Init<AuthUserChangePasswordResponse> = {}): AuthUserChangePasswordResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthUserChangePasswordResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserChangePasswordResponse,
  ): AuthUserChangePasswordResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserChangePasswordResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserChangePasswordResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthUserChangePasswordResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserGrantRoleResponse`. */
export interface AuthUserGrantRoleResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthUserGrantRoleResponse`. */
export const AuthUserGrantRoleResponse: Codec<AuthUserGrantRoleResponse> = {
  name: 'etcdserverpb.AuthUserGrantRoleResponse',
  create(init: Init<AuthUserGrantRoleResponse> = {}): AuthUserGrantRoleResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthUserGrantRoleResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserGrantRoleResponse,
  ): AuthUserGrantRoleResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserGrantRoleResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserGrantRoleResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthUserGrantRoleResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserRevokeRoleResponse`. */
export interface AuthUserRevokeRoleResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthUserRevokeRoleResponse`. */
export const AuthUserRevokeRoleResponse: Codec<AuthUserRevokeRoleResponse> = {
  name: 'etcdserverpb.AuthUserRevokeRoleResponse',
  create(init: Init<AuthUserRevokeRoleResponse> = {}): AuthUserRevokeRoleResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthUserRevokeRoleResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserRevokeRoleResponse,
  ): AuthUserRevokeRoleResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserRevokeRoleResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserRevokeRoleResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthUserRevokeRoleResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleAddResponse`. */
export interface AuthRoleAddResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthRoleAddResponse`. */
export const AuthRoleAddResponse: Codec<AuthRoleAddResponse> = {
  name: 'etcdserverpb.AuthRoleAddResponse',
  create(init: Init<AuthRoleAddResponse> = {}): AuthRoleAddResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthRoleAddResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleAddResponse,
  ): AuthRoleAddResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleAddResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleAddResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthRoleAddResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleGetResponse`. */
export interface AuthRoleGetResponse {
  header: ResponseHeader | undefined
  perm: Permission[]
}
/** Codec of `etcdserverpb.AuthRoleGetResponse`. */
export const AuthRoleGetResponse: Codec<AuthRoleGetResponse> = {
  name: 'etcdserverpb.AuthRoleGetResponse',
  create(init: Init<AuthRoleGetResponse> = {}): AuthRoleGetResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      perm: init.perm?.map((item) => Permission.create(item)) ?? [],
    }
  },
  encode(message: Init<AuthRoleGetResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.perm)
      for (const item of message.perm) Permission.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleGetResponse,
  ): AuthRoleGetResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleGetResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleGetResponse = into ?? {
        header: undefined,
        perm: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.perm.push(Permission.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleGetResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleListResponse`. */
export interface AuthRoleListResponse {
  header: ResponseHeader | undefined
  roles: string[]
}
/** Codec of `etcdserverpb.AuthRoleListResponse`. */
export const AuthRoleListResponse: Codec<AuthRoleListResponse> = {
  name: 'etcdserverpb.AuthRoleListResponse',
  create(init: Init<AuthRoleListResponse> = {}): AuthRoleListResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      roles: init.roles ? [...init.roles] : [],
    }
  },
  encode(message: Init<AuthRoleListResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.roles) for (const item of message.roles) w.uint32(18).string(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleListResponse,
  ): AuthRoleListResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleListResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleListResponse = into ?? {
        header: undefined,
        roles: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.roles.push(readString(reader))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthRoleListResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthUserListResponse`. */
export interface AuthUserListResponse {
  header: ResponseHeader | undefined
  users: string[]
}
/** Codec of `etcdserverpb.AuthUserListResponse`. */
export const AuthUserListResponse: Codec<AuthUserListResponse> = {
  name: 'etcdserverpb.AuthUserListResponse',
  create(init: Init<AuthUserListResponse> = {}): AuthUserListResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
      users: init.users ? [...init.users] : [],
    }
  },
  encode(message: Init<AuthUserListResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.users) for (const item of message.users) w.uint32(18).string(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthUserListResponse,
  ): AuthUserListResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthUserListResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthUserListResponse = into ?? {
        header: undefined,
        users: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.header = ResponseHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.users.push(readString(reader))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.AuthUserListResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleDeleteResponse`. */
export interface AuthRoleDeleteResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthRoleDeleteResponse`. */
export const AuthRoleDeleteResponse: Codec<AuthRoleDeleteResponse> = {
  name: 'etcdserverpb.AuthRoleDeleteResponse',
  create(init: Init<AuthRoleDeleteResponse> = {}): AuthRoleDeleteResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthRoleDeleteResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleDeleteResponse,
  ): AuthRoleDeleteResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleDeleteResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleDeleteResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthRoleDeleteResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleGrantPermissionResponse`. */
export interface AuthRoleGrantPermissionResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthRoleGrantPermissionResponse`. */
export const AuthRoleGrantPermissionResponse: Codec<AuthRoleGrantPermissionResponse> = {
  name: 'etcdserverpb.AuthRoleGrantPermissionResponse',
  create(init: Init<AuthRoleGrantPermissionResponse> = {}): AuthRoleGrantPermissionResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthRoleGrantPermissionResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleGrantPermissionResponse,
  ): AuthRoleGrantPermissionResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleGrantPermissionResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleGrantPermissionResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthRoleGrantPermissionResponse', error)
    }
  },
}

/** Message `etcdserverpb.AuthRoleRevokePermissionResponse`. */
export interface AuthRoleRevokePermissionResponse {
  header: ResponseHeader | undefined
}
/** Codec of `etcdserverpb.AuthRoleRevokePermissionResponse`. */
export const AuthRoleRevokePermissionResponse: Codec<AuthRoleRevokePermissionResponse> = {
  name: 'etcdserverpb.AuthRoleRevokePermissionResponse',
  create(init: Init<AuthRoleRevokePermissionResponse> = {}): AuthRoleRevokePermissionResponse {
    return {
      header: init.header && ResponseHeader.create(init.header),
    }
  },
  encode(message: Init<AuthRoleRevokePermissionResponse>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      ResponseHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AuthRoleRevokePermissionResponse,
  ): AuthRoleRevokePermissionResponse {
    const reader = openReader(source, depth, 'etcdserverpb.AuthRoleRevokePermissionResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AuthRoleRevokePermissionResponse = into ?? {
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
      throw invalid('etcdserverpb.AuthRoleRevokePermissionResponse', error)
    }
  },
}

/** Message `etcdserverpb.RangeStreamResponse`. */
export interface RangeStreamResponse {
  rangeResponse: RangeResponse | undefined
}
/** Codec of `etcdserverpb.RangeStreamResponse`. */
export const RangeStreamResponse: Codec<RangeStreamResponse> = {
  name: 'etcdserverpb.RangeStreamResponse',
  create(init: Init<RangeStreamResponse> = {}): RangeStreamResponse {
    return {
      rangeResponse: init.rangeResponse && RangeResponse.create(init.rangeResponse),
    }
  },
  encode(message: Init<RangeStreamResponse>, w: Writer = Writer.create()): Writer {
    if (message.rangeResponse !== undefined)
      RangeResponse.encode(message.rangeResponse, w.uint32(10).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: RangeStreamResponse,
  ): RangeStreamResponse {
    const reader = openReader(source, depth, 'etcdserverpb.RangeStreamResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: RangeStreamResponse = into ?? {
        rangeResponse: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.rangeResponse = RangeResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.rangeResponse,
            )
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('etcdserverpb.RangeStreamResponse', error)
    }
  },
}
