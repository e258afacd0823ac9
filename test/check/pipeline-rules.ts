/**
 * Judges what clients on the pipeline were promised (docs/protocol.md).
 *
 * A write is found in the log by what it asks: most requests are unlike all others. Those
 * that two operations share are left to repeats.ts. A place in a session comes from the
 * replay, which has run every batch by the model.
 *
 * - *once*: a write that was answered stands in the log once and was carried out; one that
 *   was refused, or that provably did not happen, was not; any other was at most once;
 * - *answer*: what its caller heard is what the model says at that place;
 * - *rides*: a write of a client on the pipeline has a number, unless space ran out, when
 *   no session can be had;
 * - *order*: the writes of a session are of one process, in the order in which they were
 *   asked for, and there is a place for every one in between that may have left;
 * - *sees*: a read has seen every write asked for before it that was ever applied, also one
 *   whose outcome its caller does not know, and what every read before it saw;
 * - *plain*: no call is refused for a reason that is none of etcd's.
 */

import { encodeBytes } from '../../client/wire/codec.js'
import { etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { AlarmAction, AlarmType } from '../../client/wire/generated/rpc.js'
import type { Call } from '../model/call.js'
import { latin1 } from '../model/history.js'
import { isUnnumbered } from '../model/sessions.js'
import { isSerializable } from './call-parts.js'
import type { Committed } from './committed.js'
import { difference } from './difference.js'
import { callOf } from './log-replay.js'
import type { Operation, Violation } from './operation.js'
import { intentOf } from './recorder.js'
import { showOperation } from './show.js'

/** What is judged. */
export interface PipelineMaterial {
  readonly operations: readonly Operation[]
  /** Batches as their calls: that of the truth. */
  readonly log: readonly Committed[]
  /** Processes whose calls ride on the pipeline. */
  readonly riding: ReadonlySet<string>
}

/** One broken promise breaks many: so many are told. */
const VIOLATIONS_MAX = 20

/** What was found to judge, and what came of it. */
export interface PipelineVerdict {
  readonly violations: Violation[]
  /** Writes that were found in a session, and those of them that were answered. */
  readonly writes: number
  readonly answered: number
  /** Reads that had to see something. */
  readonly reads: number
  /** Sessions with writes. */
  readonly sessions: number
}

/** Judges by all rules. */
export function judgePipeline(material: PipelineMaterial): PipelineVerdict {
  const court = new Court(material)
  return court.judge()
}

/** A write and where it stands in a session. */
interface Placed {
  readonly operation: Operation
  readonly entry: Committed
}

class Court {
  readonly #material: PipelineMaterial
  readonly #violations: Violation[] = []
  /** By what is asked: where it stands. */
  readonly #entries = new Map<string, Committed[]>()
  /** By operation: its place in a session. */
  readonly #places = new Map<Operation, Committed>()
  /** By session. */
  readonly #sessions = new Map<string, Placed[]>()
  #answered = 0
  #reads = 0

  constructor(material: PipelineMaterial) {
    this.#material = material
    for (const entry of material.log) {
      const call = entry.command && callOf(entry.command)
      if (call !== undefined) listed(this.#entries, nameOf(call)).push(entry)
    }
  }

  judge(): PipelineVerdict {
    const writes = this.#ownWrites()
    for (const [name, operation] of writes)
      this.#judgeWrite(operation, this.#entries.get(name) ?? [])
    for (const placed of this.#sessions.values()) this.#judgeOrder(placed)
    for (const process of this.#material.riding) this.#judgeReads(process)
    this.#judgeRefusals()
    return {
      violations: this.#violations.slice(0, VIOLATIONS_MAX),
      writes: this.#places.size,
      answered: this.#answered,
      reads: this.#reads,
      sessions: this.#sessions.size,
    }
  }

  /** The writes that nobody else can have asked for, by what they ask. */
  #ownWrites(): Map<string, Operation> {
    const writes = new Map<string, Operation>()
    const shared = new Set<string>()
    for (const operation of this.#material.operations) {
      const { call } = operation
      if (isUnnumbered(call) || isCommon(call)) continue
      const name = nameOf(call)
      if (writes.has(name)) shared.add(name)
      else writes.set(name, operation)
    }
    for (const name of shared) writes.delete(name)
    return writes
  }

  #judgeWrite(operation: Operation, entries: readonly Committed[]): void {
    const { answer, process } = operation
    const done = entries.filter(({ result, overQuota }) => result?.ok || overQuota)
    const places = entries.filter(({ session }) => session !== undefined)
    const [place] = places
    const told = () =>
      `${showOperation(operation)} stands at ${entries.map(spot).join(', ') || 'no place'}`
    if (done.length > 1 || places.length > 1) this.#convict('once', `more than once: ${told()}`)
    else if (answer?.kind === 'ok' && done.length === 0)
      this.#convict('once', `was lost: ${told()}`)
    else if ((answer?.kind === 'failed' || answer?.kind === 'refused') && done.length === 1)
      this.#convict('once', `happened all the same: ${told()}`)
    if (place === undefined) {
      if (answer?.kind === 'ok' && this.#material.riding.has(process) && !this.#ranOutOfSpace)
        this.#convict('rides', `has no number: ${told()}`)
      return
    }
    const { id, grantedIndex } = place.session!
    listed(this.#sessions, `${id} of entry ${grantedIndex}`).push({ operation, entry: place })
    this.#places.set(operation, place)
    const wrong = wrongAnswer(operation, place)
    if (wrong !== undefined) this.#convict('answer', `${wrong}: ${told()}`)
    if (answer?.kind === 'ok') this.#answered++
  }

  /** The writes of one session that are known. */
  #judgeOrder(placed: Placed[]): void {
    placed.sort((a, b) => sequenceOf(a) - sequenceOf(b))
    for (let i = 1; i < placed.length; i++) {
      const [before, after] = [placed[i - 1]!, placed[i]!]
      const told = `${showOperation(before.operation)} at ${spot(before.entry)}, ${showOperation(after.operation)} at ${spot(after.entry)}`
      if (before.operation.process !== after.operation.process)
        this.#convict('order', `two processes write in one session: ${told}`)
      else if (before.operation.id > after.operation.id)
        this.#convict('order', `not in the order of issue: ${told}`)
      else this.#judgeBetween(before, after, told)
    }
  }

  /** Every write asked for in between that may have left has a number in between. */
  #judgeBetween(before: Placed, after: Placed, told: string): void {
    const room = sequenceOf(after) - sequenceOf(before) - 1
    const { operations } = this.#material
    const left: Operation[] = []
    for (let id = before.operation.id + 1; id < after.operation.id; id++) {
      const operation = operations[id]!
      const { process, call, answer } = operation
      if (process !== before.operation.process || isUnnumbered(call) || isCommon(call)) continue
      const mayHaveLeft = answer?.kind === 'ok' || answer?.kind === 'unknown'
      if (mayHaveLeft && !this.#places.has(operation)) left.push(operation)
    }
    if (left.length <= room) return
    this.#convict('order', `no number for ${left.map(showOperation).join(', ')} between ${told}`)
  }

  #judgeReads(process: string): void {
    const own = this.#material.operations.filter((one) => one.process === process)
    let floor: { readonly revision: number; readonly by: Operation } | undefined
    const raise = (revision: number, by: Operation) => {
      if (floor === undefined || revision > floor.revision) floor = { revision, by }
    }
    for (const operation of own) {
      const { call, answer } = operation
      const place = this.#places.get(operation)
      if (place !== undefined) {
        raise(revisionOf(place), operation)
        continue
      }
      if (!isOrdered(operation) || answer?.kind !== 'ok' || !isUnnumbered(call)) continue
      const revision = answer.response.header?.revision ?? 0
      if (floor !== undefined) this.#reads++
      if (floor !== undefined && revision < floor.revision)
        this.#convict(
          'sees',
          `${showOperation(operation)} does not see revision ${floor.revision}, that of a call before it: ${showOperation(floor.by)}`,
        )
      else raise(revision, operation)
    }
  }

  /** A refusal that etcd does not know is the word of a pipeline that was used wrongly. */
  #judgeRefusals(): void {
    const { operations, riding } = this.#material
    for (const operation of operations) {
      const { answer, process } = operation
      if (riding.has(process) && answer?.kind === 'failed' && answer.reason === 'invalid-argument')
        this.#convict('plain', showOperation(operation))
    }
  }

  get #ranOutOfSpace(): boolean {
    return this.#material.log.some(({ command }) => {
      const { alarm } = command ?? {}
      return alarm?.action === AlarmAction.ACTIVATE && alarm.alarm === AlarmType.NOSPACE
    })
  }

  #convict(rule: string, message: string): void {
    this.#violations.push({ rule: `pipeline: ${rule}`, message })
  }
}

