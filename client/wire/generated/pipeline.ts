/**
 * The pipeline: a service of our own beside etcd's. One stream carries batches of
 * calls to a member and batches of answers back, in order of issue.
 *
 * A session is a lease and a numbering. Each write of a session has the next sequence
 * number; replicated state keeps its answer until the client has acknowledged it, so a
 * write that is sent again, to whichever member, is applied once and answered the same
 * (Raft dissertation, 6.3).
 *
 * Calls and answers stand in their batches as bytes, so that a member can pass on what
 * it got, and send what is kept, without making it anew.
 *
 * Generated from proto/pipeline.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  openReader,
  type Reader,
  readInt64,
  readString,
  readUint53,
  readUint64,
  Writer,
  writeBigint,
  writeNumber,
} from '../codec.js'
import {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from './rpc.js'

/** Message `conclavepb.PipelineRequest`. */
export interface PipelineRequest {
  /** In the first message of a stream, alone. */
  hello: PipelineHello | undefined
  /** Each a PipelineCall, in order of issue. */
  calls: Uint8Array[]
  /** The answers of the session up to this sequence number have arrived and may be forgotten. */
  acknowledged: number
}
/** Codec of `conclavepb.PipelineRequest`. */
export const PipelineRequest: Codec<PipelineRequest> = {
  name: 'conclavepb.PipelineRequest',
  create(init: Init<PipelineRequest> = {}): PipelineRequest {
    return {
      hello: init.hello && PipelineHello.create(init.hello),
      calls: init.calls ? [...init.calls] : [],
      acknowledged: init.acknowledged ?? 0,
    }
  },
  encode(message: Init<PipelineRequest>, w: Writer = Writer.create()): Writer {
    if (message.hello !== undefined)
      PipelineHello.encode(message.hello, w.uint32(10).fork()).ldelim()
    if (message.calls) for (const item of message.calls) w.uint32(18).bytes(item)
    if (message.acknowledged) writeNumber(w.uint32(24), message.acknowledged)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineRequest,
  ): PipelineRequest {
    const reader = openReader(source, depth, 'conclavepb.PipelineRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineRequest = into ?? {
        hello: undefined,
        calls: [],
        acknowledged: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.hello = PipelineHello.decode(reader, reader.size(), depth + 1, message.hello)
            break
          case 18:
            message.calls.push(reader.bytes())
            break
          case 24:
            message.acknowledged = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PipelineRequest', error)
    }
  },
}

/** Message `conclavepb.PipelineHello`. */
export interface PipelineHello {
  /** The lease that is the session; 0 for a stream that only reads. */
  session: bigint
  /**
   * What the first welcome of this session said; 0 before that. If the lease has ended since,
   * another one of its id is not this session.
   */
  grantedIndex: number
}
/** Codec of `conclavepb.PipelineHello`. */
export const PipelineHello: Codec<PipelineHello> = {
  name: 'conclavepb.PipelineHello',
  create(init: Init<PipelineHello> = {}): PipelineHello {
    return {
      session: init.session ?? 0n,
      grantedIndex: init.grantedIndex ?? 0,
    }
  },
  encode(message: Init<PipelineHello>, w: Writer = Writer.create()): Writer {
    if (message.session) writeBigint(w.uint32(8), message.session)
    if (message.grantedIndex) writeNumber(w.uint32(16), message.grantedIndex)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineHello,
  ): PipelineHello {
    const reader = openReader(source, depth, 'conclavepb.PipelineHello')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineHello = into ?? {
        session: 0n,
        grantedIndex: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.session = readInt64(reader)
            break
          case 16:
            message.grantedIndex = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PipelineHello', error)
    }
  },
}

