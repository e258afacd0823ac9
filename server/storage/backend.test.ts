/** The backend against a plain Map, and its promises about commits. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Clock, Timer } from '../../client/host/clock.js'
import type { Database, DatabaseReader, DatabaseWrite, KeyRange } from '../host/database.js'
import { MemoryDatabases } from '../host/database-memory.js'
import { Backend } from './backend.js'

/** Time that stands still until the test moves it. */
class HandClock implements Clock {
  #now = 0
  #timers: { at: number; run: () => void }[] = []
  #soon: (() => void)[] = []
  now = () => this.#now
  wall = () => this.#now
  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }
  soon(run: () => void): void {
    this.#soon.push(run)
  }
  /** Ends the turn: microtasks, then what was asked for soon. */
  async turn(): Promise<void> {
    for (const run of this.#soon.splice(0)) run()
    for (let i = 0; i < 10; i++) await undefined
  }
  async advance(ms: number): Promise<void> {
    this.#now += ms
    const due = this.#timers.filter((timer) => timer.at <= this.#now)
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now)
    for (const timer of due) timer.run()
    await this.turn()
  }
}

/** Holds every commit until the test lets it through. */
class SlowDatabase implements Database {
  readonly held: { batch: readonly DatabaseWrite[]; pass: () => void; fail: (e: Error) => void }[] =
    []
  constructor(readonly inner: Database) {}
  get = (table: string, key: string) => this.inner.get(table, key)
  entries = (table: string, range?: KeyRange) => this.inner.entries(table, range)
  write(batch: readonly DatabaseWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const pass = () => this.inner.write(batch).then(resolve, reject)
      this.held.push({ batch, pass, fail: reject })
    })
  }
  snapshot = () => this.inner.snapshot()
  sizes = () => this.inner.sizes()
  close = () => this.inner.close()
}

const bytes = (text: string) => Buffer.from(text)
const read = (reader: DatabaseReader, table: string, range?: KeyRange) =>
  [...reader.entries(table, range)].map(([key, value]) => `${key}=${Buffer.from(value)}`)

async function setUp(limits: { commitWritesMax?: number } = {}) {
  const clock = new HandClock()
  const databases = new MemoryDatabases()
  const database = new SlowDatabase(await databases.open('db', ['a', 'b']))
  const fatal: Error[] = []
  const backend = new Backend({ database, clock, ...limits, onFatal: (e) => fatal.push(e) })
  return { clock, databases, database, backend, fatal }
}

