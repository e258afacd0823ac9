/**
 * A change of the membership as it travels in the log.
 *
 * Raft sees a ConfigChange with its steps; the context is ours and opaque to it: who
 * waits for the answer, what the proposer allows, and the records of members that the
 * steps name. It is framed as a length-delimited Command (only request id, proposer and
 * caller are set), a number, and length-delimited MemberRecords.
 *
 *   ADD_VOTER    with a record     a new voter
 *   ADD_VOTER    without a record  the learner becomes a voter
 *   ADD_LEARNER  with a record     a new learner
 *   REMOVE                         the member leaves for ever
 *   UPDATE       with a record     its peer URLs change, nothing else
 */

import { type Init, NO_BYTES, Reader, Writer } from '../../client/wire/codec.js'
import { Command, MemberRecord } from '../../client/wire/generated/command.js'
import { ConfigChange, Kind } from '../../client/wire/generated/raft.js'

/** Who asked for a change. */
export interface ChangeOrigin {
  readonly proposer: bigint
  readonly requestId: number
}

/** What the context of a ConfigChange says. */
export interface ChangeContext extends ChangeOrigin {
  /**
   * Most learners in the cluster when one is added, infinite for no limit: a setting of
   * the member that proposes. It travels along so that apply decides alike everywhere.
   */
  readonly learnersMax: number
  /** The members that the steps add or update, by id. */
  readonly records: ReadonlyMap<bigint, MemberRecord>
}

/** From here on a limit is none: the number is framed in 32 bits. */
const LEARNERS_UNLIMITED = 2 ** 31

/** The bytes of a context. */
export function encodeChangeContext(
  origin: ChangeOrigin,
  records: readonly Init<MemberRecord>[],
  learnersMax = Number.POSITIVE_INFINITY,
): Uint8Array {
  const writer = Writer.create()
  Command.encode({ requestId: origin.requestId, proposer: origin.proposer }, writer.fork()).ldelim()
  writer.uint32(learnersMax < LEARNERS_UNLIMITED ? learnersMax + 1 : 0)
  for (const record of records) MemberRecord.encode(record, writer.fork()).ldelim()
  return writer.finish()
}

/** @throws {InvalidMessage} the bytes are not a context. */
export function decodeChangeContext(bytes: Uint8Array): ChangeContext {
  const records = new Map<bigint, MemberRecord>()
  const noLimit = Number.POSITIVE_INFINITY
  if (bytes.length === 0) return { proposer: 0n, requestId: 0, learnersMax: noLimit, records }
  const reader = Reader.create(bytes)
  const { proposer, requestId } = Command.decode(reader, reader.uint32())
  const limit = reader.uint32()
  const learnersMax = limit === 0 ? noLimit : limit - 1
  while (reader.pos < reader.len) {
    const record = MemberRecord.decode(reader, reader.uint32())
    records.set(record.ID, record)
  }
  return { proposer, requestId, learnersMax, records }
}

function change(kind: Kind, member: bigint, context: Uint8Array): ConfigChange {
  return ConfigChange.create({ steps: [{ kind, member }], context })
}

/** A new voter or, by `record.isLearner`, a new learner: one of at most `learnersMax`. */
export function addMember(
  origin: ChangeOrigin,
  record: MemberRecord,
  learnersMax?: number,
): ConfigChange {
  const kind = record.isLearner ? Kind.ADD_LEARNER : Kind.ADD_VOTER
  return change(kind, record.ID, encodeChangeContext(origin, [record], learnersMax))
}

/** A learner becomes a voter. */
export function promoteMember(origin: ChangeOrigin, id: bigint): ConfigChange {
  return change(Kind.ADD_VOTER, id, encodeChangeContext(origin, []))
}

/** A member leaves for ever. */
export function removeMember(origin: ChangeOrigin, id: bigint): ConfigChange {
  return change(Kind.REMOVE, id, encodeChangeContext(origin, []))
}

/** A member gets other peer URLs. */
export function updateMember(
  origin: ChangeOrigin,
  id: bigint,
  peerUrls: readonly string[],
): ConfigChange {
  return change(Kind.UPDATE, id, encodeChangeContext(origin, [{ ID: id, peerUrls }]))
}

/** The same place in the log with no effect on the voters: what a refused change becomes for raft. */
export function withoutEffect(refused: ConfigChange): ConfigChange {
  const steps = refused.steps.map(({ member }) => ({ kind: Kind.UPDATE, member }))
  return ConfigChange.create({ transition: refused.transition, steps, context: NO_BYTES })
}
