/** The log in memory and what the disk vouches for. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Entry, EntryType } from '../../client/wire/generated/raft.js'
import { RaftLog } from './log.js'

const NO_LIMIT = Number.POSITIVE_INFINITY

function entriesFrom(index: number, ...terms: number[]): Entry[] {
  return terms.map((term, place) => ({
    term,
    index: index + place,
    type: EntryType.NORMAL,
    data: new Uint8Array(10),
  }))
}

/** A log that begins after a snapshot at 1:1. */
function logOf(...terms: number[]): RaftLog {
  return new RaftLog({ index: 1, term: 1 }, entriesFrom(2, ...terms), 1, 1)
}

function termsOf(log: RaftLog): number[] {
  return log.slice(log.first, log.last, NO_LIMIT).map((entry) => entry.term)
}

describe('a log', () => {
  test('knows the terms of what it holds and of the entry before', () => {
    const log = logOf(1, 2, 2)
    expect([0, 1, 2, 3, 4, 5].map((index) => log.term(index))).toEqual([
      undefined,
      1,
      1,
      2,
      2,
      undefined,
    ])
  })

  test('refuses gaps and falling terms', () => {
    const log = logOf(1, 2)
    expect(() => log.append(entriesFrom(5, 2))).toThrow('entry 5 where 4 belongs')
    expect(() => log.append(entriesFrom(4, 1))).toThrow('term 1 follows 2')
  })

  test('hands out at least one entry, and no more bytes than asked for', () => {
    const log = logOf(1, 1, 1, 1)
    expect(log.slice(2, 5, 1)).toHaveLength(1)
    expect(log.slice(2, 5, 2 * 26)).toHaveLength(2)
    expect(log.slice(3, 4, NO_LIMIT).map((entry) => entry.index)).toEqual([3, 4])
  })

  test('does not begin with contradictions', () => {
    const before = { index: 5, term: 1 }
    expect(() => new RaftLog(before, [], 0, 4)).toThrow('before the snapshot')
    expect(() => new RaftLog(before, [], 0, 6)).toThrow('beyond the last entry')
    expect(() => new RaftLog(before, [], 7, 5)).toThrow('commit 7 lies beyond')
  })
})

describe('what a leader sends', () => {
  test('is refused when the entry before it is another one or none', () => {
    const log = logOf(1, 2)
    expect(log.appendAfter({ index: 3, term: 3 }, entriesFrom(4, 3))).toBeUndefined()
    expect(log.appendAfter({ index: 9, term: 2 }, [])).toBeUndefined()
    expect(termsOf(log)).toEqual([1, 2])
  })

  test('does not shorten a log that agrees with it and is longer', () => {
    const log = logOf(1, 2, 2)
    expect(log.appendAfter({ index: 1, term: 1 }, entriesFrom(2, 1))).toBe(2)
    expect(termsOf(log)).toEqual([1, 2, 2])
  })

  test('replaces the first entry that differs and all after it', () => {
    const log = logOf(1, 2, 2)
    expect(log.appendAfter({ index: 1, term: 1 }, entriesFrom(2, 1, 3))).toBe(3)
    expect(termsOf(log)).toEqual([1, 3])
  })

  test('never replaces what is committed', () => {
    const log = logOf(1, 2, 2)
    log.commitTo(3)
    expect(() => log.appendAfter({ index: 2, term: 1 }, entriesFrom(3, 3))).toThrow('is committed')
  })
})