describe('backend', () => {
  test('reads are those of a plain Map, whatever is pending, committing or durable', async () => {
    const key = fc.integer({ min: 0, max: 30 }).map((n) => n.toString(32))
    const table = fc.constantFrom('a', 'b')
    const range = fc.record({ from: key, to: key, limit: fc.nat(12) }, { requiredKeys: [] })
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), table, key) },
      { weight: 3, arbitrary: fc.tuple(fc.constant('delete' as const), table, key) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('look' as const), table, range) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('cut' as const)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('pass' as const)) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: 'max' }), async (steps) => {
        const { clock, database, backend } = await setUp()
        const twin = { a: new Map<string, string>(), b: new Map<string, string>() }
        for (const [at, step] of steps.entries()) {
          if (step[0] === 'put') {
            backend.put(step[1], step[2], bytes(String(at)))
            twin[step[1] as 'a'].set(step[2], String(at))
          } else if (step[0] === 'delete') {
            backend.delete(step[1], step[2])
            twin[step[1] as 'a'].delete(step[2])
          } else if (step[0] === 'look') {
            const { from = '', to, limit } = step[2]
            const all = [...twin[step[1] as 'a']]
              .filter(([key]) => key >= from && (to === undefined || key < to))
              .sort(([a], [b]) => (a < b ? -1 : 1))
            for (const reverse of [false, true]) {
              const ordered = reverse ? all.toReversed() : all
              const expected = ordered.slice(0, limit).map(([k, v]) => `${k}=${v}`)
              expect(read(backend, step[1], { ...step[2], reverse })).toEqual(expected)
            }
          } else if (step[0] === 'cut') {
            void backend.commit()
            await clock.turn()
          } else {
            database.held.shift()?.pass()
            await clock.turn()
          }
        }
        for (const [table, map] of Object.entries(twin)) {
          for (let n = 0; n <= 30; n++) {
            const value = backend.get(table, n.toString(32))
            expect(value && String(Buffer.from(value))).toBe(map.get(n.toString(32)))
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  test('a range is what it was when it was asked for', async () => {
    const { backend } = await setUp()
    backend.put('a', '1', bytes('one'))
    backend.put('a', '3', bytes('three'))
    const seen: string[] = []
    for (const [key] of backend.entries('a')) {
      seen.push(key)
      backend.put('a', '2', bytes('two'))
      backend.delete('a', '3')
    }
    expect(seen).toEqual(['1', '3'])
    expect(read(backend, 'a')).toEqual(['1=one', '2=two'])
  })

  test('what one turn put together is committed together, also when it is more than a batch', async () => {
    const { clock, database, backend } = await setUp({ commitWritesMax: 3 })
    for (let i = 0; i < 8; i++) backend.put('a', String(i), bytes('x'))
    backend.put('b', 'index', bytes('8'))
    await clock.turn()
    expect(database.held.map(({ batch }) => batch.length)).toEqual([9])
  })

  test('a single write is committed after the interval, without being asked', async () => {
    const { clock, database, backend } = await setUp()
    backend.put('a', '1', bytes('one'))
    await clock.advance(99)
    expect(database.held).toHaveLength(0)
    await clock.advance(1)
    expect(database.held).toHaveLength(1)
  })

  test('one commit is in flight while the next one gathers', async () => {
    const { clock, database, backend } = await setUp()
    const order: string[] = []
    backend.onCommit = () => order.push('onCommit')
    backend.put('a', '1', bytes('one'))
    void backend.commit().then(() => order.push('first'))
    await clock.turn()
    backend.put('a', '2', bytes('two'))
    void backend.commit().then(() => order.push('second'))
    backend.put('a', '3', bytes('three'))
    await clock.turn()
    expect(database.held).toHaveLength(1)
    database.held.shift()?.pass()
    await clock.turn()
    await clock.turn()
    expect(order).toEqual(['onCommit', 'first'])
    expect(read(backend.durable, 'a')).toEqual(['1=one'])
    expect(database.held.map(({ batch }) => batch.map(({ key }) => key))).toEqual([['2', '3']])
    database.held.shift()?.pass()
    await clock.turn()
    expect(order).toEqual(['onCommit', 'first', 'onCommit', 'second'])
    expect(read(backend.durable, 'a')).toEqual(['1=one', '2=two', '3=three'])
  })

  test('a commit that has nothing to do waits for the one in flight only', async () => {
    const { clock, database, backend } = await setUp()
    await backend.commit()
    backend.put('a', '1', bytes('one'))
    let done = false
    void backend.commit()
    await clock.turn()
    void backend.commit().then(() => {
      done = true
    })
    await clock.turn()
    expect(done).toBe(false)
    database.held.shift()?.pass()
    await clock.turn()
    expect(done).toBe(true)
    expect(backend.uncommittedBytes).toBe(0)
  })

  test('a failed commit is fatal once, and nothing is written after it', async () => {
    const { clock, database, backend, fatal } = await setUp()
    backend.put('a', '1', bytes('one'))
    const first = backend.commit()
    await clock.turn()
    backend.put('a', '2', bytes('two'))
    const second = backend.commit()
    database.held.shift()?.fail(new Error('EIO'))
    await expect(first).rejects.toThrow('could not commit')
    await expect(second).rejects.toThrow('could not commit')
    backend.put('a', '3', bytes('three'))
    await expect(backend.commit()).rejects.toThrow('could not commit')
    await clock.advance(1000)
    expect(database.held).toHaveLength(0)
    expect(fatal).toHaveLength(1)
    expect(fatal[0]?.cause).toEqual(new Error('EIO'))
  })

  test('the fatal error says that the disk is full, where, and what to do', async () => {
    const { clock, database, backend, fatal } = await setUp()
    backend.put('a', '1', bytes('one'))
    const commit = backend.commit()
    await clock.turn()
    const full = { code: 'ENOSPC', path: '/data/member.db' }
    database.held.shift()?.fail(Object.assign(new Error('ENOSPC: no space left on device'), full))
    await expect(commit).rejects.toThrow('The disk is full')
    expect(fatal[0]?.message).toBe(
      'The backend database /data/member.db could not commit: ENOSPC: no space left on device. The disk is full: free space on it, then start this member again. Everything acknowledged before is safe.',
    )
  })

  test('a snapshot holds all that was put before and nothing that came later', async () => {
    const { clock, database, backend } = await setUp()
    backend.put('a', '1', bytes('one'))
    const taking = backend.snapshot()
    await clock.turn()
    database.held.shift()?.pass()
    const snapshot = await taking
    backend.put('a', '2', bytes('two'))
    void backend.commit()
    await clock.turn()
    database.held.shift()?.pass()
    await clock.turn()
    expect(read(backend.durable, 'a')).toEqual(['1=one', '2=two'])
    expect(read(snapshot, 'a')).toEqual(['1=one'])
    snapshot.close()
  })

  test('sizes count what waits, and count an overwritten key once', async () => {
    const { backend } = await setUp()
    for (let i = 0; i < 1000; i++) backend.put('a', 'index', bytes('12345678'))
    expect(backend.sizes().usedBytes).toBeLessThan(100)
    backend.put('a', 'large', new Uint8Array(5000))
    expect(backend.sizes().usedBytes).toBeGreaterThan(5000)
  })

  test('an abandoned one writes nothing that waits, and gives the path back', async () => {
    const { clock, databases, database, backend, fatal } = await setUp()
    backend.put('a', 'k', bytes('half of an entry'))
    const waiting = backend.commit()
    const abandoned = backend.abandon()
    await clock.advance(1000)
    for (const { pass } of database.held) pass()
    await expect(waiting).rejects.toThrow(/abandoned/)
    await abandoned
    await backend.close()
    const again = await databases.open('db', ['a', 'b'])
    expect([read(again, 'a'), fatal]).toEqual([[], []])
  })

  test('closing commits what waits; the path opens again with everything', async () => {
    const { clock, databases, database, backend } = await setUp()
    backend.put('a', '1', bytes('one'))
    const closing = backend.close()
    await clock.turn()
    database.held.shift()?.pass()
    await closing
    expect(() => backend.put('a', '2', bytes('two'))).toThrow('closed')
    const again = await databases.open('db', ['a', 'b'])
    expect(read(again, 'a')).toEqual(['1=one'])
  })
})
