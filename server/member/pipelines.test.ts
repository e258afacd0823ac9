/** Pipelines over a made-up session and a raft that takes, drops or loses what it is given. */

import { describe, expect, test } from '@jest/globals'
import { encodeBytes } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Command, type PipelineBatch } from '../../client/wire/generated/command.js'
import { PipelineAnswer, PipelineCall } from '../../client/wire/generated/pipeline.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import {
  PIPELINE_BATCH_CALLS_MAX,
  PIPELINE_CALLS_MAX,
  PIPELINE_UNSENT_BYTES,
  SESSION_ANSWERS_BYTES_MAX,
} from '../limits.js'
import { type DropReason, ProposalDropped } from '../raft/raft.js'
import type { SessionObserver, Sessions } from '../state/sessions.js'
import { DEFAULT_TUNING } from '../tuning.js'
import { CallsUnderWay } from './calls-under-way.js'
import { pipelineCall, type QueuedCall } from './pipeline-calls.js'
import type { PipelineClient } from './pipeline-stream.js'
import { Pipelines } from './pipelines.js'

const SESSION = 5n
const ELECTION_MS = 1000
const TIMEOUT_MS = 7000

/** A session that applies what it is told to, as the state machine would. */
class MadeUpSession {
  applied = 0
  acknowledged = 0
  /** What it says that each answer takes. */
  answerBytes = 1
  readonly observers = new Set<SessionObserver>()
  readonly answers = new Map<number, Uint8Array>()

  /** Applies a batch that raft took. */
  apply({ first, calls }: PipelineBatch): void {
    for (let i = 0; i < calls.length; i++) {
      if (first + i !== this.applied + 1) continue
      const sequence = first + i
      for (const observer of this.observers) observer.applying?.(sequence)
      this.applied = sequence
      const answer = encodeBytes(PipelineAnswer, { revision: sequence, put: {} })
      this.answers.set(sequence, answer)
      for (const observer of this.observers) observer.applied(sequence, answer)
    }
  }

  get sessions(): Sessions {
    return {
      get: (id: bigint) =>
        id === SESSION
          ? { grantedIndex: 9, applied: this.applied, acknowledged: this.acknowledged }
          : undefined,
      answer: (_: bigint, sequence: number) => this.answers.get(sequence),
      answerBytesAbove: (_: bigint, sequence: number) =>
        (this.applied - sequence) * this.answerBytes,
      observe: (_: bigint, observer: SessionObserver) => {
        this.observers.add(observer)
        return () => this.observers.delete(observer)
      },
    } as unknown as Sessions
  }
}

function bed(batchBytesMax = 1_000_000) {
  const session = new MadeUpSession()
  const clock = new VirtualClock()
  const calls = new CallsUnderWay()
  const it = {
    clock,
    session,
    calls,
    /** What raft took. */
    taken: [] as PipelineBatch[],
    drops: undefined as DropReason | undefined,
    applyLag: 0,
    isLeader: false,
    leaderlessSinceMs: undefined as number | undefined,
    /** The barriers that are under way. */
    barriers: [] as { resolve: () => void; reject: (error: unknown) => void }[],
    /** How many reads ran. */
    reads: 0,
    /** How large the answer to a read is. */
    readBytes: 10,
    /** What the client got: a word for each answer, and what else it was told. */
    heard: [] as string[],
    /** The client has room. */
    flowing: true,
  }
  const client: PipelineClient = {
    send(answers) {
      for (const bytes of answers) it.heard.push(wordOf(PipelineAnswer.decode(bytes)))
      return it.flowing
    },
    pause: () => it.heard.push('pause'),
    resume: () => it.heard.push('resume'),
    end: () => it.heard.push('end'),
    fail: (error) => it.heard.push(error.details),
    revision: () => session.applied,
    read: (_, revision = session.applied) => {
      it.reads++
      const value = new Uint8Array(it.readBytes)
      const range = { kvs: [{ value }], count: revision }
      return encodeBytes(PipelineAnswer, { range })
    },
  }
  const pipelines = new Pipelines({
    clock,
    tuning: DEFAULT_TUNING,
    electionTimeoutMs: ELECTION_MS,
    timeoutMs: TIMEOUT_MS,
    batchBytesMax,
    sessions: () => session.sessions,
    readBarrier: () =>
      new Promise<void>((resolve, reject) => it.barriers.push({ resolve, reject })),
    propose: (data) => {
      if (it.drops !== undefined) throw new ProposalDropped(it.drops, 'dropped')
      it.taken.push(Command.decode(data).pipeline!)
    },
    applyLag: () => it.applyLag,
    isLeader: () => it.isLeader,
    leaderlessSinceMs: () => it.leaderlessSinceMs,
    timeoutError: () => etcdErrors.timeout.error(),
    calls,
  })
  return Object.assign(it, {
    pipelines,
    open: (id = SESSION) => pipelines.open(id, client).stream,
    /** The turn ends. */
    turn: () => clock.run(0),
    /** Raft's entries from the nth on are applied. */
    applyFrom(n = 0) {
      for (const batch of it.taken.slice(n)) session.apply(batch)
    },
  })
}

