/**
 * What consensus says and stores: log entries, messages between members, the voter set.
 *
 * Raft dissertation (Ongaro 2014), chapters 3, 4, 6 and 9. Terms and indexes are
 * below 2^53 for the life of any cluster and are numbers; member ids are random
 * 64-bit and are bigint, 0 meaning "nobody".
 *
 * Generated from proto/raft.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  NO_BYTES,
  openReader,
  type Reader,
  readUint53,
  readUint64,
  Writer,
  writeBigint,
  writeNumber,
} from '../codec.js'

/** Enum `conclavepb.EntryType`. */
export const EntryType = {
  /** `data` is a Command (command.proto), or empty for a new leader's first entry. */
  NORMAL: 0,
  /** `data` is a ConfigChange. */
  CONFIG_CHANGE: 1,
} as const
/** A value of {@link EntryType}; a peer may send numbers that are not in it. */
export type EntryType = (typeof EntryType)[keyof typeof EntryType]

/** Message `conclavepb.Entry`. */
export interface Entry {
  term: number
  index: number
  type: EntryType
  /** Encoded once by the proposer; the same bytes go to the log and to the followers. */
  data: Uint8Array
}
/** Codec of `conclavepb.Entry`. */
export const Entry: Codec<Entry> = {
  name: 'conclavepb.Entry',
  create(init: Init<Entry> = {}): Entry {
    return {
      term: init.term ?? 0,
      index: init.index ?? 0,
      type: init.type ?? 0,
      data: init.data ?? NO_BYTES,
    }
  },
  encode(message: Init<Entry>, w: Writer = Writer.create()): Writer {
    if (message.term) writeNumber(w.uint32(8), message.term)
    if (message.index) writeNumber(w.uint32(16), message.index)
    if (message.type) w.uint32(24).int32(message.type)
    if (message.data?.length) w.uint32(34).bytes(message.data)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Entry): Entry {
    const reader = openReader(source, depth, 'conclavepb.Entry')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Entry = into ?? {
        term: 0,
        index: 0,
        type: 0,
        data: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.term = readUint53(reader)
            break
          case 16:
            message.index = readUint53(reader)
            break
          case 24:
            message.type = reader.int32() as EntryType
            break
          case 34:
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
      throw invalid('conclavepb.Entry', error)
    }
  },
}

