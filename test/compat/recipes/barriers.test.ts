/** Barriers, double barriers and latches on real servers. */

import { expect, test } from '@jest/globals'
import type { Keyspace } from '../../../client/index.js'
import { Barrier, BarrierFullError, DoubleBarrier, Latch, Session } from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  /** Waits until so many keys are under a prefix. */
  const keysUnder = async (client: Keyspace, prefix: string, count: number) => {
    const watcher = client.watch({ prefix })
    await watcher.created
    if ((await client.kv.count({ prefix })) === count) return watcher.close()
    for await (const _event of watcher) if ((await client.kv.count({ prefix })) === count) return
  }

  test('a barrier keeps others waiting until it is released', async () => {
    const [a, b] = [server.client(), server.client()]
    const [ours, theirs] = [new Barrier(a, 'barrier'), new Barrier(b, 'barrier')]
    expect(await ours.hold()).toBe(true)
    expect(await theirs.hold()).toBe(false)
    await expect(theirs.wait({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'deadline-exceeded',
    })
    const waiting = theirs.wait()
    expect(await theirs.release()).toBe(true)
    await waiting
    expect(await ours.isHeld()).toBe(false)
    const session = await Session.create(a)
    await new Barrier(session, 'barrier').hold()
    const again = theirs.wait()
    await session.close()
    await again
  })

  test('a double barrier lets so many in and out together, round after round', async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(() => Session.create(server.client())))
    const barriers = sessions.map((session) => new DoubleBarrier(session, 'double', 3))
    const inside = new Set<number>()
    let sawAll = 0
    const run = async (i: number) => {
      for (let round = 0; round < 3; round++) {
        await barriers[i]!.enter()
        inside.add(i)
        if (inside.size === 3) sawAll++
        await barriers[i]!.leave()
        inside.delete(i)
      }
    }
    await Promise.all([0, 1, 2].map(run))
    expect(sawAll).toBeGreaterThanOrEqual(3)
    const entering = [0, 1].map((i) => barriers[i]!.enter())
    await keysUnder(sessions[0]!.client, 'double/waiters/', 2)
    await barriers[2]!.enter()
    await Promise.all(entering)
    await expect(barriers[3]!.enter()).rejects.toBeInstanceOf(BarrierFullError)
    const leaving = [0, 1].map((i) => barriers[i]!.leave())
    await sessions[2]!.close()
    await Promise.all(leaving)
    await Promise.all(sessions.map((session) => session.close()))
  })

  test('a latch opens when so many have counted down, and begins anew', async () => {
    const [a, b] = [server.client(), server.client()]
    const [one, two] = [new Latch(a, 'latch', 2), new Latch(b, 'latch', 2)]
    const waiting = Promise.all([one.wait(), two.wait()])
    expect(await one.countDown()).toBe(1)
    expect(await one.countDown()).toBe(1)
    expect(await two.countDown()).toBe(0)
    await waiting
    await one.reset()
    expect(await two.count()).toBe(2)
    expect(await two.countDown()).toBe(1)
  })
})
