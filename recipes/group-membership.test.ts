/** Groups: who is there, exactly. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ConclaveError } from '../client/index.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { GroupMembership, type GroupOptions, SessionSource } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

type Payload = { readonly at: number }

/** A group of one process, and what it was told. */
function group(id: string | undefined, options: GroupOptions<Payload> = {}, by?: Worker) {
  const worker = by ?? world.worker(id ?? 'observer')
  const named = id === undefined ? options : { memberId: id, ...options }
  const made = new GroupMembership<Payload>(worker.client, 'g', named)
  const told: string[] = []
  const listen = () => {
    made.on('join', ({ member }) => told.push(`+${member.id}`))
    made.on('leave', ({ member }) => told.push(`-${member.id}`))
    made.on('update', ({ member, previous }) => {
      told.push(`${member.id}:${previous.payload.at}->${member.payload.at}`)
    })
    return world.settle(made.ready())
  }
  const ids = () => made.members().map((member) => member.id)
  return { group: made, worker, told, listen, ids }
}

describe('a group', () => {
  test('tells each coming, change and going once, and who is there', async () => {
    const seer = group(undefined)
    await seer.listen()
    const [a, b] = [group('a'), group('b')]
    await world.settle(a.group.join({ at: 1 }))
    await world.settle(b.group.join({ at: 2 }))
    await world.settle(a.group.update({ at: 3 }))
    await world.settle(b.group.leave())
    const now = await world.settle(seer.group.members({ consistent: true }))
    expect(now.map(({ id, payload }) => [id, payload])).toEqual([['a', { at: 3 }]])
    expect(now[0]!.joinedAt).toBe(a.group.fencingToken)
    expect(seer.told).toEqual(['+a', '+b', 'a:1->3', '-b'])
    expect(b.group.joined).toBe(false)
  })

  test('costs one transaction to join, to update and to leave, and no list', async () => {
    const a = group('a')
    await world.settle(a.group.join({ at: 1 }))
    await world.settle(a.group.update({ at: 2 }))
    await world.settle(a.group.leave())
    expect(a.worker.calls.get('Txn')).toBe(3)
    expect(a.worker.calls.get('Range') ?? 0).toBe(0)
    expect(a.worker.calls.get('LeaseGrant')).toBe(1)
  })

  test('a member that dies leaves when its lease ends, not before', async () => {
    const seer = group(undefined)
    await seer.listen()
    const a = group('a', { ttlSeconds: 5 })
    await world.settle(a.group.join({ at: 1 }))
    world.kill(a.worker)
    await world.run(3_000)
    expect(seer.ids()).toEqual(['a'])
    await world.until('it is gone', () => seer.told.includes('-a'), 10_000)
    expect(seer.ids()).toEqual([])
  })

  test('a member that was cut off knows it first, and is back by itself', async () => {
    const seer = group(undefined)
    await seer.listen()
    const a = group('a', { ttlSeconds: 5 })
    await world.settle(a.group.join({ at: 1 }))
    world.cut(a.worker)
    await world.until('it knows', () => !a.group.joined, 10_000)
    expect(seer.told).toEqual(['+a'])
    await world.until('the others know', () => seer.told.length === 2, 10_000)
    world.heal()
    await world.until('it is back', () => a.group.joined, 20_000)
    expect(seer.told).toEqual(['+a', '-a', '+a'])
  })

  test('a member whose lease was replaced in time has neither left nor changed', async () => {
    const seer = group(undefined)
    await seer.listen()
    const a = group('a', { ttlSeconds: 20 })
    await world.settle(a.group.join({ at: 1 }))
    const [before] = seer.group.members()
    world.cut(a.worker)
    await world.until('it knows', () => !a.group.joined, 20_000)
    world.heal()
    await world.until('it is back', () => a.group.joined, 2_000)
    await world.run(30_000)
    expect(seer.told).toEqual(['+a'])
    expect(seer.group.members()[0]!.leaseId).not.toBe(before!.leaseId)
  })

  test('an observer cut off across a compaction hears the differences, marked', async () => {
    const seer = group(undefined)
    await seer.listen()
    const all = ['a', 'b', 'c'].map((id) => group(id))
    for (const { group: g } of all) await world.settle(g.join({ at: 1 }))
    await world.until('it knows all', () => seer.told.length === 3)
    const synthetic: boolean[] = []
    for (const name of ['join', 'leave', 'update'] as const)
      seer.group.on(name, (change) => synthetic.push(change.synthetic))
    world.cut(seer.worker)
    await world.run(1_000)
    const [a, b, c] = all
    await world.settle(a!.group.leave())
    await world.settle(b!.group.leave())
    await world.settle(b!.group.join({ at: 7 }))
    await world.settle(c!.group.update({ at: 8 }))
    await world.settle(c!.group.update({ at: 9 }))
    const { revision } = await world.settle(a!.worker.client.kv.getAll('x'))
    await world.settle(a!.worker.client.kv.compact(revision))
    expect(seer.ids()).toEqual(['a', 'b', 'c'])
    world.heal()
    await world.until('it knows again', () => seer.told.length === 7, 60_000)
    expect(seer.told.slice(3).sort()).toEqual(['+b', '-a', '-b', 'c:1->9'])
    expect(seer.told.indexOf('-b')).toBeLessThan(seer.told.lastIndexOf('+b'))
    expect(synthetic).toEqual([true, true, true, true])
    expect(seer.ids()).toEqual(['b', 'c'])
  })

  test('an observer whose list is refused keeps it, says so, and hears the differences', async () => {
    const seer = group(undefined)
    await seer.listen()
    const all = ['a', 'b', 'c', 'd'].map((id) => group(id))
    for (const { group: g } of all) await world.settle(g.join({ at: 1 }))
    await world.until('it knows all', () => seer.told.length === 4)
    const errors: unknown[] = []
    seer.group.on('error', (error) => errors.push((error as ConclaveError).code))
    const synthetic: boolean[] = []
    for (const name of ['join', 'leave', 'update'] as const)
      seer.group.on(name, (change) => synthetic.push(change.synthetic))
    world.cut(seer.worker)
    await world.run(1_000)
    const [a, b, c] = all
    const before = seer.group.revision
    await world.settle(a!.group.leave())
    await world.settle(b!.group.leave())
    await world.settle(b!.group.join({ at: 7 }))
    await world.settle(c!.group.update({ at: 9 }))
    const { revision } = await world.settle(a!.worker.client.kv.getAll('x'))
    await world.settle(a!.worker.client.kv.compact(revision))
    for (let i = 0; i < 3; i++) void seer.worker.doom('Range', 'refused')
    world.heal()
    await world.until('it is refused', () => errors.length === 1, 60_000)
    expect(seer.ids()).toEqual(['a', 'b', 'c', 'd'])
    expect(seer.group.revision).toBe(before)
    expect(await world.settle(seer.group.ready())).toBe(before)
    const asked = seer.group.members({ consistent: true })
    expect((await world.failure(asked)).code).toBe(errors[0])
    await world.until('it knows again', () => seer.told.length === 8, 60_000)
    expect(errors).toEqual(['no-space', 'no-space', 'no-space'])
    expect(seer.told.slice(4).sort()).toEqual(['+b', '-a', '-b', 'c:1->9'])
    expect(seer.told.indexOf('-b')).toBeLessThan(seer.told.lastIndexOf('+b'))
    expect(synthetic).toEqual([true, true, true, true])
    expect(seer.ids()).toEqual(['b', 'c', 'd'])
    await world.settle(a!.group.join({ at: 2 }))
    await world.until('it hears on', () => seer.told.length === 9)
    expect(synthetic.at(-1)).toBe(false)
  })

  test('a list that is refused at first is there when it no longer is, and tells nobody', async () => {
    const seer = group(undefined)
    const a = group('a')
    await world.settle(a.group.join({ at: 1 }))
    void seer.worker.doom('Range', 'refused')
    expect((await world.failure(seer.listen())).code).toBe('no-space')
    await world.until('it is there', () => seer.group.revision > 0, 10_000)
    expect(seer.ids()).toEqual(['a'])
    expect(seer.told).toEqual([])
  })

  test('a list that is refused asks no more once it is closed', async () => {
    const seer = group(undefined)
    void seer.worker.doom('Range', 'refused')
    expect((await world.failure(seer.listen())).code).toBe('no-space')
    await world.settle(seer.group.close())
    await world.run(30_000)
    expect(seer.worker.calls.get('Range')).toBe(1)
  })

  test('who joins under an id that somebody has waits until it is free', async () => {
    const first = group('a', {}, world.worker('one'))
    const second = group('a', {}, world.worker('two'))
    await world.settle(first.group.join({ at: 1 }))
    const late = await world.failure(second.group.join({ at: 2 }, { timeoutMs: 1_000 }))
    expect(late).toMatchObject({ code: 'deadline-exceeded', cause: { code: 'taken' } })
    world.kill(first.worker)
    await world.until('it is in', () => second.group.joined, 20_000)
    const now = await world.settle(second.group.members({ consistent: true }))
    expect(now.map(({ payload }) => payload)).toEqual([{ at: 2 }])
  })

  test('with takeOver the newer of two has the id, and the older one is told', async () => {
    const seer = group(undefined)
    await seer.listen()
    const first = group('a', { takeOver: true }, world.worker('one'))
    const second = group('a', { takeOver: true }, world.worker('two'))
    const absences: string[] = []
    first.group.on('absent', ({ reason }) => absences.push(reason))
    await world.settle(first.group.join({ at: 1 }))
    const token = first.group.fencingToken!
    await world.settle(second.group.join({ at: 2 }))
    await world.run(30_000)
    expect(absences).toEqual(['taken'])
    expect(first.group.joined).toBe(false)
    expect(second.group.fencingToken).toBeGreaterThan(token)
    expect(seer.told).toEqual(['+a', 'a:1->2'])
  })

  test('several groups of a process share one lease, and do not see each other', async () => {
    const { client, calls } = world.worker('w')
    const sessions = new SessionSource(client)
    const make = (name: string) =>
      new GroupMembership<Payload>(client, name, { memberId: 'm', sessions })
    const [outer, inner, other] = [make('g'), make('g/sub'), make('gg')]
    await world.settle(Promise.all([outer, inner, other].map((g) => g.join({ at: 1 }))))
    expect(calls.get('LeaseGrant')).toBe(1)
    for (const one of [outer, inner, other]) {
      const now = await world.settle(one.members({ consistent: true }))
      expect(now.map(({ id }) => id)).toEqual(['m'])
    }
    await world.settle(inner.close())
    expect(await world.keys()).toEqual(['g/m', 'gg/m'])
    expect(outer.joined).toBe(true)
    await world.settle(Promise.all([outer.close(), other.close(), sessions.close()]))
    expect(await world.keys()).toEqual([])
  })

  test('guard() holds while we are in it', async () => {
    const a = group('a')
    expect(() => a.group.guard()).toThrow('released')
    await world.settle(a.group.join({ at: 1 }))
    const guard = a.group.guard()
    const commit = () =>
      world.settle(
        a.worker.client
          .txn()
          .if(...guard)
          .commit(),
      )
    expect((await commit()).succeeded).toBe(true)
    await world.settle(a.group.leave())
    expect((await commit()).succeeded).toBe(false)
  })
})

