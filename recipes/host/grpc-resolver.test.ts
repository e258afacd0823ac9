/** The resolver for grpc-js: real channels, both shapes of its listener, weights. */

import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { connect, type Client as StoreClient } from '../../client/index.js'
import { type Cluster, startCluster } from '../../server/index.js'
import { type NewInstance, Registry } from '../index.js'
import { instanceOf } from '../registry/instance.js'
import { endpointsFor } from './grpc-endpoints.js'
import { type ConclaveResolver, grpcCheck, registerConclaveResolver } from './grpc-resolver.js'
import { type AnyListener, RegistryResolver } from './registry-resolver.js'

let cluster: Cluster
let store: StoreClient
let registry: Registry
let resolver: ConclaveResolver
const closers: (() => unknown)[] = []

beforeEach(async () => {
  cluster = await startCluster({ size: 1, storage: 'memory', sockets: false })
  store = connect({ endpoints: cluster.endpoints, transport: cluster.transport! })
  registry = new Registry(store, 'services', { ttlSeconds: 2 })
  resolver = registerConclaveResolver(registry)
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  resolver.close()
  await registry.close()
  store.close()
  await cluster.stop()
})

const bytes = (message: Buffer) => message
const WHO = { path: '/test.Who/Ask', requestStream: false, responseStream: false }
const SERVICE: ServiceDefinition = {
  ask: {
    ...WHO,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
}

/** A server that answers with its id, on the loopback; and its registration. */
async function serve(id: string, more: Partial<NewInstance> = {}) {
  const server = new Server()
  server.addService(SERVICE, {
    ask: (_: unknown, answer: (error: null, value: Buffer) => void) =>
      answer(null, Buffer.from(id)),
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  closers.push(() => server.forceShutdown())
  const given = { name: 'who', id, address: '127.0.0.1', port, ...more }
  return { server, port, registration: await registry.register(given) }
}

function ask(client: Client, waitMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + waitMs)
    client.makeUnaryRequest(
      WHO.path,
      bytes,
      bytes,
      Buffer.alloc(0),
      { deadline },
      (error, value) => (error === null ? resolve(value!.toString()) : reject(error)),
    )
  })
}

function channel(target = resolver.target('who'), options = {}) {
  const client = new Client(target, credentials.createInsecure(), options)
  closers.push(() => client.close())
  return client
}

/** Asks until so many different ones have answered in the last few calls. */
async function untilAnswered(client: Client, ids: string): Promise<void> {
  let last: string[] = []
  for (let i = 0; i < 2_000; i++) {
    last = [...last.slice(-9), await ask(client)]
    if (last.length === 10 && [...new Set(last)].sort().join('') === ids) return
  }
  throw new Error(`the last answers came from ${last}`)
}

describe('a channel to conclave:///service', () => {
  test('spreads calls over the instances, as they come and go', async () => {
    const a = await serve('a')
    await serve('b')
    const client = channel()
    await untilAnswered(client, 'ab')
    const c = await serve('c')
    await untilAnswered(client, 'abc')
    await a.registration.drain({ waitMs: 0 })
    await untilAnswered(client, 'bc')
    await c.registration.update({ status: 'down' })
    await untilAnswered(client, 'b')
  })

  test('fails calls while there is nobody, and says so', async () => {
    const client = channel()
    const error = await ask(client).catch((failed: ServiceError) => failed)
    expect(String(error)).toMatch(/14 UNAVAILABLE.*There are no instances of 'who' in the registry/)
    const { registration } = await serve('a')
    for (;;) if ((await ask(client).catch(() => '')) === 'a') break
    await registration.close()
    for (let i = 0; i < 20; i++) expect(await ask(client)).toBe('a')
  })

  test('goes on with the last list when the store is gone', async () => {
    await serve('a')
    const client = channel()
    await untilAnswered(client, 'a')
    await cluster.stop()
    for (let i = 0; i < 20; i++) expect(await ask(client)).toBe('a')
  })

  test('respects weights', async () => {
    await serve('a', { weight: 3 })
    await serve('b', { weight: 1 })
    const client = channel()
    await untilAnswered(client, 'ab')
    const met = { a: 0, b: 0 }
    for (let i = 0; i < 80; i++) met[(await ask(client)) as 'a']++
    expect(met).toEqual({ a: 60, b: 20 })
  })

  test('does not meet instances that speak something else', async () => {
    await serve('a', { protocol: 'http' })
    await serve('b', { protocol: 'grpc' })
    const client = channel()
    await untilAnswered(client, 'b')
  })

  test('balances as its own settings say', async () => {
    await serve('a')
    await serve('b')
    const config = { loadBalancingConfig: [{ pick_first: {} }], methodConfig: [] }
    const client = channel(undefined, { 'grpc.service_config': JSON.stringify(config) })
    const answers = new Set<string>()
    for (let i = 0; i < 20; i++) answers.add(await ask(client))
    expect(answers.size).toBe(1)
  })

  test('finds its registry by the authority', async () => {
    const other = new Registry(store, 'other')
    const eu = registerConclaveResolver(other, { authority: 'eu' })
    closers.push(() => other.close(), eu.close)
    expect(eu.target('who')).toBe('conclave://eu/who')
    const { port } = await serve('a')
    await other.register({ name: 'who', address: '127.0.0.1', port })
    expect(await ask(channel(eu.target('who')))).toBe('a')
    expect(() => registerConclaveResolver(other, { authority: 'eu' })).toThrow(/already/)
    expect(() => registerConclaveResolver(other, { authority: 'a/b' })).toThrow(/no '\/'/)
    const error = await ask(channel('conclave://us/who')).catch((failed: Error) => failed)
    expect(String(error)).toMatch(/No registry serves 'conclave:\/\/us\/'/)
    expect(() => channel('conclave:///a/b')).toThrow(/one segment/)
  })

  test('shares its view with other channels, and gives it back', async () => {
    await serve('a')
    const [one, two] = [channel(), channel()]
    expect([await ask(one), await ask(two)]).toEqual(['a', 'a'])
    one.close()
    expect(await ask(two)).toBe('a')
  })
})

