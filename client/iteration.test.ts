/** Iterations that are left: while they wait, and before they began. */

import { Readable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { fakeMembers, settled, silence } from '../test/client/fake-members.js'
import { text } from './value-codec.js'
import { RpcError, Status } from './wire/status.js'

/** A client whose member confirms watches and tells nothing. */
function quiet() {
  const fake = fakeMembers(1)
  fake.first.onWatch = ({ createRequest }, stream) => {
    if (createRequest !== undefined)
      stream.send({ watchId: createRequest.watchId, created: true, header: { revision: 7 } })
  }
  return fake
}

/** Watches that the member was asked to end, or whose stream is over. */
const isOver = ({ first }: ReturnType<typeof quiet>) =>
  first.watches.every(
    ({ received, closed }) =>
      closed !== undefined || received.some((request) => request.cancelRequest !== undefined),
  )

test('a watch that waits for its next batch is left at once', async () => {
  const fake = quiet()
  const watcher = fake.client.watch('k')
  await watcher.created
  const batches = watcher.batches()
  const next = batches.next()
  await settled()
  expect(await batches.return()).toEqual({ done: true, value: undefined })
  expect(await next).toEqual({ done: true, value: undefined })
  expect(watcher.closed).toBe(true)
  await settled()
  expect(isOver(fake)).toBe(true)
  fake.client.close()
})

test('a watch whose iteration was never begun is ended by its return', async () => {
  const { client } = quiet()
  const watcher = client.watch('k')
  await watcher[Symbol.asyncIterator]().return()
  expect(watcher.closed).toBe(true)
  client.close()
})

test('an iteration beside listeners ends nothing of theirs', async () => {
  const { client } = quiet()
  const watcher = client.watch('k').on('put', () => {})
  const batches = watcher.batches()
  await expect(batches.next()).rejects.toThrow(TypeError)
  await batches.return()
  await watcher.batches().return()
  expect(watcher.closed).toBe(false)
  client.close()
})

test('a Readable of a watch can be destroyed while it waits, with an error and without', async () => {
  const { client } = quiet()
  for (const error of [undefined, new Error('enough')]) {
    const watcher = client.watch('k')
    await watcher.created
    const readable = Readable.from(watcher)
    const closed = new Promise<unknown>((resolve) => {
      let failure: unknown
      readable.on('error', (one) => {
        failure = one
      })
      readable.on('close', () => resolve(failure))
    })
    readable.resume()
    await settled()
    readable.destroy(error)
    expect(await closed).toBe(error)
    expect(watcher.closed).toBe(true)
  }
  client.close()
})

test('several next() that are asked for together come in order', async () => {
  const { client, first } = quiet()
  const watcher = client.watch('k')
  await watcher.created
  const events = watcher[Symbol.asyncIterator]()
  const asked = [events.next(), events.next(), events.next()]
  const put = (modRevision: number) => ({ kv: { key: Buffer.from('k'), modRevision } })
  first.watches[0]!.send({
    watchId: 1,
    events: [put(8), put(9), put(10)],
    header: { revision: 10 },
  })
  const revisions = (await Promise.all(asked)).map(({ value }) => value?.kv.modRevision)
  expect(revisions).toEqual([8, 9, 10])
  await events.return()
  client.close()
})

test('pages that wait for a member are left at once, and nothing waits behind them', async () => {
  const { client, clock, first } = fakeMembers(1)
  first.onRange = silence
  for (const kv of [client.kv, client.kv.withCodec(text)]) {
    const pages = kv.pages('a')
    const next = pages.next()
    await settled()
    await pages.return()
    expect(await next).toEqual({ done: true, value: undefined })
    await settled()
    expect(clock.timerCount).toBe(0)
  }
  client.close()
})

test('a stream of keys that waits for its next piece is left at once, on the server, too', async () => {
  const { client, clock, first } = fakeMembers(1)
  const kv = { key: Buffer.from('a'), value: Buffer.from('1'), modRevision: 3 }
  first.onRange = () => ({ kvs: [kv], count: 2, more: true, header: { revision: 3 } })
  const keys = client.kv.stream('a')
  await keys.next()
  const next = keys.next()
  await settled()
  await keys.return()
  expect(await next).toEqual({ done: true, value: undefined })
  await settled()
  expect(clock.timerCount).toBe(0)
  client.close()
})

test('a failure is told once, and then the iteration is over', async () => {
  const { client, first } = fakeMembers(1)
  first.onRange = () => {
    throw new RpcError(Status.PERMISSION_DENIED, 'etcdserver: permission denied')
  }
  const pages = client.kv.pages('a')
  await expect(pages.next()).rejects.toMatchObject({ code: 'permission-denied' })
  expect(await pages.next()).toEqual({ done: true, value: undefined })
  client.close()
})
