/** Any number may listen to a signal that a recipe gives or takes: Node warns of no leak. */

import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { listenersMax } from '../test/client/listeners-max.js'
import { SessionWorld } from '../test/sim/session-world.js'
import { LeaderSelector, MultiLock, Mutex, Queue } from './index.js'

let world: SessionWorld

beforeEach(async () => {
  world = await SessionWorld.start()
})
afterEach(() => world.stop())

test('a signal that ends many waits', async () => {
  const { worker, session } = await world.party('a')
  const { signal } = new AbortController()
  await world.settle(new Mutex(session, 'm').using(() => {}, { signal }))
  expect(listenersMax(signal)).toBe(0)
  const other = new AbortController().signal
  const cache = worker.client.cache('c/')
  await world.settle(cache.ready({ signal: other }))
  cache.close()
  expect(listenersMax(other)).toBe(0)
})

test('the signals of what is held', async () => {
  const { session } = await world.party('a')
  const lock = await world.settle(new Mutex(session, 'm').acquire())
  const locks = await world.settle(new MultiLock(session, ['x', 'y']).acquire())
  for (const { signal } of [session, lock, locks]) expect(listenersMax(signal)).toBe(0)
})

test('the signals of work: of a term, of an item, of an attempt', async () => {
  const { client } = world.worker('a')
  const signals: AbortSignal[] = []
  const selector = new LeaderSelector(client, 's', { autoRequeue: false })
  await world.settle(selector.run(({ signal }) => void signals.push(signal)))
  const queue = new Queue<string>(client, 'q')
  queue.consume((item, signal) => void signals.push(item.signal, signal))
  await world.settle(queue.enqueue('x'))
  await world.until('it is done', () => signals.length === 3)
  await world.settle(queue.close())
  expect(signals.map(listenersMax)).toEqual([0, 0, 0])
})
