/** Persistent nodes: put back whenever they disappear, gone when closed. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { PersistentNode, type PersistentNodeOptions, Session, SessionSource } from './index.js'

let world: RecipeWorld
let worker: Worker

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('w')
})
afterEach(() => world.stop())

/** A node and what it has told. */
function node(options: PersistentNodeOptions<unknown> = {}, by = worker, value: unknown = 1) {
  const made = new PersistentNode<unknown>(by.client, 'n', value, options)
  const told: string[] = []
  made.on('present', () => told.push('present'))
  made.on('absent', ({ reason }) => told.push(reason))
  made.on('error', (error) => told.push((error as { code?: string }).code ?? error.name))
  return { node: made, told }
}

const found = () => world.settle(worker.client.kv.get('n'))
const value = async () => (await found())?.json()

/** The server ends the lease on which the key hangs. */
async function endLease(): Promise<void> {
  const kv = await found()
  await world.settle(world.worker('operator').client.lease.revoke(kv!.lease))
}

describe('a persistent node', () => {
  test('is there when started, has the newest value, and is gone when closed', async () => {
    const { node: n, told } = node()
    await world.settle(n.start())
    expect(await value()).toBe(1)
    expect(n.fencingToken).toBe((await found())!.createRevision)
    await world.settle(n.update(2))
    expect(await value()).toBe(2)
    expect(n.fencingToken).toBe((await found())!.createRevision)
    await world.run(60_000)
    expect(n.present).toBe(true)
    await world.settle(n.close())
    expect(await world.keys()).toEqual([])
    expect(told).toEqual(['present', 'stopped'])
    expect(n.fencingToken).toBeUndefined()
  })

  test('costs one transaction to put, to update, to put back, to pause', async () => {
    const { node: n } = node()
    const other = world.worker('o')
    await world.settle(n.start())
    expect(worker.calls.get('Txn')).toBe(1)
    expect(worker.calls.get('LeaseGrant')).toBe(1)
    await world.settle(n.update(2))
    expect(worker.calls.get('Txn')).toBe(2)
    await world.settle(other.client.kv.delete('n'))
    await world.until('it is back', () => worker.calls.get('Txn') === 3)
    await world.run(100)
    expect(n.present).toBe(true)
    await world.settle(n.pause())
    expect(worker.calls.get('Txn')).toBe(4)
    await world.settle(n.close())
    expect(worker.calls.get('Txn')).toBe(4)
    expect(worker.calls.get('Range') ?? 0).toBe(0)
  })

  test('is put back when somebody deletes it, with a greater token', async () => {
    const { node: n, told } = node()
    await world.settle(n.start())
    const before = n.fencingToken!
    await world.settle(worker.client.kv.delete('n'))
    await world.until('it is back', () => told.length === 3)
    expect(told).toEqual(['present', 'deleted', 'present'])
    expect(n.fencingToken).toBeGreaterThan(before)
  })

  test('is put back with the value of now when the server ends its lease', async () => {
    const { node: n, told } = node()
    await world.settle(n.start())
    await world.settle(n.update('new'))
    await endLease()
    await world.until('it is back', () => told.at(-1) === 'present' && told.length > 1, 20_000)
    expect(await value()).toBe('new')
    expect((await found())!.lease).not.toBe(0n)
  })

  test('cut off for long, is told absent first, and is back when the link is whole', async () => {
    const { node: n, told } = node({ ttlSeconds: 5 })
    await world.settle(n.start())
    world.cut(worker)
    await world.until('the loss', () => told.includes('session-lost'), 10_000)
    expect(n.present).toBe(false)
    expect(await world.keys()).toEqual(['n'])
    await world.run(120_000)
    expect(await world.keys()).toEqual([])
    world.heal()
    await world.until('it is back', () => told.at(-1) === 'present', 20_000)
    expect(await value()).toBe(1)
  })

  test('a lost lease whose key is still there is replaced under it: nobody sees a gap', async () => {
    const { node: n, told } = node({ ttlSeconds: 20 })
    await world.settle(n.start())
    const watcher = world.worker('o').client.watch('n', { startRevision: 1 })
    const types: string[] = []
    watcher.on('put', () => types.push('put')).on('delete', () => types.push('delete'))
    const token = n.fencingToken
    world.cut(worker)
    await world.until('the loss', () => told.includes('session-lost'), 20_000)
    world.heal()
    await world.until('it is back', () => told.at(-1) === 'present', 2_000)
    await world.run(60_000)
    expect(types).toEqual(['put', 'put'])
    expect(n.fencingToken).toBe(token)
  })

  test('deleted again and again, rests longer each time but never gives up', async () => {
    const { node: n } = node()
    await world.settle(n.start())
    const other = world.worker('o')
    let deletions = 0
    other.client.watch('n', { startRevision: 1 }).on('put', () => {
      deletions++
      void other.client.kv.delete('n')
    })
    await world.run(60_000)
    expect(deletions).toBeGreaterThan(10)
    expect(deletions).toBeLessThan(40)
    expect(n.present === ((await found()) !== null)).toBe(true)
  })

  test('paused it is gone, resumed it is back, with what it was updated to meanwhile', async () => {
    const { node: n, told } = node()
    await world.settle(n.start())
    await world.settle(n.pause())
    expect(await world.keys()).toEqual([])
    await world.settle(n.update(7))
    expect(await world.keys()).toEqual([])
    expect((await world.failure(n.ready())).code).toBe('failed-precondition')
    await world.settle(n.resume())
    expect(await value()).toBe(7)
    expect(told).toEqual(['present', 'stopped', 'present'])
  })

  test('several share one lease, and closing one leaves the others alone', async () => {
    const sessions = new SessionSource(worker.client, { ttlSeconds: 5 })
    const nodes = Array.from(
      { length: 100 },
      (_, i) => new PersistentNode(worker.client, `many/${i}`, i, { sessions }),
    )
    await world.settle(Promise.all(nodes.map((n) => n.start())))
    expect(worker.calls.get('LeaseGrant')).toBe(1)
    await world.settle(nodes[0]!.close())
    expect(await world.keys()).toHaveLength(99)
    await world.settle(worker.client.lease.revoke(sessions.current!.id))
    await world.until('the loss is told', () => nodes.every((n) => !n.present), 10_000)
    await world.until('all are back', () => nodes.slice(1).every((n) => n.present), 10_000)
    expect(worker.calls.get('LeaseGrant')).toBe(2)
    expect(await world.keys()).toHaveLength(99)
    await world.settle(Promise.all(nodes.map((n) => n.close())))
    expect(await world.keys()).toEqual([])
    expect(sessions.current?.alive).toBe(true)
    await world.settle(sessions.close())
  })

  test('guard() fails a transaction once the key is not ours', async () => {
    const { node: n } = node()
    expect(() => n.guard()).toThrow('released')
    await world.settle(n.start())
    const write = () =>
      worker.client
        .txn()
        .if(...guard)
        .commit()
    let guard = n.guard()
    expect((await world.settle(write())).succeeded).toBe(true)
    await world.settle(n.update(2))
    expect((await world.settle(write())).succeeded).toBe(true)
    await world.settle(n.pause())
    await world.settle(n.resume())
    expect((await world.settle(write())).succeeded).toBe(false)
    guard = n.guard()
    expect((await world.settle(write())).succeeded).toBe(true)
  })
})