/** What a member must remember across a crash (Raft, figure 2, "persistent state"). */
export interface HardState {
  term: number
  vote: bigint
  commit: number
}
/** Codec of `conclavepb.HardState`. */
export const HardState: Codec<HardState> = {
  name: 'conclavepb.HardState',
  create(init: Init<HardState> = {}): HardState {
    return {
      term: init.term ?? 0,
      vote: init.vote ?? 0n,
      commit: init.commit ?? 0,
    }
  },
  encode(message: Init<HardState>, w: Writer = Writer.create()): Writer {
    if (message.term) writeNumber(w.uint32(8), message.term)
    if (message.vote) writeBigint(w.uint32(16), message.vote)
    if (message.commit) writeNumber(w.uint32(24), message.commit)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: HardState): HardState {
    const reader = openReader(source, depth, 'conclavepb.HardState')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HardState = into ?? {
        term: 0,
        vote: 0n,
        commit: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.term = readUint53(reader)
            break
          case 16:
            message.vote = readUint64(reader)
            break
          case 24:
            message.commit = readUint53(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.HardState', error)
    }
  },
}

/** Who votes and who only learns; two voter sets while a joint change is under way. */
export interface ConfState {
  voters: bigint[]
  learners: bigint[]
  votersOutgoing: bigint[]
  learnersNext: bigint[]
  autoLeave: boolean
}
/** Codec of `conclavepb.ConfState`. */
export const ConfState: Codec<ConfState> = {
  name: 'conclavepb.ConfState',
  create(init: Init<ConfState> = {}): ConfState {
    return {
      voters: init.voters ? [...init.voters] : [],
      learners: init.learners ? [...init.learners] : [],
      votersOutgoing: init.votersOutgoing ? [...init.votersOutgoing] : [],
      learnersNext: init.learnersNext ? [...init.learnersNext] : [],
      autoLeave: init.autoLeave ?? false,
    }
  },
  encode(message: Init<ConfState>, w: Writer = Writer.create()): Writer {
    if (message.voters?.length) {
      w.uint32(10).fork()
      for (const item of message.voters) writeBigint(w, item)
      w.ldelim()
    }
    if (message.learners?.length) {
      w.uint32(18).fork()
      for (const item of message.learners) writeBigint(w, item)
      w.ldelim()
    }
    if (message.votersOutgoing?.length) {
      w.uint32(26).fork()
      for (const item of message.votersOutgoing) writeBigint(w, item)
      w.ldelim()
    }
    if (message.learnersNext?.length) {
      w.uint32(34).fork()
      for (const item of message.learnersNext) writeBigint(w, item)
      w.ldelim()
    }
    if (message.autoLeave) w.uint32(40).bool(message.autoLeave)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: ConfState): ConfState {
    const reader = openReader(source, depth, 'conclavepb.ConfState')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ConfState = into ?? {
        voters: [],
        learners: [],
        votersOutgoing: [],
        learnersNext: [],
        autoLeave: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.voters.push(readUint64(reader))
            break
          case 10: {
            const until = reader.size() + reader.pos
            while (reader.pos < until) message.voters.push(readUint64(reader))
            if (reader.pos !== until) throw new InvalidMessage('a list is cut off')
            break
          }
          case 16:
            message.learners.push(readUint64(reader))
            break
          case 18: {
            const until = reader.size() + reader.pos
            while (reader.pos < until) message.learners.push(readUint64(reader))
            if (reader.pos !== until) throw new InvalidMessage('a list is cut off')
            break
          }
          case 24:
            message.votersOutgoing.push(readUint64(reader))
            break
          case 26: {
            const until = reader.size() + reader.pos
            while (reader.pos < until) message.votersOutgoing.push(readUint64(reader))
            if (reader.pos !== until) throw new InvalidMessage('a list is cut off')
            break
          }
          case 32:
            message.learnersNext.push(readUint64(reader))
            break
          case 34: {
            const until = reader.size() + reader.pos
            while (reader.pos < until) message.learnersNext.push(readUint64(reader))
            if (reader.pos !== until) throw new InvalidMessage('a list is cut off')
            break
          }
          case 40:
            message.autoLeave = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.ConfState', error)
    }
  },
}

/** The point in the log that a snapshot stands for. The data travels apart from raft. */
export interface SnapshotMetadata {
  index: number
  term: number
  confState: ConfState | undefined
}
/** Codec of `conclavepb.SnapshotMetadata`. */
export const SnapshotMetadata: Codec<SnapshotMetadata> = {
  name: 'conclavepb.SnapshotMetadata',
  create(init: Init<SnapshotMetadata> = {}): SnapshotMetadata {
    return {
      index: init.index ?? 0,
      term: init.term ?? 0,
      confState: init.confState && ConfState.create(init.confState),
    }
  },
  encode(message: Init<SnapshotMetadata>, w: Writer = Writer.create()): Writer {
    if (message.index) writeNumber(w.uint32(8), message.index)
    if (message.term) writeNumber(w.uint32(16), message.term)
    if (message.confState !== undefined)
      ConfState.encode(message.confState, w.uint32(26).fork()).ldelim()
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: SnapshotMetadata,
  ): SnapshotMetadata {
    const reader = openReader(source, depth, 'conclavepb.SnapshotMetadata')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: SnapshotMetadata = into ?? {
        index: 0,
        term: 0,
        confState: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.index = readUint53(reader)
            break
          case 16:
            message.term = readUint53(reader)
            break
          case 26:
            message.confState = ConfState.decode(
              reader,
              reader.size(),
              depth + 1,
              message.confState,
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
      throw invalid('conclavepb.SnapshotMetadata', error)
    }
  },
}

/** Message `conclavepb.ConfigChangeStep`. */
export interface ConfigChangeStep {
  kind: Kind
  member: bigint
}
/** Codec of `conclavepb.ConfigChangeStep`. */
export const ConfigChangeStep: Codec<ConfigChangeStep> = {
  name: 'conclavepb.ConfigChangeStep',
  create(init: Init<ConfigChangeStep> = {}): ConfigChangeStep {
    return {
      kind: init.kind ?? 0,
      member: init.member ?? 0n,
    }
  },
  encode(message: Init<ConfigChangeStep>, w: Writer = Writer.create()): Writer {
    if (message.kind) w.uint32(8).int32(message.kind)
    if (message.member) writeBigint(w.uint32(16), message.member)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ConfigChangeStep,
  ): ConfigChangeStep {
    const reader = openReader(source, depth, 'conclavepb.ConfigChangeStep')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ConfigChangeStep = into ?? {
        kind: 0,
        member: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.kind = reader.int32() as Kind
            break
          case 16:
            message.member = readUint64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.ConfigChangeStep', error)
    }
  },
}

/** Enum `conclavepb.ConfigChangeStep.Kind`. */
export const Kind = {
  ADD_VOTER: 0,
  ADD_LEARNER: 1,
  REMOVE: 2,
  /** Changes nothing in the voter sets: carries `context` only. */
  UPDATE: 3,
} as const
/** A value of {@link Kind}; a peer may send numbers that are not in it. */
export type Kind = (typeof Kind)[keyof typeof Kind]

/** Message `conclavepb.ConfigChange`. */
export interface ConfigChange {
  transition: Transition
  /** No steps: leave the joint configuration. */
  steps: ConfigChangeStep[]
  /** Opaque to raft: the member description that goes with the change. */
  context: Uint8Array
}
/** Codec of `conclavepb.ConfigChange`. */
export const ConfigChange: Codec<ConfigChange> = {
  name: 'conclavepb.ConfigChange',
  create(init: Init<ConfigChange> = {}): ConfigChange {
    return {
      transition: init.transition ?? 0,
      steps: init.steps?.map((item) => ConfigChangeStep.create(item)) ?? [],
      context: init.context ?? NO_BYTES,
    }
  },
  encode(message: Init<ConfigChange>, w: Writer = Writer.create()): Writer {
    if (message.transition) w.uint32(8).int32(message.transition)
    if (message.steps)
      for (const item of message.steps) ConfigChangeStep.encode(item, w.uint32(18).fork()).ldelim()
    if (message.context?.length) w.uint32(26).bytes(message.context)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: ConfigChange,
  ): ConfigChange {
    const reader = openReader(source, depth, 'conclavepb.ConfigChange')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: ConfigChange = into ?? {
        transition: 0,
        steps: [],
        context: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.transition = reader.int32() as Transition
            break
          case 18:
            message.steps.push(ConfigChangeStep.decode(reader, reader.size(), depth + 1))
            break
          case 26:
            message.context = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.ConfigChange', error)
    }
  },
}

/** Enum `conclavepb.ConfigChange.Transition`. */
export const Transition = {
  /** Simple when one voter changes, joint otherwise; a joint change leaves by itself. */
  AUTO: 0,
  JOINT_IMPLICIT: 1,
  /** The proposer leaves the joint configuration with an empty change. */
  JOINT_EXPLICIT: 2,
} as const
/** A value of {@link Transition}; a peer may send numbers that are not in it. */
export type Transition = (typeof Transition)[keyof typeof Transition]

/** Enum `conclavepb.MessageType`. */
export const MessageType = {
  APPEND: 0,
  APPEND_RESPONSE: 1,
  HEARTBEAT: 2,
  HEARTBEAT_RESPONSE: 3,
  VOTE: 4,
  VOTE_RESPONSE: 5,
  PRE_VOTE: 6,
  PRE_VOTE_RESPONSE: 7,
  SNAPSHOT: 8,
  /** A follower hands proposals to the leader. */
  PROPOSE: 9,
  /** A follower asks the leader for a read index. */
  READ_INDEX: 10,
  READ_INDEX_RESPONSE: 11,
  /** The leader tells a follower to campaign at once. */
  TIMEOUT_NOW: 12,
  /** A follower asks the leader to hand over. */
  TRANSFER_LEADER: 13,
} as const
/** A value of {@link MessageType}; a peer may send numbers that are not in it. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType]

/** Message `conclavepb.Message`. */
export interface Message {
  type: MessageType
  to: bigint
  from: bigint
  term: number
  /**
   * APPEND: the entry before `entries`. VOTE: the candidate's last entry.
   * APPEND_RESPONSE: the matched index, or the rejected one. READ_INDEX_RESPONSE: the read index.
   */
  index: number
  /** The term of `index`; in VOTE_RESPONSE and PRE_VOTE_RESPONSE the term of `commit`. */
  logTerm: number
  entries: Entry[]
  commit: number
  reject: boolean
  /** APPEND_RESPONSE with reject: where the follower's log may match, and its term there. */
  rejectHint: number
  snapshot: SnapshotMetadata | undefined
  /**
   * HEARTBEAT and its response: the number of the round. READ_INDEX and its response: the number
   * of the try, fresh each time.
   */
  context: number
  /** VOTE and PRE_VOTE: the campaign is a leadership transfer and may disturb a lease. */
  transfer: boolean
  /** TRANSFER_LEADER: the member that shall lead. */
  transferee: bigint
}
/** Codec of `conclavepb.Message`. */
export const Message: Codec<Message> = {
  name: 'conclavepb.Message',
  create(init: Init<Message> = {}): Message {
    return {
      type: init.type ?? 0,
      to: init.to ?? 0n,
      from: init.from ?? 0n,
      term: init.term ?? 0,
      index: init.index ?? 0,
      logTerm: init.logTerm ?? 0,
      entries: init.entries?.map((item) => Entry.create(item)) ?? [],
      commit: init.commit ?? 0,
      reject: init.reject ?? false,
      rejectHint: init.rejectHint ?? 0,
      snapshot: init.snapshot && SnapshotMetadata.create(init.snapshot),
      context: init.context ?? 0,
      transfer: init.transfer ?? false,
      transferee: init.transferee ?? 0n,
    }
  },
  encode(message: Init<Message>, w: Writer = Writer.create()): Writer {
    if (message.type) w.uint32(8).int32(message.type)
    if (message.to) writeBigint(w.uint32(16), message.to)
    if (message.from) writeBigint(w.uint32(24), message.from)
    if (message.term) writeNumber(w.uint32(32), message.term)
    if (message.index) writeNumber(w.uint32(40), message.index)
    if (message.logTerm) writeNumber(w.uint32(48), message.logTerm)
    if (message.entries)
      for (const item of message.entries) Entry.encode(item, w.uint32(58).fork()).ldelim()
    if (message.commit) writeNumber(w.uint32(64), message.commit)
    if (message.reject) w.uint32(72).bool(message.reject)
    if (message.rejectHint) writeNumber(w.uint32(80), message.rejectHint)
    if (message.snapshot !== undefined)
      SnapshotMetadata.encode(message.snapshot, w.uint32(90).fork()).ldelim()
    if (message.context) writeNumber(w.uint32(96), message.context)
    if (message.transfer) w.uint32(104).bool(message.transfer)
    if (message.transferee) writeBigint(w.uint32(112), message.transferee)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Message): Message {
    const reader = openReader(source, depth, 'conclavepb.Message')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Message = into ?? {
        type: 0,
        to: 0n,
        from: 0n,
        term: 0,
        index: 0,
        logTerm: 0,
        entries: [],
        commit: 0,
        reject: false,
        rejectHint: 0,
        snapshot: undefined,
        context: 0,
        transfer: false,
        transferee: 0n,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.type = reader.int32() as MessageType
            break
          case 16:
            message.to = readUint64(reader)
            break
          case 24:
            message.from = readUint64(reader)
            break
          case 32:
            message.term = readUint53(reader)
            break
          case 40:
            message.index = readUint53(reader)
            break
          case 48:
            message.logTerm = readUint53(reader)
            break
          case 58:
            message.entries.push(Entry.decode(reader, reader.size(), depth + 1))
            break
          case 64:
            message.commit = readUint53(reader)
            break
          case 72:
            message.reject = reader.bool()
            break
          case 80:
            message.rejectHint = readUint53(reader)
            break
          case 90:
            message.snapshot = SnapshotMetadata.decode(
              reader,
              reader.size(),
              depth + 1,
              message.snapshot,
            )
            break
          case 96:
            message.context = readUint53(reader)
            break
          case 104:
            message.transfer = reader.bool()
            break
          case 112:
            message.transferee = readUint64(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('conclavepb.Message', error)
    }
  },
}