describe('bad input to a group', () => {
  test('is refused before anything is sent', async () => {
    const { client, calls } = world.worker('w')
    expect(() => new GroupMembership(client, '')).toThrow('must not be empty')
    expect(() => new GroupMembership(client, 'a/')).toThrow("must not end in '/'")
    expect(() => new GroupMembership(client, 'a', { memberId: 'b/c' })).toThrow("'/'")
    expect(() => new GroupMembership(client, 'a', { memberId: '' })).toThrow('must not be empty')
    const observer = group(undefined)
    expect((await world.failure(observer.group.join({ at: 1 }))).code).toBe('failed-precondition')
    expect(calls.size).toBe(0)
  })

  test('joining twice, updating before, and using it after close() fail', async () => {
    const a = group('a')
    expect((await world.failure(a.group.update({ at: 1 }))).code).toBe('failed-precondition')
    await world.settle(a.group.join({ at: 1 }))
    expect((await world.failure(a.group.join({ at: 1 }))).code).toBe('failed-precondition')
    await world.settle(a.group.leave())
    await world.settle(a.group.leave())
    await world.settle(a.group.join({ at: 2 }))
    await world.settle(a.group.close())
    expect(await world.keys()).toEqual([])
    expect((await world.failure(a.group.join({ at: 1 }))).code).toBe('closed')
    expect(() => a.group.members()).toThrow('closed')
    await world.settle(a.group.close())
  })

  test('leaving and joining at once ends in the group, with the new payload', async () => {
    const a = group('a')
    await world.settle(a.group.join({ at: 1 }))
    const leaving = a.group.leave()
    const joining = a.group.join({ at: 2 })
    await world.settle(Promise.all([leaving, joining]))
    const now = await world.settle(a.group.members({ consistent: true }))
    expect(now.map(({ payload }) => payload)).toEqual([{ at: 2 }])
  })

  test('a payload that cannot be read hides nobody', async () => {
    const seer = group(undefined)
    await world.settle(seer.worker.client.kv.put('g/bad', 'no json'))
    await world.settle(seer.group.ready())
    expect(seer.ids()).toEqual(['bad'])
    expect(() => seer.group.members()[0]!.payload).toThrow('g/bad')
  })
})
