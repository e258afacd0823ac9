/** HTTP through a registry: real servers, refused connections, what is tried again and what is not. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Agent, type Dispatcher, fetch, request } from 'undici'
import { type Client, connect } from '../../client/index.js'
import { freePorts } from '../../server/host/free-port.js'
import { type Cluster, startCluster } from '../../server/index.js'
import { type NewInstance, Registry } from '../index.js'
import { type RegistryDispatcherOptions, registryDispatcher } from './undici-dispatcher.js'

let cluster: Cluster
let store: Client
let registry: Registry
let nobody: number
const closers: (() => unknown)[] = []

beforeEach(async () => {
  cluster = await startCluster({ size: 1, storage: 'memory', sockets: false })
  store = connect({ endpoints: cluster.endpoints, transport: cluster.transport! })
  registry = new Registry(store, 'services', { ttlSeconds: 2 })
  ;[nobody] = (await freePorts(1)) as [number]
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await registry.close()
  store.close()
  await cluster.stop()
})

const register = (id: string, port: number, more: Partial<NewInstance> = {}) =>
  registry.register({ name: 'who', id, address: '127.0.0.1', port, ...more })

/** A server that answers with its id. */
async function serve(id: string, listener?: RequestListener) {
  const server = createServer(listener ?? ((_, response) => response.end(id)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return register(id, (server.address() as AddressInfo).port)
}

function dispatcherFor(options: RegistryDispatcherOptions = {}): Dispatcher {
  const dispatcher = registryDispatcher(registry, options)
  closers.push(() => dispatcher.close())
  return dispatcher
}

const URL_OF_WHO = 'http://who.conclave/'
type Options = NonNullable<Parameters<typeof request>[1]>

/** The answer, or the code of the failure. */
async function ask(dispatcher: Dispatcher, options: Omit<Options, 'dispatcher'> = {}) {
  try {
    const { body } = await request(URL_OF_WHO, { dispatcher, ...options })
    return await body.text()
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Whom so many requests met. */
async function met(dispatcher: Dispatcher, times: number, options?: Omit<Options, 'dispatcher'>) {
  const counts: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const answer = await ask(dispatcher, options)
    counts[answer] = (counts[answer] ?? 0) + 1
  }
  return counts
}

describe('a request to a service', () => {
  test('meets its instances in turn, by request, fetch and svc://', async () => {
    await serve('a')
    await serve('b')
    const dispatcher = dispatcherFor()
    expect(await met(dispatcher, 4)).toEqual({ a: 2, b: 2 })
    const fetched = await fetch(`${URL_OF_WHO}some/path?x=1`, { dispatcher })
    expect(await fetched.text()).toBe('a')
    const { body } = await dispatcher.request({ origin: 'svc://who', path: '/', method: 'GET' })
    expect(await body.text()).toBe('b')
  })

  test('goes elsewhere when it is for somebody else', async () => {
    const { instance } = await serve('a')
    const dispatcher = dispatcherFor()
    const { body } = await request(`http://127.0.0.1:${instance.port}/`, { dispatcher })
    expect(await body.text()).toBe('a')
  })

  test('fails when there is nobody, and when the store is silent', async () => {
    const dispatcher = dispatcherFor({ readyTimeoutMs: 200 })
    expect(await ask(dispatcher)).toBe('unavailable')
    await register('g', nobody, { protocol: 'grpc' })
    expect(await ask(dispatcher)).toBe('unavailable')
    const silent = connect({ endpoints: [`http://127.0.0.1:${nobody}`] })
    closers.push(() => silent.close())
    const elsewhere = new Registry(silent, 'services')
    expect(await ask(registryDispatcher(elsewhere, { readyTimeoutMs: 200 }))).toBe(
      'deadline-exceeded',
    )
    await elsewhere.close()
  })

  test('tries another instance if it never left, and spares the dead', async () => {
    await serve('b')
    await register('a', nobody)
    const dispatcher = dispatcherFor({ ejection: { failures: 3 } })
    expect(await met(dispatcher, 10)).toEqual({ b: 10 })
    expect(await met(dispatcher, 4, { method: 'POST' })).toEqual({ b: 4 })
  })

  test('of any method is tried on another instance when no connection came about', async () => {
    await serve('b', async (incoming, response) => {
      for await (const chunk of incoming) response.write(chunk)
      response.end()
    })
    await register('a', nobody)
    const post = { method: 'POST' as const, body: 'x' }
    expect(await met(dispatcherFor({ ejection: false }), 4, post)).toEqual({ x: 4 })
    const dispatcher = dispatcherFor({ ejection: false })
    for (let i = 0; i < 2; i++) {
      const body = Readable.from(['x', 'y'])
      expect(await ask(dispatcher, { method: 'POST', body })).toBe('xy')
    }
    const once = dispatcherFor({ ejection: false, retries: 0 })
    expect(await met(once, 4, post)).toEqual({ x: 2, ECONNREFUSED: 2 })
  })

  test('is tried no more often than is allowed', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await register(id, nobody)
    let tries = 0
    const agent = new Agent().compose((dispatch) => (options, handler) => {
      tries++
      return dispatch(options, handler)
    })
    const dispatcher = dispatcherFor({ ejection: false, agent })
    expect(await ask(dispatcher, { method: 'POST', body: 'x' })).toBe('ECONNREFUSED')
    expect(tries).toBe(3)
  })

  test('that is not idempotent is not sent again when the error does not say where it is', async () => {
    await serve('a')
    await serve('b')
    let sent = 0
    const agent = new Agent().compose(() => (_options, handler) => {
      sent++
      const error = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
      handler.onResponseError?.(null as never, error)
      return true
    })
    const dispatcher = dispatcherFor({ agent })
    expect(await ask(dispatcher, { method: 'POST', body: 'x' })).toBe('ECONNRESET')
    expect(sent).toBe(1)
    expect(await ask(dispatcher, { method: 'PUT', body: 'x' })).toBe('ECONNRESET')
    expect(sent).toBe(3)
  })

  test('that left is never sent twice', async () => {
    let seen = 0
    await serve('a', ({ socket }) => {
      seen++
      socket.destroy()
    })
    await serve('b', ({ socket }) => {
      seen++
      socket.destroy()
    })
    const dispatcher = dispatcherFor()
    expect(await ask(dispatcher)).toBe('UND_ERR_SOCKET')
    expect(await ask(dispatcher, { method: 'POST', body: 'x' })).toBe('UND_ERR_SOCKET')
    expect(seen).toBe(2)
  })

  test('counts bad gateways against the instance, and other errors not', async () => {
    const answering =
      (status: number): RequestListener =>
      (_, response) => {
        response.statusCode = status
        response.end(`${status}`)
      }
    await serve('a', answering(503))
    await serve('b', answering(500))
    const dispatcher = dispatcherFor({ ejection: { failures: 2 } })
    expect(await met(dispatcher, 10)).toEqual({ 503: 2, 500: 8 })
  })

  test('that is aborted says nothing against the instance', async () => {
    let abort = new AbortController()
    let aborted = 0
    await serve('a', () => {
      aborted++
      abort.abort()
    })
    await serve('b')
    const dispatcher = dispatcherFor({ ejection: { failures: 1 } })
    for (let i = 0; i < 6; i++) {
      abort = new AbortController()
      await ask(dispatcher, { signal: abort.signal })
    }
    expect(aborted).toBe(3)
  })

  test('goes by its key', async () => {
    for (const id of ['a', 'b', 'c']) await serve(id)
    const dispatcher = dispatcherFor({
      policy: 'consistent-hash',
      key: ({ path }) => path,
    })
    const answers = new Set<string>()
    for (let i = 0; i < 5; i++) {
      const { body } = await request(`${URL_OF_WHO}users/7`, { dispatcher })
      answers.add(await body.text())
    }
    expect(answers.size).toBe(1)
  })

  test('can be composed with what undici has', async () => {
    await serve('a')
    const agent = new Agent()
    const seen: string[] = []
    const dispatcher = registryDispatcher(registry, { agent }).compose(
      (dispatch) => (options, handler) => {
        seen.push(String(options.origin))
        return dispatch(options, handler)
      },
    )
    expect(await ask(dispatcher)).toBe('a')
    expect(seen).toEqual(['http://who.conclave'])
    await dispatcher.close()
    expect(agent.closed).toBe(true)
  })
})
