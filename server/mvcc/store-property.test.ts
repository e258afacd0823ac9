/**
 * The store against a twin that keeps every state it ever had, whole.
 *
 * Random histories of transactions, compactions, restarts, crashes and passing time;
 * after each, every readable revision must look as the twin remembers it, and the
 * watchers' history must be what happened.
 */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ALL, between, changeLine, line, StoreWorld, text } from '../../test/mvcc/store-world.js'
import type { Interval } from './interval.js'
import { contains, point } from './interval.js'
import type { StoredKv } from './stored-kv.js'

type Op =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly kind: 'delete'; readonly interval: Interval }

type Step =
  | { readonly kind: 'transaction'; readonly ops: readonly Op[] }
  | { readonly kind: 'compact'; readonly at: number }
  | { readonly kind: 'restart' | 'commit' | 'crash' | 'time' }

/** All states by revision, and what each revision did. */
class Twin {
  states: Map<string, StoredKv>[] = [new Map(), new Map()]
  changes: string[] = ['', '']
  compacted = -1

  get revision(): number {
    return this.states.length - 1
  }

  transaction(ops: readonly Op[]): void {
    const state = new Map(this.states.at(-1))
    const modRevision = this.revision + 1
    const signs: string[] = []
    for (const op of ops) {
      if (op.kind === 'put') {
        const { key, lease } = op
        const before = state.get(key)
        const version = (before?.version ?? 0) + 1
        const createRevision = before?.createRevision ?? modRevision
        state.set(key, { key, createRevision, modRevision, version, value: text(op.value), lease })
        signs.push(`+${key}=${op.value}`)
      } else {
        for (const key of [...state.keys()].sort()) {
          if (!contains(op.interval, key)) continue
          state.delete(key)
          signs.push(`-${key}`)
        }
      }
    }
    if (signs.length === 0) return
    this.states.push(state)
    this.changes.push(`${modRevision}: ${signs.join(' ')}`)
  }

