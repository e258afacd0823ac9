/** What clients of watch streams see: one story a rule of behaviour 5.5, and the watch bugs that etcd had. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { between, text } from '../../test/mvcc/store-world.js'
import { WatchWorld } from '../../test/mvcc/watch-world.js'
import { WatchHub } from './watch-hub.js'

let opened: WatchWorld | undefined

async function open(limits: Parameters<typeof WatchWorld.open>[0] = {}) {
  opened = await WatchWorld.open(limits)
  const client = opened.client()
  return { world: opened.world, hub: opened.hub, client, settle: () => opened!.settle() }
}

afterEach(() => {
  opened?.hub.close()
  expect(opened?.world.fatal ?? []).toEqual([])
  opened?.world.store.close()
})

describe('creating', () => {
  test('ids start at 0 and skip those that the client chose', async () => {
    const { client } = await open()
    client.watch('a', '', { watchId: 1 })
    for (let i = 0; i < 3; i++) client.watch('a')
    client.watch('a', '', { watchId: 2 })
    expect(client.lines()).toEqual([
      '#1 r1: created',
      '#0 r1: created',
      '#2 r1: created',
      '#3 r1: created',
      "#-1 r1: created canceled 'mvcc: duplicate watch ID provided on the WatchStream'",
    ])
  })

  test('a freed id may be chosen again, but is not given out again', async () => {
    const { client } = await open()
    client.watch('a')
    client.stream.cancel(0)
    client.watch('a')
    client.watch('a', '', { watchId: 0 })
    client.stream.cancel(1)
    client.watch('a', '', { watchId: 1 })
    expect(client.lines().map((line) => line.split(' ')[0])).toEqual('#0 #0 #1 #2 #1 #1'.split(' '))
  })

  test('an empty range and a negative revision are refused, and the stream stays usable', async () => {
    const { client } = await open()
    client.watch('b', 'a')
    client.watch('a', 'a')
    client.watch('a', '', { startRevision: -1 })
    client.watch('a')
    expect(client.lines()).toEqual([
      "#-1 r1: created canceled 'mvcc: watcher range is empty'",
      "#-1 r1: created canceled 'mvcc: watcher range is empty'",
      "#-1 r1: created canceled 'etcdserver: mvcc: required revision has been compacted'",
      '#0 r1: created',
    ])
  })

  test('an empty key is the first key, an end of \\0 is open', async () => {
    const { world, client } = await open()
    client.watch('', '\0')
    client.watch('')
    client.watch('b', '\0')
    client.lines()
    world.put('\0', '0')
    world.put('a', '1')
    world.put('c', '2')
    expect(client.lines()).toEqual([
      '#1 r2: put \0=0@2',
      '#0 r2: put \0=0@2',
      '#0 r3: put a=1@3',
      '#0 r4: put c=2@4',
      '#2 r4: put c=2@4',
    ])
  })

  test('what a client asks for after closing goes nowhere', async () => {
    const { world, client, hub } = await open()
    client.watch('a')
    client.stream.close()
    client.stream.close()
    world.put('a', '1')
    expect(client.lines()).toEqual(['#0 r1: created'])
    expect(hub.stats).toMatchObject({ streams: 0, watchers: 0 })
  })
})

describe('events', () => {
  test('arrive in the turn of the write, with the revision of the write', async () => {
    const { world, client } = await open()
    client.watch('a')
    world.put('a', '1')
    world.put('b', '1')
    world.delete('a')
    expect(client.lines()).toEqual(['#0 r1: created', '#0 r2: put a=1@2', '#0 r4: delete a@4'])
  })

  test('all of a revision come in one response, in the order of the transaction', async () => {
    const { world, client } = await open()
    client.watch('a', 'z', { prevKv: true })
    client.watch('b')
    world.put('c', '0')
    client.lines()
    const transaction = world.store.begin()
    transaction.put('b', text('1'), 0n)
    transaction.put('a', text('2'), 0n)
    transaction.deleteRange(between('c', 'd'))
    transaction.end()
    expect(client.lines()).toEqual([
      '#1 r3: put b=1@3',
      '#0 r3: put b=1@3, put a=2@3, delete c@3 (0@2)',
    ])
  })

  test('filters leave events out, and a response that is left empty is not sent', async () => {
    const { world, client } = await open()
    client.watch('a', 'z', { filters: [0] })
    client.watch('a', 'z', { filters: [1] })
    client.watch('a', 'z', { filters: [0, 1] })
    client.lines()
    world.put('a', '1')
    world.delete('a')
    expect(client.lines()).toEqual(['#1 r2: put a=1@2', '#0 r3: delete a@3'])
  })

  test('the previous value is there for updates and deletions, not for creations', async () => {
    const { world, client } = await open()
    client.watch('a', '', { prevKv: true })
    client.lines()
    world.put('a', '1')
    world.put('a', '2')
    world.delete('a')
    world.put('a', '3')
    expect(client.lines()).toEqual([
      '#0 r2: put a=1@2',
      '#0 r3: put a=2@3 (1@2)',
      '#0 r4: delete a@4 (2@3)',
      '#0 r5: put a=3@5',
    ])
  })

  test('a sink without bytes gets the same messages', async () => {
    const { world, hub } = await open()
    const plain = opened!.client(false)
    plain.watch('a', '', { prevKv: true })
    world.put('a', '1')
    world.put('a', '2')
    expect(plain.lines()).toEqual(['#0 r1: created', '#0 r2: put a=1@2', '#0 r3: put a=2@3 (1@2)'])
    expect(hub.stats.events).toBe(2)
  })

  test('a large response comes in fragments if asked for, and whole if not', async () => {
    const { world, client } = await open({ fragmentBytes: 1000 })
    client.watch('a', 'z', { fragment: true })
    client.watch('a', 'z')
    client.lines()
    const transaction = world.store.begin()
    for (const key of ['a', 'b', 'c']) transaction.put(key, new Uint8Array(600), 0n)
    transaction.end()
    expect(client.lines()).toEqual([
      '#0 r2: fragment put a=<600>@2',
      '#0 r2: fragment put b=<600>@2',
      '#0 r2: put c=<600>@2',
      '#1 r2: put a=<600>@2, put b=<600>@2, put c=<600>@2',
    ])
  })
})

describe('start revisions', () => {
  test('a past one is read from history, then the live events follow', async () => {
    const { world, client, settle } = await open()
    world.put('a', '1')
    world.put('b', '2')
    world.put('a', '3')
    client.watch('a', '', { startRevision: 2, prevKv: true })
    expect(client.lines()).toEqual(['#0 r4: created'])
    settle()
    world.put('a', '4')
    expect(client.lines()).toEqual(['#0 r4: put a=1@2, put a=3@4 (1@2)', '#0 r5: put a=4@5 (3@4)'])
  })

  test('a write between creation and catching up is neither lost nor doubled', async () => {
    const { world, client, settle } = await open()
    world.put('a', '1')
    client.watch('a', '', { startRevision: 2 })
    world.put('a', '2')
    settle()
    world.put('a', '3')
    expect(client.lines().slice(1)).toEqual(['#0 r3: put a=1@2, put a=2@3', '#0 r4: put a=3@4'])
  })

  test('a future one hears nothing before it (etcd 20221)', async () => {
    const { world, client, settle } = await open()
    client.watch('a', '', { startRevision: 4 })
    for (const value of ['2', '3', '4', '5']) world.put('a', value)
    settle()
    expect(client.lines().slice(1)).toEqual(['#0 r4: put a=4@4', '#0 r5: put a=5@5'])
  })

  test('the compact revision itself can be watched, a deletion at it included (etcd 18089)', async () => {
    const { world, client, settle } = await open()
    world.put('a', '1')
    world.put('b', '1')
    world.delete('a')
    world.put('b', '2')
    world.store.compact(4)
    await world.clock.run(100)
    client.watch('a', 'z', { startRevision: 4, prevKv: true })
    settle()
    expect(client.lines()).toEqual(['#0 r5: created', '#0 r5: delete a@4, put b=2@5 (1@3)'])
  })

  test('below it the watcher is created, then canceled with the compact revision', async () => {
    const { world, client, settle } = await open()
    for (let i = 0; i < 3; i++) world.put('a', 'x')
    world.store.compact(3)
    client.watch('a', '', { startRevision: 2 })
    settle()
    expect(client.lines()).toEqual(['#0 r4: created', '#0 r0: canceled compacted 3'])
    client.watch('a', '', { startRevision: 3 })
    settle()
    expect(client.lines()).toEqual(['#1 r4: created', '#1 r4: put a=x@3, put a=x@4'])
  })

  test('a long history comes in slices, a turn each, and writers are not held up', async () => {
    const { world, client } = await open({ sliceEventsMax: 2 })
    for (let i = 2; i <= 7; i++) world.put('a', `${i}`)
    client.watch('a', '', { startRevision: 2 })
    client.lines()
    world.clock.turn()
    expect(client.lines()).toEqual(['#0 r3: put a=2@2, put a=3@3'])
    world.put('a', '8')
    world.clock.turn()
    expect(client.lines()).toEqual(['#0 r5: put a=4@4, put a=5@5'])
    opened!.settle()
    expect(client.lines()).toEqual(['#0 r7: put a=6@6, put a=7@7', '#0 r8: put a=8@8'])
  })

  test('a watcher that lags by little is not kept waiting by one that lags by much', async () => {
    const { world, client } = await open({ sliceEventsMax: 2 })
    for (let i = 2; i <= 21; i++) world.put('a', `${i}`)
    client.watch('a', '', { startRevision: 2 })
    client.watch('a', '', { startRevision: 21 })
    client.lines()
    world.clock.turn()
    world.clock.turn()
    expect(client.lines()).toEqual(['#0 r3: put a=2@2, put a=3@3', '#1 r21: put a=21@21'])
  })
})

describe('cancel', () => {
  test('is answered without a reason; an unknown id is not answered', async () => {
    const { world, client } = await open()
    client.watch('a')
    client.stream.cancel(7)
    client.stream.cancel(0)
    client.stream.cancel(0)
    world.put('a', '1')
    expect(client.lines()).toEqual(['#0 r1: created', '#0 r1: canceled'])
  })

  test('an id that a compaction ended stays taken until the client cancels it', async () => {
    const { world, client, settle } = await open()
    for (let i = 0; i < 3; i++) world.put('a', 'x')
    world.store.compact(4)
    client.watch('a', '', { startRevision: 2, watchId: 1 })
    settle()
    client.watch('b', '', { watchId: 1 })
    client.watch('b')
    client.watch('b')
    client.stream.cancel(1)
    client.stream.cancel(1)
    client.watch('b', '', { watchId: 1 })
    expect(client.lines()).toEqual([
      '#1 r4: created',
      '#1 r0: canceled compacted 4',
      "#-1 r4: created canceled 'mvcc: duplicate watch ID provided on the WatchStream'",
      '#0 r4: created',
      '#2 r4: created',
      '#1 r4: canceled',
      '#1 r4: created',
    ])
  })
})

describe('a client that reacts at once', () => {
  test('a watcher canceled while its neighbour gets a live event hears nothing more', async () => {
    const { world, client } = await open()
    client.watch('a')
    client.watch('a')
    client.reaction = ({ events }) => {
      if (events.length > 0) client.stream.cancel(1)
    }
    world.put('a', '1')
    expect(client.lines().slice(2)).toEqual(['#0 r2: put a=1@2', '#1 r2: canceled'])
  })

  test('nor does one canceled while its neighbour reads history', async () => {
    const { world, client, settle } = await open()
    world.put('a', '1')
    client.watch('a', '', { startRevision: 2 })
    client.watch('a', '', { startRevision: 2 })
    client.reaction = ({ events }) => {
      if (events.length > 0) client.stream.cancel(1)
    }
    settle()
    world.put('a', '2')
    expect(client.lines().slice(2)).toEqual([
      '#0 r2: put a=1@2',
      '#1 r2: canceled',
      '#0 r3: put a=2@3',
    ])
  })

  test('a stream closed by an event is closed for all its watchers', async () => {
    const { world, hub, client, settle } = await open()
    world.put('a', '1')
    for (const startRevision of [2, 2, 0]) client.watch('a', '', { startRevision })
    client.reaction = ({ events }) => {
      if (events.length > 0) client.stream.close()
    }
    settle()
    world.put('a', '2')
    expect(client.lines().slice(3)).toEqual(['#0 r2: put a=1@2'])
    expect(hub.stats).toMatchObject({ streams: 0, watchers: 0, slowWatchers: 0 })
  })
})

describe('progress on request', () => {
  test('is one answer for the stream, once all its watchers are level', async () => {
    const { world, client, settle } = await open()
    client.stream.progress()
    world.put('a', '1')
    client.watch('a', '', { startRevision: 2 })
    client.watch('b')
    client.stream.progress()
    expect(client.lines()).toEqual(['#0 r2: created', '#1 r2: created'])
    settle()
    client.stream.progress()
    expect(client.lines()).toEqual(['#0 r2: put a=1@2', '#-1 r2: '])
  })

  test('is silent while a watcher has not begun', async () => {
    const { world, client } = await open()
    client.watch('a', '', { startRevision: 3 })
    client.lines()
    world.put('b', '2')
    client.stream.progress()
    expect(client.lines()).toEqual([])
    world.put('b', '3')
    client.stream.progress()
    expect(client.lines()).toEqual(['#-1 r3: '])
  })

  test('does not overtake events that wait in the queue (etcd 15220)', async () => {
    const { world, client } = await open()
    client.watch('a')
    client.room = 1
    for (let i = 2; i <= 4; i++) world.put('a', `${i}`)
    client.stream.progress()
    expect(client.lines()).toEqual(['#0 r1: created', '#0 r2: put a=2@2'])
    client.drain()
    expect(client.lines()).toEqual(['#0 r3: put a=3@3', '#0 r4: put a=4@4', '#-1 r4: '])
  })
})

describe('progress by the clock', () => {
  test('goes to idle, level watchers that asked for it, about every ten minutes', async () => {
    const { world, client } = await open()
    client.watch('a', '', { progressNotify: true })
    client.watch('b', '', { progressNotify: true })
    client.watch('c')
    client.watch('d', '', { progressNotify: true, startRevision: 99 })
    world.put('a', '1')
    client.lines()
    world.clock.advance(599_999)
    expect(client.lines()).toEqual([])
    world.clock.advance(60_001)
    expect(client.lines()).toEqual(['#1 r2: '])
    world.clock.advance(660_000)
    expect(client.lines()).toEqual(['#0 r2: ', '#1 r2: '])
  })

  test('ends with the watchers that want it', async () => {
    const { world, client } = await open()
    client.watch('a', '', { progressNotify: true })
    client.stream.cancel(0)
    world.clock.advance(3_600_000)
    expect(world.clock.timerCount).toBe(0)
    expect(client.lines()).toEqual(['#0 r1: created', '#0 r1: canceled'])
  })
})

describe('a slow client', () => {
  test('falls behind at the bound, reads history when it drains, and misses nothing', async () => {
    const { world, hub, client, settle } = await open({ queueResponsesMax: 2 })
    client.watch('a')
    client.lines()
    client.room = 1
    for (let i = 2; i <= 9; i++) world.put('a', `${i}`)
    expect(client.lines()).toEqual(['#0 r2: put a=2@2'])
    expect(hub.stats.slowWatchers).toBe(1)
    client.drain()
    settle()
    expect(client.lines()).toEqual([
      '#0 r3: put a=3@3',
      '#0 r4: put a=4@4',
      '#0 r9: put a=5@5, put a=6@6, put a=7@7, put a=8@8, put a=9@9',
    ])
    expect(hub.stats.slowWatchers).toBe(0)
  })

  test('holds bounded memory, in bytes as well', async () => {
    const { world, hub, client } = await open({ queueBytesMax: 10_000 })
    client.watch('a')
    client.room = 1
    for (let i = 0; i < 100; i++) world.put('a', 'x'.repeat(1000))
    expect(hub.stats.queueBytes).toBeLessThan(12_000)
  })

  test('does not slow the other streams down', async () => {
    const { world, client } = await open({ queueResponsesMax: 2 })
    const quick = opened!.client()
    client.watch('a')
    quick.watch('a')
    client.room = 1
    for (let i = 2; i <= 9; i++) world.put('a', `${i}`)
    expect(quick.lines().length).toBe(9)
  })

  test('lets nobody pass the watcher that waits for room', async () => {
    const { world, hub, client, settle } = await open({ queueResponsesMax: 4 })
    client.watch('a')
    client.watch('b')
    client.lines()
    client.room = 1
    for (let i = 2; i <= 7; i++) world.put('a', `${i}`)
    client.drain(1)
    expect(hub.stats.slowWatchers).toBe(1)
    world.put('b', '8')
    expect(hub.stats.slowWatchers).toBe(2)
    client.drain()
    settle()
    expect(client.lines().slice(-2)).toEqual(['#0 r8: put a=7@7', '#1 r8: put b=8@8'])
  })

  test('is canceled when what it needs next was compacted, though its queue is full (etcd 17529)', async () => {
    const { world, client, settle } = await open({ queueResponsesMax: 2 })
    client.watch('a')
    client.lines()
    client.room = 1
    for (let i = 2; i <= 9; i++) world.put('a', `${i}`)
    world.store.compact(8)
    client.drain(1)
    client.drain(1)
    settle()
    client.drain()
    settle()
    expect(client.lines()).toEqual([
      '#0 r2: put a=2@2',
      '#0 r3: put a=3@3',
      '#0 r4: put a=4@4',
      '#0 r0: canceled compacted 8',
    ])
  })

  test('is asked to stop asking when answers pile up', async () => {
    const { client } = await open({ queueResponsesMax: 4 })
    client.room = 1
    for (let i = 0; i < 5; i++) client.watch('a')
    expect(client.paused).toBe(true)
    client.drain()
    expect(client.paused).toBe(false)
    expect(client.lines().length).toBe(5)
  })
})

describe('another store in its place', () => {
  test('watchers go on from where each of them was (etcd 15271)', async () => {
    const { world, hub, client, settle } = await open()
    client.watch('a', '', { prevKv: true })
    client.watch('a', '', { startRevision: 4 })
    world.put('a', '2')
    hub.detach()
    world.put('a', '3')
    client.watch('a', '', { startRevision: 2 })
    world.put('a', '4')
    settle()
    expect(client.lines().slice(2)).toEqual(['#0 r2: put a=2@2', '#2 r2: created'])
    hub.attach(world.store)
    settle()
    world.put('a', '5')
    expect(client.lines().sort()).toEqual([
      '#0 r4: put a=3@3 (2@2), put a=4@4 (3@3)',
      '#0 r5: put a=5@5 (4@4)',
      '#1 r4: put a=4@4',
      '#1 r5: put a=5@5',
      '#2 r4: put a=2@2, put a=3@3, put a=4@4',
      '#2 r5: put a=5@5',
    ])
  })

  test('a store that went back is a broken promise', async () => {
    const { world, hub } = await open()
    world.put('a', '2')
    const other = { ...world.store, revision: 1, compactRevision: -1 } as never
    expect(() => hub.attach(other)).toThrow('went back')
  })
})

test('closing the hub ends every stream once', async () => {
  const { hub, client, world } = await open()
  client.watch('a')
  hub.close()
  expect(client.closed).toBe(true)
  world.put('a', '1')
  expect(client.lines()).toEqual(['#0 r1: created'])
  expect(hub).toBeInstanceOf(WatchHub)
})
