/** Registering and finding, in a world of real members: what heals, what is kept, what it costs. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RecipeWorld, type Worker } from '../../test/sim/recipe-world.js'
import {
  type NewInstance,
  type Registration,
  Registry,
  type Service,
  type ServiceOptions,
} from '../index.js'

let world: RecipeWorld
let watcher: Worker

beforeEach(async () => {
  world = await RecipeWorld.start()
  watcher = world.worker('watcher')
})
afterEach(() => world.stop())

/** A process that registers an instance under its own name. */
async function server(id: string, more: Partial<NewInstance> = {}) {
  const worker = world.worker(id)
  const registry = new Registry(worker.client, 'services')
  const given = { name: 'orders', id, address: '10.0.0.7', port: 8080, ...more }
  const registration = await world.settle(registry.register(given))
  return { worker, registry, registration }
}

/** A view and what it has told. */
async function view(options: ServiceOptions = {}, by = watcher) {
  const service = new Registry(by.client, 'services').service('orders', options)
  const told: string[] = []
  service.on('up', ({ id }) => told.push(`up ${id}`))
  service.on('change', ({ id, status }) => told.push(`${id} is ${status}`))
  service.on('down', ({ id }) => told.push(`down ${id}`))
  service.on('invalid', ({ key }) => told.push(`invalid ${key}`))
  service.on('disconnected', () => told.push('disconnected'))
  service.on('resumed', () => told.push('resumed'))
  service.on('error', ({ code }) => told.push(code))
  await world.settle(service.ready())
  return { service, told }
}

const ids = (service: Service) => service.instances().map(({ id }) => id)
const stored = async (id: string) =>
  (await world.settle(watcher.client.kv.get(`services/orders/${id}`)))?.json()
const operator = () => world.worker('operator').client