describe('a key of somebody else', () => {
  test('is left alone and told once; ours is there as soon as it is gone', async () => {
    await world.settle(worker.client.kv.put('n', '"theirs"'))
    const { node: n, told } = node()
    const late = await world.failure(n.start({ timeoutMs: 3_000 }))
    expect(late).toMatchObject({ code: 'deadline-exceeded', cause: { code: 'taken' } })
    await world.run(30_000)
    expect(await value()).toBe('theirs')
    expect(told).toEqual(['taken'])
    await world.settle(worker.client.kv.delete('n'))
    await world.settle(n.ready())
    expect(await value()).toBe(1)
    expect(told).toEqual(['taken', 'present'])
  })

  test('is waited for as long as a signal of AbortSignal.timeout() allows', async () => {
    await world.settle(worker.client.kv.put('n', '"theirs"'))
    const controller = new AbortController()
    worker.client.clock.after(3_000, () =>
      controller.abort(new DOMException('too late', 'TimeoutError')),
    )
    const late = await world.failure(node().node.start({ signal: controller.signal }))
    expect(late).toMatchObject({ code: 'deadline-exceeded', cause: { code: 'taken' } })
  })

  test('is not deleted by closing', async () => {
    await world.settle(worker.client.kv.put('n', '"theirs"'))
    const { node: n } = node({ sessions: new SessionSource(worker.client) })
    void n.start().catch(() => {})
    await world.run(1_000)
    await world.settle(n.close())
    expect(await value()).toBe('theirs')
  })

  test('put over ours is theirs: it is left alone, and put back when it is gone', async () => {
    const { node: n, told } = node()
    await world.settle(n.start())
    await world.settle(worker.client.kv.put('n', '"theirs"'))
    await world.run(5_000)
    expect(told).toEqual(['present', 'taken', 'taken'])
    expect(await value()).toBe('theirs')
    await world.settle(worker.client.kv.delete('n'))
    await world.until('it is back', () => n.present)
    expect(await value()).toBe(1)
  })

  test('is taken over when asked for, by a token that is greater than its own', async () => {
    const other = world.worker('o')
    const a = node({}, worker, 'a')
    await world.settle(a.node.start())
    const before = a.node.fencingToken!
    const b = node({ takeOver: (kv) => kv.json() === 'a' }, other, 'b')
    await world.settle(b.node.start())
    expect(await value()).toBe('b')
    expect(b.node.fencingToken).toBeGreaterThan(before)
    await world.until('the older one hears', () => !a.node.present)
    await world.run(30_000)
    expect(await value()).toBe('b')
    world.kill(other)
    await world.until('the older one is back', () => a.node.present, 20_000)
    expect(await value()).toBe('a')
  })

  test('of two that take over, the newer one has it: they do not fight', async () => {
    const takeOver = () => true
    const a = node({ takeOver }, worker, 'a')
    await world.settle(a.node.start())
    const b = node({ takeOver }, world.worker('o'), 'b')
    await world.settle(b.node.start())
    const { modRevision } = (await found())!
    await world.run(60_000)
    expect((await found())!.modRevision).toBe(modRevision)
    await world.settle(a.node.pause())
    expect(await value()).toBe('b')
    await world.settle(a.node.resume())
    expect(await value()).toBe('a')
  })

  test('of two nodes on one session the second waits for the first', async () => {
    const sessions = new SessionSource(worker.client)
    const a = node({ sessions }, worker, 'a')
    const b = node({ sessions }, worker, 'b')
    await world.settle(a.node.start())
    const starting = b.node.start()
    await world.run(10_000)
    expect(b.told).toEqual(['taken'])
    expect(await value()).toBe('a')
    await world.settle(a.node.close())
    await world.settle(starting)
    expect(await value()).toBe('b')
  })
})

