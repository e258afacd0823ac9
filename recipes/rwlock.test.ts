/** Read-write locks: who shares, who excludes, in which order, at which cost. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { calls, type Party, SessionWorld } from '../test/sim/session-world.js'
import { LostError, NotHeldError, RWLock, UpgradeError } from './index.js'

let world: SessionWorld

beforeEach(async () => {
  world = await SessionWorld.start()
})
afterEach(() => world.stop())

/** A process with a lock on `rw`. */
async function one(owner: string): Promise<Party & { readonly rw: RWLock }> {
  const party = await world.party(owner)
  return { ...party, rw: new RWLock(party.session, 'rw') }
}

describe('a read-write lock', () => {
  test('lets readers share, and a writer be alone', async () => {
    const [a, b, c] = [await one('a'), await one('b'), await one('c')]
    const first = await world.settle(a.rw.read.acquire())
    const second = await world.settle(b.rw.read.acquire())
    expect(await world.settle(c.rw.write.tryAcquire())).toBeUndefined()
    const writing = c.rw.write.acquire()
    await world.queued(c.rw, 3)
    await world.settle(second.release())
    expect(await world.waits(writing)).toBe(true)
    await world.settle(first.release())
    const writer = await world.settle(writing)
    expect(await world.settle(a.rw.read.tryAcquire())).toBeUndefined()
    expect(await world.settle(a.rw.write.tryAcquire())).toBeUndefined()
    expect(writer.fencingToken).toBeGreaterThan(second.fencingToken)
    await world.settle(writer.release())
    expect(await world.keys()).toEqual([])
  })

  test('is fair: a reader who comes after a waiting writer waits for it', async () => {
    const [a, b, c, d] = [await one('a'), await one('b'), await one('c'), await one('d')]
    const reader = await world.settle(a.rw.read.acquire())
    const writing = b.rw.write.acquire()
    await world.queued(a.rw, 2)
    expect(await world.settle(c.rw.read.tryAcquire())).toBeUndefined()
    const readings = [c.rw.read.acquire(), d.rw.read.acquire()]
    await world.queued(a.rw, 4)
    expect(await world.settle(a.rw.participants())).toMatchObject([
      { owner: 'a', kind: 'read', state: 'holding', fencingToken: reader.fencingToken },
      { owner: 'b', kind: 'write', state: 'waiting' },
      { owner: 'c', kind: 'read', state: 'waiting' },
      { owner: 'd', kind: 'read', state: 'waiting' },
    ])
    await world.settle(reader.release())
    const writer = await world.settle(writing)
    for (const reading of readings) expect(await world.waits(reading)).toBe(true)
    await world.settle(writer.release())
    const both = await world.settle(Promise.all(readings))
    expect(both.every(({ held }) => held)).toBe(true)
  })

  test('costs one round trip to get, to downgrade and to give back', async () => {
    const { rw, worker } = await one('a')
    const before = calls(worker)
    const writer = await world.settle(rw.write.acquire())
    expect(calls(worker) - before).toBe(1)
    const reader = await world.settle(writer.downgrade())
    expect(calls(worker) - before).toBe(2)
    await world.settle(reader.release())
    expect(calls(worker) - before).toBe(3)
    await world.settle(rw.read.tryAcquire())
    expect(calls(worker) - before).toBe(4)
  })

  test('wakes only the writer whose predecessor goes, and no reader that a writer keeps out', async () => {
    const [a, b, c, d] = [await one('a'), await one('b'), await one('c'), await one('d')]
    const first = await world.settle(a.rw.write.acquire())
    const second = b.rw.write.acquire()
    await world.queued(a.rw, 2)
    const third = c.rw.read.acquire()
    await world.queued(a.rw, 3)
    const fourth = d.rw.write.acquire()
    await world.queued(a.rw, 4)
    await world.run(500)
    const events = () => [b, c, d].map(({ worker }) => worker.events.count)
    await world.settle(first.release())
    const writer = await world.settle(second)
    expect(events()).toEqual([1, 0, 0])
    await world.settle(writer.release())
    const reader = await world.settle(third)
    expect(events()).toEqual([1, 1, 0])
    await world.settle(reader.release())
    await world.settle(fourth)
    expect(events()).toEqual([1, 1, 1])
  })

  test('lets those behind a writer that gives up go on', async () => {
    const [a, b, c] = [await one('a'), await one('b'), await one('c')]
    await world.settle(a.rw.read.acquire())
    const giveUp = new AbortController()
    const writing = b.rw.write.acquire({ signal: giveUp.signal })
    await world.queued(a.rw, 2)
    const reading = c.rw.read.acquire()
    await world.queued(a.rw, 3)
    giveUp.abort()
    expect((await world.failure(writing)).code).toBe('cancelled')
    expect((await world.settle(reading)).held).toBe(true)
  })

  test.each(['', '/', 'a/'])("refuses the name '%s'", async (name) => {
    const { session } = await one('a')
    expect(() => new RWLock(session, name)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
    expect(() => new RWLock(session, 'rw', { owner: '' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('handles of one session', () => {
  test('share and exclude like those of different processes', async () => {
    const { session, rw } = await one('a')
    const other = new RWLock(session, 'rw')
    const readers = await world.settle(
      Promise.all([rw.read.acquire(), rw.read.acquire(), other.read.acquire()]),
    )
    expect(new Set(readers.map(({ fencingToken }) => fencingToken)).size).toBe(3)
    const writing = other.write.acquire()
    await world.queued(rw, 4)
    const late = rw.read.acquire()
    await world.queued(rw, 5)
    for (const reader of readers) {
      expect(await world.waits(writing)).toBe(true)
      await world.settle(reader.release())
    }
    const writer = await world.settle(writing)
    expect(await world.waits(late)).toBe(true)
    const second = rw.write.acquire()
    await world.queued(rw, 3)
    await world.settle(writer.release())
    await world.settle((await world.settle(late)).release())
    await world.settle((await world.settle(second)).release())
    expect(await world.keys()).toEqual([])
  })

  test('use few keys: the lease, then the lease with a number', async () => {
    const { session, rw } = await one('a')
    const [first, second] = await world.settle(Promise.all([rw.read.acquire(), rw.read.acquire()]))
    const key = `rw/read/${session.id.toString(16)}`
    expect([first!.key, second!.key]).toEqual([key, `${key}-1`])
    await world.settle(first!.release())
    expect((await world.settle(rw.read.acquire())).key).toBe(key)
  })
})

describe('a downgrade', () => {
  test('lets readers in and no writer in between, with the same token', async () => {
    const [a, b, c, d] = [await one('a'), await one('b'), await one('c'), await one('d')]
    const writer = await world.settle(a.rw.write.acquire())
    const reading = b.rw.read.acquire()
    await world.queued(a.rw, 2)
    const writing = c.rw.write.acquire()
    await world.queued(a.rw, 3)
    const reader = await world.settle(writer.downgrade())
    expect(reader.fencingToken).toBe(writer.fencingToken)
    expect(writer.released).toBe(true)
    expect(await world.failure(writer.downgrade())).toBeInstanceOf(NotHeldError)
    const beside = await world.settle(reading)
    expect(await world.waits(writing)).toBe(true)
    // The writer that waits keeps those out who come after it.
    expect(await world.settle(d.rw.read.tryAcquire())).toBeUndefined()
    await world.settle(beside.release())
    expect(await world.waits(writing)).toBe(true)
    expect(reader.held).toBe(true)
    await world.settle(reader.release())
    expect((await world.settle(writing)).held).toBe(true)
  })

  test('lets newcomers read at once when no writer waits', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const writer = await world.settle(a.rw.write.acquire())
    const reader = await world.settle(writer.downgrade())
    expect((await world.settle(b.rw.read.tryAcquire()))!.held).toBe(true)
    expect((await world.settle(b.rw.participants())).map(({ kind }) => kind)).toEqual([
      'read',
      'read',
    ])
    expect(reader.held).toBe(true)
  })

  test('whose answer is lost is done once', async () => {
    const { rw, worker } = await one('a')
    const writer = await world.settle(rw.write.acquire())
    void worker.doom('Txn', 'answerLost')
    const reader = await world.settle(writer.downgrade())
    expect((await world.settle(worker.client.kv.get(reader.key)))!.version).toBe(2)
    await world.settle(reader.release())
    expect(await world.keys()).toEqual([])
  })

  test('of what an operator deleted tells the loss', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const writer = await world.settle(a.rw.write.acquire())
    await world.settle(b.worker.client.kv.delete(writer.key))
    expect(await world.failure(writer.downgrade())).toMatchObject({ reason: 'deleted' })
    expect(writer.signal.aborted).toBe(true)
  })
})

describe('an upgrade', () => {
  test('is refused inside of read.using, however deep, and nowhere else', async () => {
    const { session, rw } = await one('a')
    const same = new RWLock(session, 'rw')
    const refused = rw.read.using(async () => {
      await new RWLock(session, 'other').read.using(() => same.write.acquire())
    })
    expect(await world.failure(refused)).toBeInstanceOf(UpgradeError)
    const tried = rw.read.using(() => rw.write.tryAcquire())
    expect(await world.failure(tried)).toMatchObject({ code: 'upgrade' })
    // Other work of the process waits its turn, with the same object.
    let writing: Promise<unknown> = Promise.resolve()
    let go = () => {}
    const gone = new Promise<void>((resolve) => {
      go = resolve
    })
    const reading = rw.read.using(() => gone)
    await world.queued(rw, 1)
    writing = rw.write.acquire()
    expect(await world.waits(writing)).toBe(true)
    go()
    await world.settle(reading)
    await world.settle(writing)
  })

  test('is no upgrade any more when the read lock was released', async () => {
    const { rw } = await one('a')
    const written = rw.read.using(async (lock) => {
      await lock.release()
      return rw.write.using(({ fencingToken }) => fencingToken)
    })
    expect(await world.settle(written)).toBeGreaterThan(0)
  })
})

describe('a session that is lost', () => {
  test('ends reading and writing before another is granted it', async () => {
    const [a, b, c] = [await one('a'), await one('b'), await one('c')]
    const reader = await world.settle(a.rw.read.acquire())
    const writing = b.rw.write.acquire()
    await world.queued(c.rw, 2)
    world.cut(a.worker)
    let toldAtMs = 0
    reader.signal.addEventListener('abort', () => {
      toldAtMs = world.now
    })
    const writer = await world.settle(writing)
    expect(toldAtMs).toBeGreaterThan(0)
    expect(toldAtMs).toBeLessThan(world.now)
    expect(reader.held).toBe(false)
    expect(await world.failure(reader.release())).toBeInstanceOf(LostError)
    expect(writer.held).toBe(true)
  })

  test.each(['read', 'write'] as const)(
    'does not end in a %s lock: the own key is read again after the wait',
    async (kind) => {
      const [a, b] = [await one('a'), await one('b')]
      const writer = await world.settle(a.rw.write.acquire())
      const waiting = b.rw[kind].acquire()
      await world.queued(a.rw, 2)
      const [, { key } = { key: '' }] = await world.settle(a.rw.participants())
      await world.settle(a.worker.client.kv.delete(key))
      await world.settle(writer.release())
      expect(await world.failure(waiting)).toMatchObject({ code: 'lost', reason: 'deleted' })
    },
  )

  test('is resumed with all that it held, and without what only waited', async () => {
    const [a, b] = [await one('a'), await one('b')]
    const readers = await world.settle(Promise.all([a.rw.read.acquire(), a.rw.read.acquire()]))
    a.rw.write.acquire().catch(() => {})
    await world.queued(b.rw, 3)
    const { session } = await world.heir(a)
    const rw = new RWLock(session, 'rw')
    const again = [await world.settle(rw.read.resume()), await world.settle(rw.read.resume())]
    expect(again.map((lock) => lock!.fencingToken)).toEqual(
      readers.map(({ fencingToken }) => fencingToken),
    )
    expect(await world.settle(rw.read.resume())).toBeUndefined()
    expect(await world.settle(rw.write.resume())).toBeUndefined()
    for (const lock of again) await world.settle(lock!.release())
    expect(await world.keys()).toEqual([])
  })

  test('is resumed as a reader when it had downgraded', async () => {
    const a = await one('a')
    const writer = await world.settle(a.rw.write.acquire())
    await world.settle(writer.downgrade())
    const { session } = await world.heir(a)
    const rw = new RWLock(session, 'rw')
    expect(await world.settle(rw.write.resume())).toBeUndefined()
    expect((await world.settle(rw.read.resume()))!.fencingToken).toBe(writer.fencingToken)
  })
})
