/** Which requests are repeated, where, and for how long: with members played by hand, in virtual time. */

import { getEventListeners } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { fakeMembers, settled, silence } from '../../test/client/fake-members.js'
import { listenersMax } from '../../test/client/listeners-max.js'
import { failure } from '../../test/client/outcome.js'
import { etcdErrors } from '../wire/etcd-errors.js'
import { RpcError, Status } from '../wire/status.js'
import { backoffMs } from './backoff.js'
import { mayRepeat, tryMs } from './retry.js'

const unavailable = () => {
  throw new RpcError(Status.UNAVAILABLE, 'the connection broke')
}

describe('a read', () => {
  test('goes to the next member when the first is unavailable', async () => {
    const { client, members } = fakeMembers(3)
    members[0]!.onRange = unavailable
    members[1]!.onRange = () => ({ kvs: [{ value: Buffer.from('b') }] })
    expect((await client.kv.get('k'))?.text()).toBe('b')
    expect(members.map((member) => member.ranges)).toEqual([1, 1, 0])
  })

  test('stays with the member that answered', async () => {
    const { client, members } = fakeMembers(3)
    members[0]!.up = false
    for (let i = 0; i < 5; i++) await client.kv.get('k')
    expect(members.map((member) => member.ranges)).toEqual([0, 5, 0])
  })

  test('leaves a silent member in time to ask another', async () => {
    const { client, clock, members } = fakeMembers(3, { timeoutMs: 3_000 })
    members[0]!.onRange = silence
    const got = client.kv.get('k')
    await clock.run(999)
    expect(members[1]!.ranges).toBe(0)
    await clock.run(2)
    expect(await got).toBeNull()
    expect(members[1]!.ranges).toBe(1)
  })

  test('is not repeated for what another member would answer, too', async () => {
    const { client, members } = fakeMembers(2)
    members[0]!.onRange = () => {
      throw etcdErrors.compacted.error()
    }
    expect((await failure(client.kv.get('k', { revision: 1 }))).code).toBe('compacted')
    expect(members[1]!.ranges).toBe(0)
  })

  test('is tried again and again, ever more slowly, until its time is over', async () => {
    const { client, clock, first } = fakeMembers(1, { timeoutMs: 5_000 })
    first.onRange = unavailable
    const got = failure(client.kv.get('k'))
    await clock.run(5_001)
    expect(await got).toMatchObject({ code: 'unavailable', outcomeUnknown: false })
    expect(first.ranges).toBeGreaterThan(4)
    expect(first.ranges).toBeLessThan(12)
    expect(clock.timerCount).toBe(0)
  })

  test('that fails together with many others makes the member wait only once', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.up = false
    const many = Array.from({ length: 100 }, () => client.kv.get('k'))
    await settled()
    first.up = true
    await clock.run(60)
    expect(await Promise.all(many)).toHaveLength(100)
  })

  test('finds a member that comes back', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) member.up = false
    const got = client.kv.get('k')
    await clock.run(500)
    members[1]!.up = true
    await clock.run(2_000)
    expect(await got).toBeNull()
  })
})

describe('a write', () => {
  test('goes to the next member when it never left', async () => {
    const { client, members } = fakeMembers(3)
    members[0]!.up = false
    await client.kv.put('k', 'v')
    expect(members.map((member) => member.puts)).toEqual([0, 1, 0])
  })

  test('is sent once, and its outcome is unknown, when its member failed', async () => {
    const { client, members } = fakeMembers(3)
    members[0]!.onPut = unavailable
    const error = await failure(client.kv.put('k', 'v'))
    expect(error).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect(error.etcd).toEqual({ status: Status.UNAVAILABLE, text: 'the connection broke' })
    expect(members.map((member) => member.puts)).toEqual([1, 0, 0])
  })

  test('has all of its time, and is unknown when that is over', async () => {
    const { client, clock, members } = fakeMembers(3, { timeoutMs: 3_000 })
    members[0]!.onPut = silence
    const put = failure(client.kv.put('k', 'v'))
    await clock.run(3_001)
    expect(await put).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect(members.map((member) => member.puts)).toEqual([1, 0, 0])
  })

  test('that was refused did not happen', async () => {
    const { client, first } = fakeMembers(1)
    first.onPut = () => {
      throw etcdErrors.leaseNotFound.error()
    }
    expect(await failure(client.kv.put('k', 'v'))).toMatchObject({
      code: 'lease-not-found',
      outcomeUnknown: false,
    })
  })

  test('that met a full database may have happened', async () => {
    const { client, first } = fakeMembers(1)
    first.onPut = () => {
      throw etcdErrors.noSpace.error()
    }
    expect(await failure(client.kv.put('k', 'v'))).toMatchObject({
      code: 'no-space',
      outcomeUnknown: true,
    })
  })

  test('after a failed one goes to another member', async () => {
    const { client, members } = fakeMembers(2)
    members[0]!.onPut = unavailable
    await failure(client.kv.put('k', 'v'))
    await client.kv.put('k', 'v')
    expect(members.map((member) => member.puts)).toEqual([1, 1])
  })
})

