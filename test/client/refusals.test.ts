/** What every call refuses, whatever it does: options that are none, and values of the wrong type, named readably. */

import { afterAll, describe, expect, test } from '@jest/globals'
import { type Client, compare, json, op } from '../../client/index.js'
import { Lease as LeaseService, Watch as WatchService } from '../../client/wire/methods.js'
import { fakeMembers } from './fake-members.js'
import { failure } from './outcome.js'

const { client, first } = fakeMembers(1)
afterAll(() => client.close())

/** The first step of something that is iterated. */
const begin = (iterable: AsyncIterable<unknown>) => iterable[Symbol.asyncIterator]().next()

const typed = client.kv.withCodec(json<number>())
const cache = client.cache('c')

const CALLS: Readonly<Record<string, (c: Client, options: never) => unknown>> = {
  'kv.get': (c, options) => c.kv.get('k', options),
  'kv.getAll': (c, options) => c.kv.getAll('k', options),
  'kv.pages': (c, options) => begin(c.kv.pages('k', options)),
  'kv.stream': (c, options) => begin(c.kv.stream('k', options)),
  'kv.count': (c, options) => c.kv.count('k', options),
  'kv.put': (c, options) => c.kv.put('k', 'v', options),
  'kv.delete': (c, options) => c.kv.delete('k', options),
  'kv.create': (c, options) => c.kv.create('k', 'v', options),
  'kv.replace': (c, options) => c.kv.replace('k', 'v', 7, options),
  'kv.update': (c, options) => c.kv.update('k', () => 'v', options),
  'kv.compact': (c, options) => c.kv.compact(7, options),
  'typed.get': (_c, options) => typed.get('k', options),
  'typed.getAll': (_c, options) => typed.getAll('k', options),
  'typed.pages': (_c, options) => begin(typed.pages('k', options)),
  'typed.stream': (_c, options) => begin(typed.stream('k', options)),
  'typed.count': (_c, options) => typed.count('k', options),
  'typed.put': (_c, options) => typed.put('k', 1, options),
  'typed.delete': (_c, options) => typed.delete('k', options),
  'typed.create': (_c, options) => typed.create('k', 1, options),
  'typed.replace': (_c, options) => typed.replace('k', 1, 7, options),
  'typed.update': (_c, options) => typed.update('k', () => 1, options),
  'op.get': (_c, options) => op.get('k', options),
  'op.put': (_c, options) => op.put('k', 'v', options),
  'op.delete': (_c, options) => op.delete('k', options),
  'txn.commit': (c, options) => c.txn().commit(options),
  'lease.grant': (c, options) => c.lease.grant(60, options),
  'lease.revoke': (c, options) => c.lease.revoke(7n, options),
  'lease.keepAliveOnce': (c, options) => c.lease.keepAliveOnce(7n, options),
  'lease.keepAlive': (c, options) => c.lease.keepAlive(7n, options),
  'lease.timeToLive': (c, options) => c.lease.timeToLive(7n, options),
  'lease.list': (c, options) => c.lease.list(options),
  'cluster.sync': (c, options) => c.cluster.sync(options),
  'cluster.list': (c, options) => c.cluster.list(options),
  'cluster.add': (c, options) => c.cluster.add('http://p', options),
  'cluster.addLearner': (c, options) => c.cluster.addLearner('http://p', options),
  'cluster.remove': (c, options) => c.cluster.remove(7n, options),
  'cluster.update': (c, options) => c.cluster.update(7n, 'http://p', options),
  'cluster.promote': (c, options) => c.cluster.promote(7n, options),
  'auth.enable': (c, options) => c.auth.enable(options),
  'auth.disable': (c, options) => c.auth.disable(options),
  'auth.status': (c, options) => c.auth.status(options),
  'users.add': (c, options) => c.auth.users.add('u', 'p', options),
  'users.delete': (c, options) => c.auth.users.delete('u', options),
  'users.list': (c, options) => c.auth.users.list(options),
  'users.get': (c, options) => c.auth.users.get('u', options),
  'users.changePassword': (c, options) => c.auth.users.changePassword('u', 'p', options),
  'users.grantRole': (c, options) => c.auth.users.grantRole('u', 'r', options),
  'users.revokeRole': (c, options) => c.auth.users.revokeRole('u', 'r', options),
  'roles.add': (c, options) => c.auth.roles.add('r', options),
  'roles.delete': (c, options) => c.auth.roles.delete('r', options),
  'roles.list': (c, options) => c.auth.roles.list(options),
  'roles.get': (c, options) => c.auth.roles.get('r', options),
  'roles.grant': (c, options) => c.auth.roles.grant('r', 'read', 'k', options),
  'roles.revoke': (c, options) => c.auth.roles.revoke('r', 'k', options),
  'maintenance.status': (c, options) => c.maintenance.status(undefined, options),
  'maintenance.alarms': (c, options) => c.maintenance.alarms(options),
  'maintenance.disarm': (c, options) => c.maintenance.disarm(undefined, options),
  'maintenance.defragment': (c, options) => c.maintenance.defragment('a', options),
  'maintenance.hash': (c, options) => c.maintenance.hash(undefined, options),
  'maintenance.hashKv': (c, options) => c.maintenance.hashKv(undefined, options),
  'maintenance.snapshot': (c, options) => begin(c.maintenance.snapshot(options)),
  'maintenance.saveSnapshot': (c, options) => c.maintenance.saveSnapshot('/nowhere/x', options),
  'maintenance.moveLeader': (c, options) => c.maintenance.moveLeader(7n, options),
  'maintenance.validateDowngrade': (c, options) => c.maintenance.validateDowngrade('3.5', options),
  'maintenance.enableDowngrade': (c, options) => c.maintenance.enableDowngrade('3.5', options),
  'maintenance.cancelDowngrade': (c, options) => c.maintenance.cancelDowngrade(options),
  ready: (c, options) => c.ready(options),
  watch: (c, options) => c.watch('k', options),
  cache: (c, options) => c.cache('k', options),
  'cache.ready': (_c, options) => cache.ready(options),
  'cache.get': (_c, options) => cache.get('c', options),
  'cache.getAll': (_c, options) => cache.getAll('c', options),
  'cache.waitFor': (_c, options) => cache.waitFor(7, options),
  rpc: (c, options) => c.rpc(LeaseService.leaseLeases, {}, options),
  stream: (c, options) => c.stream(WatchService.watch, options),
}

