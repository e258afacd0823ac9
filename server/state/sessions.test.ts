/** Sessions: what is kept and for how long, who hears of it, and that a restart changes none of it. */

import { describe, expect, test } from '@jest/globals'
import { PipelineAnswer } from '../../client/wire/generated/pipeline.js'
import { del, put } from '../../test/model/requests.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { SessionBed } from '../../test/state/session-bed.js'

async function session(): Promise<SessionBed> {
  return SessionBed.granted(await MachineBed.founded(3))
}

/** Notes what an observer hears. */
function listen(client: SessionBed): { heard: string[]; stop: () => void } {
  const heard: string[] = []
  const stop = client.bed.machine.sessions.observe(client.id, {
    applied: (sequence, answer) =>
      heard.push(`${sequence} at ${PipelineAnswer.decode(answer).revision}`),
    lost: () => heard.push('lost'),
  })
  return { heard, stop }
}

const a = { put: put('a', '1') }

describe('what is kept', () => {
  test('a lease is a session before its first write, and takes no room', async () => {
    const client = await session()
    expect(client.view).toEqual({
      grantedIndex: client.bed.machine.appliedIndex,
      applied: 0,
      acknowledged: 0,
      answerCount: 0,
      answerBytes: 0,
    })
    expect([client.records, client.bed.machine.sessions.size]).toEqual([0, 0])
    expect(client.bed.machine.sessions.get(8n)).toBeUndefined()
  })

  test('a batch is one record, which goes when all of it is acknowledged', async () => {
    const client = await session()
    client.send(a, a, a)
    client.send(a, a)
    expect(client.records).toBe(3)
    client.batch([], { acknowledged: 2 })
    expect(client.records).toBe(3)
    expect(client.view).toMatchObject({ applied: 5, acknowledged: 2, answerCount: 3 })
    expect(() => client.answer(2)).toThrow('no answer')
    expect(client.answer(3).revision).toBe(4)
    client.batch([], { acknowledged: 3 })
    expect(client.records).toBe(2)
    client.batch([], { acknowledged: 5 })
    expect(client.records).toBe(1)
    expect(client.view).toMatchObject({ applied: 5, answerCount: 0, answerBytes: 0 })
  })

  test('thousands of batches that are acknowledged a little later leave only the last ones', async () => {
    const client = await session()
    const count = 5000
    for (let n = 1; n <= count; n++) client.batch([a], { acknowledged: Math.max(0, n - 10) })
    expect(client.view).toMatchObject({ applied: count, acknowledged: count - 10, answerCount: 10 })
    expect(client.records).toBe(11)
    for (let n = count - 9; n <= count; n++) expect(client.answer(n).revision).toBe(n + 1)
    await client.bed.restart()
    expect(client.answer(count - 9).revision).toBe(count - 8)
  })

  test('nothing beyond what is applied can be acknowledged, and nothing comes back', async () => {
    const client = await session()
    client.batch([a, a], { acknowledged: 9 })
    expect(client.view).toMatchObject({ applied: 2, acknowledged: 0 })
    client.batch([a], { acknowledged: 9 })
    expect(client.view).toMatchObject({ applied: 3, acknowledged: 2 })
    client.batch([a], { acknowledged: 1 })
    expect(client.view).toMatchObject({ applied: 4, acknowledged: 2 })
  })

  test('a restart finds it all, a batch that is acknowledged in part as well', async () => {
    const client = await session()
    client.send(a, { put: put('b', '2', { lease: 99n }) }, a)
    client.send({ deleteRange: del('a') })
    client.batch([a], { acknowledged: 2 })
    const { view } = client
    const answers = [3, 4, 5].map((sequence) => client.answer(sequence))
    const fingerprint = await client.bed.machine.fingerprint()
    await client.bed.restart()
    expect(client.view).toEqual(view)
    expect([3, 4, 5].map((sequence) => client.answer(sequence))).toEqual(answers)
    expect(() => client.answer(2)).toThrow('no answer')
    expect(await client.bed.machine.fingerprint()).toBe(fingerprint)
    client.batch([], { acknowledged: 5 })
    expect(client.records).toBe(1)
  })

  test('the fingerprint tells one answer from another, and how far is acknowledged', async () => {
    const prints = new Set<string>()
    const client = await session()
    for (const calls of [[a], [{ put: put('', '') }], []] as const) {
      const copy = new SessionBed(await client.bed.copy(), client.id)
      copy.batch(calls)
      prints.add((await copy.bed.machine.fingerprint()).match(/^sessions .*$/m)![0])
    }
    expect(prints.size).toBe(3)
  })

  test('answers without their session, or with a hole, are a damaged state', async () => {
    for (const damage of [1, 2, 3]) {
      const client = await session()
      client.send(a)
      client.send(a)
      client.send(a)
      const [record, ...answers] = [...client.bed.backend.entries('session')].map(([key]) => key)
      if (damage === 1) client.bed.backend.delete('session', record!)
      else client.bed.backend.delete('session', answers[damage - 2]!)
      await expect(client.bed.restart()).rejects.toThrow('damaged')
    }
  })
})

