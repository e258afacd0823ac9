/** The world by itself: a cluster comes up in it, serves, and tells the same story twice. */

import { afterEach, expect, test } from '@jest/globals'
import type { Client } from '../../../client/index.js'
import { World } from './world.js'

let world: World

afterEach(() => world.stop())

async function start(seed: number, members = 3): Promise<Client> {
  world = new World({ seed, members, memberOptions: {}, tuning: {} })
  await world.answered(Promise.all(world.machines.map((machine) => machine.boot())))
  await world.until('a leader', () => world.leader !== undefined)
  return world.process('c1').connect()
}

/** A little story; returns what the log says in the end. */
async function story(seed: number): Promise<[number, number]> {
  const client = await start(seed)
  for (let i = 0; i < 20; i++) await world.answered(client.kv.put(`k${i % 3}`, `v${i}`))
  await world.machines[0]!.kill()
  await world.run(5_000)
  await world.answered(world.machines[0]!.boot())
  await world.run(5_000)
  await world.stop()
  return [world.log.hash, world.log.count]
}

test('what is put is read again, on every member', async () => {
  const client = await start(1)
  await world.answered(client.kv.put('a', '1'))
  for (const { clientUrl } of world.machines) {
    const one = world.process(`at ${clientUrl}`).connect([clientUrl])
    expect((await world.answered(one.kv.get('a')))?.text()).toBe('1')
  }
})

test('the same seed tells the same story, another one another', async () => {
  const first = await story(7)
  expect(await story(7)).toEqual(first)
  expect(await story(8)).not.toEqual(first)
})