/** Message `conclavepb.PipelineCall`. */
export interface PipelineCall {
  /** The place of a write in its session, from 1 on and without a gap; 0 for a read. */
  sequence: number
  range: RangeRequest | undefined
  put: PutRequest | undefined
  deleteRange: DeleteRangeRequest | undefined
  /** A read when it only reads. */
  txn: TxnRequest | undefined
  compaction: CompactionRequest | undefined
  /** The client chooses the id: it must be the same when the call is sent again. */
  leaseGrant: LeaseGrantRequest | undefined
  leaseRevoke: LeaseRevokeRequest | undefined
  /** What a member puts in the place of a write that it refuses, which uses up its number all the same. */
  refusal: PipelineError | undefined
}
/** Codec of `conclavepb.PipelineCall`. */
export const PipelineCall: Codec<PipelineCall> = {
  name: 'conclavepb.PipelineCall',
  create(init: Init<PipelineCall> = {}): PipelineCall {
    return {
      sequence: init.sequence ?? 0,
      range: init.range && RangeRequest.create(init.range),
      put: init.put && PutRequest.create(init.put),
      deleteRange: init.deleteRange && DeleteRangeRequest.create(init.deleteRange),
      txn: init.txn && TxnRequest.create(init.txn),
      compaction: init.compaction && CompactionRequest.create(init.compaction),
      leaseGrant: init.leaseGrant && LeaseGrantRequest.create(init.leaseGrant),
      leaseRevoke: init.leaseRevoke && LeaseRevokeRequest.create(init.leaseRevoke),
      refusal: init.refusal && PipelineError.create(init.refusal),
    }
  },
  encode(message: Init<PipelineCall>, w: Writer = Writer.create()): Writer {
    if (message.sequence) writeNumber(w.uint32(8), message.sequence)
    if (message.range !== undefined)
      RangeRequest.encode(message.range, w.uint32(82).fork()).ldelim()
    if (message.put !== undefined) PutRequest.encode(message.put, w.uint32(90).fork()).ldelim()
    if (message.deleteRange !== undefined)
      DeleteRangeRequest.encode(message.deleteRange, w.uint32(98).fork()).ldelim()
    if (message.txn !== undefined) TxnRequest.encode(message.txn, w.uint32(106).fork()).ldelim()
    if (message.compaction !== undefined)
      CompactionRequest.encode(message.compaction, w.uint32(114).fork()).ldelim()
    if (message.leaseGrant !== undefined)
      LeaseGrantRequest.encode(message.leaseGrant, w.uint32(122).fork()).ldelim()
    if (message.leaseRevoke !== undefined)
      LeaseRevokeRequest.encode(message.leaseRevoke, w.uint32(130).fork()).ldelim()
    if (message.refusal !== undefined)
      PipelineError.encode(message.refusal, w.uint32(138).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineCall,
  ): PipelineCall {
    const reader = openReader(source, depth, 'conclavepb.PipelineCall')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineCall = into ?? {
        sequence: 0,
        range: undefined,
        put: undefined,
        deleteRange: undefined,
        txn: undefined,
        compaction: undefined,
        leaseGrant: undefined,
        leaseRevoke: undefined,
        refusal: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.sequence = readUint53(reader)
            break
          case 82:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.refusal = undefined
            message.range = RangeRequest.decode(reader, reader.size(), depth + 1, message.range)
            break
          case 90:
            message.range = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.refusal = undefined
            message.put = PutRequest.decode(reader, reader.size(), depth + 1, message.put)
            break
          case 98:
            message.range = undefined
            message.put = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.refusal = undefined
            message.deleteRange = DeleteRangeRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.deleteRange,
            )
            break
          case 106:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.refusal = undefined
            message.txn = TxnRequest.decode(reader, reader.size(), depth + 1, message.txn)
            break
          case 114:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.refusal = undefined
            message.compaction = CompactionRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.compaction,
            )
            break
          case 122:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseRevoke = undefined
            message.refusal = undefined
            message.leaseGrant = LeaseGrantRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseGrant,
            )
            break
          case 130:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.refusal = undefined
            message.leaseRevoke = LeaseRevokeRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseRevoke,
            )
            break
          case 138:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.refusal = PipelineError.decode(
              reader,
              reader.size(),
              depth + 1,
              message.refusal,
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
      throw invalid('conclavepb.PipelineCall', error)
    }
  },
}