describe('the listener', () => {
  /** What a resolver tells a listener, until so many things are told. */
  async function told(count: number, listen: (tell: (what: unknown) => void) => AnyListener) {
    const heard: unknown[] = []
    let wake = () => {}
    const listener = listen((what) => {
      heard.push(what)
      wake()
    })
    const made = new RegistryResolver({ authority: '', path: 'who' }, listener, {})
    closers.push(() => made.destroy())
    made.updateResolution()
    made.updateResolution()
    const until = async (length: number) => {
      while (heard.length < length)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    await until(count)
    return { heard, until, made }
  }
  const at = (port: number) => [{ addresses: [{ host: 'h', port }] }]
  const ROUND_ROBIN = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] }

  test('is an object up to 1.13', async () => {
    const { heard, until, made } = await told(1, (tell) => ({
      onSuccessfulResolution: (...all) => tell(all),
      onError: ({ code, details }) => tell([code, details]),
    }))
    expect(heard).toEqual([[14, "There are no instances of 'who' in the registry."]])
    const registration = await registry.register({ name: 'who', address: 'h', port: 7 })
    await until(2)
    expect(heard[1]).toEqual([at(7), ROUND_ROBIN, null, null, {}])
    made.destroy()
    await registration.close()
    made.updateResolution()
    await until(3)
    expect(heard[2]).toEqual([14, "There are no instances of 'who' in the registry."])
  })

  test('is a function since 1.14', async () => {
    const { heard, until } = await told(1, (tell) => (...all) => {
      tell(all)
      return true
    })
    const config = { ok: true, value: ROUND_ROBIN }
    expect(heard).toMatchObject([[{ ok: false, error: { code: 14 } }, {}, config, '']])
    await registry.register({ name: 'who', address: 'h', port: 7 })
    await until(2)
    expect(heard[1]).toEqual([{ ok: true, value: at(7) }, {}, config, ''])
  })
})

describe('endpoints', () => {
  const list = (weights: readonly number[]) =>
    endpointsFor(
      weights.map((weight, i) =>
        instanceOf({ name: 's', id: `${i}`, address: 'h', port: i + 1, weight }, () => 'x'),
      ),
    )
      .map(({ addresses }) => addresses[0]!.port)
      .join('')

  test.each([
    [[1, 1, 1], '123'],
    [[5, 5], '12'],
    [[3, 1], '1121'],
    [[0, 0], '12'],
    [[100, 99], '12121212121212121212'],
    [[1_000_000, 1], '11111211111'],
    [[], ''],
  ])('of weights %j are in the order %s', (weights, order) => {
    expect(list(weights)).toBe(order)
  })

  test('are not many, however many instances there are', () => {
    const weights = Array.from({ length: 400 }, (_, i) => i + 1)
    expect(
      endpointsFor(
        weights.map((weight) =>
          instanceOf({ name: 's', address: 'h', port: 1, weight }, () => 'x'),
        ),
      ),
    ).toHaveLength(400)
  })
})

test('the health service of gRPC is asked', async () => {
  const server = new Server()
  const health = { ...SERVICE['ask']!, path: '/grpc.health.v1.Health/Check' }
  const asked: string[] = []
  server.addService({ check: health } as ServiceDefinition, {
    check: ({ request }: { request: Buffer }, answer: (error: null, value: Buffer) => void) => {
      asked.push(request.toString('latin1'))
      answer(null, Buffer.from([8, asked.length === 1 ? 1 : 2]))
    },
  })
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) =>
      resolve(bound),
    )
  })
  const instance = instanceOf({ name: 's', address: '127.0.0.1', port }, () => 'x')
  const { signal } = new AbortController()
  const check = grpcCheck({ service: 'shop.Orders' })
  await check(instance, signal)
  expect(asked).toEqual(['\n\u000bshop.Orders'])
  await expect(check(instance, signal)).rejects.toThrow(/does not serve/)
  server.forceShutdown()
  await expect(check(instance, signal)).rejects.toMatchObject({ code: 14 })
})
