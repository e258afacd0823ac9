/** Watching across breaks, slow readers and odd servers: no change twice, none left out; in virtual time. */

import { describe, expect, test } from '@jest/globals'
import {
  type FakeMember,
  fakeMembers,
  type MemberStream,
  settled,
} from '../test/client/fake-members.js'
import type { ConclaveError } from './errors.js'
import type { WatchBatch, WatchEvent } from './watch-event.js'
import type { Watcher } from './watcher.js'
import { etcdErrors } from './wire/etcd-errors.js'
import type { WatchCreateRequest, WatchRequest, WatchResponse } from './wire/generated/rpc.js'
import { RpcError, Status } from './wire/status.js'

type Stream = MemberStream<WatchRequest, WatchResponse>

const put = (revision: number, key = 'k', bytes = 1) => ({
  kv: { key: Buffer.from(key), modRevision: revision, value: Buffer.alloc(bytes) },
})

/** Answers every create with `created` at this revision. */
const creates = (member: FakeMember, revision: number) => {
  member.onWatch = ({ createRequest }, stream) => {
    if (createRequest === undefined) return
    stream.send({ watchId: createRequest.watchId, created: true, header: { revision } })
  }
}

const createsOf = (stream: Stream): WatchCreateRequest[] =>
  stream.received.flatMap((request) => (request.createRequest ? [request.createRequest] : []))
const cancelsOf = (stream: Stream): number[] =>
  stream.received.flatMap((request) =>
    request.cancelRequest ? [request.cancelRequest.watchId] : [],
  )

/** Reads all that comes, until the watch ends. */
const read = (watcher: Watcher) => {
  const events: WatchEvent[] = []
  const batches: WatchBatch[] = []
  const ended = (async () => {
    for await (const batch of watcher.batches()) {
      batches.push(batch)
      events.push(...batch.events)
    }
    return undefined
  })().catch((error: ConclaveError) => error)
  return { events, batches, ended, revisions: () => events.map((event) => event.kv.modRevision) }
}

describe('a watch', () => {
  test('from now on goes on behind the revision at which it began, when nothing came yet', async () => {
    const { client, clock, members } = fakeMembers(2)
    creates(members[0]!, 41)
    const watcher = client.watch('k')
    expect(await watcher.created).toBe(41)
    members[0]!.watches[0]!.fail(etcdErrors.stopped.error())
    await clock.run(100)
    expect(createsOf(members[1]!.watches[0]!).map((create) => create.startRevision)).toEqual([42])
  })

  test('goes on behind the last revision that it told, and tells nothing twice', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) creates(member, 10)
    const watcher = client.watch('k', { startRevision: 5 })
    const { revisions } = read(watcher)
    await watcher.created
    members[0]!.watches[0]!.send({ watchId: 1, events: [put(5), put(7)], header: { revision: 10 } })
    await settled()
    members[0]!.watches[0]!.fail(etcdErrors.noLeader.error())
    await clock.run(100)
    const [stream] = members[1]!.watches
    const [again] = createsOf(stream!)
    expect(again!.startRevision).toBe(8)
    // A careless server begins before.
    stream!.send({ watchId: again!.watchId, events: [put(7), put(9)] })
    await settled()
    expect(revisions()).toEqual([5, 7, 9])
  })

  test('is not torn inside a revision by a break between fragments', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) creates(member, 10)
    const watcher = client.watch({ prefix: 'k' }, { fragment: true })
    const { batches } = read(watcher)
    await watcher.created
    const [first] = members[0]!.watches
    first!.send({ watchId: 1, events: [put(11, 'k1')], fragment: true })
    await settled()
    expect(batches).toEqual([])
    first!.fail(etcdErrors.stopped.error())
    await clock.run(100)
    const [second] = members[1]!.watches
    const [again] = createsOf(second!)
    expect(again).toMatchObject({ startRevision: 11, fragment: true })
    second!.send({ watchId: again!.watchId, events: [put(11, 'k1')], fragment: true })
    second!.send({ watchId: again!.watchId, events: [put(11, 'k2')] })
    await settled()
    expect(batches.map((batch) => batch.events.length)).toEqual([2])
  })

  test('moves on with progress reports, so that a quiet watch is not compacted away', async () => {
    const { client, clock, members } = fakeMembers(2)
    creates(members[0]!, 10)
    const watcher = client.watch('k', { progressNotify: true })
    const { batches } = read(watcher)
    await watcher.created
    members[0]!.watches[0]!.send({ watchId: 1, header: { revision: 500 } })
    await settled()
    expect(batches).toEqual([{ events: [], revision: 500 }])
    members[0]!.watches[0]!.fail(etcdErrors.stopped.error())
    await clock.run(100)
    expect(createsOf(members[1]!.watches[0]!)[0]!.startRevision).toBe(501)
  })

  test('tells changes that come after a report that was too early', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 10)
    const watcher = client.watch('k')
    const { revisions } = read(watcher)
    await watcher.created
    first.watches[0]!.send({ watchId: -1, header: { revision: 12 } })
    first.watches[0]!.send({ watchId: 1, events: [put(11)], header: { revision: 12 } })
    await settled()
    expect(revisions()).toEqual([11])
  })

  test('is told of progress once, also after a break', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) creates(member, 10)
    const watcher = client.watch('k')
    const { batches } = read(watcher)
    await watcher.created
    members[0]!.watches[0]!.fail(etcdErrors.stopped.error())
    await clock.run(100)
    watcher.requestProgress()
    await settled()
    const [stream] = members[1]!.watches
    expect(stream!.received.at(-1)!.progressRequest).toBeDefined()
    stream!.send({ watchId: -1, header: { revision: 20 } })
    await settled()
    expect(batches).toEqual([{ events: [], revision: 20 }])
  })

  test('that is over asks for no progress', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 10)
    const [over, other] = [client.watch('k'), client.watch('l')]
    await Promise.all([over.created, other.created])
    over.close()
    over.requestProgress()
    await settled()
    expect(first.watches[0]!.received.filter((one) => one.progressRequest)).toEqual([])
    other.close()
  })

  test('that is closed while it waits for a member leaves no timer behind', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.up = false
    const watcher = client.watch('k')
    await clock.run(1_000)
    expect(clock.timerCount).toBe(1)
    watcher.close()
    expect(clock.timerCount).toBe(0)
    await expect(watcher.created).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('tries the members in turn, ever more slowly, until one serves it', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) member.up = false
    const watcher = client.watch('k')
    await clock.run(20_000)
    creates(members[1]!, 3)
    members[1]!.up = true
    await clock.run(3_000)
    expect(await watcher.created).toBe(3)
  })

  test('asks that a member without a leader lets it go', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const metadata: unknown[] = []
    const route = first.services.find(({ method }) => method.path.endsWith('Watch/Watch'))!
    const { streaming } = route
    Object.assign(route, {
      streaming: (...[stream, context]: Parameters<NonNullable<typeof streaming>>) => {
        metadata.push(context.metadata)
        streaming!(stream, context)
      },
    })
    await client.watch('k').created
    expect(metadata).toEqual([{ hasleader: 'true' }])
  })
})

