/** The lease judge convicts each broken promise and lets right lives pass. */

import { describe, expect, test } from '@jest/globals'
import { Command } from '../../client/wire/generated/command.js'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { LeaseAnswer, LeaseRecord } from './lease-record.js'
import { judgeLeases, type LeaseMaterial } from './lease-rules.js'

const LEASE = 7n

/** A log in the making: leases, and keys on them. */
class Log {
  readonly committed: Committed[] = []
  readonly events: ModelEvent[] = []
  revision = 1
  term = 1

  grant(atMs: number, ttlSeconds: number, id = LEASE): this {
    const response = { header: { revision: this.revision }, ID: id, TTL: ttlSeconds }
    return this.#add(atMs, { leaseGrant: { ID: id, TTL: ttlSeconds } }, response)
  }

  /** @param leaderTerm 0 for a client's wish. */
  revoke(atMs: number, keys: readonly string[], leaderTerm = this.term, id = LEASE): this {
    if (keys.length > 0) this.revision++
    for (const key of keys) this.#event(EventType.DELETE, key, 0n)
    const response = { header: { revision: this.revision } }
    return this.#add(atMs, { leaseRevoke: { ID: id, leaderTerm } }, response)
  }

  put(atMs: number, key: string, lease = LEASE): this {
    this.revision++
    this.#event(EventType.PUT, key, lease)
    const response = { header: { revision: this.revision } }
    return this.#add(atMs, { put: { key: Buffer.from(key), lease } }, response)
  }

  delete(atMs: number, key: string): this {
    this.revision++
    this.#event(EventType.DELETE, key, 0n)
    const response = { header: { revision: this.revision } }
    return this.#add(atMs, { deleteRange: { key: Buffer.from(key) } }, response)
  }

  newTerm(atMs: number): this {
    this.term++
    return this.#add(atMs)
  }

  #event(type: EventType, key: string, lease: bigint): void {
    const { revision } = this
    const kv = { key, lease, modRevision: revision } as ModelEvent['kv']
    this.events.push({ revision, type, kv, prev: undefined })
  }

  #add(atMs: number, command?: Parameters<typeof Command.create>[0], response = {}): this {
    this.committed.push({
      index: this.committed.length + 1,
      term: this.term,
      command: command && Command.create(command),
      change: undefined,
      result: command && { ok: true, response },
      overQuota: false,
      atMs,
      member: 'm1',
    })
    return this
  }
}

/** A record whose places are its milliseconds. */
function record(
  kind: LeaseRecord['kind'],
  beganMs: number,
  endedMs: number,
  answer: LeaseAnswer,
): LeaseRecord {
  const common = { process: 'c1', leaseId: LEASE, kind, beganMs, endedMs, answer }
  return { ...common, began: beganMs, ended: endedMs }
}

const ok = (ttlSeconds: number): LeaseAnswer => ({ kind: 'ok', ttlSeconds })
const renewed = (beganMs: number, endedMs: number, ttlSeconds = 5) =>
  record('keepAlive', beganMs, endedMs, ok(ttlSeconds))
const asked = () => record('grant', 990, 1_010, ok(5))
const left = (beganMs: number, endedMs: number, seconds: number) =>
  record('timeToLive', beganMs, endedMs, ok(seconds))
const gone = (beganMs: number, endedMs: number) =>
  record('keepAlive', beganMs, endedMs, { kind: 'gone' })

function judged(log: Log, records: LeaseRecord[] = [], more: Partial<LeaseMaterial> = {}) {
  const { committed, events } = log
  const violations = judgeLeases({
    committed,
    events,
    records,
    rateMax: 1,
    rateMin: 1,
    ...more,
  })
  return violations.map(({ rule }) => rule)
}

const granted = () => new Log().grant(1_000, 5)