/** The request as text; of a grant its id, for members raise a TTL that is too short. */
function nameOf(call: Call): string {
  if (call.kind === 'leaseGrant') return `lease ${call.request.ID}`
  return latin1(encodeBytes(PipelineCall, { [call.kind]: call.request }))
}

/**
 * What others ask for as well who are not recorded: operators compact, holders of locks
 * delete their keys. And a transaction that reads inside another one: it has a number, but
 * changes nothing, so its failure is taken for that of a read.
 */
function isCommon(call: Call): boolean {
  const { kind } = call
  if (kind === 'txn') return intentOf(call) === 'read'
  return kind === 'compaction' || kind === 'deleteRange' || kind === 'leaseRevoke'
}

/** Whether its order among the calls of its client is promised. */
function isOrdered({ call, streamed }: Operation): boolean {
  return streamed !== true && !(call.kind === 'range' && isSerializable(call))
}

function wrongAnswer({ answer }: Operation, { result }: Committed): string | undefined {
  if (answer?.kind === 'ok') {
    if (!result?.ok) return undefined
    const found = difference(answer.response, result.response)
    return found && `is answered otherwise, ${found}`
  }
  if (answer?.kind !== 'refused' || result === undefined || result.ok) return undefined
  const name = etcdErrorNamed(result.error.details)
  return name === answer.error ? undefined : `should be refused as ${name}`
}

function revisionOf({ result }: Committed): number {
  if (!result?.ok) return 0
  return (result.response as { header?: { revision?: number } }).header?.revision ?? 0
}

function sequenceOf({ entry }: Placed): number {
  return entry.session!.sequence
}

function spot({ index, session }: Committed): string {
  return session === undefined ? `entry ${index}` : `entry ${index}, write ${session.sequence}`
}

function listed<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  return list
}
