/** What a client tells of itself: counts, and notices on diagnostics channels. */

import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from '@jest/globals'
import { startCluster } from '../server/index.js'
import { fakeMembers, settled, silence } from '../test/client/fake-members.js'
import type { Calls } from './calls.js'
import { type CallTrace, ObservedCalls } from './calls-observed.js'
import { connect } from './client.js'
import { ConclaveError } from './errors.js'
import { Telemetry } from './telemetry.js'
import { etcdErrors } from './wire/etcd-errors.js'
import { KV, Watch } from './wire/methods.js'
import { RpcError, Status } from './wire/status.js'

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo()
})

/** Every message of a channel from now on. */
function heard(name: string): unknown[] {
  const messages: unknown[] = []
  const listener = (message: unknown) => messages.push(message)
  subscribe(name, listener)
  cleanUp.push(() => unsubscribe(name, listener))
  return messages
}

/** What happens to calls from now on: each step with the trace as it was then. */
function traced(): { readonly step: string; readonly trace: CallTrace }[] {
  const steps: { readonly step: string; readonly trace: CallTrace }[] = []
  const on = (step: string) => (trace: CallTrace) => steps.push({ step, trace: { ...trace } })
  const subscribers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  }
  const channel = tracingChannel<unknown, CallTrace>('conclave:call')
  channel.subscribe(subscribers)
  cleanUp.push(() => channel.unsubscribe(subscribers))
  return steps
}

const unavailable = () => new RpcError(Status.UNAVAILABLE, 'gone')

describe('counts', () => {
  test('calls by method and outcome, and those that are open', async () => {
    const { client, first } = fakeMembers(1)
    await client.kv.put('a', '1')
    await client.kv.get('a')
    await client.kv.get('a')
    first.onPut = () => {
      throw etcdErrors.noSpace.error()
    }
    await expect(client.kv.put('a', '2')).rejects.toThrow(ConclaveError)
    first.onRange = silence
    const open = client.kv.get('a')
    await settled()
    expect(client.metrics().calls).toEqual({
      'KV/Put': { open: 0, succeeded: 1, failed: { 'no-space': 1 } },
      'KV/Range': { open: 1, succeeded: 2, failed: {} },
    })
    client.close()
    await expect(open).rejects.toMatchObject({ code: 'closed' })
    expect(client.metrics().calls['KV/Range']).toEqual({
      open: 0,
      succeeded: 2,
      failed: { closed: 1 },
    })
  })

  test('a snapshot of them does not change', async () => {
    const { client } = fakeMembers(1)
    const before = client.metrics()
    await client.kv.put('a', '1')
    expect(before.calls).toEqual({})
    client.close()
  })

  test('retries, endpoint failures and fail-overs', async () => {
    const { client, members } = fakeMembers(2)
    members[0]!.up = false
    await client.kv.get('a')
    expect(client.metrics()).toMatchObject({ retries: 1, endpointFailures: 1, failovers: 1 })
    client.close()
  })

  test('watches opened, resumed and failed, and their events', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.onWatch = ({ createRequest }, stream) => {
      if (createRequest === undefined) return
      const { watchId } = createRequest
      stream.send({ created: true, watchId, header: { revision: 4 } })
      const kv = { key: Buffer.from('a'), modRevision: first.watches.length + 4 }
      stream.send({ watchId, events: [{ type: 0, kv }] })
    }
    const watcher = client.watch('a')
    await settled()
    first.watches[0]!.fail(unavailable())
    await settled()
    clock.advance(5_000)
    await settled()
    const { watchId } = first.watches[1]!.received[0]!.createRequest!
    first.watches[1]!.send({ watchId, canceled: true, compactRevision: 9 })
    await settled()
    expect(client.metrics().watch).toEqual({ opened: 1, resumed: 1, events: 2, failed: 1 })
    watcher.close()
    client.watch('b')
    client.close()
    expect(client.metrics().watch.failed).toBe(1)
  })

  test('leases renewed and lost', async () => {
    const { client, first } = fakeMembers(1)
    let ttl = 10
    first.onKeepAlive = ({ ID }, stream) => stream.send({ ID, TTL: ttl })
    expect(await client.lease.keepAliveOnce(7n)).toBe(10)
    ttl = 0
    await expect(client.lease.keepAliveOnce(7n)).rejects.toMatchObject({ code: 'lease-not-found' })
    client.lease.keepAlive(8n)
    client.close()
    expect(client.metrics().leases).toEqual({ renewed: 1, lost: 1 })
  })
})

