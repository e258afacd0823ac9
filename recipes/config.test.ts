/** Configurations: follow the store, keep the last good value, overwrite nothing unseen. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { json, op, type StandardSchema } from '../client/index.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { Config, type ConfigOptions, ConfigTree, type ConfigTreeOptions } from './index.js'

let world: RecipeWorld
let worker: Worker
let operator: Worker

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('w')
  operator = world.worker('o')
})
afterEach(() => world.stop())

interface Limits {
  readonly perSecond: number
}

/** A schema that wants a positive number. */
const LIMITS: StandardSchema<Limits> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      Number((value as Limits)?.perSecond) > 0
        ? { value: value as Limits }
        : { issues: [{ message: 'must be positive', path: ['perSecond'] }] },
  },
}
const checked = json(LIMITS)

/** A configuration, and what it has told. */
function config(options: ConfigOptions<Limits> = { codec: checked }, by = worker) {
  const made = new Config<Limits>(by.client, 'limits', options)
  const told: string[] = []
  made.on('change', ({ value, previous, revision }) => {
    told.push(`${previous?.perSecond}->${value.perSecond}${revision > 0 ? '' : '?'}`)
  })
  made.on('invalid', ({ error }) => told.push(error.code))
  made.on('stale', () => told.push('stale'))
  made.on('fresh', () => told.push('fresh'))
  return { config: made, told }
}

const store = (value: string) => world.settle(operator.client.kv.put('limits', value))

describe('a configuration value', () => {
  test('is read once, then followed by a watch', async () => {
    await store('{"perSecond":1}')
    const { config: c, told } = config()
    await world.settle(c.ready())
    expect(c.get()).toEqual({ perSecond: 1 })
    await store('{"perSecond":2}')
    await world.run(100)
    expect(c.get()).toEqual({ perSecond: 2 })
    expect(told).toEqual(['1->2'])
    expect(worker.calls.get('Range')).toBe(1)
    c.close()
  })

  test('keeps the last good value when a new one is invalid, and tells why and where', async () => {
    await store('{"perSecond":1}')
    const { config: c, told } = config()
    const revisions: number[] = []
    c.on('invalid', ({ revision }) => revisions.push(revision))
    await world.settle(c.ready())
    await store('{"perSecond":-1}')
    await store('no json')
    const { revision } = await world.settle(operator.client.kv.delete('limits'))
    await world.run(100)
    expect(c.get()).toEqual({ perSecond: 1 })
    expect(c.invalid?.code).toBe('failed-precondition')
    expect(revisions).toEqual([revision - 2, revision - 1, revision])
    await store('{"perSecond":5}')
    await world.run(100)
    expect(told).toEqual(['invalid-value', 'invalid-value', 'failed-precondition', '1->5'])
    expect(c.invalid).toBeUndefined()
  })

  test('is the default until something is stored, and after it is deleted', async () => {
    const { config: c, told } = config({ codec: checked, default: { perSecond: 10 } })
    expect(c.get()).toEqual({ perSecond: 10 })
    await world.settle(c.ready())
    expect(c.isDefault).toBe(true)
    await store('{"perSecond":1}')
    await world.run(100)
    expect(c.isDefault).toBe(false)
    await world.settle(operator.client.kv.delete('limits'))
    await world.run(100)
    expect(told).toEqual(['10->1', '1->10'])
    expect(c.isDefault).toBe(true)
  })

  test('tells what was stored before it came, when that is not the default', async () => {
    await store('{"perSecond":1}')
    const { config: c, told } = config({ default: { perSecond: 10 } })
    await world.settle(c.ready())
    expect(told).toEqual(['10->1'])
  })

  test('without a good value ready() says what is wrong; it is there once it is stored', async () => {
    const { config: c, told } = config()
    expect(() => c.get()).toThrow('ready()')
    expect((await world.failure(c.ready())).code).toBe('failed-precondition')
    await store('{"perSecond":0}')
    await world.run(100)
    expect(() => c.get()).toThrow('must be positive')
    await store('{"perSecond":1}')
    await world.run(100)
    expect(c.get()).toEqual({ perSecond: 1 })
    expect(told.at(-1)).toBe('undefined->1')
  })

  test('stays while the store is unreachable, says for how long, and catches up', async () => {
    await store('{"perSecond":1}')
    const { config: c, told } = config()
    await world.settle(c.ready())
    expect(c.staleForMs).toBe(0)
    await world.members.kill(world.members.machines[0]!)
    await world.until('it is stale', () => told.includes('stale'), 60_000)
    await world.run(20_000)
    expect(c.get()).toEqual({ perSecond: 1 })
    expect(c.staleForMs).toBeGreaterThanOrEqual(20_000)
    await world.members.boot(world.members.machines[0]!)
    await store('{"perSecond":2}')
    await world.until('it is fresh', () => told.length === 3, 60_000)
    expect(told).toEqual(['stale', 'fresh', '1->2'])
    expect(c.staleForMs).toBe(0)
  })

  test('set() shows at once here, and refuses to overwrite what was not seen', async () => {
    const { config: c } = config()
    await world.failure(c.ready())
    const made = await world.settle(c.set({ perSecond: 1 }))
    expect(c.get()).toEqual({ perSecond: 1 })
    const other = config(undefined, operator).config
    await world.settle(other.ready())
    expect(await world.settle(other.set({ perSecond: 2 }))).toBeGreaterThan(made)
    // Both have seen the same revision, in the same turn.
    await world.run(100)
    const both = await world.settle(
      Promise.allSettled([c.set({ perSecond: 3 }), other.set({ perSecond: 4 })]),
    )
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = both.find((one) => one.status === 'rejected')
    expect(lost?.status === 'rejected' && lost.reason.code).toBe('conflict')
  })

  test('set() sends nothing that its readers would refuse', async () => {
    await store('{"perSecond":1}')
    const { config: c } = config()
    await world.settle(c.ready())
    expect((await world.failure(c.set({ perSecond: 0 }))).code).toBe('invalid-value')
    expect(worker.calls.get('Txn') ?? 0).toBe(0)
  })

  test('update() of many at once loses nothing', async () => {
    await store('{"perSecond":1}')
    const all = [config().config, config(undefined, operator).config]
    await world.settle(Promise.all(all.map((c) => c.ready())))
    const add = (c: Config<Limits>) => c.update(({ perSecond }) => ({ perSecond: perSecond + 1 }))
    await world.settle(Promise.all([...all, ...all, ...all].map(add)))
    await world.run(100)
    for (const c of all) expect(c.get()).toEqual({ perSecond: 7 })
  })

  test.each(['answerLost', 'arrivesLate'] as const)('set() whose %s is done once', async (fate) => {
    await store('{"perSecond":1}')
    const { config: c } = config()
    await world.settle(c.ready())
    const sent = worker.doom('Txn', fate)
    await world.settle(c.set({ perSecond: 2 }))
    const found = await world.settle(operator.client.kv.get('limits'))
    expect([found!.text(), found!.version]).toEqual(['{"perSecond":2}', 2])
    await world.settle(c.set({ perSecond: 3 }))
    await world.settle((await sent)())
    expect((await world.settle(operator.client.kv.get('limits')))!.text()).toBe('{"perSecond":3}')
  })

  test('after close() it says so, and a bad key is refused', async () => {
    const { config: c } = config({ default: { perSecond: 1 } })
    await world.settle(c.ready())
    c.close()
    c.close()
    expect(() => c.get()).toThrow('closed')
    expect((await world.failure(c.ready())).code).toBe('closed')
    expect((await world.failure(c.set({ perSecond: 2 }))).code).toBe('closed')
    expect(() => new Config(worker.client, '')).toThrow('must not be empty')
    expect(() => new Config(worker.client, 'a/')).toThrow("must not end in '/'")
  })
})