/** Message `conclavepb.PipelineResponse`. */
export interface PipelineResponse {
  /** The answer to the greeting, alone. */
  welcome: PipelineWelcome | undefined
  /** Each a PipelineAnswer, in order of the calls. */
  answers: Uint8Array[]
  /** What the headers of these answers share; their revisions differ. */
  clusterId: bigint
  memberId: bigint
  raftTerm: number
}
/** Codec of `conclavepb.PipelineResponse`. */
export const PipelineResponse: Codec<PipelineResponse> = {
  name: 'conclavepb.PipelineResponse',
  create(init: Init<PipelineResponse> = {}): PipelineResponse {
    return {
      welcome: init.welcome && PipelineWelcome.create(init.welcome),
      answers: init.answers ? [...init.answers] : [],
      clusterId: init.clusterId ?? 0n,
      memberId: init.memberId ?? 0n,
      raftTerm: init.raftTerm ?? 0,
    }
  },
  encode(message: Init<PipelineResponse>, w: Writer = Writer.create()): Writer {
    if (message.welcome !== undefined)
      PipelineWelcome.encode(message.welcome, w.uint32(10).fork()).ldelim()
    if (message.answers) for (const item of message.answers) w.uint32(18).bytes(item)
    if (message.clusterId) writeBigint(w.uint32(24), message.clusterId)
    if (message.memberId) writeBigint(w.uint32(32), message.memberId)
    if (message.raftTerm) writeNumber(w.uint32(40), message.raftTerm)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineResponse,
  ): PipelineResponse {
    const reader = openReader(source, depth, 'conclavepb.PipelineResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineResponse = into ?? {
        welcome: undefined,
        answers: [],
        clusterId: 0n,
        memberId: 0n,
        raftTerm: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.welcome = PipelineWelcome.decode(
              reader,
              reader.size(),
              depth + 1,
              message.welcome,
            )
            break
          case 18:
            message.answers.push(reader.bytes())
            break
          case 24:
            message.clusterId = readUint64(reader)
            break
          case 32:
            message.memberId = readUint64(reader)
            break
          case 40:
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
      throw invalid('conclavepb.PipelineResponse', error)
    }
  },
}

/** Message `conclavepb.PipelineWelcome`. */
export interface PipelineWelcome {
  /** The last write of the session that has been applied; 0 for none. */
  applied: number
  /** How many calls, and how many bytes of them, may be unanswered; the member reads no further. */
  callsMax: number
  bytesMax: number
  /** The log entry that granted the lease, to be said with every other greeting of this session. */
  grantedIndex: number
}
/** Codec of `conclavepb.PipelineWelcome`. */
export const PipelineWelcome: Codec<PipelineWelcome> = {
  name: 'conclavepb.PipelineWelcome',
  create(init: Init<PipelineWelcome> = {}): PipelineWelcome {
    return {
      applied: init.applied ?? 0,
      callsMax: init.callsMax ?? 0,
      bytesMax: init.bytesMax ?? 0,
      grantedIndex: init.grantedIndex ?? 0,
    }
  },
  encode(message: Init<PipelineWelcome>, w: Writer = Writer.create()): Writer {
    if (message.applied) writeNumber(w.uint32(8), message.applied)
    if (message.callsMax) w.uint32(16).uint32(message.callsMax)
    if (message.bytesMax) w.uint32(24).uint32(message.bytesMax)
    if (message.grantedIndex) writeNumber(w.uint32(32), message.grantedIndex)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineWelcome,
  ): PipelineWelcome {
    const reader = openReader(source, depth, 'conclavepb.PipelineWelcome')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineWelcome = into ?? {
        applied: 0,
        callsMax: 0,
        bytesMax: 0,
        grantedIndex: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.applied = readUint53(reader)
            break
          case 16:
            message.callsMax = reader.uint32()
            break
          case 24:
            message.bytesMax = reader.uint32()
            break
          case 32:
            message.grantedIndex = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PipelineWelcome', error)
    }
  },
}

