/**
 * What members say to each other over their peer URLs.
 *
 * Generated from proto/peer.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  openReader,
  type Reader,
  readString,
  readUint64,
  Writer,
  writeBigint,
} from '../codec.js'
import { Message } from './raft.js'
import { Member } from './rpc.js'

/** Message `conclavepb.PeerBatch`. */
export interface PeerBatch {
  /** Checked on every batch: messages of another cluster are refused. */
  clusterId: bigint
  from: bigint
  messages: Message[]
  /**
   * Where the sender listens, said in greetings: who has missed a change of the membership,
   * and would not know the sender or where it is, can answer.
   */
  peerUrls: string[]
}
/** Codec of `conclavepb.PeerBatch`. */
export const PeerBatch: Codec<PeerBatch> = {
  name: 'conclavepb.PeerBatch',
  create(init: Init<PeerBatch> = {}): PeerBatch {
    return {
      clusterId: init.clusterId ?? 0n,
      from: init.from ?? 0n,
      messages: init.messages?.map((item) => Message.create(item)) ?? [],
      peerUrls: init.peerUrls ? [...init.peerUrls] : [],
    }
  },
  encode(message: Init<PeerBatch>, w: Writer = Writer.create()): Writer {
    if (message.clusterId) writeBigint(w.uint32(8), message.clusterId)
    if (message.from) writeBigint(w.uint32(16), message.from)
    if (message.messages)
      for (const item of message.messages) Message.encode(item, w.uint32(26).fork()).ldelim()
    if (message.peerUrls) for (const item of message.peerUrls) w.uint32(34).string(item)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: PeerBatch): PeerBatch {
    const reader = openReader(source, depth, 'conclavepb.PeerBatch')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PeerBatch = into ?? {
        clusterId: 0n,
        from: 0n,
        messages: [],
        peerUrls: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.clusterId = readUint64(reader)
            break
          case 16:
            message.from = readUint64(reader)
            break
          case 26:
            message.messages.push(Message.decode(reader, reader.size(), depth + 1))
            break
          case 34:
            message.peerUrls.push(readString(reader))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PeerBatch', error)
    }
  },
}

/** Message `conclavepb.PeerAck`. */
export interface PeerAck {}
/** Codec of `conclavepb.PeerAck`. */
export const PeerAck: Codec<PeerAck> = {
  name: 'conclavepb.PeerAck',
  create(_init: Init<PeerAck> = {}): PeerAck {
    return {}
  },
  encode(_message: Init<PeerAck>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: PeerAck): PeerAck {
    const reader = openReader(source, depth, 'conclavepb.PeerAck')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PeerAck = into ?? {}
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
      throw invalid('conclavepb.PeerAck', error)
    }
  },
}

/** Message `conclavepb.SnapshotChunk`. */
export interface SnapshotChunk {
  header: SnapshotHeader | undefined
  /** A run of the snapshot file format (server/storage/snapshot.ts). */
  data: Uint8Array | undefined
}
/** Codec of `conclavepb.SnapshotChunk`. */
export const SnapshotChunk: Codec<SnapshotChunk> = {
  name: 'conclavepb.SnapshotChunk',
  create(init: Init<SnapshotChunk> = {}): SnapshotChunk {
    return {
      header: init.header && SnapshotHeader.create(init.header),
      data: init.data,
    }
  },
  encode(message: Init<SnapshotChunk>, w: Writer = Writer.create()): Writer {
    if (message.header !== undefined)
      SnapshotHeader.encode(message.header, w.uint32(10).fork()).ldelim()
    if (message.data !== undefined) w.uint32(18).bytes(message.data)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SnapshotChunk,
  ): SnapshotChunk {
    const reader = openReader(source, depth, 'conclavepb.SnapshotChunk')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SnapshotChunk = into ?? {
        header: undefined,
        data: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.data = undefined
            message.header = SnapshotHeader.decode(reader, reader.size(), depth + 1, message.header)
            break
          case 18:
            message.header = undefined
            message.data = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.SnapshotChunk', error)
    }
  },
}

