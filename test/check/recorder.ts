/**
 * Notes what processes ask of a cluster through the real client, and what they hear.
 *
 * It knows neither the simulated world nor real processes: it is given clients and a
 * time. Everything that begins or ends takes the next place of one common numbering, so
 * the notes of all processes, and the lease and lock records that others write with
 * {@link Recorder.mark}, have one order.
 *
 * How a failure is classed decides what the judges may conclude, so doubt counts as
 * `unknown`:
 *
 * | the client says | read | write |
 * | --- | --- | --- |
 * | a refusal by rule, see {@link RULES} | refused | refused |
 * | `outcomeUnknown` | — | unknown |
 * | corrupt: a member that found out too late may have applied it | failed | unknown |
 * | anything else: never sent, too many requests, cancelled before it was sent | failed | failed |
 *
 * "Space exceeded" is no refusal by rule: what met it at apply was applied all the same.
 * The client says of it that the outcome is unknown, as it does of every status that it
 * does not know.
 */

import type { Client } from '../../client/index.js'
import { ConclaveError, type Intent } from '../../client/index.js'
import type { Init } from '../../client/wire/codec.js'
import { type EtcdErrorName, etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import type { TxnRequest } from '../../client/wire/generated/rpc.js'
import type { Method } from '../../client/wire/method.js'
import { KV, Lease } from '../../client/wire/methods.js'
import type { Call, Calls } from '../model/call.js'
import type { Moment } from './lock-record.js'
import type { Answer, Operation } from './operation.js'
import { readStreamed } from './range-pieces.js'

/** Who asks, and through what. */
export interface Asker {
  /** Unique among the processes of a run. */
  readonly process: string
  readonly client: Client
}

/** How an operation is asked for. */
export interface PerformOptions {
  /** Time with all its tries, in milliseconds; default that of the client. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** A range comes in pieces, by RangeStream; it is not repeated, and noted as a plain one. */
  readonly streamed?: boolean
}

/** An operation whose end is still to be filled in. */
type Pending = { -readonly [Field in keyof Operation]: Operation[Field] }

/** See the head of the file. */
export class Recorder {
  readonly #operations: Pending[] = []
  readonly #nowMs: () => number
  readonly #onEnd: (operation: Operation) => void
  #nextPlace = 0

  /**
   * @param nowMs one time for all processes: virtual or monotonic milliseconds.
   * @param onEnd hears of every operation that is over.
   */
  constructor(nowMs: () => number, onEnd: (operation: Operation) => void = () => {}) {
    this.#nowMs = nowMs
    this.#onEnd = onEnd
  }

  /** All operations so far, by order of beginning; those under way are filled in later. */
  get operations(): readonly Operation[] {
    return this.#operations
  }

  /** The common time, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs()
  }

  /** Takes the next place of the numbering. */
  mark(): Moment {
    return { at: this.#nextPlace++, ms: this.nowMs }
  }

  /** Asks, and notes how it comes out. Never rejects for what a cluster or a network does. */
  async perform(
    { process, client }: Asker,
    call: Call,
    options: PerformOptions = {},
  ): Promise<Operation & { readonly answer: Answer }> {
    const began = this.mark()
    const operation: Pending = {
      id: this.#operations.length,
      process,
      call,
      began: began.at,
      ended: Number.POSITIVE_INFINITY,
      beganMs: began.ms,
      endedMs: undefined,
      answer: undefined,
      ...(options.streamed && { streamed: true }),
    }
    this.#operations.push(operation)
    const answer = await ask(client, call, options)
    const ended = this.mark()
    if (answer.kind !== 'unknown') operation.ended = ended.at
    operation.endedMs = ended.ms
    operation.answer = answer
    this.#onEnd(operation)
    return operation as Operation & { readonly answer: Answer }
  }
}

const METHODS: {
  readonly [Kind in Call['kind']]: Method<Calls[Kind][0], Calls[Kind][1], 'unary'>
} = {
  range: KV.range,
  put: KV.put,
  deleteRange: KV.deleteRange,
  txn: KV.txn,
  compaction: KV.compact,
  leaseGrant: Lease.leaseGrant,
  leaseRevoke: Lease.leaseRevoke,
}

async function ask(client: Client, call: Call, options: PerformOptions): Promise<Answer> {
  const intent = intentOf(call)
  const method = METHODS[call.kind] as Method<Call['request'], Calls[Call['kind']][1], 'unary'>
  const { streamed = false, ...limits } = options
  try {
    if (streamed && call.kind === 'range')
      return { kind: 'ok', response: await readStreamed(client, call.request, limits) }
    const request = call.request as Init<Call['request']>
    return { kind: 'ok', response: await client.rpc(method, request, { ...limits, intent }) }
  } catch (error) {
    if (error instanceof ConclaveError) return answerOf(error, intent)
    throw error
  }
}

/** What the client would be told by its own user: a transaction that only reads is a read. */
export function intentOf(call: Call): Intent {
  if (call.kind === 'range') return 'read'
  return call.kind === 'txn' && onlyReads(call.request) ? 'read' : 'write'
}

function onlyReads({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(
    ({ requestPut, requestDeleteRange, requestTxn }) =>
      !requestPut && !requestDeleteRange && (!requestTxn || onlyReads(requestTxn)),
  )
}

/** What etcd refuses by the rules of its data model, before anything changed. */
const RULES: ReadonlySet<EtcdErrorName> = new Set([
  'emptyKey',
  'keyNotFound',
  'valueProvided',
  'leaseProvided',
  'tooManyOps',
  'duplicateKey',
  'invalidSortOption',
  'compacted',
  'futureRev',
  'leaseNotFound',
  'leaseExist',
  'leaseTTLTooLarge',
  'requestTooLarge',
])

/** Classes a failure of the client; see the head of the file. */
export function answerOf(error: ConclaveError, intent: Intent): Answer {
  const name = etcdErrorNamed(error.etcd?.text ?? '')
  if (error.outcomeUnknown || (intent === 'write' && error.code === 'corrupt'))
    return { kind: 'unknown', reason: name ?? error.code }
  if (name !== undefined && RULES.has(name)) return { kind: 'refused', error: name }
  return { kind: 'failed', reason: name ?? error.code }
}
