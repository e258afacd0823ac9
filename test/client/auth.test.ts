/** Users, roles, passwords and tokens. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

const ROOT = { username: 'root', password: 'secret' }
const READER = { username: 'reader', password: 'quiet' }

subject(
  'auth',
  (server) => {
    beforeAll(async () => {
      const { auth } = server.client
      await auth.users.add('root', ROOT.password)
      await auth.roles.add('root')
      await auth.users.grantRole('root', 'root')
      await auth.roles.add('reading')
      await auth.roles.grant('reading', 'read', { prefix: 'open/' })
      await auth.users.add(READER.username, READER.password)
      await auth.users.grantRole(READER.username, 'reading')
      await auth.enable()
    })
    const as = (auth: { username: string; password: string }) => server.connect({ auth })
    const asRoot = () => as(ROOT)
    afterAll(async () => {
      await using root = as(ROOT)
      await root.auth.disable()
    })

    test('root may do everything, and see who there is', async () => {
      const { kv, auth } = asRoot()
      await kv.put('open/a', '1')
      expect(await auth.users.list()).toEqual(['reader', 'root'])
      expect(await auth.users.get('reader')).toEqual({ roles: ['reading'] })
      const { permissions } = await auth.roles.get('reading')
      expect(permissions.map(({ access, key }) => [access, Buffer.from(key).toString()])).toEqual([
        ['read', 'open/'],
      ])
    })

    test('a user may do what its roles allow, and nothing else', async () => {
      await asRoot().kv.put('open/a', '1')
      const { kv, lease } = as(READER)
      expect((await kv.get('open/a'))?.text()).toBe('1')
      for (const act of [
        () => kv.put('open/a', '2'),
        () => kv.get('closed/a'),
        () => kv.getAll({ all: true }),
        () => as(READER).auth.users.list(),
      ])
        expect(await failure(act)).toMatchObject({
          code: 'permission-denied',
          outcomeUnknown: false,
        })
      expect((await lease.grant(60)).ttlSeconds).toBe(60)
    })

    test('without a user, with a wrong password, with a user that does not exist', async () => {
      for (const auth of [
        false as const,
        { ...ROOT, password: 'wrong' },
        { username: 'nobody', password: 'x' },
      ])
        expect(await failure(server.connect({ auth }).kv.put('open/a', 'b'))).toMatchObject({
          code: 'unauthenticated',
          outcomeUnknown: false,
        })
    })

    test('maintenance refuses in the same words, and nothing is unknown', async () => {
      const refused: readonly [code: string, auth: false | typeof READER][] = [
        ['unauthenticated', false],
        ['permission-denied', READER],
      ]
      for (const [code, auth] of refused) {
        const { maintenance } = server.connect({ auth })
        for (const act of [
          () => maintenance.snapshot()[Symbol.asyncIterator]().next(),
          () => maintenance.hashKv(),
          () => maintenance.defragment(server.endpoints[0]!),
        ])
          expect(await failure(act)).toMatchObject({ code, outcomeUnknown: false })
      }
    })

    test('a watch needs the permission, too', async () => {
      const reader = as(READER)
      const watcher = reader.watch('open/w')
      await watcher.created
      await asRoot().kv.put('open/w', '1')
      expect((await take(watcher, 1))[0]?.kv.text()).toBe('1')
      expect((await failure(take(reader.watch('closed/w'), 1))).code).toBe('permission-denied')
    })

    describe('a token that is no longer valid', () => {
      test('is replaced for calls, watches and renewals when the server has forgotten it', async () => {
        const one = server.connect({ auth: ROOT, timeoutMs: 20_000 })
        const { id } = await one.lease.grant(60)
        await one.kv.put('open/a', 'before')
        const watcher = one.watch('open/a')
        await watcher.created
        await server.cluster.restart()
        await one.kv.put('open/a', 'after')
        expect((await take(watcher, 1))[0]?.kv.text()).toBe('after')
        expect(await one.lease.keepAliveOnce(id)).toBe(60)
      }, 60_000)

      test('is replaced when users have changed', async () => {
        const reader = as(READER)
        await reader.kv.get('open/a')
        await asRoot().auth.roles.grant('reading', 'read', 'closed/now-open')
        expect(await reader.kv.get('closed/now-open')).toBeNull()
        await asRoot().auth.users.changePassword('reader', 'changed')
        const error = await failure(async () => {
          await reader.kv.get('open/a')
          await as(READER).kv.get('open/a')
        })
        expect(error.code).toBe('unauthenticated')
        await asRoot().auth.users.changePassword('reader', READER.password)
      })
    })

    test('users and roles that there are not, or are already', async () => {
      const { users, roles } = asRoot().auth
      for (const act of [
        () => users.get('nobody'),
        () => users.add('reader', 'x'),
        () => roles.add('reading'),
        () => roles.get('nothing'),
        () => users.revokeRole('reader', 'root'),
      ])
        expect(await failure(act)).toMatchObject({ code: 'auth-state', outcomeUnknown: false })
      for (const act of [
        () => users.add('', 'x'),
        () => roles.grant('reading', 'all' as never, 'a'),
      ])
        expect((await failure(act)).code).toBe('invalid-argument')
    })
  },
  // The cheapest hash of passwords: it is not what is tested.
  { needs: 'auth', flags: ['--bcrypt-cost=4'] },
)
