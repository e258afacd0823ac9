/** Rate limiters: what they grant in a stretch of time, whatever clocks and networks do. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Clock } from '../client/host/clock.js'
import { type Client, connect } from '../client/index.js'
import { SeededRandom } from '../test/model/random.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { RateLimiter, type RateLimiterOptions } from './index.js'

const PER_SECOND: RateLimiterOptions = { limit: 10, intervalMs: 1_000 }

let world: RecipeWorld
let worker: Worker
let limiter: RateLimiter

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('a')
  limiter = new RateLimiter(worker.client, 'r', PER_SECOND)
})
afterEach(() => world.stop())

const txns = () => worker.calls.get('Txn') ?? 0
const tries = async (one: RateLimiter, times: number) => {
  let granted = 0
  for (let i = 0; i < times; i++) if (await world.settle(one.tryAcquire())) granted++
  return granted
}
/** How many are granted until the time is over, by one who takes what there is. */
const flood = async (one: RateLimiter, forMs: number) => {
  const endsAtMs = world.now + forMs
  let granted = 0
  while (world.now < endsAtMs) {
    const timeoutMs = endsAtMs - world.now
    if (
      await one.acquire({ timeoutMs }).then(
        () => true,
        () => false,
      )
    )
      granted++
  }
  return granted
}
/** A client whose wall clock is not that of the others. */
const clientAt = (name: string, wallOf: (ms: number) => number): Client => {
  const { clock } = world.worker(name)
  const skewed: Clock = {
    now: () => clock.now(),
    wall: () => wallOf(clock.wall()),
    after: (ms, run) => clock.after(ms, run),
    soon: (run) => clock.soon(run),
  }
  const client = connect({
    endpoints: world.members.machines.map(({ clientUrl }) => clientUrl),
    transport: world.members.network.view(name),
    clock: skewed,
    random: new SeededRandom(77),
    pipeline: 'off',
  })
  clients.push(client)
  return client
}
const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

describe('a rate limiter', () => {
  test('grants its burst at once, and then as much as comes in', async () => {
    expect(await tries(limiter, 15)).toBe(10)
    expect(await world.settle(limiter.available())).toBe(0)
    await world.run(500)
    expect(await tries(limiter, 15)).toBe(5)
    await world.run(60_000)
    expect(await tries(limiter, 15)).toBe(10)
  })

  test('makes others wait, in order, and several permits too', async () => {
    await tries(limiter, 10)
    const beganAtMs = world.now
    const order: string[] = []
    const times: number[] = []
    const wait = async (name: string, permits: number) => {
      await limiter.acquire({ permits })
      order.push(name)
      times.push(world.now - beganAtMs)
    }
    await world.settle(Promise.all([wait('a', 1), wait('b', 5), wait('c', 1)]))
    expect(order).toEqual(['a', 'b', 'c'])
    expect(times[1]).toBeGreaterThanOrEqual(600)
    expect(times[2]).toBeGreaterThanOrEqual(700)
    expect(times[2]).toBeLessThan(1_200)
  })

  test('costs one round trip, for one or for all that wait, and none from a block', async () => {
    await tries(limiter, 1)
    const before = txns()
    await tries(limiter, 1)
    expect(txns() - before).toBe(1)
    await world.settle(Promise.all(Array.from({ length: 8 }, () => limiter.acquire())))
    expect(txns() - before).toBeLessThanOrEqual(3)
    const blocks = new RateLimiter(worker.client, 'blocks', { ...PER_SECOND, blockSize: 5 })
    await tries(blocks, 1)
    const inBlock = txns()
    expect(await tries(blocks, 4)).toBe(4)
    expect(txns()).toBe(inBlock)
  })

  test('is one for all processes', async () => {
    const others = ['b', 'c', 'd'].map(
      (name) => new RateLimiter(world.worker(name).client, 'r', PER_SECOND),
    )
    const granted = await world.settle(
      Promise.all([limiter, ...others].map((one) => flood(one, 10_000))),
    )
    const sum = granted.reduce((a, b) => a + b)
    expect(sum).toBeLessThanOrEqual(10 + 100)
    expect(sum).toBeGreaterThan(90)
  })

  test('forgets a block that rests: it is not granted on top of a full bucket', async () => {
    const blocks = new RateLimiter(worker.client, 'b', { ...PER_SECOND, blockSize: 10 })
    await tries(blocks, 1)
    await world.run(5_000)
    expect(await tries(blocks, 30)).toBe(10)
  })

  test('can be reset, and then have another limit', async () => {
    await tries(limiter, 10)
    const other = new RateLimiter(worker.client, 'r', { limit: 5, intervalMs: 1_000 })
    const mismatch = await world.failure(other.tryAcquire())
    expect(mismatch).toMatchObject({ code: 'failed-precondition' })
    expect(mismatch.message).toMatch(/limit 10/)
    await world.settle(limiter.reset())
    expect(await tries(other, 10)).toBe(5)
  })
})

