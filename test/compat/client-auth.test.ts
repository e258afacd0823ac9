/**
 * The client and authentication, against a real etcd: users, roles, tokens that end.
 *
 * A token ends with the member that gave it, and by any change of users and roles; to a
 * client it is the same when its time is over.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, type ConnectOptions, connect } from '../../client/index.js'
import { failure, take } from '../client/outcome.js'
import { findEtcd, type RunningCluster, startEtcd } from './etcd-process.js'

const etcd = findEtcd()
const describeWithEtcd = etcd === undefined ? describe.skip : describe

const ROOT = { username: 'root', password: 'the root of it' }
const READER = { username: 'reader', password: 'reads:with:colons' }

describeWithEtcd('authentication against etcd', () => {
  let cluster: RunningCluster
  let root: Client
  const open: Client[] = []

  const client = (options: ConnectOptions) => {
    const one = connect({ endpoints: cluster.endpoints, env: {}, ...options })
    open.push(one)
    return one
  }
  /** All tokens of before are refused from now on. */
  const outdate = async () => {
    await root.auth.users.add(`someone ${Math.floor(performance.now())}`, 'x')
  }

  beforeAll(async () => {
    cluster = await startEtcd(etcd!, { flags: ['--bcrypt-cost', '4'] })
    const nobody = connect({ endpoints: cluster.endpoints, env: {} })
    const { users, roles } = nobody.auth
    await users.add(ROOT.username, ROOT.password)
    await roles.add('root')
    await users.grantRole('root', 'root')
    await users.add(READER.username, READER.password)
    await roles.add('reads')
    await roles.grant('reads', 'read', { prefix: 'open/' })
    await users.grantRole('reader', 'reads')
    await nobody.auth.enable()
    nobody.close()
    root = connect({ endpoints: cluster.endpoints, env: {}, auth: ROOT })
  }, 60_000)
  afterEach(() => {
    for (const one of open.splice(0)) one.close()
  })
  afterAll(async () => {
    root?.close()
    await cluster?.stop()
  }, 60_000)

  test('who names nobody is refused, and told what is missing', async () => {
    const nobody = client({})
    expect(await failure(nobody.kv.get('k'))).toMatchObject({ code: 'unauthenticated' })
    expect(await failure(nobody.kv.put('k', 'v'))).toMatchObject({
      code: 'unauthenticated',
      outcomeUnknown: false,
    })
    expect((await failure(take(nobody.watch('k'), 1))).code).toBe('unauthenticated')
  })

  test('a wrong password is refused at once, by calls and by watches', async () => {
    const auth = { username: 'root', password: 'not this one' }
    const wrong = client({ auth, timeoutMs: 120_000 })
    const error = await failure(wrong.kv.put('k', 'v'))
    expect(error).toMatchObject({ code: 'unauthenticated', outcomeUnknown: false })
    expect(error.message).not.toContain('not this one')
    expect((await failure(wrong.kv.get('k'))).code).toBe('unauthenticated')
    expect((await failure(take(wrong.watch('k'), 1))).code).toBe('unauthenticated')
    const lost = new Promise((resolve) => {
      wrong.lease.keepAlive(1n, { onLost: resolve })
    })
    expect(await lost).toMatchObject({ code: 'unauthenticated' })
  })

  test('a user may do what its roles allow, and no more', async () => {
    await root.kv.put('open/a', '1')
    for (const env of [
      { CONCLAVE_USER: `${READER.username}:${READER.password}` },
      { ETCDCTL_USER: READER.username, ETCDCTL_PASSWORD: READER.password },
    ]) {
      const reader = client({ env })
      expect((await reader.kv.get('open/a'))?.text()).toBe('1')
      expect(await failure(reader.kv.put('open/a', '2'))).toMatchObject({
        code: 'permission-denied',
        outcomeUnknown: false,
      })
      expect((await failure(reader.kv.get('other'))).code).toBe('permission-denied')
      expect((await failure(reader.auth.users.list())).code).toBe('permission-denied')
      const watcher = reader.watch({ prefix: 'open/' }, { startRevision: 1 })
      expect((await take(watcher, 1))[0]?.kv.keyString).toBe('open/a')
      expect((await failure(take(reader.watch('other'), 1))).code).toBe('permission-denied')
    }
  })

  test('users and roles are told as they were made', async () => {
    const { users, roles } = root.auth
    expect(await users.list()).toEqual(expect.arrayContaining(['root', 'reader']))
    expect(await users.get('reader')).toEqual({ roles: ['reads'] })
    await roles.add('writes')
    await roles.grant('writes', 'write', 'one')
    await roles.grant('writes', 'readwrite', { fromKey: 'z' })
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
    const shown = (await roles.get('writes')).permissions.map(({ access, key, rangeEnd }) => [
      access,
      text(key),
      text(rangeEnd),
    ])
    expect(shown).toEqual([
      ['write', 'one', ''],
      ['readwrite', 'z', '\0'],
    ])
    await roles.revoke('writes', { fromKey: 'z' })
    expect((await roles.get('writes')).permissions).toHaveLength(1)
    await users.add('temp', 'x')
    await users.grantRole('temp', 'writes')
    await users.revokeRole('temp', 'writes')
    await users.changePassword('temp', 'y')
    const temp = client({ auth: { username: 'temp', password: 'y' } })
    expect((await failure(temp.kv.get('one'))).code).toBe('permission-denied')
    await users.delete('temp')
    await roles.delete('writes')
    expect(await roles.list()).not.toContain('writes')
    expect((await failure(users.get('temp'))).code).toBe('auth-state')
    expect((await failure(users.add('root', 'x'))).code).toBe('auth-state')
    expect((await failure(root.auth.status())).code).toBe('unimplemented')
  })

  test('what is wrong is refused before it is sent', async () => {
    const { users, roles } = root.auth
    for (const act of [
      () => users.add('', 'x'),
      () => users.add('a', ''),
      () => users.grantRole('root', ''),
      () => roles.grant('reads', 'all' as never, 'k'),
      () => roles.grant('reads', 'read', ''),
    ])
      expect(await failure(act)).toMatchObject({ code: 'invalid-argument', etcd: undefined })
  })

  test('a token that is outdated is replaced, for all that were refused', async () => {
    const reader = client({ auth: READER, pipeline: 'off' })
    await reader.kv.get('open/a')
    await outdate()
    await Promise.all(Array.from({ length: 200 }, () => reader.kv.get('open/a')))
    expect(reader.metrics().calls['KV/Range']).toMatchObject({ succeeded: 201, failed: {} })
  })

  test('a write is repeated when its token was refused: it did not happen', async () => {
    const writer = client({ auth: ROOT })
    await writer.kv.put('counter', '0')
    await outdate()
    await writer.kv.put('counter', '1')
    expect((await writer.kv.get('counter'))?.version).toBe(2)
    await root.kv.delete('counter')
  })

  test('a watch that is begun with an outdated token goes on with a fresh one', async () => {
    const reader = client({ auth: READER })
    const first = reader.watch('open/first')
    await first.created
    await outdate()
    const second = reader.watch('open/second')
    await second.created
    await root.kv.put('open/first', '1')
    await root.kv.put('open/second', '2')
    expect((await take(first, 1))[0]?.kv.text()).toBe('1')
    expect((await take(second, 1))[0]?.kv.text()).toBe('2')
  })

  test('calls, watches and leases go on when their tokens died with the member', async () => {
    const one = client({ auth: ROOT, timeoutMs: 20_000 })
    const lease = await one.lease.grant(60)
    const watcher = one.watch('open/after')
    await watcher.created
    await cluster.restart!()
    await one.kv.put('open/after', '1')
    expect((await take(watcher, 1))[0]?.kv.text()).toBe('1')
    expect(await one.lease.keepAliveOnce(lease.id)).toBe(60)
  }, 40_000)

  test('credentials are no hindrance where nobody needs them', async () => {
    await root.auth.disable()
    const one = client({ auth: { username: 'who', password: 'ever' } })
    await one.kv.put('k', 'v')
    await one.watch('k').created
    await root.auth.enable()
    expect((await failure(one.kv.get('k'))).code).toBe('unauthenticated')
  })
})