describe('watches on one stream', () => {
  test('get their own events', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const watchers = [client.watch('a'), client.watch('b')]
    const reads = watchers.map(read)
    await Promise.all(watchers.map((watcher) => watcher.created))
    expect(first.watches).toHaveLength(1)
    first.watches[0]!.send({ watchId: 2, events: [put(5)] })
    first.watches[0]!.send({ watchId: 1, events: [put(6)] })
    await settled()
    expect(reads.map((one) => one.revisions())).toEqual([[6], [5]])
  })

  test('fail alone: a refused one does not disturb the others', async () => {
    const { client, first } = fakeMembers(1)
    const answers = [
      { watchId: 1, created: true, header: { revision: 1 } },
      {
        watchId: -1,
        created: true,
        canceled: true,
        cancelReason: 'rpc error: code = PermissionDenied desc = etcdserver: permission denied',
      },
      { watchId: 3, created: true, header: { revision: 1 } },
    ]
    first.onWatch = (_request, stream) => stream.send(answers.shift()!)
    const [one, two, three] = [client.watch('a'), client.watch('b'), client.watch('c')]
    const reads = [one, two, three].map(read)
    expect(await two.created.catch((error) => error.code)).toBe('permission-denied')
    expect((await reads[1]!.ended)?.code).toBe('permission-denied')
    expect(await Promise.all([one.created, three.created])).toEqual([1, 1])
    first.watches[0]!.send({ watchId: 3, events: [put(2)] })
    await settled()
    expect(reads[2]!.revisions()).toEqual([2])
  })

  test('are told when what they ask for is compacted, after what was told before', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 90)
    const watcher = client.watch('k', { startRevision: 5 })
    await watcher.created
    first.watches[0]!.send({ watchId: 1, events: [put(5)] })
    first.watches[0]!.send({ watchId: 1, canceled: true, compactRevision: 60 })
    await settled()
    const { ended, revisions } = read(watcher)
    expect(await ended).toMatchObject({ code: 'compacted', compactRevision: 60 })
    expect(revisions()).toEqual([5])
  })

  test('work with a server that numbers them itself', async () => {
    const { client, first } = fakeMembers(1)
    let id = 100
    first.onWatch = ({ createRequest }, stream) => {
      if (createRequest) stream.send({ watchId: id++, created: true, header: { revision: 1 } })
    }
    const watcher = client.watch('a')
    const { revisions } = read(watcher)
    await watcher.created
    first.watches[0]!.send({ watchId: 100, events: [put(4)] })
    await settled()
    expect(revisions()).toEqual([4])
  })

  test('leave the server when they are closed, the last one with the stream', async () => {
    const { client, clock, first } = fakeMembers(1)
    creates(first, 1)
    const [one, two] = [client.watch('a'), client.watch('b')]
    await Promise.all([one.created, two.created])
    one.close()
    await settled()
    expect(cancelsOf(first.watches[0]!)).toEqual([1])
    expect(first.watches[0]!.closed).toBeUndefined()
    two.close()
    await settled()
    expect(first.watches[0]!.closed).toBeDefined()
    expect(clock.timerCount).toBe(0)
    const again = client.watch('c')
    expect(await again.created).toBe(1)
    expect(first.watches).toHaveLength(2)
  })

  test('end when the server does not offer watching', async () => {
    const { client, clock, first } = fakeMembers(1)
    first.onWatch = (_request, stream) => stream.fail(new RpcError(Status.UNIMPLEMENTED, 'no'))
    const { ended } = read(client.watch('a'))
    expect((await ended)?.code).toBe('unimplemented')
    expect(clock.timerCount).toBe(0)
  })
})