describe('a persistent node in persistent mode', () => {
  test('hangs on no lease, and stays when its process ends', async () => {
    const { node: n } = node({ mode: 'persistent', ttlSeconds: 3 })
    await world.settle(n.start())
    expect((await found())!.lease).toBe(0n)
    world.kill(worker)
    await world.run(30_000)
    expect(await world.keys()).toEqual(['n'])
  })

  test('takes over what its earlier life left', async () => {
    const { node: n } = node({ mode: 'persistent', ttlSeconds: 3 })
    await world.settle(n.start())
    world.kill(worker)
    const next = node({ mode: 'persistent' }, world.worker('next'), 'next')
    await world.settle(next.node.start())
    const kv = (await world.settle(next.node.client.kv.get('n')))!
    expect([kv.json(), kv.lease]).toEqual(['next', 0n])
    expect(next.node.fencingToken).toBeGreaterThan(kv.createRevision)
    await world.settle(next.node.close())
    expect(await world.keys()).toEqual([])
  })

  test('paused in vain while cut off, and resumed, it knows its own key', async () => {
    const { node: n, told } = node({ mode: 'persistent', ttlSeconds: 3 })
    await world.settle(n.start())
    world.cut(worker)
    expect((await world.failure(n.pause())).code).toBe('unavailable')
    world.heal()
    await world.settle(n.resume({ timeoutMs: 20_000 }))
    expect(told).not.toContain('taken')
    await world.settle(n.close())
    expect(await world.keys()).toEqual([])
  })

  test('is put back, survives a lost session, and is gone when closed', async () => {
    const { node: n, told } = node({ mode: 'persistent', ttlSeconds: 3 })
    await world.settle(n.start())
    await world.settle(worker.client.kv.delete('n'))
    await world.until('it is back', () => told.length === 3)
    await world.settle(n.ready())
    world.cut(worker)
    await world.until('the loss', () => !n.present, 10_000)
    await world.settle(world.worker('o').client.kv.delete('n'))
    world.heal()
    await world.until('it is back', () => told.length === 7, 20_000)
    expect(told.slice(3)).toEqual(['session-lost', 'present', 'deleted', 'present'])
    await world.settle(n.ready())
    expect((await found())!.lease).toBe(0n)
    const guard = n.guard()
    await world.settle(n.update(2))
    expect(
      (
        await world.settle(
          worker.client
            .txn()
            .if(...guard)
            .commit(),
        )
      ).succeeded,
    ).toBe(false)
    await world.settle(n.close())
    expect(await world.keys()).toEqual([])
  })
})