  at(revision: number, interval: Interval): StoredKv[] {
    const all = [...this.states[revision]!.values()].filter(({ key }) => contains(interval, key))
    return all.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

function apply(world: StoreWorld, ops: readonly Op[]): void {
  const transaction = world.store.begin()
  for (const op of ops) {
    if (op.kind === 'put') transaction.put(op.key, text(op.value), op.lease)
    else transaction.deleteRange(op.interval)
  }
  transaction.end()
}

function expectAlike(world: StoreWorld, twin: Twin): void {
  const { store } = world
  expect([store.revision, store.compactRevision]).toEqual([twin.revision, twin.compacted])
  expect(store.keyCount).toBe(twin.at(twin.revision, ALL).length)
  const first = Math.max(twin.compacted, 1)
  if (first > 1) expect(() => world.lines(ALL, { revision: first - 1 })).toThrow('compacted')
  for (let revision = first; revision <= twin.revision; revision++) {
    for (const interval of [ALL, between('b', 'd'), between('c'), point('b')]) {
      const expected = twin.at(revision, interval)
      expect(world.lines(interval, { revision })).toEqual(expected.map(line))
      const limited = store.range(interval, { revision, limit: 2, keysOnly: true })
      expect(limited.count).toBe(expected.length)
      expect(limited.kvs.map(line)).toEqual(
        expected.slice(0, 2).map((kv) => line({ ...kv, value: text('') })),
      )
    }
  }
  const attached = twin.at(twin.revision, ALL).filter(({ lease }) => lease !== 0n)
  expect(store.leaseKeys()).toEqual(attached.map(({ key, lease }) => ({ key, lease })))
  // At the compact revision itself, what the same transaction overwrote may be gone.
  const from = twin.compacted > 0 ? twin.compacted + 1 : 2
  const { changes, next } = store.history(from, 1000)
  expect(changes.map(changeLine)).toEqual(twin.changes.slice(from))
  expect(next).toBe(Math.max(twin.revision + 1, from))
  for (const { revision, events } of changes) {
    for (const { type, kv, prev } of events) {
      const before = twin.states[revision - 1]!.get(kv.key)
      const known =
        before && revision - 1 >= twin.compacted && !(type === 'put' && kv.version === 1)
      expect(prev && line(prev)).toBe(known ? line(before) : undefined)
    }
  }
}

/** What survives a crash is a state of the past, at a turn's end. */
function rewind(world: StoreWorld, twin: Twin, compactions: readonly number[]): void {
  twin.states.length = world.store.revision + 1
  twin.changes.length = world.store.revision + 1
  expect([-1, ...compactions]).toContain(world.store.compactRevision)
  twin.compacted = world.store.compactRevision
}

const key = fc.constantFrom('a', 'b', 'b\0', 'c', 'd', '\xff')
const put = fc.record({
  kind: fc.constant('put' as const),
  key,
  value: fc.constantFrom('', '1', '2', 'a longer one'),
  lease: fc.constantFrom(0n, 0n, 7n, -1n),
})
const intervals = fc.oneof(
  key.map(point),
  fc.tuple(key, fc.option(key, { nil: undefined })).map(([from, to]) => between(from, to)),
)
const remove = fc.record({ kind: fc.constant('delete' as const), interval: intervals })
const ops = fc.array(fc.oneof({ weight: 2, arbitrary: put }, remove), { maxLength: 4 })
const at = fc.double({ min: 0, max: 1, noNaN: true })
const other = fc.constantFrom<Step[]>(
  { kind: 'restart' },
  { kind: 'commit' },
  { kind: 'crash' },
  { kind: 'time' },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: ops.map((ops): Step => ({ kind: 'transaction', ops })) },
  { weight: 3, arbitrary: at.map((at): Step => ({ kind: 'compact', at })) },
  { weight: 2, arbitrary: other },
)

async function take(world: StoreWorld, twin: Twin, step: Step, compactions: number[]) {
  switch (step.kind) {
    case 'transaction':
      apply(world, step.ops)
      twin.transaction(step.ops)
      return
    case 'compact': {
      const lowest = Math.max(twin.compacted + 1, 1)
      if (lowest > twin.revision) return
      const target = lowest + Math.floor(step.at * (twin.revision - lowest))
      world.store.compact(target)
      compactions.push(target)
      twin.compacted = target
      return
    }
    case 'time':
      await world.until(world.store.compacting)
      return
    case 'commit':
      await world.backend.commit()
      return
    case 'restart':
      await world.restart()
      return
    case 'crash':
      await world.crash()
      rewind(world, twin, compactions)
  }
}

test('any history: every revision reads as it was, across compactions, restarts and crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = await StoreWorld.open()
      const twin = new Twin()
      const compactions: number[] = []
      for (const step of steps) {
        await take(world, twin, step, compactions)
        expectAlike(world, twin)
      }
      await world.until(world.store.compacting)
      expectAlike(world, twin)
      // Below the compact revision one version a key at most, and no tombstone.
      const low = world.rows().filter((row) => Number.parseInt(row, 10) < twin.compacted)
      expect(low.length).toBeLessThanOrEqual(6)
      expect(low.filter((row) => row.includes('t '))).toEqual([])
      const hash = await world.store.hash(0)
      await world.restart()
      expect(await world.store.hash(0)).toEqual(hash)
      expectAlike(world, twin)
      expect(world.fatal).toEqual([])
    }),
    { numRuns: 150 },
  )
})

test('two stores with one history hash alike, whenever each of them removes', async () => {
  const steps = fc.array(fc.tuple(step, fc.boolean()), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const eager = await StoreWorld.open()
      const lazy = await StoreWorld.open()
      const twin = new Twin()
      for (const [step, compare] of steps) {
        if (step.kind === 'restart') await lazy.restart()
        if (step.kind !== 'transaction' && step.kind !== 'compact') continue
        const before = twin.compacted
        await take(eager, twin, step, [])
        await eager.until(eager.store.compacting)
        // Until the next turn, which is in the next round, the lazy one removes nothing.
        if (step.kind === 'transaction') apply(lazy, step.ops)
        else if (twin.compacted > before) lazy.store.compact(twin.compacted)
        if (!compare) continue
        for (let at = Math.max(twin.compacted, 1); at <= twin.revision; at++)
          expect(await lazy.store.hash(at)).toEqual(await eager.store.hash(at))
      }
    }),
    { numRuns: 300 },
  )
})
