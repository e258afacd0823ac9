/** Members found by SRV records: a real resolver, a real DNS message, a real member. */

import { afterEach, expect, test } from '@jest/globals'
import { NodeServiceRecords } from '../../client/host/dns-node.js'
import { type Client, connect, type ServiceRecord } from '../../client/index.js'
import { startCluster } from '../../server/index.js'
import { DnsServer, type Entry, ResponseCode } from './dns-server.js'
import { failure } from './outcome.js'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function clientOf(table: Readonly<Record<string, Entry>>, name?: string) {
  const dns = await DnsServer.start(table)
  ends.push(() => dns.stop())
  const discovery = { domain: 'svc.test', ...(name !== undefined && { name }) }
  const client: Client = connect({
    discovery,
    dns: new NodeServiceRecords([dns.address]),
    env: {},
    timeoutMs: 5_000,
  })
  ends.push(() => client.close())
  return { client, dns }
}

async function member(): Promise<ServiceRecord> {
  const cluster = await startCluster({ size: 1, storage: 'memory' })
  ends.push(() => cluster.stop())
  const port = Number(new URL(cluster.endpoints[0]!).port)
  return { host: 'localhost', port, priority: 1, weight: 1 }
}

test('a member that serves without TLS is found and used', async () => {
  const { client, dns } = await clientOf({ '_etcd-client._tcp.svc.test': [await member()] })
  await client.kv.put('k', 'v')
  expect((await client.kv.get('k'))?.text()).toBe('v')
  expect(dns.asked).toEqual(['_etcd-client-ssl._tcp.svc.test', '_etcd-client._tcp.svc.test'])
})

test('the name of a cluster stands in the records', async () => {
  const record = await member()
  const { client, dns } = await clientOf({ '_etcd-client-one._tcp.svc.test': [record] }, 'one')
  await client.kv.put('k', 'v')
  expect(dns.asked[0]).toBe('_etcd-client-ssl-one._tcp.svc.test')
  expect(client.endpoints).toEqual([`http://localhost:${record.port}`])
})

test('records with TLS leave those without it aside, lower priority first', async () => {
  const at = (port: number, priority: number) => ({ host: 'a.test', port, priority, weight: 0 })
  const { client } = await clientOf({
    '_etcd-client-ssl._tcp.svc.test': [at(2, 20), at(1, 10)],
    '_etcd-client._tcp.svc.test': [at(3, 1)],
  })
  await failure(client.kv.get('k', { timeoutMs: 3_000 }))
  expect(client.endpoints).toEqual(['https://a.test:1', 'https://a.test:2'])
})

test('a domain without records fails at once, and names the records', async () => {
  const { client } = await clientOf({})
  const error = await failure(client.kv.get('k'))
  expect(error.code).toBe('unavailable')
  expect(error.message).toMatch(/svc\.test has no SRV records _etcd-client-ssl or _etcd-client/)
})

test('a resolver that fails is asked again, and its reason is told when time is over', async () => {
  const { client, dns } = await clientOf({
    '_etcd-client-ssl._tcp.svc.test': ResponseCode.serverFailure,
  })
  const error = await failure(client.kv.get('k', { timeoutMs: 3_000 }))
  expect(error).toMatchObject({ code: 'unavailable' })
  expect(`${error.message} ${error.cause}`).toMatch(/SERVFAIL/)
  expect(dns.asked.length).toBeGreaterThan(1)
})
