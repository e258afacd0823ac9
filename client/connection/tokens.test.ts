/** Tokens: asked for once, sent along, replaced when refused; with members played by hand. */

import { describe, expect, test } from '@jest/globals'
import { settled, silence } from '../../test/client/fake-members.js'
import { failure, take } from '../../test/client/outcome.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { connect } from '../client.js'
import type { CallContext } from '../host/service.js'
import { streaming, unary } from '../host/service.js'
import type { Transport } from '../host/transport.js'
import { InProcessTransport } from '../host/transport-inprocess.js'
import { etcdErrors } from '../wire/etcd-errors.js'
import { Auth, KV, Watch } from '../wire/methods.js'

/** A member with authentication on, which notes who asked for what. */
function guarded() {
  const clock = new VirtualClock()
  const state = {
    /** The only token that is taken. */
    token: 't1',
    asked: 0,
    ranges: 0,
    /** Answers to reads wait for it. */
    gate: Promise.resolve(),
    puts: [] as string[],
    streams: [] as string[],
    authenticate: async (): Promise<{ token: string }> => ({ token: state.token }),
  }
  const check = ({ metadata }: CallContext) => {
    if (metadata['token'] === undefined) throw etcdErrors.userEmpty.error()
    if (metadata['token'] !== state.token) throw etcdErrors.invalidAuthToken.error()
  }
  const services = [
    unary(Auth.authenticate, () => {
      state.asked++
      return state.authenticate()
    }),
    unary(KV.range, async (_request, context) => {
      state.ranges++
      const late = state.gate
      if (state.ranges % 2 === 0) await late
      check(context)
      return {}
    }),
    unary(KV.put, (request, context) => {
      check(context)
      state.puts.push(Buffer.from(request.key).toString())
      return {}
    }),
    streaming(Watch.watch, (stream, { metadata }) => {
      state.streams.push(metadata['token'] ?? 'none')
      stream.receive({
        message: ({ createRequest }) => {
          if (createRequest === undefined) return
          const { watchId } = createRequest
          const cancelReason =
            'rpc error: code = Unauthenticated desc = etcdserver: invalid auth token'
          if (metadata['token'] === state.token) stream.send({ watchId, created: true })
          else stream.send({ watchId: -1, created: true, canceled: true, cancelReason })
        },
        close() {},
      })
    }),
  ]
  const transport: Transport = new InProcessTransport({ clock, services: () => services })
  const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length) }
  const auth = { username: 'u', password: 'p' }
  const client = connect({ endpoints: ['a', 'b'], transport, clock, random, auth, pipeline: 'off' })
  return { client, clock, state }
}

describe('a token', () => {
  test('is asked for on first need, once for all who wait', async () => {
    const { client, state } = guarded()
    expect(state.asked).toBe(0)
    await Promise.all(Array.from({ length: 50 }, () => client.kv.get('k')))
    await client.kv.put('k', 'v')
    expect(state).toMatchObject({ asked: 1, ranges: 50, puts: ['k'] })
  })

  test('that is refused is replaced once for a wave of calls, and all are repeated', async () => {
    const { client, state } = guarded()
    await client.kv.get('k')
    state.token = 't2'
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    await Promise.all(keys.map((key) => client.kv.put(key, 'v')))
    expect(state.asked).toBe(2)
    expect(state.puts.sort()).toEqual(keys.sort())
  })

  test('is not forgotten for a late refusal of the one before', async () => {
    const { client, state } = guarded()
    await client.kv.get('k')
    let open = () => {}
    state.gate = new Promise((resolve) => {
      open = resolve
    })
    const reads = Array.from({ length: 10 }, () => client.kv.get('k'))
    state.token = 't2'
    await settled()
    expect(state.asked).toBe(2)
    open()
    await Promise.all(reads)
    expect(state.asked).toBe(2)
  })

  test('that is refused again and again is given up, and nothing is repeated for ever', async () => {
    const { client, state } = guarded()
    state.authenticate = async () => ({ token: 'never good' })
    expect(await failure(client.kv.put('k', 'v'))).toMatchObject({
      code: 'unauthenticated',
      outcomeUnknown: false,
    })
    expect(state.asked).toBeLessThan(6)
  })

  test('is asked for elsewhere when a member does not answer', async () => {
    const { client, clock, state } = guarded()
    let first = true
    state.authenticate = async () => {
      if (!first) return { token: state.token }
      first = false
      return silence()
    }
    const got = client.kv.get('k')
    await clock.run(4_900)
    expect(await got).toBeNull()
    expect(state.asked).toBe(2)
    client.close()
    expect(clock.timerCount).toBe(0)
  })

  test('does not keep a call that was aborted, timed out or closed', async () => {
    const { client, clock, state } = guarded()
    state.authenticate = silence
    const abort = new AbortController()
    const aborted = failure(client.kv.put('k', 'v', { signal: abort.signal }))
    const late = failure(client.kv.put('k', 'v', { timeoutMs: 100 }))
    const closed = failure(client.kv.put('k', 'v'))
    await settled()
    abort.abort()
    expect(await aborted).toMatchObject({ code: 'cancelled', outcomeUnknown: false })
    await clock.run(101)
    expect(await late).toMatchObject({ code: 'deadline-exceeded', outcomeUnknown: false })
    client.close()
    expect(await closed).toMatchObject({ code: 'closed', outcomeUnknown: false })
    await settled()
    expect(clock.timerCount).toBe(0)
  })

  test('is not needed where authentication is off', async () => {
    const { client, state } = guarded()
    state.authenticate = () => {
      throw etcdErrors.authNotEnabled.error()
    }
    // Off now, so calls without a token pass; on a moment later.
    const error = await failure(client.kv.get('k'))
    expect(error.code).toBe('unauthenticated')
    state.authenticate = async () => ({ token: state.token })
    await client.kv.get('k')
  })

  test('opens the watch stream anew when the member refuses a watch for it', async () => {
    const { client, clock, state } = guarded()
    await client.watch('k').created
    state.token = 't2'
    const second = client.watch('k2')
    await clock.run(100)
    await second.created
    expect(state.streams).toEqual(['t1', 't2'])
    expect(state.asked).toBe(2)
    client.close()
  })

  test('does not bring back a stream that its owner gave up', async () => {
    const { client, clock, state } = guarded()
    state.token = 't2'
    state.authenticate = async () => ({ token: 'old' })
    const watcher = client.watch('k')
    const over = failure(take(watcher, 1))
    await clock.run(3_000)
    const opened = state.streams.length
    client.close()
    expect((await over).code).toBe('closed')
    await clock.run(10_000)
    expect(state.streams.length).toBe(opened)
    expect(clock.timerCount).toBe(0)
  })

  test('that a wrong password gets ends watches, and says so', async () => {
    const { client, state } = guarded()
    state.authenticate = () => {
      throw etcdErrors.authFailed.error()
    }
    expect((await failure(take(client.watch('k'), 1))).code).toBe('unauthenticated')
  })
})