describe('the disk', () => {
  test('vouches for entries write by write', () => {
    const log = logOf()
    log.append(entriesFrom(2, 1))
    expect(log.beginWrite(1).entries).toHaveLength(1)
    log.append(entriesFrom(3, 1, 1))
    expect(log.beginWrite(2).entries.map((entry) => entry.index)).toEqual([3, 4])
    log.commitTo(4)
    expect(log.deliver(NO_LIMIT)).toEqual([])
    log.endWrite(1)
    expect(log.durable).toBe(2)
    expect(log.deliver(NO_LIMIT).map((entry) => entry.index)).toEqual([2])
    log.endWrite(2)
    expect(log.deliver(NO_LIMIT).map((entry) => entry.index)).toEqual([3, 4])
    expect(log.deliver(NO_LIMIT)).toEqual([])
  })

  test('does not vouch for entries that were overwritten while they were written', () => {
    const log = logOf()
    log.append(entriesFrom(2, 1, 1, 1))
    log.beginWrite(1)
    log.appendAfter({ index: 2, term: 1 }, entriesFrom(3, 2, 2))
    log.endWrite(1)
    expect(log.durable).toBe(2)
    log.beginWrite(2)
    log.endWrite(2)
    expect(log.durable).toBe(4)
  })

  test('does not vouch for entries that were overwritten and came back', () => {
    const log = logOf()
    const first = entriesFrom(2, 1, 1)
    log.append(first)
    log.beginWrite(1)
    log.appendAfter({ index: 1, term: 1 }, entriesFrom(2, 2))
    log.beginWrite(2)
    log.appendAfter({ index: 1, term: 1 }, first)
    // The disk now holds what write 1 brought, and write 2, which replaces it, is on its way.
    log.endWrite(1)
    expect(log.durable).toBe(1)
    log.endWrite(2)
    expect(log.durable).toBe(1)
    log.beginWrite(3)
    log.endWrite(3)
    expect(log.durable).toBe(3)
  })

  test('vouches for a snapshot only when that is written', () => {
    const log = logOf(1, 1)
    log.append(entriesFrom(4, 1))
    log.beginWrite(1)
    log.restore({ index: 10, term: 3, confState: undefined })
    log.append(entriesFrom(11, 3))
    log.commitTo(11)
    expect(log.restoring).toBe(true)
    log.endWrite(1)
    expect(log.durable).toBeLessThan(10)
    expect(log.deliver(NO_LIMIT)).toEqual([])
    expect(log.beginWrite(2)).toMatchObject({ snapshot: { index: 10 }, entries: [{ index: 11 }] })
    log.endWrite(2)
    expect(log.restoring).toBe(false)
    expect(log.deliver(NO_LIMIT).map((entry) => entry.index)).toEqual([11])
  })
})

test('a write that a snapshot made void vouches for nothing', () => {
  const log = logOf()
  log.append(entriesFrom(2, 1, 1, 1, 1))
  log.beginWrite(1)
  log.restore({ index: 4, term: 3, confState: undefined })
  log.endWrite(1)
  expect(log.restoring).toBe(true)
})

describe('compaction', () => {
  test('keeps the term of the last entry that left', () => {
    const log = logOf(1, 2, 3)
    log.commitTo(4)
    log.deliver(NO_LIMIT)
    log.appliedTo(3)
    log.compact(3)
    expect([log.first, log.term(2), log.term(3), log.term(4)]).toEqual([4, undefined, 2, 3])
  })

  test('does not touch what is not applied', () => {
    expect(() => logOf(1, 2).compact(2)).toThrow('not applied yet')
  })
})

test('the last agreement is what a walk backwards finds', () => {
  const terms = fc.array(fc.nat(3), { maxLength: 12 }).map((steps) => {
    let term = 1
    return steps.map((step) => (term += step))
  })
  fc.assert(
    fc.property(terms, fc.integer({ min: 1, max: 16 }), fc.nat(20), (held, index, term) => {
      const log = logOf(...held)
      let walk = Math.min(index, log.last)
      while (walk >= 1 && log.term(walk)! > term) walk--
      const expected = walk >= 1 ? { index: walk, term: log.term(walk) } : { index: 0, term: 0 }
      expect(log.lastAgreement(index, term)).toEqual(expected)
    }),
    { numRuns: 3_000 },
  )
})
