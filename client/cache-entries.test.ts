/** The entries of a cache against a plain map. */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CacheEntries } from './cache-entries.js'
import { KeyValue } from './key-value.js'

const kvOf = (text: string, modRevision: number) =>
  new KeyValue({
    key: Buffer.from(text, 'latin1'),
    value: new Uint8Array(0),
    createRevision: modRevision,
    modRevision,
    version: 1,
    lease: 0n,
  })

const text = fc.integer({ min: 0, max: 60 }).map((n) => String.fromCharCode(200 - n))
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), text }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), text }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('list' as const), text }) },
)

test('they are found and walked in order, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const entries = new CacheEntries()
      const model = new Map<string, KeyValue>()
      const sorted = (from: string, to: string | undefined) =>
        [...model.keys()]
          .filter((key) => key >= from && (to === undefined || key < to))
          .sort()
          .map((key) => model.get(key))
      steps.forEach(({ kind, text }, i) => {
        if (kind === 'set') {
          const kv = kvOf(text, i + 1)
          expect(entries.set(text, kv)).toBe(model.get(text))
          model.set(text, kv)
        } else if (kind === 'delete') {
          expect(entries.delete(text)).toBe(model.get(text))
          model.delete(text)
        } else expect(entries.list(text, undefined)).toEqual(sorted(text, undefined))
        expect(entries.get(text)).toBe(model.get(text))
        expect(entries.size).toBe(model.size)
      })
      expect(entries.list('', undefined)).toEqual(sorted('', undefined))
      expect(entries.list('\xa0', '\xb8')).toEqual(sorted('\xa0', '\xb8'))
    }),
    { seed: 11 },
  )
})
