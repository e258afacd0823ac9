/** Terms kept as runs, against a list of them. */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TermRuns } from './term-runs.js'

test('knows the term of every entry, whatever was appended over and forgotten', () => {
  const step = fc.record({
    back: fc.nat(5),
    newTerm: fc.boolean(),
    forget: fc.integer({ min: 0, max: 9 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const runs = new TermRuns(10, 1)
      const terms = new Map([[10, 1]])
      let [first, last, term] = [10, 10, 1]
      for (const { back, newTerm, forget } of steps) {
        if (newTerm) term++
        const index = Math.max(first + 1, last + 1 - (newTerm ? back : 0))
        runs.append(index, term)
        for (let gone = index; gone <= last; gone++) terms.delete(gone)
        terms.set(index, term)
        last = index
        if (forget === 0) {
          first = Math.floor((first + last) / 2)
          runs.forget(first)
        }
        expect([runs.first, runs.last]).toEqual([first, last])
        for (let at = first; at <= last; at++) expect(runs.term(at)).toBe(terms.get(at))
        expect(runs.term(first - 1)).toBeUndefined()
        expect(runs.term(last + 1)).toBeUndefined()
      }
    }),
  )
})

test('refuses gaps and what it does not hold', () => {
  const runs = new TermRuns(5, 1)
  expect(() => runs.append(7, 1)).toThrow('does not follow')
  expect(() => runs.append(5, 1)).toThrow('does not follow')
  expect(() => runs.forget(6)).toThrow('not in the log')
})
