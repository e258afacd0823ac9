/** The cluster and its members. */

import { expect, test } from '@jest/globals'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('cluster', (server) => {
  test('the cluster and its members tell about themselves', async () => {
    const members = await server.client.cluster.list()
    expect(members.length).toBeGreaterThan(0)
    expect(members[0]!.clientUrls.length).toBeGreaterThan(0)
    const status = await server.client.maintenance.status(server.endpoints[0])
    expect(status.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(members.map((member) => member.id)).toContain(status.header.memberId)
    expect(status.leader).not.toBe(0n)
    expect(await failure(server.client.maintenance.status('http://nobody:1'))).toMatchObject({
      code: 'invalid-argument',
    })
  })

  test('changes of the membership that cannot be are refused, and say why', async () => {
    const { cluster: members, maintenance } = server.client
    const [first] = await members.list()
    const url = 'http://127.0.0.1:1'
    // One after the other: etcd drops what is asked for at the same time.
    for (const [code, act] of [
      ['member-not-found', () => members.remove(77n)],
      ['member-not-found', () => members.update(77n, url)],
      ['member-not-found', () => members.promote(77n)],
      ['member-not-ready', () => members.promote(first!.id)],
      ['invalid-argument', () => maintenance.moveLeader(77n)],
    ] as const)
      expect(await failure(act())).toMatchObject({ code, outcomeUnknown: false })
    for (const act of [
      () => members.add([]),
      () => members.addLearner(''),
      () => members.remove(0n),
      () => members.promote(1 as never),
      () => members.update(1n, [url, 5 as never]),
    ])
      expect(await failure(act)).toMatchObject({
        code: 'invalid-argument',
        etcd: undefined,
      })
    const { leader } = await maintenance.status()
    await maintenance.moveLeader(leader)
    expect((await members.update(first!.id, first!.peerUrls)).length).toBeGreaterThan(0)
  })
})
