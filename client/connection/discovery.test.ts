/** Members found by DNS, with records that a test tells. */

import { describe, expect, test } from '@jest/globals'
import { settled } from '../../test/client/fake-members.js'
import { failure } from '../../test/client/outcome.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { connect } from '../client.js'
import { type FoundRecords, type ServiceRecords, ServiceRecordsError } from '../host/dns.js'
import { streaming, unary } from '../host/service.js'
import { InProcessTransport } from '../host/transport-inprocess.js'
import type { ConnectOptions } from '../options.js'
import { KV, Watch } from '../wire/methods.js'

const SECURE = '_etcd-client-ssl._tcp.example.com'
const PLAIN = '_etcd-client._tcp.example.com'

const record = (host: string, port: number, priority = 0, weight = 0) => ({
  ...{ host, port, priority, weight },
})

/** DNS, and members wherever it points. */
function found(
  names: Record<string, FoundRecords | Error | 'never'>,
  options: ConnectOptions = {},
) {
  const clock = new VirtualClock()
  const asked: string[] = []
  const served: string[] = []
  let isClosed = false
  const dns: ServiceRecords = {
    async find(name) {
      asked.push(name)
      const records = names[name]
      if (records === 'never') return new Promise(() => {})
      if (records instanceof Error) throw records
      if (records === undefined) throw new ServiceRecordsError(`${name} is unknown`, true)
      return records
    },
    close() {
      isClosed = true
    },
  }
  const transport = new InProcessTransport({
    clock,
    services: (address) => [
      unary(KV.range, () => {
        served.push(address)
        return {}
      }),
      streaming(Watch.watch, (stream) =>
        stream.receive({
          message: ({ createRequest: watch }) =>
            watch && stream.send({ watchId: watch.watchId, created: true }),
          close() {},
        }),
      ),
    ],
  })
  const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length) }
  const discovery = { domain: 'example.com' }
  const client = connect({
    ...{ discovery, dns, transport, clock, random, pipeline: 'off' },
    ...options,
  } as ConnectOptions)
  return { client, clock, names, asked, served, isClosed: () => isClosed }
}

describe('discovery', () => {
  test('happens on first need, once for all who wait', async () => {
    const { client, asked, served } = found({ [SECURE]: [record('m1.example.com.', 2379)] })
    expect(asked).toEqual([])
    await Promise.all([client.kv.get('a'), client.kv.get('b')])
    expect(asked).toEqual([SECURE])
    expect(served).toEqual(['https://m1.example.com:2379', 'https://m1.example.com:2379'])
    expect(client.endpoints).toEqual(['https://m1.example.com:2379'])
  })

  test('prefers members with TLS, lower priorities, and higher weights', async () => {
    const { client } = found({
      [PLAIN]: [record('plain', 1)],
      [SECURE]: [record('c', 1, 2), record('b', 1, 1, 5), record('a', 1, 1, 9)],
    })
    await client.kv.get('k')
    expect(client.endpoints).toEqual(['https://a:1', 'https://b:1', 'https://c:1'])
  })

  test('takes members without TLS when there are no others, and tls is not asked for', async () => {
    const names = { [PLAIN]: [record('plain', 1)] }
    const { client } = found(names)
    await client.kv.get('k')
    expect(client.endpoints).toEqual(['http://plain:1'])
    const safe = found(names, { tls: true })
    expect(await failure(safe.client.kv.get('k'))).toMatchObject({ code: 'unavailable' })
    expect(safe.asked).toEqual([SECURE])
  })

  test('knows clusters by name, from options and from the environment', async () => {
    const names = { '_etcd-client-ssl-one._tcp.example.com': [record('m', 1)] }
    await found(names, { discovery: { domain: 'example.com', name: 'one' } }).client.kv.get('k')
    const env = { ETCDCTL_DISCOVERY_SRV: 'example.com', CONCLAVE_DISCOVERY_SRV_NAME: 'one' }
    const { client } = found(names, { discovery: undefined, env } as ConnectOptions)
    await client.kv.get('k')
    expect(client.endpoints).toEqual(['https://m:1'])
  })

  test('that finds nothing says so at once, and is tried anew by the next call', async () => {
    const { client, names } = found({})
    const error = await failure(client.kv.put('k', 'v'))
    expect(error).toMatchObject({ code: 'unavailable', outcomeUnknown: false })
    expect(error.message).toContain('example.com')
    names[SECURE] = [record('m', 1)]
    await client.kv.get('k')
  })

  test('that fails for the moment is tried again', async () => {
    const { client, clock, names, asked } = found({
      [SECURE]: new ServiceRecordsError('no', false),
    })
    const got = client.kv.get('k')
    await clock.run(1_000)
    expect(asked.length).toBeGreaterThan(3)
    expect(asked.length).toBeLessThan(12)
    names[SECURE] = [record('m', 1)]
    await clock.run(2_000)
    expect(await got).toBeNull()
  })

  test('is waited for by watches, too', async () => {
    const { client, clock } = found({ [SECURE]: [record('m', 1)] })
    const watcher = client.watch('k')
    await clock.run(200)
    await watcher.created
    client.close()
  })

  test('ends with the client, and with the time of a call', async () => {
    const { client, clock, isClosed } = found({ [SECURE]: 'never' })
    const late = failure(client.kv.get('k', { timeoutMs: 100 }))
    const open = failure(client.kv.get('k'))
    await clock.run(101)
    expect((await late).code).toBe('unavailable')
    client.close()
    expect((await open).code).toBe('closed')
    expect(isClosed()).toBe(true)
    await settled()
    expect(clock.timerCount).toBe(0)
  })
})
