/** Answers of a stream, read one by one. */

import { describe, expect, test } from '@jest/globals'
import { settled } from '../test/client/fake-members.js'
import { VirtualClock } from '../test/sim/virtual-clock.js'
import { createStreamPair } from './host/stream-pair.js'
import { responses } from './response-stream.js'
import { SnapshotRequest, SnapshotResponse } from './wire/generated/rpc.js'
import { RpcError, Status } from './wire/status.js'

function opened() {
  const pair = createStreamPair(SnapshotRequest, SnapshotResponse)
  const asked: SnapshotRequest[] = []
  let closed: RpcError | undefined
  pair.server.receive({
    message: (message) => asked.push(message),
    close: (error) => {
      closed = error
    },
  })
  const bounds = { clock: new VirtualClock(), silenceMs: 1_000 }
  const answers = responses(pair.client, {}, bounds)
  return { server: pair.server, answers, asked, closed: () => closed }
}

describe('answers of a stream', () => {
  test('come after the one request, in order, until the stream ends', async () => {
    const { server, answers, asked } = opened()
    const first = answers.next()
    await settled()
    expect(asked).toHaveLength(1)
    for (const remainingBytes of [3, 2, 1]) server.send({ remainingBytes })
    server.end()
    const seen = [(await first).value?.remainingBytes]
    for await (const { remainingBytes } of answers) seen.push(remainingBytes)
    expect(seen).toEqual([3, 2, 1])
  })

  test('are read before the failure that ends them', async () => {
    const { server, answers } = opened()
    const first = answers.next()
    await settled()
    server.send({ remainingBytes: 1 })
    await settled()
    server.fail(new RpcError(Status.UNAVAILABLE, 'gone'))
    expect((await first).value?.remainingBytes).toBe(1)
    await expect(answers.next()).rejects.toMatchObject({ code: Status.UNAVAILABLE })
  })

  test('wait at the server while nobody reads them', async () => {
    const { server, answers } = opened()
    const first = answers.next()
    await settled()
    let sent = 0
    for (; sent < 10_000; sent++) if (!server.send({ remainingBytes: sent })) break
    await settled()
    expect((await first).value?.remainingBytes).toBe(0)
    await settled()
    // Whoever has read one has not made room for thousands.
    expect(server.send({ remainingBytes: 10_000 })).toBe(false)
    expect(sent).toBeLessThan(1_000)
    await answers.return()
  })
})