describe('clocks', () => {
  /** What four seconds of asking bring, after the burst is gone, with a second process whose clock does this. */
  const grantedWith = async (wallOf: (ms: number) => number) => {
    const other = new RateLimiter(clientAt('skewed', wallOf), 'r', PER_SECOND)
    await tries(limiter, 10)
    const granted = await world.settle(Promise.all([flood(limiter, 4_000), flood(other, 4_000)]))
    return granted.reduce((a, b) => a + b)
  }

  test('one that is slow grants no more', async () => {
    const granted = await grantedWith((ms) => ms - 3_600_000)
    expect(granted).toBeGreaterThan(30)
    expect(granted).toBeLessThanOrEqual(40)
  })

  test('one that is ahead grants a burst more, once, and locks nobody out', async () => {
    const granted = await grantedWith((ms) => ms + 3_600_000)
    expect(granted).toBeLessThanOrEqual(50)
    expect(granted).toBeGreaterThan(40)
    expect(await world.settle(flood(limiter, 4_000))).toBeGreaterThan(30)
  })

  test('one that jumps forth and back grants a burst more, once', async () => {
    let jumps = 0
    const granted = await grantedWith((ms) => (jumps++ % 2 === 0 ? ms : ms + 60_000))
    expect(granted).toBeLessThanOrEqual(50)
  })

  test('a bucket of the far future is used all the same', async () => {
    const future = new RateLimiter(
      clientAt('f', () => 9e12),
      'r',
      PER_SECOND,
    )
    await world.settle(future.tryAcquire())
    await tries(limiter, 9)
    expect(await world.settle(flood(limiter, 2_000))).toBeGreaterThan(15)
  })
})

describe('misuse and trouble', () => {
  test('what makes no limiter is refused', async () => {
    const made =
      (options: Partial<RateLimiterOptions>, name = 'r') =>
      () =>
        new RateLimiter(worker.client, name, { ...PER_SECOND, ...options })
    expect(made({}, '')).toThrow(/empty/)
    for (const options of [
      { limit: 0 },
      { limit: Number.NaN },
      { intervalMs: -1 },
      { burst: 0 },
      { burst: 1.5 },
      { blockSize: 11 },
      { waitersMax: 0 },
    ])
      expect(made(options)).toThrow(/is a .*number/)
    for (const permits of [0, 11, 1.5]) {
      expect((await world.failure(limiter.acquire({ permits }))).code).toBe('invalid-argument')
      expect((await world.failure(limiter.tryAcquire({ permits }))).code).toBe('invalid-argument')
    }
    await world.settle(worker.client.kv.put('r/bucket', '{"tokens":-1}'))
    expect((await world.failure(limiter.tryAcquire())).code).toBe('invalid-value')
  })

  test('more waiters than allowed are refused, and those who go make room', async () => {
    const small = new RateLimiter(worker.client, 's', {
      limit: 1,
      intervalMs: 10_000,
      waitersMax: 1,
    })
    await tries(small, 1)
    const waiting = world.failure(small.acquire({ timeoutMs: 1_000 }))
    expect((await world.failure(small.acquire())).code).toBe('too-many-requests')
    expect((await waiting).code).toBe('deadline-exceeded')
    const controller = new AbortController()
    const next = small.acquire({ signal: controller.signal })
    controller.abort('enough')
    expect(await world.failure(next)).toMatchObject({ code: 'cancelled', cause: 'enough' })
  })

  test('a rate below one in an interval works', async () => {
    const slow = new RateLimiter(worker.client, 'slow', { limit: 0.5, intervalMs: 1_000 })
    const granted = await world.settle(flood(slow, 11_000))
    expect(granted).toBe(6)
  })

  test('lost answers and cut links grant no more than is there', async () => {
    const random = new SeededRandom(3)
    const endsAtMs = world.now + 10_000
    let granted = 0
    const work = async (one: Worker) => {
      const mine = new RateLimiter(one.client, 'r', PER_SECOND)
      while (world.now < endsAtMs) {
        if (random.chance(0.1)) void one.doom('Txn', random.pick(['answerLost', 'arrivesLate']))
        const timeoutMs = Math.max(1, endsAtMs - world.now)
        if (
          await mine.acquire({ timeoutMs }).then(
            () => true,
            () => false,
          )
        )
          granted++
      }
    }
    const workers = ['x', 'y', 'z'].map((name) => world.worker(name))
    const working = Promise.all(workers.map(work))
    await world.run(3_000)
    world.cut(workers[0]!)
    await world.run(2_000)
    world.heal()
    await world.settle(working)
    expect(granted).toBeLessThanOrEqual(110)
    expect(granted).toBeGreaterThan(50)
  })
})
