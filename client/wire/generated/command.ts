/**
 * The log-entry commands: everything that may change replicated state.
 *
 * Apply is a pure function of state and command, so a command carries whatever
 * the proposer decided: ids, terms, remaining TTLs. It never carries a time.
 *
 * Generated from proto/command.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
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
import {
  AlarmRequest,
  CompactionRequest,
  DeleteRangeRequest,
  LeaseCheckpointRequest,
  LeaseGrantRequest,
  PutRequest,
  TxnRequest,
} from './rpc.js'

/** Message `conclavepb.Command`. */
export interface Command {
  /**
   * Names the waiting caller on the member that proposed; 0 when nobody waits.
   * Numbered from a random start at each boot: an old life's entry wakes nobody.
   */
  requestId: number
  /** Who asked, and which revision of the permissions was checked at the door. */
  username: string
  authRevision: number
  proposer: bigint
  /**
   * What a leader decides by itself about leases it decides on what it has applied so far: a
   * lease that was granted behind this index is another one. 0: asked by a client.
   */
  appliedIndex: number
  put: PutRequest | undefined
  deleteRange: DeleteRangeRequest | undefined
  txn: TxnRequest | undefined
  compaction: CompactionRequest | undefined
  leaseGrant: LeaseGrantRequest | undefined
  leaseRevoke: LeaseRevoke | undefined
  leaseCheckpoint: LeaseCheckpointRequest | undefined
  alarm: AlarmRequest | undefined
  memberAttributes: MemberAttributes | undefined
  clusterVersion: ClusterVersion | undefined
  pipeline: PipelineBatch | undefined
}
/** Codec of `conclavepb.Command`. */
export const Command: Codec<Command> = {
  name: 'conclavepb.Command',
  create(init: Init<Command> = {}): Command {
    return {
      requestId: init.requestId ?? 0,
      username: init.username ?? '',
      authRevision: init.authRevision ?? 0,
      proposer: init.proposer ?? 0n,
      appliedIndex: init.appliedIndex ?? 0,
      put: init.put && PutRequest.create(init.put),
      deleteRange: init.deleteRange && DeleteRangeRequest.create(init.deleteRange),
      txn: init.txn && TxnRequest.create(init.txn),
      compaction: init.compaction && CompactionRequest.create(init.compaction),
      leaseGrant: init.leaseGrant && LeaseGrantRequest.create(init.leaseGrant),
      leaseRevoke: init.leaseRevoke && LeaseRevoke.create(init.leaseRevoke),
      leaseCheckpoint: init.leaseCheckpoint && LeaseCheckpointRequest.create(init.leaseCheckpoint),
      alarm: init.alarm && AlarmRequest.create(init.alarm),
      memberAttributes: init.memberAttributes && MemberAttributes.create(init.memberAttributes),
      clusterVersion: init.clusterVersion && ClusterVersion.create(init.clusterVersion),
      pipeline: init.pipeline && PipelineBatch.create(init.pipeline),
    }
  },
  encode(message: Init<Command>, w: Writer = Writer.create()): Writer {
    if (message.requestId) writeNumber(w.uint32(8), message.requestId)
    if (message.username) w.uint32(18).string(message.username)
    if (message.authRevision) writeNumber(w.uint32(24), message.authRevision)
    if (message.proposer) writeBigint(w.uint32(32), message.proposer)
    if (message.appliedIndex) writeNumber(w.uint32(40), message.appliedIndex)
    if (message.put !== undefined) PutRequest.encode(message.put, w.uint32(82).fork()).ldelim()
    if (message.deleteRange !== undefined)
      DeleteRangeRequest.encode(message.deleteRange, w.uint32(90).fork()).ldelim()
    if (message.txn !== undefined) TxnRequest.encode(message.txn, w.uint32(98).fork()).ldelim()
    if (message.compaction !== undefined)
      CompactionRequest.encode(message.compaction, w.uint32(106).fork()).ldelim()
    if (message.leaseGrant !== undefined)
      LeaseGrantRequest.encode(message.leaseGrant, w.uint32(114).fork()).ldelim()
    if (message.leaseRevoke !== undefined)
      LeaseRevoke.encode(message.leaseRevoke, w.uint32(122).fork()).ldelim()
    if (message.leaseCheckpoint !== undefined)
      LeaseCheckpointRequest.encode(message.leaseCheckpoint, w.uint32(130).fork()).ldelim()
    if (message.alarm !== undefined)
      AlarmRequest.encode(message.alarm, w.uint32(138).fork()).ldelim()
    if (message.memberAttributes !== undefined)
      MemberAttributes.encode(message.memberAttributes, w.uint32(146).fork()).ldelim()
    if (message.clusterVersion !== undefined)
      ClusterVersion.encode(message.clusterVersion, w.uint32(154).fork()).ldelim()
    if (message.pipeline !== undefined)
      PipelineBatch.encode(message.pipeline, w.uint32(162).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Command): Command {
    const reader = openReader(source, depth, 'conclavepb.Command')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Command = into ?? {
        requestId: 0,
        username: '',
        authRevision: 0,
        proposer: 0n,
        appliedIndex: 0,
        put: undefined,
        deleteRange: undefined,
        txn: undefined,
        compaction: undefined,
        leaseGrant: undefined,
        leaseRevoke: undefined,
        leaseCheckpoint: undefined,
        alarm: undefined,
        memberAttributes: undefined,
        clusterVersion: undefined,
        pipeline: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.requestId = readUint53(reader)
            break
          case 18:
            message.username = readString(reader)
            break
          case 24:
            message.authRevision = readUint53(reader)
            break
          case 32:
            message.proposer = readUint64(reader)
            break
          case 40:
            message.appliedIndex = readUint53(reader)
            break
          case 82:
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.put = PutRequest.decode(reader, reader.size(), depth + 1, message.put)
            break
          case 90:
            message.put = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.deleteRange = DeleteRangeRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.deleteRange,
            )
            break
          case 98:
            message.put = undefined
            message.deleteRange = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.txn = TxnRequest.decode(reader, reader.size(), depth + 1, message.txn)
            break
          case 106:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.compaction = CompactionRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.compaction,
            )
            break
          case 114:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.leaseGrant = LeaseGrantRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseGrant,
            )
            break
          case 122:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.leaseRevoke = LeaseRevoke.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseRevoke,
            )
            break
          case 130:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.leaseCheckpoint = LeaseCheckpointRequest.decode(
              reader,
              reader.size(),
              depth + 1,
              message.leaseCheckpoint,
            )
            break
          case 138:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.alarm = AlarmRequest.decode(reader, reader.size(), depth + 1, message.alarm)
            break
          case 146:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.clusterVersion = undefined
            message.pipeline = undefined
            message.memberAttributes = MemberAttributes.decode(
              reader,
              reader.size(),
              depth + 1,
              message.memberAttributes,
            )
            break
          case 154:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.pipeline = undefined
            message.clusterVersion = ClusterVersion.decode(
              reader,
              reader.size(),
              depth + 1,
              message.clusterVersion,
            )
            break
          case 162:
            message.put = undefined
            message.deleteRange = undefined
            message.txn = undefined
            message.compaction = undefined
            message.leaseGrant = undefined
            message.leaseRevoke = undefined
            message.leaseCheckpoint = undefined
            message.alarm = undefined
            message.memberAttributes = undefined
            message.clusterVersion = undefined
            message.pipeline = PipelineBatch.decode(
              reader,
              reader.size(),
              depth + 1,
              message.pipeline,
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
      throw invalid('conclavepb.Command', error)
    }
  },
}

