/** Leader selectors on real servers. */

import { expect, test } from '@jest/globals'
import { LeaderSelector, type LeaderTerm } from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  const elected = (selector: LeaderSelector) =>
    new Promise<LeaderTerm>((resolve) => selector.on('elected', resolve))
  const untilStopped = ({ signal }: LeaderTerm) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })

  test('one leads, and another when that is closed or loses its lease', async () => {
    const clients = [server.client(), server.client()] as const
    const [a, b] = clients.map((client) => new LeaderSelector(client, 'work', { ttlSeconds: 2 }))
    a!.start(untilStopped)
    const first = await elected(a!)
    b!.start(untilStopped)
    const second = elected(b!)
    await first.proclaim('a leads')
    expect((await b!.leader())!.text()).toBe('a leads')
    const again = elected(a!)
    // As an operator would end it.
    await clients[1].lease.revoke((await b!.leader())!.leaseId)
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken)
    await untilStopped(first)
    expect(first.signal.reason).toMatchObject({ code: 'lost' })
    await b!.close()
    expect((await again).fencingToken).toBeGreaterThan((await second).fencingToken)
    await a!.close()
    expect(await clients[0].kv.count({ prefix: 'work/' })).toBe(0)
  })
})
