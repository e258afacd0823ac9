/** The world by itself: a cluster comes up in it, serves, and tells the same story twice. */

import { afterEach, expect, test } from '@jest/globals'
import type { Client } from '../../../client/index.js'
import { type Machine, World } from './world.js'

let world: World

afterEach(() => world.stop())

async function start(seed: number, members = 3): Promise<Client> {
  world = await World.start({ seed, members })
  return world.process('c1').connect()
}

/** A story with every kind of fault; returns what the log says in the end. */
async function story(seed: number): Promise<[number, number]> {
  const client = await start(seed)
  const [one, two, three] = world.machines as [Machine, Machine, Machine]
  for (const link of world.network.links)
    Object.assign(link, { loss: 0.05, duplicate: 0.1, reorder: 0.1, replay: 0.1, breaks: 0.002 })
  one.clock.rate = 1.02
  two.clock.stutter = { chance: 0.1, aheadMsMax: 10 }
  const puts = Array.from({ length: 30 }, (_, i) =>
    client.kv.put(`k${i}`, `v${i}`).then(
      ({ revision }) => world.log.say('c1', `put at ${revision}`),
      ({ code }) => world.log.say('c1', `failed: ${code}`),
    ),
  )
  await world.run(500)
  await one.powerLoss()
  three.pause()
  await world.run(3_000)
  three.resume()
  world.network.isolate(two.name)
  await world.answered(one.boot())
  await world.run(3_000)
  world.network.healAll()
  await world.answered(Promise.all(puts))
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
