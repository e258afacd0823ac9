/** Closing a client: what is open ends at once, with an error that says so. */

import { expect, test } from '@jest/globals'
import { ConclaveError } from '../../client/index.js'
import { failure, take } from './outcome.js'
import { subject } from './subject.js'

subject('close', (server) => {
  test('closing fails what is open with closed, and what comes later', async () => {
    const one = server.connect()
    const lease = await one.lease.grant(60)
    const lost = new Promise<ConclaveError>((resolve) => {
      one.lease.keepAlive(lease, { onLost: resolve })
    })
    const watcher = one.watch(`${server.at}a`)
    await watcher.created
    const reading = failure(take(watcher, 1))
    one.close()
    one.close()
    expect((await lost).code).toBe('closed')
    expect((await reading).code).toBe('closed')
    expect((await failure(one.kv.get('a'))).code).toBe('closed')
    expect((await failure(one.lease.keepAliveOnce(1n))).code).toBe('closed')
    expect(() => one.watch('a')).toThrow(ConclaveError)
    expect(one.closed).toBe(true)
  })

  test('closing fails calls that wait; of a write that was sent the outcome is unknown', async () => {
    const one = server.connect()
    await one.kv.put(`${server.at}a`, '1')
    server.pause()
    const write = failure(one.kv.put(`${server.at}a`, '2'))
    const read = failure(one.kv.get(`${server.at}a`))
    expect((await failure(one.kv.get('a', { timeoutMs: 50 }))).code).toBe('deadline-exceeded')
    one.close()
    expect(await write).toMatchObject({ code: 'closed', outcomeUnknown: true })
    expect(await read).toMatchObject({ code: 'closed', outcomeUnknown: false })
  })

  test('a client that was never used closes, and `await using` closes one', async () => {
    server.connect().close()
    let kept: ReturnType<typeof server.connect>
    {
      await using one = server.connect()
      await one.kv.get('a')
      kept = one
    }
    expect(kept.closed).toBe(true)
  })
})