describe('ending', () => {
  test.each(['read', 'write'])(
    'a %s that is out is aborted with the reason as cause',
    async (intent) => {
      const { client, first } = fakeMembers(1)
      first.onRange = silence
      first.onPut = silence
      const abort = new AbortController()
      const options = { signal: abort.signal }
      const call = failure(
        intent === 'read' ? client.kv.get('k', options) : client.kv.put('k', 'v', options),
      )
      await settled()
      abort.abort(new Error('enough'))
      const { code, cause, outcomeUnknown } = await call
      expect({ code, outcomeUnknown }).toEqual({
        code: 'cancelled',
        outcomeUnknown: intent === 'write',
      })
      expect(cause).toEqual(new Error('enough'))
    },
  )

  test('one signal may end any number of calls, and Node warns of no leak', async () => {
    const { client } = fakeMembers(1)
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 20 }, () => client.kv.get('k', { signal })))
    expect(listenersMax(signal)).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('a call that waits for its back-off is aborted at once', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.up = false
    const abort = new AbortController()
    const got = failure(client.kv.get('k', { signal: abort.signal }))
    await settled()
    abort.abort()
    expect((await got).code).toBe('cancelled')
    expect(clock.timerCount).toBe(0)
  })

  test('close ends calls that wait and calls that are out, and leaves no timer', async () => {
    const { client, clock, members } = fakeMembers(2)
    members[0]!.onPut = silence
    const out = failure(client.kv.put('k', 'v'))
    await settled()
    members[0]!.up = false
    members[1]!.up = false
    const waits = failure(client.kv.get('k'))
    await settled()
    client.close()
    expect(await out).toMatchObject({ code: 'closed', outcomeUnknown: true })
    expect((await waits).code).toBe('closed')
    expect(clock.timerCount).toBe(0)
  })
})

describe('the rules', () => {
  const error = (code: Status, neverSent: boolean) => new RpcError(code, '', neverSent)

  test('only a read may be repeated when the request may have left', () => {
    for (const code of Object.values(Status)) {
      expect(mayRepeat(error(code, false), 'write')).toBe(false)
      const sick = code === Status.UNAVAILABLE || code === Status.DEADLINE_EXCEEDED
      expect(mayRepeat(error(code, false), 'read')).toBe(sick)
      expect(mayRepeat(error(code, true), 'write')).toBe(code !== Status.CANCELLED)
    }
  })

  test('a write is never cut short, and a read only when there is another member', () => {
    expect(tryMs('write', 6_000, 4_000, 3)).toBe(4_000)
    expect(tryMs('read', 6_000, 4_000, 1)).toBe(4_000)
    expect(tryMs('read', 6_000, 4_000, 3)).toBe(2_000)
    expect(tryMs('read', 6_000, 1_000, 3)).toBe(1_000)
  })

  test('back-off doubles, is bounded, and differs between clients', () => {
    const at = (failures: number, chance: number) =>
      backoffMs(failures, { next: () => chance, bytes: () => new Uint8Array(0) })
    expect([1, 2, 3, 100].map((failures) => at(failures, 0))).toEqual([25, 50, 100, 1_000])
    expect([1, 100].map((failures) => at(failures, 0.999))).toEqual([
      expect.closeTo(50, 0),
      expect.closeTo(2_000, -1),
    ])
  })
})
