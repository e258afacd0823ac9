/**
 * Members with a pipeline that a test plays by hand, in one process and in virtual time.
 *
 * They share one replicated state: leases, sessions, and the writes that were applied, in
 * order. What a member does with its streams is up to the test: it answers, applies and
 * keeps the answer to itself, reads nothing, or refuses.
 */

import { type ServiceTable, streaming, unary } from '../../client/host/service.js'
import type { ConnectOptions } from '../../client/options.js'
import { encodeBytes, type Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  PipelineAnswer,
  PipelineCall,
  type PipelineRequest,
  type PipelineResponse,
} from '../../client/wire/generated/pipeline.js'
import { KV, Lease, Maintenance, Pipeline } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { SeededRandom } from '../model/random.js'
import { MemberStream } from './fake-members.js'
import { clientOf } from './named-members.js'

type Stream = MemberStream<PipelineRequest, PipelineResponse>

/** A session as the cluster keeps it. */
export interface KeptSession {
  applied: number
  acknowledged: number
  readonly answers: Map<number, Uint8Array>
}

/** What all members agree on. */
export class FakeCluster {
  /** What was applied, in order: `put k=v`, `delete k`, `empty`, …. */
  readonly applied: string[] = []
  readonly leases = new Map<bigint, number>()
  readonly sessions = new Map<bigint, KeptSession>()
  /** Refuses a write that it would apply. */
  refuse: (call: PipelineCall) => RpcError | undefined = () => undefined

  /** The answer to a call; writes are applied at most once. */
  answer(call: PipelineCall, sessionId: bigint): Uint8Array {
    if (call.sequence === 0) return encodeBytes(PipelineAnswer, this.#read(call))
    const session = this.sessions.get(sessionId)
    if (session === undefined) throw etcdErrors.leaseNotFound.error()
    if (call.sequence > session.applied) {
      if (call.sequence !== session.applied + 1)
        throw new RpcError(Status.INVALID_ARGUMENT, `a gap before write ${call.sequence}`)
      session.applied++
      session.answers.set(call.sequence, encodeBytes(PipelineAnswer, this.#write(call)))
    }
    const kept = session.answers.get(call.sequence)
    if (kept === undefined) throw new RpcError(Status.INVALID_ARGUMENT, 'acknowledged before')
    return kept
  }

  acknowledge(sessionId: bigint, upTo: number): void {
    const session = this.sessions.get(sessionId)
    if (session === undefined || upTo === 0) return
    session.acknowledged = upTo
    for (const sequence of session.answers.keys())
      if (sequence <= upTo) session.answers.delete(sequence)
  }

  grant(id: bigint, ttlSeconds: number): void {
    if (this.leases.has(id)) throw etcdErrors.leaseExist.error()
    this.leases.set(id, ttlSeconds)
  }

  revoke(id: bigint): void {
    if (!this.leases.delete(id)) throw etcdErrors.leaseNotFound.error()
    this.sessions.delete(id)
  }

  #read(call: PipelineCall): Init<PipelineAnswer> {
    const revision = this.applied.length + 1
    if (call.txn) return { revision, txn: { succeeded: true } }
    return { revision, range: { kvs: [{ key: call.range!.key, version: revision }], count: 1 } }
  }

  #write(call: PipelineCall): Init<PipelineAnswer> {
    const refusal = this.refuse(call)
    if (refusal !== undefined) return { error: { status: refusal.code, text: refusal.details } }
    this.applied.push(told(call))
    const revision = this.applied.length + 1
    if (call.put) return { revision, put: {} }
    if (call.deleteRange) return { revision, deleteRange: { deleted: 1 } }
    if (call.txn) return { revision, txn: { succeeded: true } }
    if (call.compaction) return { revision, compaction: {} }
    if (call.leaseRevoke) return { revision, leaseRevoke: {} }
    if (call.leaseGrant)
      return { revision, leaseGrant: { ID: call.leaseGrant.ID, TTL: call.leaseGrant.TTL } }
    return { error: { status: Status.UNIMPLEMENTED, text: 'no such call' } }
  }
}

function told(call: PipelineCall): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
  if (call.put) return `put ${text(call.put.key)}=${text(call.put.value)}`
  if (call.deleteRange) return `delete ${text(call.deleteRange.key)}`
  if (call.txn) return `txn of ${call.txn.success.length}`
  if (call.compaction) return `compact ${call.compaction.revision}`
  if (call.leaseGrant) return `grant ${call.leaseGrant.ID}`
  return call.leaseRevoke ? `revoke ${call.leaseRevoke.ID}` : 'empty'
}

/** How a member treats its pipeline. `mute` applies and says nothing; `deaf` does not even apply. */
export type Manner = 'answers' | 'mute' | 'deaf' | 'without-pipeline'

/** One stream of the pipeline as its member sees it. */
export interface OpenStream {
  readonly stream: Stream
  readonly session: bigint
  /** Every call that came, in order. */
  readonly calls: PipelineCall[]
  /** Sizes of the messages that had calls. */
  readonly batches: number[]
  /** Answers that a mute member has kept to itself. */
  readonly withheld: Uint8Array[]
}