describe('options that are none are refused, and nothing is sent', () => {
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const act = CALLS[name]!
    const sent = first.puts + first.ranges
    for (const options of [null, 'timeoutMs', 7, []])
      expect(await failure(() => act(client, options as never))).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringMatching(/^Options are an object/),
      })
    expect(first.puts + first.ranges).toBe(sent)
  })

  test('every call of kv is among them', () => {
    const calls = Object.getOwnPropertyNames(Object.getPrototypeOf(client.kv)).map(
      (name) => `kv.${name}`,
    )
    const known = [...Object.keys(CALLS), 'kv.constructor', 'kv.withCodec']
    expect(calls.filter((name) => !known.includes(name))).toEqual([])
  })
})

/** A slip for each, and what is said of it; one that resembles nothing is answered by all names there are. */
const SLIPS: Readonly<Record<string, [slip: object, message: RegExp]>> = {
  'kv.get': [{ serialisable: true }, /serialisable: is serializable meant\?$/],
  'kv.getAll': [{ limti: 1 }, /limti: is limit meant\?$/],
  'kv.pages': [{ pagesize: 7 }, /pagesize: is pageSize meant\?$/],
  'kv.stream': [{ pageSize: 7 }, /pageSize: there are revision, serializable, limit, /],
  'kv.count': [{ limit: 1 }, /limit: there are revision, serializable, signal, /],
  'kv.put': [{ leaseId: 7n }, /leaseId: is lease meant\?$/],
  'kv.delete': [{ prevKV: true }, /prevKV: is prevKv meant\?$/],
  'kv.create': [
    { prevKv: true },
    /prevKv: there are lease, signal, timeoutMs, metadata, requireLeader\.$/,
  ],
  'kv.update': [{ attemps: 3 }, /attemps: is attempts meant\?$/],
  'kv.compact': [{ physikal: true }, /physikal: is physical meant\?$/],
  'typed.pages': [{ pagesize: 7 }, /pagesize: is pageSize meant\?$/],
  'typed.put': [{ leaseId: 7n }, /leaseId: is lease meant\?$/],
  'op.get': [{ timeoutMs: 7 }, /timeoutMs: there are revision, serializable, limit, /],
  'op.put': [{ leaseId: 7n }, /leaseId: is lease meant\?$/],
  'op.delete': [{ prevKV: true }, /prevKV: is prevKv meant\?$/],
  'txn.commit': [{ timeout: 7 }, /timeout: is timeoutMs meant\?$/],
  'lease.grant': [{ ttl: 7 }, /ttl: there are id, signal, /],
  'lease.keepAlive': [{ onlost: () => {} }, /onlost: is onLost meant\?$/],
  'lease.timeToLive': [{ key: true }, /key: is keys meant\?$/],
  'cluster.list': [{ linearisable: true }, /linearisable: is linearizable meant\?$/],
  'maintenance.status': [{ endpoint: 'a' }, /endpoint: there are signal, /],
  'maintenance.hashKv': [{ revison: 7 }, /revison: is revision meant\?$/],
  'maintenance.snapshot': [{ onProgress: () => {} }, /onProgress: there are endpoint, signal, /],
  'maintenance.saveSnapshot': [{ onprogress: () => {} }, /onprogress: is onProgress meant\?$/],
  ready: [{ metadata: {} }, /metadata: there are signal, timeoutMs\.$/],
  watch: [{ prefx: 'a' }, /prefx: there are startRevision, prevKv, filters, /],
  cache: [{ keysmax: 7 }, /keysmax: is keysMax meant\?$/],
  'cache.get': [{ consistant: true }, /consistant: is consistent meant\?$/],
  rpc: [{ intend: 'read' }, /intend: is intent meant\?$/],
}

