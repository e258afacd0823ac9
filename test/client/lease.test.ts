/** Leases: granted, renewed, lost. */

import { expect, test } from '@jest/globals'
import { type ConclaveError, compare, op } from '../../client/index.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('lease', (server) => {
  test('a revoked lease takes its keys with it', async () => {
    const lease = await server.client.lease.grant(60)
    expect(lease.ttlSeconds).toBe(60)
    await server.client.kv.put(`${server.at}a`, '1', { lease: lease.id })
    const life = await server.client.lease.timeToLive(lease.id, { keys: true })
    expect(life.grantedTtlSeconds).toBe(60)
    expect(life.keys.map((key) => Buffer.from(key).toString())).toEqual([`${server.at}a`])
    expect(await server.client.lease.list()).toContain(lease.id)
    await server.client.lease.revoke(lease.id)
    expect(await server.client.kv.get(`${server.at}a`)).toBeNull()
    expect(await failure(server.client.lease.revoke(lease.id))).toMatchObject({
      code: 'lease-not-found',
    })
    expect(await failure(server.client.lease.timeToLive(lease.id))).toMatchObject({
      code: 'lease-not-found',
    })
    expect(await failure(server.client.lease.keepAliveOnce(lease.id))).toMatchObject({
      code: 'lease-not-found',
    })
    expect(
      await failure(server.client.kv.put(`${server.at}a`, '1', { lease: lease.id })),
    ).toMatchObject({
      code: 'lease-not-found',
      outcomeUnknown: false,
    })
  })

  test('a lease itself does wherever its id does, in a namespace, too', async () => {
    const { client, at } = server
    const names = client.namespace(at)
    for (const view of [client, names]) {
      const prefix = view === names ? '' : at
      const lease = await view.lease.grant(60)
      await view.kv.put(`${prefix}put`, '1', { lease })
      await view
        .txn()
        .then(op.put(`${prefix}txn`, '1', { lease }))
        .commit()
      await view.kv.create(`${prefix}created`, '1', { lease })
      await view.kv.update(`${prefix}created`, () => '2', { lease })
      const { succeeded } = await view
        .txn()
        .if(compare(`${prefix}put`).lease('=', lease), compare(`${prefix}txn`).lease('=', lease.id))
        .commit()
      expect(succeeded).toBe(true)
      expect(await view.lease.keepAliveOnce(lease)).toBe(60)
      expect((await view.lease.timeToLive(lease, { keys: true })).keys).toHaveLength(3)
      await view.lease.revoke(lease)
      expect(await view.kv.get(`${prefix}created`)).toBeNull()
    }
  })

  test('a lease is revoked at the end of its block, and may be gone before', async () => {
    const { client, at } = server
    {
      await using lease = await client.lease.grant(60)
      await using _alive = client.lease.keepAlive(lease)
      await client.kv.put(`${at}block`, '1', { lease })
    }
    expect(await client.kv.get(`${at}block`)).toBeNull()
    {
      await using lease = await client.lease.grant(60)
      expect(Object.keys(lease)).toEqual(['id', 'ttlSeconds', 'grantedAtMs'])
      await client.lease.revoke(lease)
    }
  })

  test('an id of our own is used, once', async () => {
    const id = BigInt(Date.now()) * 1000n + 7n
    expect((await server.client.lease.grant(60, { id })).id).toBe(id)
    expect(await failure(server.client.lease.grant(60, { id }))).toMatchObject({
      code: 'lease-exists',
    })
    expect(await server.client.lease.keepAliveOnce(id)).toBe(60)
  })

  test('a lease lives while it is renewed, and its loss is told once', async () => {
    const lease = await server.client.lease.grant(2)
    await server.client.kv.put(`${server.at}a`, '1', { lease: lease.id })
    let renewals = 0
    let enough: () => void = () => {}
    const often = new Promise<void>((resolve) => {
      enough = resolve
    })
    let sentAtMs = lease.grantedAtMs
    const lost = new Promise<ConclaveError>((resolve) => {
      server.client.lease.keepAlive(lease, {
        onRenewed(sentMs, ttlSeconds) {
          expect(sentMs).toBeGreaterThanOrEqual(sentAtMs)
          expect(ttlSeconds).toBe(lease.ttlSeconds)
          sentAtMs = sentMs
          if (++renewals === 4) enough()
        },
        onLost: resolve,
      })
    })
    await often
    expect(server.client.clock.now() - lease.grantedAtMs).toBeGreaterThan(lease.ttlSeconds * 1000)
    expect(await server.client.kv.get(`${server.at}a`)).not.toBeNull()
    await server.client.lease.revoke(lease.id)
    expect((await lost).code).toBe('lease-not-found')
  })

  test('many leases share the renewal', async () => {
    const leases = await Promise.all(
      Array.from({ length: 50 }, () => server.client.lease.grant(60)),
    )
    const alive = await Promise.all(
      leases.map(
        (lease) =>
          new Promise<bigint>((resolve) => {
            const keepAlive = server.client.lease.keepAlive(lease, {
              onRenewed() {
                keepAlive.close()
                resolve(lease.id)
              },
            })
          }),
      ),
    )
    expect(alive).toEqual(leases.map((lease) => lease.id))
  })
})
