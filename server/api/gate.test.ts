/** The gate: who is let in, and which streams are cut when. */

import { describe, expect, test } from '@jest/globals'
import type { Metadata } from '../../client/host/transport.js'
import { InProcessTransport } from '../../client/host/transport-inprocess.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { KV, Watch } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { CallsUnderWay } from '../member/calls-under-way.js'
import type { Member } from '../server.js'
import { gatedStream, gatedUnary } from './gate.js'

const ELECTION_MS = 1000

/** A member as the gate sees it, and two methods behind the gate. */
class Bed {
  readonly clock = new VirtualClock({ nowMs: 5_000 })
  readonly onStop = new Set<() => void>()
  leader = 1n
  leaderlessSinceMs: number | undefined
  unreadable: RpcError | undefined
  /** Streams that reached their handler; the handler ends them on the client's word. */
  served = 0

  readonly #channel = new InProcessTransport({
    clock: this.clock,
    services: () => this.#services,
  }).connect('any')

  get #services() {
    const bed = this
    const member = {
      config: { electionTimeoutMs: ELECTION_MS },
      calls: new CallsUnderWay(),
      assertReadable: () => {
        if (this.unreadable !== undefined) throw this.unreadable
      },
      onStop: (run: () => void) => {
        this.onStop.add(run)
        return () => this.onStop.delete(run)
      },
      get raft() {
        return { leader: bed.leader }
      },
      get leaderlessSinceMs() {
        return bed.leaderlessSinceMs
      },
    } as unknown as Member
    return [
      gatedUnary(member, KV.range, () => ({ count: 1 })),
      gatedStream(member, this.clock, Watch.watch, (stream) => {
        this.served++
        stream.receive({ message: () => {}, end: () => stream.end(), close: () => {} })
      }),
    ]
  }

  call(metadata: Metadata = {}): Promise<string> {
    return this.#channel.call(KV.range, {}, { metadata }).then(
      ({ count }) => String(count),
      (error: Error) => error.message,
    )
  }

  /** Why the stream ended; null while it is open. */
  open(metadata: Metadata = {}) {
    const stream = this.#channel.stream(Watch.watch, { metadata })
    const it = { stream, outcome: null as string | undefined | null }
    stream.receive({
      message: () => {},
      close: (error) => {
        it.outcome = error?.details
      },
    })
    return it
  }
}

const NEEDS_LEADER = { hasleader: 'true' }

describe('a call', () => {
  test('is let in without a leader, unless it asks for one', async () => {
    const it = new Bed()
    it.leader = 0n
    expect(await it.call()).toBe('1')
    expect(await it.call({ hasleader: 'false' })).toBe('1')
    expect(await it.call(NEEDS_LEADER)).toBe(etcdErrors.noLeader.text)
    it.leader = 1n
    expect(await it.call(NEEDS_LEADER)).toBe('1')
  })

  test('of a member that cannot be read is refused with its reason, streams too', async () => {
    const it = new Bed()
    it.unreadable = etcdErrors.stopped.error()
    expect(await it.call()).toBe(etcdErrors.stopped.text)
    const { outcome } = await settled(it, it.open())
    expect([outcome, it.served]).toEqual([etcdErrors.stopped.text, 0])
  })
})

describe('a stream', () => {
  test('that asks for a leader is refused at once when there is none', async () => {
    const it = new Bed()
    it.leader = 0n
    const { outcome } = await settled(it, it.open(NEEDS_LEADER))
    expect([outcome, it.served]).toEqual([etcdErrors.noLeader.text, 0])
  })

  test('that asks for a leader is cut after three election timeouts without one, others go on', async () => {
    const it = new Bed()
    const strict = it.open(NEEDS_LEADER)
    const patient = it.open()
    await it.clock.run(10_000)
    it.leaderlessSinceMs = it.clock.now()
    await it.clock.run(2 * ELECTION_MS)
    it.leaderlessSinceMs = undefined
    await it.clock.run(2 * ELECTION_MS)
    it.leaderlessSinceMs = it.clock.now()
    await it.clock.run(3 * ELECTION_MS - 10)
    expect([strict.outcome, patient.outcome]).toEqual([null, null])
    await it.clock.run(ELECTION_MS + 10)
    expect([strict.outcome, patient.outcome]).toEqual([etcdErrors.noLeader.text, null])
  })

  test('leaves nothing behind, whoever ends it', async () => {
    const it = new Bed()
    const byServer = it.open(NEEDS_LEADER)
    const byClient = it.open(NEEDS_LEADER)
    await it.clock.run(10)
    byServer.stream.end()
    byClient.stream.fail(etcdErrors.canceled.error())
    await it.clock.run(10)
    expect([byServer.outcome, it.served]).toEqual([undefined, 2])
    expect([it.clock.timerCount, it.onStop.size]).toEqual([0, 0])
  })

  test('ends with its member', async () => {
    const it = new Bed()
    const open = [it.open(), it.open(NEEDS_LEADER)]
    await it.clock.run(10)
    for (const run of [...it.onStop]) run()
    await it.clock.run(10)
    const { text } = etcdErrors.stopped
    expect(open.map(({ outcome }) => outcome)).toEqual([text, text])
    expect(it.clock.timerCount).toBe(0)
  })
})

async function settled<T>(it: Bed, value: T): Promise<T> {
  await it.clock.run(10)
  return value
}