describe('the end', () => {
  test('a session ends with its lease and leaves nothing', async () => {
    const client = await session()
    const other = SessionBed.granted(client.bed, -3n)
    client.send(a, a)
    other.send(a)
    const { heard } = listen(client)
    client.bed.ok({ leaseRevoke: { ID: client.id } })
    expect(heard).toEqual(['lost'])
    expect([client.view, client.records]).toEqual([undefined, 2])
    await client.bed.restart()
    expect([client.view, client.records]).toEqual([undefined, 2])
    expect(other.answer(1).revision).toBe(4)
  })

  test('a call that revokes the lease of its own session is the last: answered, then lost', async () => {
    const client = await session()
    client.send(a)
    const { heard } = listen(client)
    client.batch([
      { put: put('b', '1') },
      { leaseRevoke: { ID: client.id } },
      { put: put('c', '1') },
    ])
    expect(heard).toEqual(['2 at 3', '3 at 3', 'lost'])
    expect([client.view, client.records]).toEqual([undefined, 0])
    expect(client.bed.machine.store.keyCount).toBe(2)
    await client.bed.restart()
    expect(client.records).toBe(0)
  })

  test('the very first call may revoke it too', async () => {
    const client = await session()
    const { heard } = listen(client)
    client.batch([{ leaseRevoke: { ID: client.id } }, a])
    expect([...heard, client.records]).toEqual(['1 at 1', 'lost', 0])
  })

  test('a session ends another one by revoking its lease', async () => {
    const client = await session()
    const other = SessionBed.granted(client.bed, 8n)
    other.send(a)
    const { heard } = listen(other)
    client.batch([{ leaseRevoke: { ID: 8n } }, a])
    expect(heard).toEqual(['lost'])
    expect(client.view?.applied).toBe(2)
  })
})

describe('an observer', () => {
  test('hears each write once, in order, whoever sent the batch, until it stops listening', async () => {
    const client = await session()
    const { heard, stop } = listen(client)
    client.batch([a, a])
    client.batch([a, a, a], { first: 1 })
    expect(heard).toEqual(['1 at 2', '2 at 3', '3 at 4'])
    stop()
    stop()
    client.batch([a])
    client.bed.ok({ leaseRevoke: { ID: client.id } })
    expect(heard).toHaveLength(3)
  })

  test('finds the answer that it is told of, in the state that the call left', async () => {
    const client = await session()
    const { sessions, store } = client.bed.machine
    const seen: unknown[] = []
    sessions.observe(client.id, {
      applied(sequence, answer) {
        seen.push([sessions.answer(client.id, sequence) === answer, store.revision])
      },
      lost() {},
    })
    client.batch([a, a])
    expect(seen).toEqual([
      [true, 2],
      [true, 3],
    ])
  })

  test('of a lease that does not exist is a mistake', async () => {
    const client = await session()
    const observer = { applied() {}, lost() {} }
    expect(() => client.bed.machine.sessions.observe(8n, observer)).toThrow('no session')
  })

  test('of an earlier lease of that id hears nothing of the next, and cannot end its watch', async () => {
    const client = await session()
    const first = listen(client)
    client.bed.ok({ leaseRevoke: { ID: client.id } })
    SessionBed.granted(client.bed, client.id)
    const second = listen(client)
    first.stop()
    client.batch([a])
    expect([first.heard, second.heard]).toEqual([['lost'], ['1 at 2']])
  })
})