/** One member. */
export class PipelineMember {
  up = true
  manner: Manner = 'answers'
  window = { callsMax: 1_000, bytesMax: 1_000_000 }
  /** The last write of a session that it has applied, as it tells in its welcome. */
  applied = (applied: number) => applied
  /** What a greeting is refused with. */
  refuseGreeting: () => RpcError | undefined = () => undefined
  onGrant: () => Promise<void> | void = () => {}
  /** Answers of keep-alives: a TTL, or undefined for silence. */
  keepAliveTtl: (id: bigint) => number | undefined
  readonly streams: OpenStream[] = []
  /** Unary calls, by name. */
  readonly unary: string[] = []
  readonly #cluster: FakeCluster

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster
    this.keepAliveTtl = (id) => cluster.leases.get(id) ?? 0
  }

  /** The newest stream. */
  get stream(): OpenStream {
    return this.streams[this.streams.length - 1]!
  }

  /** Breaks all streams, as a lost connection does. */
  breakStreams(error = new RpcError(Status.UNAVAILABLE, 'the connection broke')): void {
    for (const { stream } of this.streams) stream.fail(error)
  }

  /** Says what it has kept to itself on the newest stream. */
  speak(): void {
    this.manner = 'answers'
    this.#send(this.stream, this.stream.withheld.splice(0))
  }

  get services(): ServiceTable {
    return this.manner === 'without-pipeline' ? this.#plain : this.#whole
  }

  readonly #plain: ServiceTable = [
    unary(KV.put, (request) => {
      this.unary.push(`put ${Buffer.from(request.key)}`)
      return {}
    }),
    unary(KV.range, () => {
      this.unary.push('range')
      return {}
    }),
    unary(KV.compact, () => {
      this.unary.push('compact')
      return {}
    }),
    unary(Maintenance.status, () => {
      this.unary.push('status')
      return {}
    }),
    unary(Lease.leaseGrant, async ({ ID, TTL }) => {
      this.unary.push(`grant ${ID}`)
      await this.onGrant()
      this.#cluster.grant(ID, TTL)
      return { ID, TTL }
    }),
    unary(Lease.leaseRevoke, ({ ID }) => {
      this.unary.push(`revoke ${ID}`)
      this.#cluster.revoke(ID)
      return {}
    }),
    streaming(Lease.leaseKeepAlive, (stream) => {
      stream.receive({
        message: ({ ID }) => {
          const TTL = this.keepAliveTtl(ID)
          if (TTL !== undefined) stream.send({ ID, TTL })
        },
        close() {},
      })
    }),
  ]

  readonly #whole: ServiceTable = [
    ...this.#plain,
    streaming(Pipeline.open, (stream) => {
      const mine: Stream = new MemberStream(stream, (request) => this.#take(mine, request))
    }),
  ]

  #take(stream: Stream, request: PipelineRequest): void {
    try {
      if (request.hello !== undefined) this.#greet(stream, request.hello.session)
      else this.#work(this.streams.find((one) => one.stream === stream)!, request)
    } catch (error) {
      stream.fail(error as RpcError)
    }
  }

  #greet(stream: Stream, session: bigint): void {
    const refusal = this.refuseGreeting()
    if (refusal !== undefined) throw refusal
    this.streams.push({ stream, session, calls: [], batches: [], withheld: [] })
    if (this.manner === 'deaf') return
    const { leases, sessions } = this.#cluster
    if (session !== 0n && !leases.has(session)) throw etcdErrors.leaseNotFound.error()
    if (session !== 0n && !sessions.has(session))
      sessions.set(session, { applied: 0, acknowledged: 0, answers: new Map() })
    const applied = this.applied(sessions.get(session)?.applied ?? 0)
    stream.send({ welcome: { applied, ...this.window } })
  }

  #work(open: OpenStream, { calls, acknowledged }: PipelineRequest): void {
    if (calls.length > 0) open.batches.push(calls.length)
    const decoded = calls.map((bytes) => PipelineCall.decode(bytes))
    open.calls.push(...decoded)
    if (this.manner === 'deaf') return
    this.#cluster.acknowledge(open.session, acknowledged)
    const answers = decoded.map((call) => this.#cluster.answer(call, open.session))
    if (this.manner === 'mute') open.withheld.push(...answers)
    else if (answers.length > 0) this.#send(open, answers)
  }

  #send({ stream }: OpenStream, answers: Uint8Array[]): void {
    stream.send({ answers, clusterId: 7n, memberId: 8n, raftTerm: 9 })
  }
}

/** A client and its members `a`, `b`, …, of which the client uses `a` first. */
export function fakePipeline(count = 1, options: Partial<ConnectOptions> = {}) {
  const cluster = new FakeCluster()
  const members = Array.from({ length: count }, () => new PipelineMember(cluster))
  const seeded = new SeededRandom(1)
  const random = { next: () => 0, bytes: (length: number) => seeded.bytes(length) }
  const { client, clock } = clientOf(members, { random, ...options })
  return { client, clock, cluster, members, first: members[0]! }
}