/** A write's number; for a read, how many writes it saw. */
function wordOf({ revision, range, error }: PipelineAnswer): string {
  return error?.text ?? (range === undefined ? `w${revision}` : `r${range.count}`)
}

function write(sequence: number, bytes = 20): QueuedCall {
  return pipelineCall({ sequence, bytes, data: new Uint8Array(bytes) })
}

const read = (isLocal = false): QueuedCall =>
  pipelineCall({ bytes: 10, read: PipelineCall.create({ range: {} }), isLocal })

const writes = (from: number, to: number): QueuedCall[] =>
  Array.from({ length: to - from + 1 }, (_, i) => write(from + i))

describe('writes', () => {
  test('of one message are one proposal; several when it would be too large', async () => {
    const it = bed(100)
    const stream = it.open()
    stream.take(writes(1, 3), 0)
    stream.take([...writes(4, 11), write(12, 500), write(13)], 2)
    const batches = it.taken.map(({ first, calls, acknowledged }) => [
      first,
      calls.length,
      acknowledged,
    ])
    expect(batches).toEqual([
      [1, 3, 0],
      [4, 3, 2],
      [7, 3, 2],
      [10, 2, 2],
      [12, 1, 2],
      [13, 1, 2],
    ])
    expect(it.taken[0]).toMatchObject({ session: SESSION, grantedIndex: 9 })
    it.applyFrom()
    await it.turn()
    expect(it.heard).toEqual(Array.from({ length: 13 }, (_, i) => `w${i + 1}`))
  })

  test('are so many in one proposal, and none behind one that may touch any number of keys', () => {
    const it = bed()
    const stream = it.open()
    stream.take(writes(1, PIPELINE_BATCH_CALLS_MAX + 2), 0)
    const next = PIPELINE_BATCH_CALLS_MAX + 3
    stream.take([write(next), { ...write(next + 1), isWide: true }, write(next + 2)], 0)
    const counts = it.taken.map(({ calls }) => calls.length)
    expect(counts).toEqual([PIPELINE_BATCH_CALLS_MAX, 2, 2, 1])
  })

  test('that raft drops are proposed in order as soon as it may take them', async () => {
    const it = bed()
    const stream = it.open()
    stream.take([write(1)], 0)
    it.drops = 'overloaded'
    stream.take([write(2)], 0)
    stream.take([write(3)], 0)
    it.pipelines.resume()
    it.drops = undefined
    it.applyLag = 1_000_000
    it.pipelines.resume()
    expect(it.taken.map(({ first }) => first)).toEqual([1])
    it.applyLag = 0
    it.pipelines.resume()
    it.pipelines.resume()
    expect(it.taken.map(({ first }) => first)).toEqual([1, 2, 3])
  })

  test('wait for a leader, and are proposed again to each new one until they are applied', async () => {
    const it = bed()
    const stream = it.open()
    it.drops = 'noLeader'
    stream.take([write(1)], 0)
    stream.take([write(2)], 0)
    it.drops = undefined
    it.pipelines.leaderKnown()
    it.session.apply(it.taken[0]!)
    it.pipelines.leaderKnown()
    expect(it.taken.map(({ first }) => first)).toEqual([1, 2, 2])
    it.applyFrom(1)
    it.pipelines.leaderKnown()
    expect(it.taken.length).toBe(3)
    await it.turn()
    expect(it.heard).toEqual(['w1', 'w2'])
  })

  test('that a follower passed on are proposed again when nothing moves, less and less often', async () => {
    const it = bed()
    const stream = it.open()
    stream.take([write(1)], 0)
    await it.clock.run(1_500)
    expect(it.taken.length).toBe(1)
    await it.clock.run(1_000)
    expect(it.taken.length).toBe(2)
    await it.clock.run(2_500)
    expect(it.taken.length).toBe(2)
    await it.clock.run(1_500)
    expect(it.taken.length).toBe(3)
    it.applyFrom()
    await it.clock.run(60_000)
    expect(it.taken.length).toBe(3)
    expect(it.heard).toEqual(['w1'])
  })

  test('that a leader took are in its log: it only waits', async () => {
    const it = bed()
    it.isLeader = true
    it.open().take([write(1)], 0)
    await it.clock.run(6_500)
    expect(it.taken.length).toBe(1)
  })

  test('that the session has no room for are proposed again when enough is acknowledged', async () => {
    const it = bed()
    it.isLeader = true
    it.session.answerBytes = SESSION_ANSWERS_BYTES_MAX / 8
    const stream = it.open()
    stream.take(writes(1, 9), 0)
    stream.take([write(10)], 0)
    it.session.apply({ ...it.taken[0]!, calls: it.taken[0]!.calls.slice(0, 8) })
    for (const observer of it.session.observers) observer.waiting!()
    await it.turn()
    stream.take([], 3)
    expect(it.taken.length).toBe(2)
    stream.take([], 4)
    stream.take([], 5)
    const again = it.taken.slice(2)
    expect(again.map(({ calls, acknowledged }) => [calls.length, acknowledged])).toEqual([
      [0, 4],
      [9, 0],
      [1, 0],
    ])
    it.applyFrom(2)
    expect(it.session.applied).toBe(10)
  })

  test('that the session had no room for are proposed again when the client was faster', async () => {
    const it = bed()
    it.isLeader = true
    const stream = it.open()
    stream.take([write(1)], 0)
    stream.take([], 1)
    it.session.acknowledged = 1
    for (const observer of it.session.observers) observer.waiting!()
    await it.turn()
    expect(it.taken.map(({ calls, acknowledged }) => [calls.length, acknowledged])).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
    ])
  })

  test('that are applied already are answered with what is kept, others once they are applied', async () => {
    const it = bed()
    const first = it.open()
    first.take(writes(1, 4), 0)
    const second = it.open()
    it.session.apply({ ...it.taken[0]!, calls: it.taken[0]!.calls.slice(0, 2) })
    second.take([write(2), read(), write(3), write(4)], 0)
    expect(it.taken.map(({ first: from }) => from)).toEqual([1, 3])
    first.close()
    it.applyFrom()
    await it.turn()
    expect(it.heard).toEqual(['w2', 'r2', 'w3', 'w4'])
  })
})