describe('a slow reader', () => {
  test('is taken off the server, and taken up again where it stopped', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const slow = client.watch('slow', { bufferEventsMax: 1_000 })
    const other = client.watch('other')
    const otherRead = read(other)
    await Promise.all([slow.created, other.created])
    const [stream] = first.watches
    let revision = 1
    while (cancelsOf(stream!).length === 0) {
      for (let i = 0; i < 100; i++) stream!.send({ watchId: 1, events: [put(++revision)] })
      await settled()
      expect(revision).toBeLessThan(3_000)
    }
    stream!.send({ watchId: 2, events: [put(revision + 1)] })
    await settled()
    expect(otherRead.revisions()).toEqual([revision + 1])
    const { revisions } = read(slow)
    await settled()
    const held = revisions()
    expect(held[0]).toBe(2)
    expect(held.length).toBeLessThanOrEqual(1_000)
    const again = createsOf(stream!).at(-1)!
    expect(again.startRevision).toBe(held.at(-1)! + 1)
    expect(again.watchId).toBe(3)
    stream!.send({ watchId: 3, events: [put(again.startRevision)] })
    await settled()
    expect(revisions().at(-1)).toBe(again.startRevision)
    expect(revisions()).toEqual(Array.from({ length: held.length + 1 }, (_, i) => i + 2))
  })

  test('is measured in bytes, too', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    await client.watch('k').created
    const [stream] = first.watches
    for (let i = 0; i < 5; i++) stream!.send({ watchId: 1, events: [put(i + 2, 'k', 1024 * 1024)] })
    await settled()
    expect(cancelsOf(stream!)).toEqual([1])
  })

  test('that keeps up is never taken off the server', async () => {
    const { client, first } = fakeMembers(1)
    creates(first, 1)
    const watcher = client.watch('k')
    const { revisions } = read(watcher)
    await watcher.created
    const [stream] = first.watches
    for (let revision = 2; revision < 12; revision++) {
      stream!.send({ watchId: 1, events: [put(revision, 'k', 1024 * 1024)] })
      await settled()
    }
    expect(revisions()).toHaveLength(10)
    expect(cancelsOf(stream!)).toEqual([])
  })

  test('that is not on the server stays off when the stream breaks', async () => {
    const { client, clock, members } = fakeMembers(2)
    for (const member of members) creates(member, 1)
    const slow = client.watch('k')
    const other = client.watch('other')
    await Promise.all([slow.created, other.created])
    const [stream] = members[0]!.watches
    stream!.send({ watchId: 1, events: [put(2, 'k', 5 * 1024 * 1024)] })
    await settled()
    stream!.fail(etcdErrors.stopped.error())
    await clock.run(100)
    const [next] = members[1]!.watches
    expect(createsOf(next!).map((create) => Buffer.from(create.key).toString())).toEqual(['other'])
    const { revisions } = read(slow)
    await settled()
    expect(revisions()).toEqual([2])
    expect(createsOf(next!).at(-1)).toMatchObject({ startRevision: 3 })
  })
})

test('a watcher is read once', async () => {
  const { client, first } = fakeMembers(1)
  creates(first, 1)
  const watcher = client.watch('k')
  read(watcher)
  await settled()
  await expect(watcher.batches().next()).rejects.toThrow(TypeError)
})

test('closing the client ends every watch with closed', async () => {
  const { client, clock, first } = fakeMembers(1)
  creates(first, 1)
  const reads = ['a', 'b'].map((key) => read(client.watch(key)))
  const unread = client.watch('c')
  await unread.created
  client.close()
  expect((await Promise.all(reads.map((one) => one.ended))).map((error) => error?.code)).toEqual([
    'closed',
    'closed',
  ])
  expect(clock.timerCount).toBe(0)
})
