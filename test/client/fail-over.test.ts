/** Three members, of which some stand still or are gone: what goes on, how soon, and what is said. */

import { expect, test } from '@jest/globals'
import type { Client } from '../../client/index.js'
import type { ProcessMember } from '../process/process-cluster.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

/** An endpoint that says nothing is left within this time; far less than a call's own. */
const LEFT_WITHIN_MS = 10_000

subject(
  'fail-over',
  (server) => {
    /** Always begins with the first endpoint. */
    const first = {
      next: () => 0,
      bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    }
    const startingAt = ({ endpoint }: ProcessMember, timeoutMs = LEFT_WITHIN_MS): Client => {
      const others = server.endpoints.filter((one) => one !== endpoint)
      return server.connect({ endpoints: [endpoint, ...others], random: first, timeoutMs })
    }
    const roles = async () => {
      const leader = await server.cluster.leader()
      return { leader, follower: server.cluster.members.find((member) => member !== leader)! }
    }

    test('a member that stands still is left by reads, streams and renewals', async () => {
      const { leader, follower } = await roles()
      const one = startingAt(follower)
      const { revision } = await one.kv.put(`${server.at}a`, '1')
      const { id } = await one.lease.grant(60)
      const watcher = one.watch(`${server.at}a`, {
        startRevision: revision + 1,
        signal: AbortSignal.timeout(LEFT_WITHIN_MS),
      })
      await watcher.created
      server.pause([follower])
      expect((await one.kv.get(`${server.at}a`))?.text()).toBe('1')
      await server.connect({ endpoints: [leader.endpoint] }).kv.put(`${server.at}a`, '2')
      expect((await take(watcher, 1))[0]?.kv.text()).toBe('2')
      expect(await one.lease.keepAliveOnce(id)).toBe(60)
    }, 60_000)

    test('a write at a member that stands still: through the pipeline done, else unknown, never twice', async () => {
      const { follower } = await roles()
      // Without the pipeline nothing but the end of the call's own time ends it.
      const one = startingAt(follower, server.kind.differs.includes('pipeline') ? 2_000 : 4_000)
      await one.kv.put(`${server.at}warm`, '1')
      server.pause([follower])
      const write = one.kv.put(`${server.at}a`, '1')
      if (server.kind.differs.includes('pipeline'))
        expect(await failure(write)).toMatchObject({
          code: 'outcome-unknown',
          outcomeUnknown: true,
        })
      else expect((await write).revision).toBeGreaterThan(0)
      server.resume()
      const found = await server.connect().kv.get(`${server.at}a`)
      expect(found?.version ?? 0).toBeLessThanOrEqual(1)
      expect((await one.kv.put(`${server.at}b`, '1')).revision).toBeGreaterThan(0)
    }, 60_000)

    test('the leader is killed: calls and watches go on without help', async () => {
      const leader = await server.cluster.leader()
      const one = startingAt(leader, 20_000)
      const watcher = one.watch({ prefix: server.at })
      await watcher.created
      await one.kv.put(`${server.at}a`, '1')
      await leader.end('SIGKILL')
      expect((await one.kv.get(`${server.at}a`))?.text()).toBe('1')
      await one.kv.put(`${server.at}b`, '2')
      const values = (await take(watcher, 2)).map(({ kv }) => kv.text())
      expect(values).toEqual(['1', '2'])
      leader.start()
      await server.cluster.leader()
    }, 60_000)

    test('members are found from one of them', async () => {
      const one = server.connect({ endpoints: [server.endpoints[0]!] })
      expect([...(await one.cluster.sync())].sort()).toEqual([...server.endpoints].sort())
      expect([...one.endpoints].sort()).toEqual([...server.endpoints].sort())
      await one.kv.put(`${server.at}a`, '1')
      await server.cluster.members[0]!.end('SIGKILL')
      // A read: of a write that the killed member had in hand nobody may say more than `unknown`.
      const found = await one.kv.get(`${server.at}a`, { timeoutMs: 20_000 })
      expect(found?.text()).toBe('1')
      server.cluster.members[0]!.start()
      await server.cluster.leader()
    }, 60_000)

    test('two of three are gone: no leader, said in time, and what a serializable read may do', async () => {
      const [alone, ...others] = server.cluster.members
      await server.client.kv.put(`${server.at}a`, '1')
      const one = server.connect({ endpoints: [alone!.endpoint], requireLeader: true })
      await one.kv.get(`${server.at}a`)
      await Promise.all(others.map((member) => member.end('SIGKILL')))
      // Until the one that is left has noticed, it lets calls wait.
      let error = await failure(one.kv.put(`${server.at}a`, '2', { timeoutMs: 1_000 }))
      for (let i = 0; i < 30 && error.code !== 'no-leader'; i++)
        error = await failure(one.kv.put(`${server.at}a`, '2', { timeoutMs: 1_000 }))
      expect(error.code).toBe('no-leader')
      const watch = one.watch(`${server.at}a`, { signal: AbortSignal.timeout(500) })
      expect((await failure(watch.created)).code).toBe('deadline-exceeded')
      const relaxed = server.connect({ endpoints: [alone!.endpoint] })
      const old = await relaxed.kv.get(`${server.at}a`, { serializable: true })
      expect(old?.version).toBe(1)
      for (const member of others) member.start()
      await server.cluster.leader()
      expect((await one.kv.get(`${server.at}a`, { timeoutMs: 20_000 }))?.keyString).toBe(
        `${server.at}a`,
      )
    }, 90_000)
  },
  { size: 3 },
)