describe('reads', () => {
  test('of one message share a barrier, and run when it is through', async () => {
    const it = bed()
    const stream = it.open(0n)
    stream.take([read(), read()], 0)
    stream.take([read()], 0)
    expect(it.barriers.length).toBe(2)
    it.barriers[0]!.resolve()
    await it.turn()
    expect(it.heard).toEqual(['r0', 'r0'])
    it.barriers[1]!.resolve()
    await it.turn()
    expect(it.heard.length).toBe(3)
  })

  test('see the writes before them and none behind, though the barrier is slow', async () => {
    const it = bed()
    it.open().take([read(), write(1), read(), write(2), write(3), read()], 0)
    it.applyFrom()
    await it.turn()
    expect(it.heard).toEqual(['r0', 'w1', 'r1', 'w2', 'w3'])
    it.barriers[0]!.resolve()
    await it.turn()
    expect(it.heard.at(-1)).toBe('r3')
  })

  test('of this member alone wait for no barrier', async () => {
    const it = bed()
    it.open().take([read(true)], 0)
    await it.turn()
    expect(it.barriers).toEqual([])
    expect(it.heard).toEqual(['r0'])
  })

  test('fail the stream when there is no quorum', async () => {
    const it = bed()
    it.open().take([write(1), read()], 0)
    it.applyFrom()
    it.barriers[0]!.reject(etcdErrors.timeout.error())
    await it.turn()
    expect(it.heard).toEqual(['w1', 'etcdserver: request timed out'])
    expect(it.session.observers.size).toBe(0)
  })
})

