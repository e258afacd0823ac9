/** What a consumer knows of a queue: no more than there is. */

import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { QueueWorld } from '../../test/sim/queue-world.js'
import { follow } from './follower.js'
import { QueueKeys } from './keys.js'
import { KnownItems } from './known-items.js'

let world: QueueWorld

beforeEach(async () => {
  world = await QueueWorld.start()
})
afterEach(() => world.stop())

test('a worker that has gone is forgotten, one that has nothing now is not', async () => {
  const { client, clock } = world.worker('observer')
  const keys = new QueueKeys('q')
  const known = new KnownItems(clock, keys, () => 0)
  const controller = new AbortController()
  const ignore = { onChange: () => {}, onFailure: () => {} }
  const following = follow(client, keys, known, ignore, controller.signal)
  const user = world.user('a')
  await world.enqueue(user, 'x')
  const waiting = user.queue.claim({ max: 2 })
  const [item] = await world.settle(waiting)
  const claim = await world.settle(client.kv.get(keys.claim(item!.id)))
  const { lease } = claim!
  await world.run(100)
  const lastRevision = claim!.createRevision
  expect(known.work(lease)).toEqual({ held: 1, lastRevision })
  await world.settle(item!.ack())
  await world.run(100)
  expect(known.work(lease)).toEqual({ held: 0, lastRevision })
  await world.settle(user.queue.close())
  await world.run(100)
  expect([...known.consumers]).toEqual([])
  expect(known.work(lease)).toEqual({ held: 0, lastRevision: 0 })
  controller.abort()
  await world.settle(following)
})