/**
 * Consecutive writes of one session. Those that have been applied already are passed over;
 * one that does not follow on the last is not applied, nor is what comes behind it.
 */
export interface PipelineBatch {
  /** The lease that is the session. */
  session: bigint
  /** The log entry that granted the lease: a lease of the same id may have been granted since. */
  grantedIndex: number
  /** The answers up to this sequence number are forgotten. */
  acknowledged: number
  /** The sequence number of the first call; the others follow on it. */
  first: number
  /** Each a PipelineCall. */
  calls: Uint8Array[]
}
/** Codec of `conclavepb.PipelineBatch`. */
export const PipelineBatch: Codec<PipelineBatch> = {
  name: 'conclavepb.PipelineBatch',
  create(init: Init<PipelineBatch> = {}): PipelineBatch {
    return {
      session: init.session ?? 0n,
      grantedIndex: init.grantedIndex ?? 0,
      acknowledged: init.acknowledged ?? 0,
      first: init.first ?? 0,
      calls: init.calls ? [...init.calls] : [],
    }
  },
  encode(message: Init<PipelineBatch>, w: Writer = Writer.create()): Writer {
    if (message.session) writeBigint(w.uint32(8), message.session)
    if (message.grantedIndex) writeNumber(w.uint32(16), message.grantedIndex)
    if (message.acknowledged) writeNumber(w.uint32(24), message.acknowledged)
    if (message.first) writeNumber(w.uint32(32), message.first)
    if (message.calls) for (const item of message.calls) w.uint32(42).bytes(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: PipelineBatch,
  ): PipelineBatch {
    const reader = openReader(source, depth, 'conclavepb.PipelineBatch')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: PipelineBatch = into ?? {
        session: 0n,
        grantedIndex: 0,
        acknowledged: 0,
        first: 0,
        calls: [],
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
          case 24:
            message.acknowledged = readUint53(reader)
            break
          case 32:
            message.first = readUint53(reader)
            break
          case 42:
            message.calls.push(reader.bytes())
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.PipelineBatch', error)
    }
  },
}

/** A session as the backend keeps it, under the id of its lease. */
export interface SessionRecord {
  grantedIndex: number
  /** The last write that was applied. */
  applied: number
  /** Answers up to here are forgotten. */
  acknowledged: number
}
/** Codec of `conclavepb.SessionRecord`. */
export const SessionRecord: Codec<SessionRecord> = {
  name: 'conclavepb.SessionRecord',
  create(init: Init<SessionRecord> = {}): SessionRecord {
    return {
      grantedIndex: init.grantedIndex ?? 0,
      applied: init.applied ?? 0,
      acknowledged: init.acknowledged ?? 0,
    }
  },
  encode(message: Init<SessionRecord>, w: Writer = Writer.create()): Writer {
    if (message.grantedIndex) writeNumber(w.uint32(8), message.grantedIndex)
    if (message.applied) writeNumber(w.uint32(16), message.applied)
    if (message.acknowledged) writeNumber(w.uint32(24), message.acknowledged)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SessionRecord,
  ): SessionRecord {
    const reader = openReader(source, depth, 'conclavepb.SessionRecord')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SessionRecord = into ?? {
        grantedIndex: 0,
        applied: 0,
        acknowledged: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.grantedIndex = readUint53(reader)
            break
          case 16:
            message.applied = readUint53(reader)
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
      throw invalid('conclavepb.SessionRecord', error)
    }
  },
}

/** Answers of consecutive writes, each a PipelineAnswer, as the backend keeps them. */
export interface AnswersRecord {
  first: number
  answers: Uint8Array[]
}
/** Codec of `conclavepb.AnswersRecord`. */
export const AnswersRecord: Codec<AnswersRecord> = {
  name: 'conclavepb.AnswersRecord',
  create(init: Init<AnswersRecord> = {}): AnswersRecord {
    return {
      first: init.first ?? 0,
      answers: init.answers ? [...init.answers] : [],
    }
  },
  encode(message: Init<AnswersRecord>, w: Writer = Writer.create()): Writer {
    if (message.first) writeNumber(w.uint32(8), message.first)
    if (message.answers) for (const item of message.answers) w.uint32(18).bytes(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: AnswersRecord,
  ): AnswersRecord {
    const reader = openReader(source, depth, 'conclavepb.AnswersRecord')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: AnswersRecord = into ?? {
        first: 0,
        answers: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.first = readUint53(reader)
            break
          case 18:
            message.answers.push(reader.bytes())
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.AnswersRecord', error)
    }
  },
}

/** Message `conclavepb.LeaseRevoke`. */
export interface LeaseRevoke {
  ID: bigint
  /**
   * The term of the leader that saw the lease expire; apply refuses another term.
   * 0: a client asked, whoever leads.
   */
  leaderTerm: number
}
/** Codec of `conclavepb.LeaseRevoke`. */
export const LeaseRevoke: Codec<LeaseRevoke> = {
  name: 'conclavepb.LeaseRevoke',
  create(init: Init<LeaseRevoke> = {}): LeaseRevoke {
    return {
      ID: init.ID ?? 0n,
      leaderTerm: init.leaderTerm ?? 0,
    }
  },
  encode(message: Init<LeaseRevoke>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.leaderTerm) writeNumber(w.uint32(16), message.leaderTerm)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: LeaseRevoke): LeaseRevoke {
    const reader = openReader(source, depth, 'conclavepb.LeaseRevoke')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseRevoke = into ?? {
        ID: 0n,
        leaderTerm: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          case 16:
            message.leaderTerm = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.LeaseRevoke', error)
    }
  },
}

/** A member tells the cluster its name and where clients find it. */
export interface MemberAttributes {
  memberId: bigint
  name: string
  clientUrls: string[]
}
/** Codec of `conclavepb.MemberAttributes`. */
export const MemberAttributes: Codec<MemberAttributes> = {
  name: 'conclavepb.MemberAttributes',
  create(init: Init<MemberAttributes> = {}): MemberAttributes {
    return {
      memberId: init.memberId ?? 0n,
      name: init.name ?? '',
      clientUrls: init.clientUrls ? [...init.clientUrls] : [],
    }
  },
  encode(message: Init<MemberAttributes>, w: Writer = Writer.create()): Writer {
    if (message.memberId) writeBigint(w.uint32(8), message.memberId)
    if (message.name) w.uint32(18).string(message.name)
    if (message.clientUrls) for (const item of message.clientUrls) w.uint32(26).string(item)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberAttributes,
  ): MemberAttributes {
    const reader = openReader(source, depth, 'conclavepb.MemberAttributes')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberAttributes = into ?? {
        memberId: 0n,
        name: '',
        clientUrls: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.memberId = readUint64(reader)
            break
          case 18:
            message.name = readString(reader)
            break
          case 26:
            message.clientUrls.push(readString(reader))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.MemberAttributes', error)
    }
  },
}

/** Message `conclavepb.ClusterVersion`. */
export interface ClusterVersion {
  version: string
}
/** Codec of `conclavepb.ClusterVersion`. */
export const ClusterVersion: Codec<ClusterVersion> = {
  name: 'conclavepb.ClusterVersion',
  create(init: Init<ClusterVersion> = {}): ClusterVersion {
    return {
      version: init.version ?? '',
    }
  },
  encode(message: Init<ClusterVersion>, w: Writer = Writer.create()): Writer {
    if (message.version) w.uint32(10).string(message.version)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ClusterVersion,
  ): ClusterVersion {
    const reader = openReader(source, depth, 'conclavepb.ClusterVersion')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ClusterVersion = into ?? {
        version: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
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
      throw invalid('conclavepb.ClusterVersion', error)
    }
  },
}

/** A member of the cluster as replicated state keeps it, and as a ConfigChange carries it. */
export interface MemberRecord {
  ID: bigint
  name: string
  peerUrls: string[]
  clientUrls: string[]
  isLearner: boolean
}
/** Codec of `conclavepb.MemberRecord`. */
export const MemberRecord: Codec<MemberRecord> = {
  name: 'conclavepb.MemberRecord',
  create(init: Init<MemberRecord> = {}): MemberRecord {
    return {
      ID: init.ID ?? 0n,
      name: init.name ?? '',
      peerUrls: init.peerUrls ? [...init.peerUrls] : [],
      clientUrls: init.clientUrls ? [...init.clientUrls] : [],
      isLearner: init.isLearner ?? false,
    }
  },
  encode(message: Init<MemberRecord>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.name) w.uint32(18).string(message.name)
    if (message.peerUrls) for (const item of message.peerUrls) w.uint32(26).string(item)
    if (message.clientUrls) for (const item of message.clientUrls) w.uint32(34).string(item)
    if (message.isLearner) w.uint32(40).bool(message.isLearner)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: MemberRecord,
  ): MemberRecord {
    const reader = openReader(source, depth, 'conclavepb.MemberRecord')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: MemberRecord = into ?? {
        ID: 0n,
        name: '',
        peerUrls: [],
        clientUrls: [],
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
            message.peerUrls.push(readString(reader))
            break
          case 34:
            message.clientUrls.push(readString(reader))
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
      throw invalid('conclavepb.MemberRecord', error)
    }
  },
}