describe('an instance', () => {
  test('is found with all that was said of it, in etcd form', async () => {
    const { service } = await view()
    const { registration } = await server('a', {
      protocol: 'grpc',
      version: '1.4.0',
      weight: 2,
      metadata: { zone: 'b' },
    })
    await world.until('it is seen', () => service.instances().length === 1)
    expect(service.instances()).toEqual([registration.instance])
    expect(await stored('a')).toEqual({
      Op: 0,
      Addr: '10.0.0.7:8080',
      Metadata: null,
      name: 'orders',
      id: 'a',
      protocol: 'grpc',
      version: '1.4.0',
      weight: 2,
      status: 'up',
      meta: { zone: 'b' },
    })
  })

  test('is changed while it is registered', async () => {
    const { service, told } = await view()
    const { registration } = await server('a')
    await world.settle(registration.update({ weight: 7, metadata: { a: 'b' } }))
    await world.settle(registration.update({ status: 'starting' }))
    await world.until('both are seen', () => told.length === 3)
    expect(service.instances()).toEqual([registration.instance])
    expect(registration.instance).toMatchObject({
      weight: 7,
      status: 'starting',
      metadata: { a: 'b' },
    })
    await expect(registration.update({ weight: -1 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })

  test('is put back when somebody deletes it, and when its lease ends', async () => {
    const { service, told } = await view({ protectThreshold: false })
    const { registration, worker } = await server('a')
    await world.settle(operator().kv.delete('services/orders/a'))
    await world.until('it is back', () => told.length === 3)
    const lease = (await world.settle(worker.client.kv.get(registration.key)))!.lease
    await world.settle(operator().lease.revoke(lease))
    await world.until('it is back', () => told.length === 5)
    expect(told).toEqual(['up a', 'down a', 'up a', 'down a', 'up a'])
    expect(ids(service)).toEqual(['a'])
  })

  test('is gone after the TTL when its process dies, and not when it is cut off for less', async () => {
    const { service } = await view()
    await server('a')
    const b = await server('b')
    await world.until('both are seen', () => service.instances().length === 2)
    world.cut(b.worker)
    await world.run(8_000)
    world.heal()
    await world.run(10_000)
    expect(ids(service)).toEqual(['a', 'b'])
    const diedAtMs = world.now
    world.kill(b.worker)
    await world.until('it is gone', () => service.instances().length === 1, 30_000)
    expect(world.now - diedAtMs).toBeLessThanOrEqual(16_000)
    expect(ids(service)).toEqual(['a'])
  })

  test('comes back by itself after it was cut off for long', async () => {
    const { service, told } = await view({ protectThreshold: false })
    const { worker } = await server('a')
    world.cut(worker)
    await world.until('it is gone', () => service.instances().length === 0, 30_000)
    world.heal()
    await world.until('it is back', () => service.instances().length === 1, 30_000)
    expect(told).toEqual(['up a', 'down a', 'up a'])
  })

  test('is taken out by a pause, and put back', async () => {
    const { registration } = await server('a')
    await world.settle(registration.pause())
    expect(await world.keys()).toEqual([])
    await world.settle(registration.update({ weight: 3 }))
    expect(await world.keys()).toEqual([])
    await world.settle(registration.resume())
    expect(await stored('a')).toMatchObject({ weight: 3 })
  })

  test('belongs to whom came last, of two with one id', async () => {
    const first = await server('a', { port: 1 })
    const absent: string[] = []
    first.registration.on('absent', ({ reason }) => absent.push(reason))
    const worker = world.worker('again')
    const registry = new Registry(worker.client, 'services')
    const given = { name: 'orders', id: 'a', address: '10.0.0.7', port: 2 }
    await world.settle(registry.register(given))
    await world.run(30_000)
    expect(await stored('a')).toMatchObject({ Addr: '10.0.0.7:2' })
    expect(absent).toEqual(['taken'])
    expect(first.registration.registered).toBe(false)
    await world.settle(first.registry.close())
    expect(await stored('a')).toMatchObject({ Addr: '10.0.0.7:2' })
  })

  test('shares its lease with the others of its process', async () => {
    const { registry, worker } = await server('a')
    await world.settle(registry.register({ name: 'users', address: 'h', port: 1 }))
    expect(worker.calls.get('LeaseGrant')).toBe(1)
    expect(worker.calls.get('Txn')).toBe(2)
    await world.settle(registry.close())
    expect(await world.keys()).toEqual([])
  })
})

describe('registering', () => {
  test('waits for the store, and leaves nothing behind when it gives up', async () => {
    const worker = world.worker('w')
    const registry = new Registry(worker.client, 'services')
    world.cut(worker)
    const given = { name: 'orders', address: '10.0.0.7', port: 8080 }
    const failure = await world.failure(registry.register(given, { timeoutMs: 3_000 }))
    expect(failure.code).toBe('deadline-exceeded')
    const patient = registry.register(given)
    world.heal()
    const registration = await world.settle(patient)
    await world.run(5_000)
    expect(await world.keys()).toEqual([registration.key])
  })

  test('fails in time when the store is gone, and may be tried again at once', async () => {
    const { worker, registry } = await server('a')
    world.cut(worker)
    const given = { name: 'orders', id: 'b', address: '10.0.0.7', port: 8080 }
    const beganMs = world.now
    const failure = await world.failure(registry.register(given, { timeoutMs: 1_000 }))
    expect(failure.code).toBe('deadline-exceeded')
    expect(world.now - beganMs).toBeLessThanOrEqual(2_500)
    const again = registry.register(given)
    world.heal()
    await world.settle(again)
    await world.run(20_000)
    expect(await stored('b')).toMatchObject({ id: 'b', status: 'up' })
  })

  test('twice by one registry is refused', async () => {
    const { registry, registration } = await server('a')
    const again = registry.register(registration.instance)
    await expect(again).rejects.toMatchObject({ code: 'already-exists' })
    await world.settle(registration.close())
    await world.settle(registry.register(registration.instance))
    await world.settle(registry.close())
    await expect(registry.register(registration.instance)).rejects.toMatchObject({ code: 'closed' })
    expect(() => registry.service('orders')).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  test.each(['', 'services/'])("under the prefix '%s' is refused", (prefix) => {
    expect(() => new Registry(watcher.client, prefix)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  test.each([0, -1, 1.5])('with a TTL of %d s is refused', async (ttlSeconds) => {
    const make = async () => {
      const registry = new Registry(watcher.client, 'services', { ttlSeconds })
      await registry.register({ name: 'a', address: 'h', port: 1 })
    }
    expect((await world.failure(make())).code).toBe('invalid-argument')
  })
})

describe('draining', () => {
  /** What happened, in order, while an instance drained. */
  async function drained(registration: Registration, idle: () => Promise<unknown>) {
    const { service, told } = await view()
    service.on('change', ({ weight }) => told.push(`weight ${weight}`))
    const draining = registration.drain({ waitMs: 1_000, timeoutMs: 5_000, idle }).then(() => {
      told.push('drained')
    })
    await world.settle(draining)
    await world.until('all is told', () => told.includes('down a'))
    return told
  }

  test('tells others, waits, waits for the requests, says so, and goes', async () => {
    const { registration } = await server('a')
    const beganAtMs = world.now
    let idleAtMs = 0
    const told = await drained(registration, async () => {
      idleAtMs = world.now
      expect(await stored('a')).toMatchObject({ status: 'draining', weight: 0 })
    })
    expect(idleAtMs - beganAtMs).toBeGreaterThanOrEqual(1_000)
    expect(told.filter((one) => one !== 'drained')).toEqual([
      'up a',
      'a is draining',
      'weight 0',
      'a is down',
      'weight 0',
      'down a',
    ])
    expect(await world.keys()).toEqual([])
    await world.settle(registration.drain())
    await expect(registration.update({ status: 'up' })).rejects.toMatchObject({ code: 'closed' })
  })

  test('ends though requests do not, and though idle fails', async () => {
    const { registration } = await server('a')
    const beganAtMs = world.now
    await drained(registration, () => new Promise(() => {}))
    expect(world.now - beganAtMs).toBeLessThan(7_000)
    const b = await server('b')
    await world.settle(b.registration.drain({ waitMs: 0, idle: () => Promise.reject(new Error()) }))
    expect(await world.keys()).toEqual([])
  })

  test('ends at once when it is aborted', async () => {
    const { registration } = await server('a')
    const beganAtMs = world.now
    const idle = () => new Promise(() => {})
    const signal = AbortSignal.abort()
    await world.settle(registration.drain({ waitMs: 20_000, idle, signal }))
    expect(world.now - beganAtMs).toBeLessThan(1_000)
  })

  test('ends when the store cannot be reached, by when the lease is over', async () => {
    const { registry, worker } = await server('a')
    world.cut(worker)
    const draining = registry.drain({ waitMs: 100, timeoutMs: 2_000 })
    await world.settle(draining)
    world.heal()
    await world.run(20_000)
    expect(await world.keys()).toEqual([])
  })

  test('refuses changes meanwhile', async () => {
    const { registration } = await server('a')
    const draining = registration.drain({ waitMs: 500 })
    await expect(registration.update({ status: 'up' })).rejects.toMatchObject({
      code: 'failed-precondition',
    })
    await world.settle(draining)
  })
})

describe('a view', () => {
  test('costs one list and one watch, and nothing per pick', async () => {
    await server('a')
    const { service } = await view()
    const { id } = service.pick().instance
    expect(id).toBe('a')
    expect(watcher.calls.get('Range')).toBe(1)
    expect(watcher.calls.get('Watch')).toBe(1)
    await server('b')
    await world.until('it is seen', () => service.instances().length === 2)
    expect(watcher.events.count).toBe(1)
    expect(watcher.calls.get('Range')).toBe(1)
  })

  test('finds entries of Go, and passes over what is no instance', async () => {
    const { service, told } = await view()
    const { kv } = operator()
    await world.settle(kv.put('services/orders/go', '{"Addr":"10.0.0.8:80"}'))
    await world.settle(kv.put('services/orders/poison', '{"Addr":'))
    await world.settle(kv.put('services/orders-too/x', '{"Addr":"10.0.0.9:80"}'))
    await world.until('all is seen', () => told.length === 2)
    expect(told).toEqual(['up go', 'invalid services/orders/poison'])
    expect(service.pick().hostPort).toBe('10.0.0.8:80')
    await world.settle(kv.put('services/orders/go', 'nonsense'))
    await world.until('all is seen', () => told.length === 4)
    expect(told.slice(2)).toEqual(['invalid services/orders/go', 'down go'])
  })

  test('keeps its list while the store cannot be reached, and learns what it missed', async () => {
    const a = await server('a')
    const { service, told } = await view()
    world.cut(watcher)
    await world.settle(a.registration.close())
    await server('b')
    await world.run(120_000)
    expect(ids(service)).toEqual(['a'])
    expect(service.pick().instance.id).toBe('a')
    expect(service.connected).toBe(false)
    world.heal()
    await world.until('it learns', () => ids(service).join() === 'b', 60_000)
    expect(told.filter((one) => one.includes('connected') || one === 'resumed')).toEqual([
      'disconnected',
      'resumed',
    ])
  })

  test('learns what it missed though it was compacted', async () => {
    const a = await server('a')
    const { service, told } = await view()
    world.cut(watcher)
    await world.run(20_000)
    await world.settle(a.registration.close())
    await server('b')
    const { kv } = operator()
    const { revision } = await world.settle(kv.put('x', ''))
    await world.settle(kv.compact(revision))
    world.heal()
    await world.until('it learns', () => ids(service).join() === 'b', 60_000)
    // Of a list nobody knows what came first; at no moment it was empty.
    expect(told).toEqual(['up a', 'disconnected', 'resumed', 'up b', 'down a'])
  })

  test('keeps those that all vanish at once, for a while', async () => {
    const [a, b] = [await server('a'), await server('b')]
    const { service } = await view({ protectMs: 30_000 })
    world.kill(a.worker)
    world.kill(b.worker)
    await world.until('all are gone', () => service.protecting, 60_000)
    await world.run(1_000)
    expect(ids(service)).toEqual(['a', 'b'])
    expect(await world.keys()).toEqual([])
    await world.until('the doubt is over', () => !service.protecting, 31_000)
    expect(ids(service)).toEqual([])
    expect(() => service.pick()).toThrow(expect.objectContaining({ code: 'unavailable' }))
  })

  test('is not deceived by the only one that closes', async () => {
    const { registration } = await server('a')
    const { service } = await view()
    await world.settle(registration.close())
    await world.until('it is gone', () => service.instances().length === 0)
    expect(service.protecting).toBe(false)
  })

  test('says so when there are too many, and asks again when there are fewer', async () => {
    const { kv } = operator()
    for (const id of ['a', 'b', 'c'])
      await world.settle(kv.put(`services/orders/${id}`, `{"Addr":"${id}:80"}`))
    const service = new Registry(watcher.client, 'services').service('orders', { instancesMax: 2 })
    const told: string[] = []
    service.on('error', ({ code }) => told.push(code))
    expect((await world.failure(service.ready())).code).toBe('too-many-keys')
    await world.settle(kv.delete('services/orders/a'))
    await world.until('it is ready', () => service.isReady, 60_000)
    expect(ids(service)).toEqual(['b', 'c'])
    await world.settle(kv.put('services/orders/a', '{"Addr":"a:80"}'))
    const errors = told.length
    await world.until('it says so', () => told.length > errors, 60_000)
    expect(ids(service)).toEqual(['b', 'c'])
    expect(service.connected).toBe(false)
    await world.settle(kv.delete('services/orders/c'))
    await world.until('it goes on', () => ids(service).join() === 'a,b', 60_000)
    expect(service.connected).toBe(true)
    service.close()
  })

  test('is not picked from before it is ready, nor after it is closed', async () => {
    const service = new Registry(watcher.client, 'services').service('orders')
    expect(() => service.pick()).toThrow(expect.objectContaining({ code: 'failed-precondition' }))
    expect(service.instances()).toEqual([])
    await world.settle(service.ready())
    service.close()
    service.close()
    expect(() => service.pick()).toThrow(expect.objectContaining({ code: 'closed' }))
    await expect(service.ready()).rejects.toMatchObject({ code: 'closed' })
  })

  test('gives up waiting when it is told to', async () => {
    world.cut(watcher)
    const service = new Registry(watcher.client, 'services').service('orders')
    expect((await world.failure(service.ready({ timeoutMs: 500 }))).code).toBe('deadline-exceeded')
    const aborted = service.ready({ signal: AbortSignal.abort() })
    expect((await world.failure(aborted)).code).toBe('cancelled')
    service.close()
  })

  test.each<[string, ServiceOptions]>([
    ['', {}],
    ['a/b', {}],
    ['orders', { protectThreshold: 2 }],
    ['orders', { protectMs: -1 }],
    ['orders', { instancesMax: 0 }],
  ])("of '%s' with %j is refused", (name, options) => {
    const registry = new Registry(watcher.client, 'services')
    expect(() => registry.service(name, options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  test('counts only whom it accepts', async () => {
    await server('a', { version: '1' })
    const b = await server('b', { version: '2' })
    const { service, told } = await view({ accepts: ({ version }) => version === '2' })
    expect(ids(service)).toEqual(['b'])
    await server('c', { version: '1' })
    await world.settle(b.registration.update({ status: 'draining' }))
    await world.until('it is seen', () => told.length === 2)
    expect(told).toEqual(['up b', 'b is draining'])
    expect(service.pickable().map(({ id }) => id)).toEqual(['b'])
  })

  test('lets work run on an instance, and its failures count', async () => {
    await server('a')
    await server('b')
    const { service } = await view({ ejection: { failures: 2 } })
    for (let i = 0; i < 6; i++)
      await service
        .using(({ id }) => {
          if (id === 'a') throw new RangeError('mine')
          return id
        })
        .catch((error) => expect(error).toBeInstanceOf(RangeError))
    expect(service.ejected).toEqual(['a'])
  })
})