describe('right lives', () => {
  test('granted, renewed, expired after its time', () => {
    const log = granted().put(1_100, 'a').put(1_200, 'b').revoke(9_500, ['a', 'b'])
    expect(judged(log, [renewed(4_000, 4_020), gone(10_000, 10_010)])).toEqual([])
  })

  test('ended by a client, early', () => {
    expect(judged(granted().revoke(1_500, [], 0), [gone(1_400, 1_600)])).toEqual([])
  })

  test('a fast clock may end it earlier, by as much as it is fast', () => {
    expect(judged(granted().revoke(5_910, []), [], { rateMax: 1.02 })).toEqual([])
  })

  test('what is left grows less as time goes by, and full again by a renewal', () => {
    const records = [left(2_000, 2_010, 3), left(3_000, 3_010, 2), renewed(3_500, 3_510)]
    expect(judged(granted(), [...records, left(4_000, 4_010, 4)])).toEqual([])
  })

  test('keys that leave a lease before its end outlive it', () => {
    const log = granted().put(1_100, 'a').put(1_150, 'b').put(1_200, 'a', 0n).delete(1_300, 'b')
    expect(judged(log.revoke(6_500, []))).toEqual([])
  })

  test('an id may be granted again', () => {
    const log = granted().revoke(6_500, []).grant(7_000, 5).put(7_100, 'a')
    expect(judged(log, [renewed(7_200, 7_210), gone(6_600, 6_700)])).toEqual([])
  })

  test('a renewal under way while the lease ends may succeed before it', () => {
    expect(judged(granted().revoke(6_500, []), [renewed(6_499, 6_800, 0)])).toEqual([])
  })

  test('a new leader gives abandoned leases their whole time again', () => {
    const log = granted().newTerm(6_000).revoke(11_400, [])
    expect(judged(log, [asked()], { calm: { fromMs: 0, toMs: 60_000, boundMs: 1_000 } })).toEqual(
      [],
    )
  })

  test('a lease that is kept alive need not end', () => {
    const records = [asked(), renewed(10_000, 10_010), renewed(14_000, 14_010)]
    expect(
      judged(granted(), records, { calm: { fromMs: 5_000, toMs: 18_000, boundMs: 1_000 } }),
    ).toEqual([])
  })
})

describe('broken promises', () => {
  test('L1: expired before the TTL of its grant', () => {
    expect(judged(granted().revoke(5_900, []))).toEqual(['lease L1'])
  })

  test('L1: expired before the TTL of an acknowledged keep-alive', () => {
    expect(judged(granted().revoke(8_900, []), [renewed(4_000, 4_020)])).toEqual(['lease L1'])
  })

  test('L1: said to be gone before its time', () => {
    expect(judged(granted(), [renewed(4_000, 4_020), gone(5_000, 5_010)])).toEqual(['lease L1'])
  })

  test('L2: keys that the end of their lease leaves behind', () => {
    const log = granted().put(1_100, 'a').put(1_200, 'b').revoke(9_500, ['a'])
    expect(judged(log)).toEqual(['lease L2'])
  })

  test('L2: an end that deletes in two revisions, or something else', () => {
    const twice = granted().put(1_100, 'a').put(1_200, 'b').delete(9_400, 'a')
    twice.committed.pop()
    expect(judged(twice.revoke(9_500, ['b']))).toEqual(['lease L2'])
    const more = granted().put(1_100, 'a').revoke(9_500, ['a', 'x'])
    expect(judged(more)).toEqual(['lease L2'])
  })

  test('L3: a keep-alive that succeeds though it was asked after the end', () => {
    expect(judged(granted().revoke(6_500, []), [renewed(6_510, 6_520)])).toEqual(['lease L3'])
    expect(judged(new Log(), [renewed(6_510, 6_520)])).toEqual(['lease L3'])
  })

  test('L4: a key on a lease that was never there, or is not any more', () => {
    expect(judged(new Log().put(1_000, 'a'))).toEqual(['lease L4'])
    expect(judged(granted().revoke(6_500, []).put(6_600, 'a'))).toEqual(['lease L4'])
    expect(judged(new Log().put(1_000, 'a').grant(1_100, 5))).toEqual(['lease L4'])
  })

  test('L5: a new leader that ends a lease before what was promised', () => {
    const log = granted().newTerm(4_500).revoke(8_900, [])
    expect(judged(log, [renewed(4_000, 4_020)])).toEqual(['lease L5'])
    expect(judged(log, [left(4_000, 4_020, 5)])).toEqual(['lease L5'])
  })

  test('L5: less left than was promised', () => {
    expect(judged(granted(), [renewed(4_000, 4_020), left(5_000, 5_010, 2)])).toEqual(['lease L5'])
  })

  test('L6: expired by the word of a leader of another term', () => {
    expect(judged(granted().newTerm(6_400).revoke(6_500, [], 1))).toEqual(['lease L6'])
  })

  test('L7: abandoned while all is calm, and not ended in its time', () => {
    const calm = { fromMs: 2_000, toMs: 60_000, boundMs: 1_000 }
    expect(judged(granted(), [asked()], { calm })).toEqual(['lease L7'])
    expect(judged(granted().revoke(8_900, []), [asked()], { calm })).toEqual(['lease L7'])
    expect(judged(granted().revoke(7_900, []), [asked()], { calm })).toEqual([])
    // Somebody else's, who may renew it without a record.
    expect(judged(granted(), [], { calm })).toEqual([])
  })
})