describe('misuse of a persistent node', () => {
  test('is refused before anything is sent', () => {
    const { client } = worker
    expect(() => new PersistentNode(client, '', 1)).toThrow('must not be empty')
    expect(() => new PersistentNode(client, 'a/', 1)).toThrow("must not end in '/'")
    expect(() => new PersistentNode(client, 'a', undefined)).toThrow('JSON')
    expect(() => new PersistentNode(client, 'a', 1, { mode: 'both' as never })).toThrow('mode')
    const sessions = new SessionSource(client)
    expect(() => new PersistentNode(client, 'a', 1, { sessions, ttlSeconds: 3 })).toThrow('TTL')
    expect([...worker.calls]).toEqual([])
  })

  test('a value that cannot be written leaves the last one there', async () => {
    const { node: n } = node()
    await world.settle(n.start())
    expect((await world.failure(n.update(undefined))).code).toBe('invalid-argument')
    await world.settle(worker.client.kv.delete('n'))
    await world.run(1_000)
    expect(await value()).toBe(1)
  })

  test('after close() everything fails with closed, and close() again does nothing', async () => {
    const { node: n } = node()
    await world.settle(n.start())
    await world.settle(n.close())
    for (const use of [n.start(), n.ready(), n.update(2), n.pause(), n.resume()])
      expect((await world.failure(use)).code).toBe('closed')
    await world.settle(n.close())
    await world.run(30_000)
    expect(await world.keys()).toEqual([])
  })

  test('closed before it was started, it sends nothing', async () => {
    const { node: n } = node()
    await world.settle(n.close())
    expect([...worker.calls]).toEqual([])
  })

  test('a session of a closed client ends it', async () => {
    const { node: n } = node()
    const waiting = world.failure(n.start())
    worker.client.close()
    expect((await waiting).code).toBe('closed')
  })

  test('the session of a shared source that is closed ends it', async () => {
    const sessions = new SessionSource(worker.client)
    const { node: n } = node({ sessions })
    await world.settle(n.start())
    await world.settle(sessions.close())
    expect(n.present).toBe(false)
    expect((await world.failure(n.ready())).code).toBe('closed')
    await world.settle(Session.create(worker.client))
    await world.run(10_000)
    expect(await world.keys()).toEqual([])
  })
})
