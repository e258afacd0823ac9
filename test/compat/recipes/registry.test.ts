/**
 * The registry on our server (with the pipeline and without) and on a real etcd; and its
 * entries beside those that Go's naming package writes, by way of etcdctl.
 */

import { expect, test } from '@jest/globals'
import type { Client } from '../../../client/index.js'
import { Registry, type Service } from '../../../recipes/index.js'
import { run, type Tool } from '../command-run.js'
import { findTool } from '../find-tool.js'
import { onServers } from './on-servers.js'

const etcdctl = findTool('etcdctl', 'ETCDCTL_BIN')

/** Resolves when the view is as it should be. */
async function until(service: Service, isRight: () => boolean): Promise<void> {
  while (!isRight())
    await new Promise<void>((resolve) => {
      const done = () => {
        service.off('up', done).off('change', done).off('down', done)
        resolve()
      }
      service.on('up', done).on('change', done).on('down', done)
    })
}

const ids = (service: Service) => service.instances().map(({ id }) => id)

onServers((server) => {
  /** A registry and a view of a service in it. */
  const use = async (
    work: (registry: Registry, service: Service, client: Client) => Promise<void>,
  ) => {
    const client = server.client()
    const registry = new Registry(client, 'services', { ttlSeconds: 2 })
    const service = registry.service('orders', { protectThreshold: false })
    await service.ready()
    await work(registry, service, client)
    await registry.close()
    await client.kv.delete({ prefix: 'services/' })
  }

  test('instances come, change, heal, and drain', () =>
    use(async (registry, service, client) => {
      const given = { name: 'orders', address: '10.0.0.7', port: 80 }
      const a = await registry.register({ ...given, id: 'a' })
      await registry.register({ ...given, id: 'b' })
      await until(service, () => ids(service).join() === 'a,b')
      await a.update({ weight: 5 })
      await until(service, () => service.instances()[0]?.weight === 5)
      const { lease } = (await client.kv.get(a.key))!
      const gone = until(service, () => ids(service).length === 0)
      await client.lease.revoke(lease)
      await gone
      await until(service, () => ids(service).join() === 'a,b')
      expect(service.instances()[0]).toEqual(a.instance)
      await a.drain({ waitMs: 50 })
      await until(service, () => ids(service).join() === 'b')
      await registry.close()
      expect(await client.kv.count(`${registry.prefix}/`)).toBe(0)
    }))

  if (etcdctl === undefined) {
    test.skip('skipped: no etcdctl; set ETCDCTL_BIN or put etcdctl on the PATH', () => {})
    return
  }
  const ctl = async (...args: string[]) => {
    const tool: Tool = { program: etcdctl, first: ['--endpoints', server.endpoints.join(',')] }
    const { stdout, stderr, code } = await run(tool, args)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    return stdout
  }

  test('entries as Go writes them are instances', () =>
    use(async (registry, service) => {
      const put = (id: string, value: string) =>
        ctl('put', `${registry.prefix}/orders/${id}`, value)
      await put('10.0.0.8:80', '{"Op":0,"Addr":"10.0.0.8:80","Metadata":null}')
      await put('nested/one', '{"Addr":"10.0.0.9:80"}')
      await put('zzz', '{"Op":0,"Addr":"[::1]:80","Metadata":{"zone":"b"}}')
      await until(service, () => service.instances().length === 3)
      expect(service.instances()).toMatchObject([
        { id: '10.0.0.8:80', address: '10.0.0.8', port: 80, status: 'up', weight: 1 },
        { id: 'nested/one', address: '10.0.0.9', port: 80, metadata: {} },
        { id: 'zzz', address: '::1', port: 80, metadata: { zone: 'b' } },
      ])
      await ctl('del', `${registry.prefix}/orders/zzz`)
      await until(service, () => service.instances().length === 2)
    }))

  test('what is registered is an entry that Go reads, on a lease', () =>
    use(async (registry) => {
      const given = { name: 'orders', id: 'a', address: '10.0.0.7', port: 8080 }
      await registry.register({ ...given, metadata: { zone: 'b' }, version: '1.4.0' })
      const printed = await ctl('get', '--print-value-only', `${registry.prefix}/orders/a`)
      expect(printed).toBe(
        '{"Op":0,"Addr":"10.0.0.7:8080","Metadata":null,"name":"orders","id":"a","protocol":"",' +
          '"version":"1.4.0","weight":1,"status":"up","meta":{"zone":"b"}}\n',
      )
      expect(await ctl('lease', 'list')).toMatch(/found [1-9]/)
    }))
})