describe('an option that a call does not know is refused, and nothing is sent', () => {
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const act = CALLS[name]!
    const sent = first.puts + first.ranges
    const [slip, message] = SLIPS[name] ?? [{ timeoutMS: 7 }, /timeoutMS: (is|there are) /]
    const [known] = Object.keys(slip)
    for (const options of [slip, { [known!]: undefined }, { toString: 7 }, Object.create(slip)]) {
      // Inherited by an object of another class, a listener may have what it likes.
      if (name === 'lease.keepAlive' && !Object.hasOwn(options, known!)) continue
      expect(await failure(() => act(client, options as never))).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringMatching(
          options.toString === (7 as never) ? /^There is no option toString: there are / : message,
        ),
      })
    }
    expect(first.puts + first.ranges).toBe(sent)
  })

  test('every slip is one of a call', () => {
    expect(Object.keys(SLIPS).filter((name) => !(name in CALLS))).toEqual([])
  })

  test('the first words say which option it is', async () => {
    const { message } = await failure(() => client.kv.put('k', 'v', { leaseId: 7n } as never))
    expect(message).toBe('There is no option leaseId: is lease meant?')
  })

  test('a listener of a class may have more than is called', () => {
    class Worker {
      name = 'w'
      onLost(): void {}
    }
    client.lease.keepAlive(7n, new Worker()).close()
  })
})

test('a reading in pieces is refused before it begins', () => {
  const wrong = expect.objectContaining({ code: 'invalid-argument' })
  expect(() => client.kv.stream('k', { timeoutMs: 0 })).toThrow(wrong)
  expect(() => client.kv.pages('k', { timeoutMs: 0 })).toThrow(wrong)
  expect(() => typed.stream('k', { timeoutMs: -1 })).toThrow(wrong)
  expect(() => client.kv.stream('k', { signal: {} as never })).toThrow(wrong)
})

describe('a value of the wrong type is named by its type', () => {
  const limit = (value: unknown) => () => client.kv.getAll('k', { limit: value as never })
  test.each<[unknown, string]>([
    ['1', "the string '1'"],
    [Symbol('one'), 'Symbol(one)'],
    [1n, '1n'],
    [null, 'null'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Date(0), 'an object of class Date'],
    [[1], 'a list'],
    [() => 1, 'a function'],
    [Number.NaN, 'NaN'],
    [-1, '-1'],
  ])('%p', async (value, words) => {
    const { message } = await failure(limit(value))
    expect(message).toBe(`The limit must be a whole number from 0 on, not ${words}.`)
  })

  test.each<[string, (value: never) => unknown]>([
    ['a time', (value) => client.kv.get('k', { timeoutMs: value })],
    ['a TTL', (value) => client.lease.grant(value)],
    ['a lease', (value) => client.lease.revoke(value)],
    ['a member', (value) => client.cluster.promote(value)],
    ['a key', (value) => client.kv.get([value] as never)],
    ['an operator', (value) => compare('k').version(value, 1)],
    ['a sort', (value) => client.kv.getAll('k', { sort: value })],
    ['a filter', (value) => client.watch('k', { filters: [value] })],
    ['onCompacted', (value) => client.watch('k', { onCompacted: value })],
    ['an access', (value) => client.auth.roles.grant('r', value, 'k')],
    ['an alarm', (value) => client.maintenance.disarm(value)],
    ['a version', (value) => client.maintenance.enableDowngrade(value)],
    ['peer URLs', (value) => client.cluster.add(value)],
  ])('%s', async (_name, act) => {
    for (const value of [Symbol('one'), {}])
      expect(await failure(() => act(value as never))).toMatchObject({ code: 'invalid-argument' })
  })
})