/** Message `conclavepb.SnapshotHeader`. */
export interface SnapshotHeader {
  clusterId: bigint
  from: bigint
  /** The raft SNAPSHOT message that this data belongs to; stepped once the data is safe. */
  message: Message | undefined
}
/** Codec of `conclavepb.SnapshotHeader`. */
export const SnapshotHeader: Codec<SnapshotHeader> = {
  name: 'conclavepb.SnapshotHeader',
  create(init: Init<SnapshotHeader> = {}): SnapshotHeader {
    return {
      clusterId: init.clusterId ?? 0n,
      from: init.from ?? 0n,
      message: init.message && Message.create(init.message),
    }
  },
  encode(message: Init<SnapshotHeader>, w: Writer = Writer.create()): Writer {
    if (message.clusterId) writeBigint(w.uint32(8), message.clusterId)
    if (message.from) writeBigint(w.uint32(16), message.from)
    if (message.message !== undefined) Message.encode(message.message, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SnapshotHeader,
  ): SnapshotHeader {
    const reader = openReader(source, depth, 'conclavepb.SnapshotHeader')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SnapshotHeader = into ?? {
        clusterId: 0n,
        from: 0n,
        message: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.clusterId = readUint64(reader)
            break
          case 16:
            message.from = readUint64(reader)
            break
          case 26:
            message.message = Message.decode(reader, reader.size(), depth + 1, message.message)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.SnapshotHeader', error)
    }
  },
}

/** Message `conclavepb.SnapshotReceipt`. */
export interface SnapshotReceipt {}
/** Codec of `conclavepb.SnapshotReceipt`. */
export const SnapshotReceipt: Codec<SnapshotReceipt> = {
  name: 'conclavepb.SnapshotReceipt',
  create(_init: Init<SnapshotReceipt> = {}): SnapshotReceipt {
    return {}
  },
  encode(_message: Init<SnapshotReceipt>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SnapshotReceipt,
  ): SnapshotReceipt {
    const reader = openReader(source, depth, 'conclavepb.SnapshotReceipt')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SnapshotReceipt = into ?? {}
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
      throw invalid('conclavepb.SnapshotReceipt', error)
    }
  },
}

/** Message `conclavepb.DescribeRequest`. */
export interface DescribeRequest {}
/** Codec of `conclavepb.DescribeRequest`. */
export const DescribeRequest: Codec<DescribeRequest> = {
  name: 'conclavepb.DescribeRequest',
  create(_init: Init<DescribeRequest> = {}): DescribeRequest {
    return {}
  },
  encode(_message: Init<DescribeRequest>, w: Writer = Writer.create()): Writer {
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DescribeRequest,
  ): DescribeRequest {
    const reader = openReader(source, depth, 'conclavepb.DescribeRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DescribeRequest = into ?? {}
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
      throw invalid('conclavepb.DescribeRequest', error)
    }
  },
}

/** Message `conclavepb.DescribeResponse`. */
export interface DescribeResponse {
  clusterId: bigint
  memberId: bigint
  version: string
  members: Member[]
}
/** Codec of `conclavepb.DescribeResponse`. */
export const DescribeResponse: Codec<DescribeResponse> = {
  name: 'conclavepb.DescribeResponse',
  create(init: Init<DescribeResponse> = {}): DescribeResponse {
    return {
      clusterId: init.clusterId ?? 0n,
      memberId: init.memberId ?? 0n,
      version: init.version ?? '',
      members: init.members?.map((item) => Member.create(item)) ?? [],
    }
  },
  encode(message: Init<DescribeResponse>, w: Writer = Writer.create()): Writer {
    if (message.clusterId) writeBigint(w.uint32(8), message.clusterId)
    if (message.memberId) writeBigint(w.uint32(16), message.memberId)
    if (message.version) w.uint32(26).string(message.version)
    if (message.members)
      for (const item of message.members) Member.encode(item, w.uint32(34).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: DescribeResponse,
  ): DescribeResponse {
    const reader = openReader(source, depth, 'conclavepb.DescribeResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: DescribeResponse = into ?? {
        clusterId: 0n,
        memberId: 0n,
        version: '',
        members: [],
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
          case 26:
            message.version = readString(reader)
            break
          case 34:
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
      throw invalid('conclavepb.DescribeResponse', error)
    }
  },
}