describe('back-pressure', () => {
  test('takes no more than may be unanswered', async () => {
    const it = bed()
    const stream = it.open()
    stream.take(writes(1, PIPELINE_CALLS_MAX - 1), 0)
    expect(it.heard).toEqual([])
    stream.take([write(PIPELINE_CALLS_MAX)], 0)
    expect(it.heard).toEqual(['pause'])
    it.applyFrom()
    await it.turn()
    expect(it.heard.at(-1)).toBe('resume')
  })

  test('answers wait while the client has no room; reads do not run ahead of it', async () => {
    const it = bed()
    it.readBytes = PIPELINE_UNSENT_BYTES / 2
    it.flowing = false
    const stream = it.open(0n)
    stream.take(
      Array.from({ length: 6 }, () => read()),
      0,
    )
    it.barriers[0]!.resolve()
    await it.turn()
    const first = it.heard.length
    expect(first).toBeLessThan(4)
    await it.clock.run(20_000)
    expect(it.heard.filter((word) => word === 'r0').length).toBe(first)
    it.flowing = true
    stream.drained()
    await it.turn()
    expect(it.heard.filter((word) => word === 'r0').length).toBe(6)
  })

  test('reads that would hold apply run later, and see what was there before the write behind them', async () => {
    const it = bed()
    it.readBytes = PIPELINE_UNSENT_BYTES / 2
    it.open().take([read(), read(), read(), write(1), read(), read(), write(2), read()], 0)
    it.applyFrom()
    expect(it.reads).toBe(2)
    await it.turn()
    expect(it.heard).toEqual(['r0', 'r0', 'r0', 'w1', 'r1', 'r1', 'w2'])
    it.barriers[0]!.resolve()
    await it.turn()
    expect(it.heard.at(-1)).toBe('r2')
  })

  test('writes that a session has answered are told when it ends, though reads before them wait', () => {
    const it = bed()
    it.readBytes = PIPELINE_UNSENT_BYTES
    it.open().take([read(), read(), write(1)], 0)
    it.applyFrom()
    for (const observer of it.session.observers) observer.lost()
    const refused = 'etcdserver: too many requests'
    expect(it.heard).toEqual(['r0', refused, 'w1', 'etcdserver: requested lease not found'])
  })
})

describe('a stream ends', () => {
  test('when nothing moves for the time of a request', async () => {
    const it = bed()
    it.open().take([write(1)], 0)
    await it.clock.run(TIMEOUT_MS + ELECTION_MS)
    expect(it.heard).toEqual(['etcdserver: request timed out'])
    expect(it.pipelines.size).toBe(0)
  })

  test('when there is no leader for so long, though nothing was asked', async () => {
    const it = bed()
    it.open(0n)
    it.leaderlessSinceMs = it.clock.now()
    await it.clock.run(TIMEOUT_MS - 1)
    expect(it.heard).toEqual([])
    await it.clock.run(ELECTION_MS)
    expect(it.heard).toEqual(['etcdserver: request timed out'])
  })

  test('when the session does: what it was answered in the same turn goes out first', () => {
    const it = bed()
    it.open().take(writes(1, 2), 0)
    it.session.apply({ ...it.taken[0]!, calls: it.taken[0]!.calls.slice(0, 1) })
    for (const observer of it.session.observers) observer.lost()
    expect(it.heard).toEqual(['w1', 'etcdserver: requested lease not found'])
  })

  test('when its member drains, after the answers; the member waits for them', async () => {
    const it = bed()
    it.open().take(writes(1, 2), 0)
    let drained = false
    void it.calls.drained(it.clock, 5_000).then(() => {
      drained = true
    })
    it.pipelines.drain()
    await it.clock.run(1_000)
    expect(drained).toBe(false)
    it.applyFrom()
    await it.clock.run(100)
    expect(drained).toBe(true)
    expect(it.heard).toEqual(['pause', 'w1', 'w2', 'etcdserver: server stopped'])
    expect(() => it.open()).toThrow('server stopped')
  })

  test('and no timer is left', async () => {
    const it = bed()
    const stream = it.open()
    stream.take([write(1), read()], 0)
    stream.close()
    await it.turn()
    expect(it.clock.timerCount).toBe(0)
  })
})