describe('traced calls', () => {
  test('a call is told from its start to its answer', async () => {
    const { client } = fakeMembers(1)
    const steps = traced()
    await client.kv.put('a', '1')
    client.close()
    expect(steps.map(({ step }) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(steps[0]!.trace).toMatchObject({ method: 'KV/Put', intent: 'write', tries: 0 })
    expect(steps[3]!.trace).toMatchObject({
      transport: 'unary',
      endpoint: 'a',
      tries: 1,
      result: expect.anything(),
    })
  })

  test('a failure is told with its error and how often it was tried', async () => {
    const { client, members } = fakeMembers(2)
    for (const member of members) member.onRange = () => Promise.reject(unavailable())
    const steps = traced()
    const failing = client.kv.get('a', { timeoutMs: 20 })
    await expect(failing).rejects.toMatchObject({ code: 'unavailable' })
    client.close()
    const { step, trace } = steps.find((one) => one.step === 'error')!
    expect(step).toBe('error')
    expect(trace).toMatchObject({ method: 'KV/Range', tries: 2, endpoint: 'b' })
    expect(trace.error).toMatchObject({ code: 'unavailable' })
  })

  test('a call on the pipeline says so, and batches are counted', async () => {
    const cluster = await startCluster({ size: 1, storage: 'memory', sockets: false })
    cleanUp.push(() => void cluster.stop())
    const { endpoints, transport } = cluster
    const client = connect({ endpoints, transport, pipeline: 'require' })
    const steps = traced()
    await client.kv.put('a', '1')
    await client.kv.get('a')
    const ended = steps.filter(({ step, trace }) => step === 'asyncEnd' && /^KV/.test(trace.method))
    expect(ended.map(({ trace }) => trace)).toEqual([
      expect.objectContaining({ method: 'KV/Put', transport: 'pipeline', endpoint: endpoints[0] }),
      expect.objectContaining({ method: 'KV/Range', transport: 'pipeline', tries: 1 }),
    ])
    expect(client.metrics().pipeline).toMatchObject({ batches: 2, calls: 2, resent: 0 })
    client.close()
    await cluster.stop()
  })

  test('a call that names its endpoint says so', async () => {
    const { client } = fakeMembers(2)
    const steps = traced()
    await expect(client.maintenance.status('b')).rejects.toMatchObject({ code: 'unimplemented' })
    client.close()
    expect(steps[steps.length - 1]!.trace).toMatchObject({
      method: 'Maintenance/Status',
      endpoint: 'b',
    })
  })

  test('nobody listens: the call goes on as it came', async () => {
    const options = { timeoutMs: 5 }
    const carried: unknown[] = []
    const calls: Calls = {
      call: async (_method, _request, _intent, given) => {
        carried.push(given)
        return {} as never
      },
    }
    const observed = new ObservedCalls(calls, new Telemetry())
    await observed.call(KV.put, {}, 'write', options)
    traced()
    await observed.call(KV.put, {}, 'write', options)
    expect(carried[0]).toBe(options)
    expect(carried[1]).toMatchObject({ timeoutMs: 5, trace: { method: 'KV/Put' } })
  })
})

describe('what is no call of one answer is traced and counted, too:', () => {
  const ends = (steps: ReturnType<typeof traced>) =>
    steps.filter(({ step }) => step === 'asyncEnd').map(({ trace }) => trace)

  test('a single renewal', async () => {
    const { client, first } = fakeMembers(1)
    const steps = traced()
    let ttl = 10
    first.onKeepAlive = ({ ID }, stream) => stream.send({ ID, TTL: ttl })
    await client.lease.keepAliveOnce(7n)
    ttl = 0
    await client.lease.keepAliveOnce(7n).catch(() => {})
    await settled()
    client.close()
    expect(client.metrics().calls).toEqual({
      'Lease/LeaseKeepAlive': { open: 0, succeeded: 1, failed: { 'lease-not-found': 1 } },
    })
    const method = 'Lease/LeaseKeepAlive'
    expect(ends(steps)[0]).not.toHaveProperty('error')
    expect(ends(steps)).toMatchObject([
      { method, transport: 'stream', endpoint: 'a', tries: 1 },
      { method, transport: 'stream', error: { code: 'lease-not-found' } },
    ])
  })

  test('a stream of keys, which is over when it ends, or is left, or fails', async () => {
    const { client, first } = fakeMembers(1)
    const steps = traced()
    const kv = { key: Buffer.from('a'), value: Buffer.from('1'), modRevision: 3 }
    first.onRange = () => ({ kvs: [kv], count: 2, more: true, header: { revision: 3 } })
    const stream = () =>
      steps.filter(({ step, trace }) => /Stream$/.test(trace.method) && step !== 'end')
    first.onRangeStream = (one) => one.send({ rangeResponse: { kvs: [kv] } })
    const keys = client.kv.stream('a')
    await keys.next()
    await keys.next()
    expect(stream().map(({ step }) => step)).toEqual(['start'])
    await keys.return()
    await settled()
    expect(stream().map(({ step }) => step)).toEqual(['start', 'asyncStart', 'asyncEnd'])
    first.onRangeStream = (one) => one.end()
    for await (const _ of client.kv.stream('a'));
    first.onRangeStream = (one) => one.fail(unavailable())
    const broken = client.kv.stream('a')
    await broken.next()
    first.onRange = () => ({ kvs: [kv], count: 1, more: false, header: { revision: 3 } })
    while (!(await broken.next()).done);
    await settled()
    client.close()
    expect(client.metrics().calls['KV/RangeStream']).toEqual({
      open: 0,
      succeeded: 2,
      failed: { unavailable: 1 },
    })
    expect(stream()[stream().length - 1]!.trace).toMatchObject({
      intent: 'read',
      transport: 'stream',
      endpoint: 'a',
      error: { code: 'unavailable' },
    })
  })

  test('any stream of the wire contract', async () => {
    const { client } = fakeMembers(1)
    const steps = traced()
    const stream = client.stream(Watch.watch)
    const over = new Promise<void>((resolve) => {
      stream.receive({ message() {}, close: () => resolve() })
    })
    expect(client.metrics().calls['Watch/Watch']).toMatchObject({ open: 1 })
    client.close()
    await over
    await settled()
    expect(client.metrics().calls['Watch/Watch']).toMatchObject({ open: 0 })
    expect(ends(steps)).toMatchObject([{ method: 'Watch/Watch', intent: 'write', endpoint: 'a' }])
  })

  test('a snapshot, with all endpoints that were asked', async () => {
    const { client } = fakeMembers(2)
    const steps = traced()
    await expect(client.maintenance.snapshot().next()).rejects.toMatchObject({
      code: 'unimplemented',
    })
    client.close()
    expect(client.metrics().calls).toEqual({
      'Maintenance/Snapshot': { open: 0, succeeded: 0, failed: { unimplemented: 1 } },
    })
    expect(ends(steps)).toMatchObject([
      { method: 'Maintenance/Snapshot', endpoint: 'a', tries: 1, error: { code: 'unimplemented' } },
    ])
  })
})

describe('notices', () => {
  test('of endpoints that fail and of the change to another', async () => {
    const { client, members } = fakeMembers(2)
    const notices = heard('conclave:connection')
    members[0]!.up = false
    await client.kv.get('x')
    client.close()
    expect(notices).toEqual([
      { type: 'failed', endpoint: 'a', reason: 'nobody serves at a' },
      { type: 'failed-over', from: 'a', endpoint: 'b' },
    ])
  })

  test('of watches and their events', async () => {
    const { client, first } = fakeMembers(1)
    const notices = heard('conclave:watch')
    first.onWatch = ({ createRequest }, stream) => {
      if (createRequest === undefined) return
      const { watchId } = createRequest
      stream.send({ created: true, watchId, header: { revision: 4 } })
      const kv = { key: Buffer.from('a'), modRevision: 5 }
      stream.send({ watchId, header: { revision: 5 }, events: [{ type: 0, kv }] })
      stream.send({ watchId, canceled: true, compactRevision: 9 })
    }
    client.watch('a', { startRevision: 5 })
    await settled()
    client.close()
    expect(notices).toEqual([
      { type: 'opened', startRevision: 5 },
      { type: 'events', count: 1, revision: 5 },
      { type: 'failed', code: 'compacted' },
    ])
  })

  test('of renewals and of lost leases', async () => {
    const { client, first } = fakeMembers(1)
    const notices = heard('conclave:keepalive')
    let ttl = 10
    first.onKeepAlive = ({ ID }, stream) => stream.send({ ID, TTL: ttl })
    await client.lease.keepAliveOnce(7n)
    ttl = 0
    await client.lease.keepAliveOnce(7n).catch(() => {})
    client.close()
    expect(notices).toEqual([
      { type: 'renewed', lease: 7n, ttlSeconds: 10 },
      { type: 'lost', lease: 7n, code: 'lease-not-found' },
    ])
  })
})