describe('a configuration tree', () => {
  interface App {
    readonly db: { readonly host: string; readonly port: number }
  }
  const APP: StandardSchema<unknown, App> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof (value as App)?.db?.port === 'number'
          ? { value: value as App }
          : { issues: [{ message: 'must be a number', path: ['db', 'port'] }] },
    },
  }

  /** A tree, and what it has told. */
  function tree(options: ConfigTreeOptions<App> = { schema: APP }) {
    const made = new ConfigTree<App>(worker.client, 'app', options)
    const told: string[] = []
    made.on('change', ({ value }) => told.push(JSON.stringify(value)))
    made.on('invalid', ({ error }) => told.push(error.message))
    return { tree: made, told }
  }

  const put = (key: string, value: unknown) =>
    world.settle(operator.client.kv.put(key, JSON.stringify(value)))

  test('is all keys under the prefix, of one revision', async () => {
    await put('app/db/host', 'a')
    await put('app/db/port', 1)
    await put('application/db/port', 7)
    const { tree: t, told } = tree()
    await world.settle(t.ready())
    expect(t.get()).toEqual({ db: { host: 'a', port: 1 } })
    await world.settle(t.set('db/port', 2))
    expect(t.get()).toEqual({ db: { host: 'a', port: 2 } })
    const { client } = operator
    const both = client
      .txn()
      .then(
        ...(['host', 'port'] as const).map((name) =>
          op.put(`app/db/${name}`, name === 'host' ? '"b"' : '3'),
        ),
      )
    await world.settle(both.commit())
    await world.run(100)
    expect(told).toEqual(['{"db":{"host":"a","port":2}}', '{"db":{"host":"b","port":3}}'])
  })

  test('that the schema refuses never replaces a good one', async () => {
    await put('app/db/port', 1)
    const { tree: t, told } = tree()
    await world.settle(t.ready())
    await put('app/db/port', 'none')
    await world.run(100)
    expect(told.at(-1)).toContain('db.port: must be a number')
    expect(t.get()).toEqual({ db: { port: 1 } })
    await put('app/db/port', 2)
    await world.run(100)
    expect(t.get()).toEqual({ db: { port: 2 } })
  })

  test.each([
    ['app/db', 'is below a key that has a value'],
    ['app/db/port/x', 'is below a key that has a value'],
    ['app//x', 'has an empty part'],
    ['app/__proto__/x', "'__proto__'"],
  ])('with a key %s that makes no sense is invalid', async (key, why) => {
    await put('app/db/port', 1)
    const { tree: t, told } = tree()
    await world.settle(t.ready())
    await put(key, 1)
    await world.run(100)
    expect(told.join()).toContain(why)
    expect(t.get()).toEqual({ db: { port: 1 } })
  })

  test('names of what every object has are names like others', async () => {
    await put('app/constructor/toString', 1)
    const t = new ConfigTree<Record<string, Record<string, number>>>(worker.client, 'app')
    await world.settle(t.ready())
    expect(t.get()['constructor']).toEqual({ toString: 1 })
  })

  test('is the default while no key is there; set() checks its path', async () => {
    const { tree: t } = tree({ default: { db: { host: 'h', port: 1 } } })
    await world.settle(t.ready())
    expect(t.get().db.host).toBe('h')
    for (const path of ['', '/a', 'a//b', 'a/', '__proto__/a'])
      expect((await world.failure(t.set(path, 1))).code).toBe('invalid-argument')
  })
})