/** Message `conclavepb.PipelineAnswer`. */
export interface PipelineAnswer {
  /** The revision that the header of the answer has. */
  revision: number
  range: RangeResponse | undefined
  put: PutResponse | undefined
  deleteRange: DeleteRangeResponse | undefined
  txn: TxnResponse | undefined
  compaction: CompactionResponse | undefined
  leaseGrant: LeaseGrantResponse | undefined
  leaseRevoke: LeaseRevokeResponse | undefined
  error: PipelineError | undefined
}
/** Codec of `conclavepb.PipelineAnswer`. */
export const PipelineAnswer: Codec<PipelineAnswer> = {
  name: 'conclavepb.PipelineAnswer',
  create(init: Init<PipelineAnswer> = {}): PipelineAnswer {
    return {
      revision: init.revision ?? 0,
      range: init.range && RangeResponse.create(init.range),
      put: init.put && PutResponse.create(init.put),
      deleteRange: init.deleteRange && DeleteRangeResponse.create(init.deleteRange),
      txn: init.txn && TxnResponse.create(init.txn),
      compaction: init.compaction && CompactionResponse.create(init.compaction),
      leaseGrant: init.leaseGrant && LeaseGrantResponse.create(init.leaseGrant),
      leaseRevoke: init.leaseRevoke && LeaseRevokeResponse.create(init.leaseRevoke),
      error: init.error && PipelineError.create(init.error),
    }
  },
  encode(message: Init<PipelineAnswer>, w: Writer = Writer.create()): Writer {
    if (message.revision) writeNumber(w.uint32(8), message.revision)
    if (message.range !== undefined)
      RangeResponse.encode(message.range, w.uint32(82).fork()).ldelim()
    if (message.put !== undefined) PutResponse.encode(message.put, w.uint32(90).fork()).ldelim()
    if (message.deleteRange !== undefined)
      DeleteRangeResponse.encode(message.deleteRange, w.uint32(98).fork()).ldelim()
    if (message.txn !== undefined) TxnResponse.encode(message.txn, w.uint32(106).fork()).ldelim()
    if (message.compaction !== undefined)
      CompactionResponse.encode(message.compaction, w.uint32(114).fork()).ldelim()
    if (message.leaseGrant !== undefined)
      LeaseGrantResponse.encode(message.leaseGrant, w.uint32(122).fork()).ldelim()
    if (message.leaseRevoke !== undefined)
      LeaseRevokeResponse.encode(message.leaseRevoke, w.uint32(130).fork()).ldelim()
    if (message.error !== undefined)
      PipelineError.encode(message.error, w.uint32(138).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineAnswer,
  ): PipelineAnswer {
    const reader = openReader(source, depth, 'conclavepb.PipelineAnswer')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineAnswer = into ?? {
        revision: 0,
        range: undefined,
        put: undefined,
        deleteRange: undefined,
        txn: undefined,
        compaction: undefined,
        leaseGrant: undefined,
        leaseRevoke: undefined,
        error: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.revision = readUint53(reader)
            break
          case 82:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.error = undefined
            message.range = RangeResponse.decode(reader, reader.size(), depth + 1, message.range)
            break
          case 90:
            message.range = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.error = undefined
            message.put = PutResponse.decode(reader, reader.size(), depth + 1, message.put)
            break
          case 98:
            message.range = undefined
            message.put = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.error = undefined
            message.deleteRange = DeleteRangeResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.deleteRange,
            )
            break
          case 106:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.error = undefined
            message.txn = TxnResponse.decode(reader, reader.size(), depth + 1, message.txn)
            break
          case 114:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.error = undefined
            message.compaction = CompactionResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.compaction,
            )
            break
          case 122:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseRevoke = undefined
            message.error = undefined
            message.leaseGrant = LeaseGrantResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseGrant,
            )
            break
          case 130:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.error = undefined
            message.leaseRevoke = LeaseRevokeResponse.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseRevoke,
            )
            break
          case 138:
            message.range = undefined
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.error = PipelineError.decode(reader, reader.size(), depth + 1, message.error)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PipelineAnswer', error)
    }
  },
}

/** A refusal: a gRPC status and etcd's text. */
export interface PipelineError {
  status: number
  text: string
}
/** Codec of `conclavepb.PipelineError`. */
export const PipelineError: Codec<PipelineError> = {
  name: 'conclavepb.PipelineError',
  create(init: Init<PipelineError> = {}): PipelineError {
    return {
      status: init.status ?? 0,
      text: init.text ?? '',
    }
  },
  encode(message: Init<PipelineError>, w: Writer = Writer.create()): Writer {
    if (message.status) w.uint32(8).uint32(message.status)
    if (message.text) w.uint32(18).string(message.text)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineError,
  ): PipelineError {
    const reader = openReader(source, depth, 'conclavepb.PipelineError')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineError = into ?? {
        status: 0,
        text: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.status = reader.uint32()
            break
          case 18:
            message.text = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PipelineError', error)
    }
  },
}
