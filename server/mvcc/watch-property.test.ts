/**
 * Watches under random everything, judged by the watch rules.
 *
 * Writes, compactions, watchers that come and go from any revision, clients that
 * stop and go, stores that are replaced, with bounds so tight that every boundary is
 * hit: slices of one event, queues of one response. The sequential model makes the
 * same writes and is the truth. At the end all clients take what they are owed, and
 * every watcher must be level.
 */

import { describe, expect, test } from '@jest/globals'
import { judgeWatch, watchRules } from '../../test/check/watch-rules.js'
import { Model } from '../../test/model/model.js'
import { SeededRandom } from '../../test/model/random.js'
import { op, txn } from '../../test/model/requests.js'
import { type TestClient, WatchWorld } from '../../test/mvcc/watch-world.js'
import { intervalOf, keyOf } from './interval.js'

const KEYS = ['a', 'aa', 'b', 'c', 'd', '\xff']
const ENDS = ['', '', 'b', 'c', '\xff', '\0']

/** One seed's world: the store, the model, and some clients. */
class Story {
  readonly random: SeededRandom
  readonly model = new Model()
  readonly clients: TestClient[] = []
  watch!: WatchWorld
  /** Compaction takes away what happened twice to a key in its revision, so a story has one of the two. */
  readonly compacts: boolean
  detached = false

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.compacts = this.random.chance(0.6)
  }

  async tell(steps: number): Promise<void> {
    const { random } = this
    this.watch = await WatchWorld.open({
      fragmentBytes: random.pick([100, 250, 100_000]),
      progressIntervalMs: 50,
      queueResponsesMax: random.pick([1, 2, 5, 20]),
      queueBytesMax: random.pick([1, 200, 100_000]),
      sliceEventsMax: random.pick([1, 2, 5, 100]),
      sliceDeliveriesMax: random.pick([1, 4, 1000]),
      responseBytes: random.pick([1, 100, 10_000]),
    })
    for (let i = 0; i < 3; i++) this.clients.push(this.watch.client(random.chance(0.7)))
    for (let i = 0; i < steps; i++) await this.#step()
    await this.#calm()
  }

  async #step(): Promise<void> {
    const { random, model, watch } = this
    const { store, clock } = watch.world
    const client = random.pick(this.clients)
    const kind = random.weighted({
      write: 50,
      create: 10,
      cancel: 3,
      drain: 15,
      progress: 6,
      turn: 12,
      time: 3,
      compact: this.compacts ? 4 : 0,
      replace: 2,
    })
    if (kind === 'write') this.#write()
    else if (kind === 'create') this.#create(client)
    else if (kind === 'cancel' && client.recorder.ids.length > 0)
      client.stream.cancel(random.pick(client.recorder.ids))
    else if (kind === 'drain' && client.room <= 0) client.drain(random.between(1, 6))
    else if (kind === 'drain') client.room = random.between(1, 3)
    else if (kind === 'progress') client.stream.progress()
    else if (kind === 'turn') clock.turn()
    else if (kind === 'time') await clock.run(random.between(1, 40))
    else if (kind === 'compact' && store.revision > Math.max(1, store.compactRevision)) {
      const revision = random.between(Math.max(1, store.compactRevision + 1), store.revision)
      store.compact(revision)
      expect(model.compact({ revision, physical: false }).ok).toBe(true)
    } else if (kind === 'replace') this.#replace()
  }

  #replace(): void {
    if (this.detached) this.watch.hub.attach(this.watch.world.store)
    else this.watch.hub.detach()
    this.detached = !this.detached
  }

  /** The model decides whether the transaction is allowed; the store then makes the same changes. */
  #write(): void {
    const { random } = this
    const ops = Array.from({ length: random.pick([1, 1, 2, 4]) }, () => {
      const value = 'v'.repeat(random.pick([1, 1, 40]))
      if (random.chance(0.7)) return op.put(random.pick(KEYS), value)
      return op.del(random.pick(KEYS), random.pick(ENDS))
    })
    // In inner transactions a key may be put and then deleted, and more such oddities.
    const nested = !this.compacts && random.chance(0.3)
    const request = txn([], nested ? ops.map((each) => op.txn([], [each])) : ops)
    if (!this.model.txn(request).ok) return
    const transaction = this.watch.world.store.begin()
    const puts = (each: (typeof ops)[number]) => each.requestPut !== undefined
    // At one level puts come in the order given, as do deletions.
    for (const each of ops) {
      if (puts(each)) transaction.put(keyOf(each.requestPut!.key), each.requestPut!.value, 0n)
      else {
        const { key, rangeEnd } = each.requestDeleteRange!
        transaction.deleteRange(intervalOf(key, rangeEnd))
      }
    }
    transaction.end()
    expect(this.watch.world.store.revision).toBe(this.model.revision)
  }

  #create(client: TestClient): void {
    const { random } = this
    const { revision } = this.watch.world.store
    client.watch(random.pick([...KEYS, '']), random.pick(ENDS), {
      startRevision: random.pick([
        0,
        0,
        random.between(1, revision),
        revision + random.between(0, 4),
      ]),
      prevKv: random.chance(0.5),
      fragment: random.chance(0.5),
      filters: random.pick([[], [], [0], [1]]),
      progressNotify: random.chance(0.3),
      watchId: random.pick([0, 0, 0, random.between(1, 6)]),
    })
  }

  /** Heals everything and lets everybody catch up. */
  async #calm(): Promise<void> {
    if (this.detached) this.#replace()
    for (const client of this.clients) client.room = Number.POSITIVE_INFINITY
    for (let i = 0; i < 3; i++) {
      for (const client of this.clients) client.drain()
      this.watch.settle()
    }
    await this.watch.world.clock.run(0)
    for (const client of this.clients) client.stream.progress()
  }

  /** What the judges say, for the message of a failing test. */
  verdicts(): string[] {
    const { model } = this
    const events = model.events(1, model.revision, '\0', '\0')
    const truth = { events, revision: model.revision, compactRevision: model.compactRevision }
    return this.clients.flatMap((client) =>
      client.recorder.traces.flatMap((trace) => {
        if (trace.responses[0]?.canceled) return []
        const violations = judgeWatch(trace, truth).map(
          ({ rule, message }) => `${rule}: ${message}`,
        )
        const late = watchRules.level(trace, truth)
        return late === undefined ? violations : [...violations, `level: ${late}`]
      }),
    )
  }
}

describe('random stories', () => {
  test('every watcher of every story gets what the rules promise', async () => {
    let events = 0
    let canceled = 0
    let progress = 0
    for (let seed = 1; seed <= 80; seed++) {
      const story = new Story(seed)
      await story.tell(250)
      expect({ seed, verdicts: story.verdicts() }).toEqual({ seed, verdicts: [] })
      expect(story.watch.hub.stats.slowWatchers).toBe(0)
      expect(story.watch.world.fatal).toEqual([])
      const traces = story.clients.flatMap((client) => client.recorder.traces)
      for (const response of traces.flatMap((trace) => trace.responses)) {
        events += response.events.length
        if (response.compactRevision > 0) canceled++
        if (response.watchId === -1 && !response.created) progress++
      }
      story.watch.hub.close()
      story.watch.world.store.close()
    }
    // The stories are worth something only while they reach all of this.
    expect(events).toBeGreaterThan(10_000)
    expect(canceled).toBeGreaterThan(50)
    expect(progress).toBeGreaterThan(100)
  })
})
