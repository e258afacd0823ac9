/** Options: what a program says, what its environment says, and what is wrong with either. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ConclaveError, type ConnectOptions, connect } from './index.js'
import { resolveOptions } from './options.js'

const resolved = (env: Record<string, string>, options: ConnectOptions = {}) =>
  resolveOptions({ env, ...options })

const wrong = (act: () => unknown): ConclaveError => {
  try {
    act()
  } catch (error) {
    if (error instanceof ConclaveError && error.code === 'invalid-argument') return error
    throw error
  }
  throw new Error('it was taken')
}

describe('without arguments', () => {
  test('a client has defaults', () => {
    const { addresses, channel, timeoutMs, credentials, discovery } = resolved({})
    expect(addresses).toEqual(['http://127.0.0.1:2379'])
    expect(channel).toEqual({
      connectTimeoutMs: 2_000,
      keepAliveIntervalMs: 10_000,
      keepAliveTimeoutMs: 5_000,
    })
    expect({ timeoutMs, credentials, discovery }).toEqual({ timeoutMs: 5_000 })
  })

  test('it reads the environment of the process', () => {
    process.env['CONCLAVE_ENDPOINTS'] = 'http://a:1,http://b:2'
    try {
      const client = connect()
      expect(client.endpoints).toEqual(['http://a:1', 'http://b:2'])
      client.close()
    } finally {
      delete process.env['CONCLAVE_ENDPOINTS']
    }
  })
})

describe('the environment', () => {
  test('is read as etcdctl reads it, and ours comes first', () => {
    const env = {
      ETCDCTL_ENDPOINTS: 'a, http://b:1 ,https://c',
      ETCDCTL_DIAL_TIMEOUT: '1.5s',
      ETCDCTL_COMMAND_TIMEOUT: '1m30s',
      CONCLAVE_COMMAND_TIMEOUT: '250ms',
      ETCDCTL_KEEPALIVE_TIME: '2h',
      ETCDCTL_KEEPALIVE_TIMEOUT: '500us',
      CONCLAVE_USER: '',
      ETCDCTL_USER: 'me:se:cret',
    }
    const { addresses, channel, timeoutMs, credentials } = resolved(env)
    expect(addresses).toEqual(['http://a', 'http://b:1', 'https://c'])
    expect(timeoutMs).toBe(250)
    expect(channel).toEqual({
      connectTimeoutMs: 1_500,
      keepAliveIntervalMs: 7_200_000,
      keepAliveTimeoutMs: 0.5,
    })
    expect(credentials).toEqual({ username: 'me', password: 'se:cret' })
  })

  test('says less than the program', () => {
    const env = { CONCLAVE_ENDPOINTS: 'x', CONCLAVE_COMMAND_TIMEOUT: '9s', CONCLAVE_USER: 'a:b' }
    const { addresses, timeoutMs, credentials } = resolved(env, {
      endpoints: 'y',
      timeoutMs: 1,
      auth: false,
    })
    expect({ addresses, timeoutMs, credentials }).toEqual({ addresses: ['http://y'], timeoutMs: 1 })
  })

  test('is left aside with a transport of the program', () => {
    process.env['ETCDCTL_USER'] = 'a:b'
    try {
      const transport = {
        connect: (): never => {
          throw new Error('nothing is opened yet')
        },
      }
      const { credentials } = resolveOptions({ endpoints: 'a', transport })
      expect(credentials).toBeUndefined()
    } finally {
      delete process.env['ETCDCTL_USER']
    }
  })

  test.each([
    ['ENDPOINTS', 'ftp://x'],
    ['ENDPOINTS', ' , '],
    ['DIAL_TIMEOUT', '5'],
    ['DIAL_TIMEOUT', '-5s'],
    ['COMMAND_TIMEOUT', '0s'],
    ['COMMAND_TIMEOUT', 'soon'],
    ['KEEPALIVE_TIME', '5 s'],
    ['KEEPALIVE_TIMEOUT', '5sm'],
    ['INSECURE_TRANSPORT', 'maybe'],
    ['INSECURE_SKIP_TLS_VERIFY', '2'],
    ['CACERT', '/no/such/file'],
    ['USER', 'me'],
    ['USER', ':secret'],
  ])('%s=%s is refused by its name', (name, value) => {
    for (const prefix of ['CONCLAVE_', 'ETCDCTL_'])
      expect(wrong(() => resolved({ [prefix + name]: value })).message).toContain(prefix + name)
  })

  test('a password is in no message', () => {
    const env = { ETCDCTL_USER: ':secret' }
    expect(wrong(() => resolved(env)).message).not.toContain('secret')
  })
})

describe('endpoints', () => {
  test('without a scheme follow tls, others their scheme', () => {
    const env = { ETCDCTL_INSECURE_TRANSPORT: 'false' }
    expect(resolved(env).addresses).toEqual(['https://127.0.0.1:2379'])
    expect(resolved({}, { endpoints: 'a:1', tls: true }).addresses).toEqual(['https://a:1'])
    expect(resolved({}, { endpoints: ['a', 'a'] }).addresses).toEqual(['http://a'])
  })

  test.each<[string, ConnectOptions]>([
    ['none', { endpoints: [] }],
    ['tls beside http', { endpoints: 'http://a', tls: true }],
    ['endpoints beside a discovery', { endpoints: 'a', discovery: { domain: 'b' } }],
    ['a discovery of nothing', { discovery: { domain: '' } }],
    ['a discovery without a domain', { discovery: {} as never }],
    ['something that is no text', { endpoints: [undefined] as never }],
    ['something that is no list', { endpoints: 7 as never }],
    ['a port that is none', { endpoints: 'a:99999' }],
    ['a port that is no number', { endpoints: 'a:b' }],
    ['an IPv6 address without brackets', { endpoints: '::1' }],
    ['a query', { endpoints: 'http://a:1?b' }],
  ])('%s is refused', (_what, options) => {
    wrong(() => resolved({}, options))
  })
})

test.each([null, 'http://a:1', ['http://a:1']])('options that are %j are refused', (options) => {
  wrong(() => connect(options as never))
})

test('a password in an address is refused, and is in no message', () => {
  expect(wrong(() => connect({ endpoints: 'http://me:secret@a:1' })).message).not.toMatch(/secret/)
})

describe('credentials and times', () => {
  test.each<[string, ConnectOptions]>([
    ['a user without a name', { auth: { username: '', password: 'x' } }],
    ['a user without a password', { auth: { username: 'a' } as never }],
    ['a time of 0', { timeoutMs: 0 }],
    ['an endless time', { connectTimeoutMs: Number.POSITIVE_INFINITY }],
    ['a broken interval', { syncIntervalMs: -1 }],
  ])('%s is refused', (_what, options) => {
    wrong(() => resolved({}, options))
  })
})

describe('a slip in JavaScript', () => {
  const endpoints = 'https://a'
  test.each<[object, RegExp]>([
    [{ hosts: 'a' }, /^There is no option hosts: there are endpoints, discovery, /],
    [{ endpoint: 'a' }, /^There is no option endpoint: is endpoints meant\?$/],
    [{ timeoutMS: 1 }, /^There is no option timeoutMS: is timeoutMs meant\?$/],
    [{ endpoints, tls: { rejectUnauthorized: false } }, /tls\.rejectUnauthorized: there are ca, /],
    [{ endpoints, tls: { servername: 'a' } }, /tls\.servername: is tls\.serverName meant\?$/],
    [{ auth: { user: 'a', password: 'b' } }, /no option auth\.user: /],
    [{ retry: { backoffMin: 1 } }, /no option retry\.backoffMin: is retry\.backoffMinMs meant/],
    [{ discovery: { domain: 'a', service: 'b' } }, /no option discovery\.service: /],
    [{ log: true }, /^log is an object with the methods debug, info, warn, error, child, not true/],
    [{ log: { debug() {} } }, /^log is an object with the methods debug, /],
    [{ transport: 'grpc' }, /^transport is an object with the methods connect, not the string/],
    [{ clock: null }, /^clock is an object with the methods now, wall, after, soon, not null/],
    [{ env: 'A=1' }, /^env is an object, not the string 'A=1'/],
    [{ retry: null }, /^retry is an object, not null/],
    [{ auth: true }, /^auth is an object, not true/],
    [{ tls: 'yes' }, /^tls is an object, not the string 'yes'/],
    [{ endpoints, tls: { ca: 7 } }, /^tls\.ca is a PEM text, not 7/],
    [{ endpoints, tls: { insecureSkipVerify: 'no' } }, /^tls\.insecureSkipVerify is true or false/],
    [{ requireLeader: 'yes' }, /^requireLeader is true or false, not the string 'yes'/],
    [{ pipeline: Symbol('off') }, /^pipeline is one of auto, off, require, not Symbol\(off\)/],
    [{ sessionTtlSeconds: 1n }, /^sessionTtlSeconds is a whole number from 1 on, not 1n/],
  ])('%j is refused by its name', (options, message) => {
    expect(wrong(() => connect({ env: {}, ...options })).message).toMatch(message)
  })

  test('an option that is undefined is absent, whatever its name', () => {
    connect({ env: {}, hosts: undefined, log: undefined } as object).close()
  })

  test('an event that is never told is refused', () => {
    const client = connect({ env: {} })
    const watcher = client.watch('a')
    const cache = client.cache('a')
    const to = (name: unknown) => name as 'error'
    expect(wrong(() => watcher.on(to('data'), () => {})).message).toMatch(
      /^There is no event 'data': there are put, delete, /,
    )
    expect(wrong(() => watcher.on(to('deleted'), () => {})).message).toMatch(/is delete meant\?$/)
    expect(wrong(() => cache.on(to('changes'), () => {})).message).toMatch(/is change meant\?$/)
    expect(wrong(() => cache.on(to(Symbol('x')), () => {})).message).toMatch(/^Symbol\(x\) is no/)
    expect(wrong(() => cache.on('change', null as never)).message).toMatch(/function, not null/)
    client.close()
  })
})

describe('the bounds of retries', () => {
  test('give way to the one that is named', () => {
    expect(resolved({}, { retry: { backoffMaxMs: 10 } }).retry).toMatchObject({
      minMs: 10,
      maxMs: 10,
    })
    const { retry } = resolved({}, { retry: { backoffMinMs: 9_000 } })
    expect(retry).toMatchObject({ minMs: 9_000, maxMs: 9_000 })
    wrong(() => resolved({}, { retry: { backoffMinMs: 20, backoffMaxMs: 10 } }))
  })
})

describe('certificates', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'conclave-options-'))
    writeFileSync(join(directory, 'not.pem'), 'no certificate')
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  test.each<[string, (at: string) => ConnectOptions['tls']]>([
    ['a file that is not there', (at) => ({ caFile: `${at}/none` })],
    ['a certificate twice', (at) => ({ ca: 'x', caFile: `${at}/not.pem` })],
    ['a certificate without its key', () => ({ cert: 'x' })],
    ['an authority that is none', () => ({ ca: 'x' })],
    ['a key that is none', () => ({ cert: 'x', key: 'y' })],
  ])('%s is refused before anything is opened', (_what, tls) => {
    const endpoints = 'https://a'
    expect(wrong(() => resolved({}, { endpoints, tls: tls(directory)! })).message).toMatch(/tls/)
  })

  test('a file of the environment that is none is refused by its variable', () => {
    const env = {
      CONCLAVE_CERT: join(directory, 'not.pem'),
      ETCDCTL_KEY: join(directory, 'not.pem'),
    }
    expect(wrong(() => resolved(env)).message).toContain('ETCDCTL_KEY')
    const { message } = wrong(() => resolved({ CONCLAVE_CERT: env.CONCLAVE_CERT }))
    expect(message).toMatch(/ CONCLAVE_CERT is .*needs a certificate and its key together\.$/)
  })
})
