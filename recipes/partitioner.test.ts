/** Partitioners: all compute the same, and hardly anything moves. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld } from '../test/sim/recipe-world.js'
import { GroupMembership, Partitioner, rendezvous } from './index.js'

let world: RecipeWorld

beforeEach(async () => {
  world = await RecipeWorld.start()
})
afterEach(() => world.stop())

type Payload = { readonly weight: number }
const KEYS = Array.from({ length: 60 }, (_, i) => `shard-${i}`)

/** A member with a partitioner. */
async function member(id: string, weight = 1) {
  const worker = world.worker(id)
  const group = new GroupMembership<Payload>(worker.client, 'g', { memberId: id, ttlSeconds: 5 })
  const weightOf = ({ payload }: { readonly payload: Payload }) => payload.weight
  const partitioner = new Partitioner(group, { weightOf })
  await world.settle(group.join({ weight }))
  await world.settle(partitioner.ready())
  return { worker, group, partitioner }
}

describe('partitioners', () => {
  test('name the same owners, each key belongs to one, and those are the documented ones', async () => {
    const all = [await member('a'), await member('b', 2), await member('c')]
    await world.run(1_000)
    const weighted = ['a', { id: 'b', weight: 2 }, 'c']
    for (const key of KEYS) {
      const expected = rendezvous(weighted, key, 3)
      for (const { partitioner } of all) expect(partitioner.ownersOf(key, 3)).toEqual(expected)
      expect(all.filter(({ partitioner }) => partitioner.mine(key))).toHaveLength(1)
    }
  })

  test('tell what moved when a member comes and when it dies: only its keys', async () => {
    const a = await member('a')
    await member('b')
    await world.run(1_000)
    const moves: string[] = []
    a.partitioner.on('moved', (move) => {
      for (const key of KEYS) {
        const { from, to } = move.of(key)
        if (from !== to) moves.push(`${from}->${to}`)
      }
    })
    const c = await member('c')
    await world.run(1_000)
    expect(new Set(moves)).toEqual(new Set(['a->c', 'b->c']))
    const taken = moves.length
    expect(taken).toBeLessThan(KEYS.length / 2)
    world.kill(c.worker)
    await world.until('its keys are taken over', () => moves.length > taken, 20_000)
    expect(new Set(moves.slice(taken))).toEqual(new Set(['c->a', 'c->b']))
    expect(moves).toHaveLength(2 * taken)
  })

  test('a member that lost its lease owns nothing, before the others take over', async () => {
    const a = await member('a')
    const b = await member('b')
    await world.run(1_000)
    const key = KEYS.find((one) => a.partitioner.mine(one))!
    world.cut(a.worker)
    await world.until('a gives up', () => !a.partitioner.mine(key), 10_000)
    expect(b.partitioner.mine(key)).toBe(false)
    await world.until('b takes over', () => b.partitioner.mine(key), 10_000)
  })

  test('a weight of 0 drains a member; an update that leaves the weight moves nothing', async () => {
    const a = await member('a')
    const b = await member('b')
    await world.run(1_000)
    let moved = 0
    a.partitioner.on('moved', () => moved++)
    await world.settle(b.group.update({ weight: 1 }))
    await world.run(1_000)
    expect(moved).toBe(0)
    await world.settle(b.group.update({ weight: 0 }))
    await world.run(1_000)
    expect(moved).toBe(1)
    for (const key of KEYS) expect(a.partitioner.ownerOf(key)).toBe('a')
    expect(b.partitioner.mine(KEYS[0]!)).toBe(false)
  })

  test('a weight that cannot be told is told as an error, and counts as 0', async () => {
    const a = await member('a')
    const errors: string[] = []
    a.partitioner.on('error', ({ message }) => errors.push(message))
    await world.settle(a.worker.client.kv.put('g/bad', 'no json'))
    await world.settle(a.worker.client.kv.put('g/minus', '{"weight":-1}'))
    await world.run(1_000)
    expect(errors.join()).toMatch(/g\/bad.*minus/s)
    for (const key of KEYS) expect(a.partitioner.ownerOf(key)).toBe('a')
  })

  test('asked before it is ready, it says so; of an empty group nobody owns anything', async () => {
    const group = new GroupMembership(world.worker('w').client, 'empty')
    const partitioner = new Partitioner(group)
    expect(() => partitioner.ownerOf('key')).toThrow('ready()')
    await world.settle(partitioner.ready())
    expect(partitioner.ownerOf('key')).toBeUndefined()
    expect(partitioner.mine('key')).toBe(false)
  })
})