/** A lease as the backend keeps it. Remaining is what a checkpoint left, 0 for the full TTL. */
export interface LeaseRecord {
  ID: bigint
  ttlSeconds: number
  remainingSeconds: number
  /** The log entry that granted it: an id may be granted again. */
  grantedIndex: number
}
/** Codec of `conclavepb.LeaseRecord`. */
export const LeaseRecord: Codec<LeaseRecord> = {
  name: 'conclavepb.LeaseRecord',
  create(init: Init<LeaseRecord> = {}): LeaseRecord {
    return {
      ID: init.ID ?? 0n,
      ttlSeconds: init.ttlSeconds ?? 0,
      remainingSeconds: init.remainingSeconds ?? 0,
      grantedIndex: init.grantedIndex ?? 0,
    }
  },
  encode(message: Init<LeaseRecord>, w: Writer = Writer.create()): Writer {
    if (message.ID) writeBigint(w.uint32(8), message.ID)
    if (message.ttlSeconds) writeNumber(w.uint32(16), message.ttlSeconds)
    if (message.remainingSeconds) writeNumber(w.uint32(24), message.remainingSeconds)
    if (message.grantedIndex) writeNumber(w.uint32(32), message.grantedIndex)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: LeaseRecord): LeaseRecord {
    const reader = openReader(source, depth, 'conclavepb.LeaseRecord')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: LeaseRecord = into ?? {
        ID: 0n,
        ttlSeconds: 0,
        remainingSeconds: 0,
        grantedIndex: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.ID = readInt64(reader)
            break
          case 16:
            message.ttlSeconds = readInt53(reader)
            break
          case 24:
            message.remainingSeconds = readInt53(reader)
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
      throw invalid('conclavepb.LeaseRecord', error)
    }
  },
}
