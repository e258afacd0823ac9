/** The rules of a Range (behaviour 5.3), one test each. */

import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Init } from '../../client/wire/codec.js'
import { RangeRequest, SortOrder, SortTarget } from '../../client/wire/generated/rpc.js'
import { line, StoreWorld, text } from '../../test/mvcc/store-world.js'
import { isPageable, RangePages, rangeRequest } from './range-query.js'

const { NONE, ASCEND, DESCEND } = SortOrder
const { KEY, VERSION, CREATE, MOD, VALUE } = SortTarget

let world: StoreWorld

/** a: created 4; b: created 3, changed last; c: created 2, three versions; d: created 7, leased. */
beforeAll(async () => {
  world = await StoreWorld.open()
  world.put('c', '1') // 2
  world.put('b', '2') // 3
  world.put('a', '9') // 4
  world.put('c', '1') // 5
  world.put('c', '1') // 6
  world.put('d', '5', 77n) // 7
  world.put('b', '3') // 8
})

function request(init: Init<RangeRequest>): RangeRequest {
  return RangeRequest.create({ key: text('a'), rangeEnd: text('z'), ...init })
}
const ask = (init: Init<RangeRequest>) => rangeRequest(world.store, request(init))
const keys = (init: Init<RangeRequest>) =>
  ask(init)
    .kvs.map(({ key }) => key)
    .join('')

describe('range_end', () => {
  test.each([
    ['empty: the key alone', 'b', '', 'b'],
    ['"\\0": every key from the key on', 'b', '\0', 'bcd'],
    ['key and end "\\0": everything', '\0', '\0', 'abcd'],
    ['an end: not included', 'a', 'c', 'ab'],
    ['key = end: nothing, no error', 'b', 'b', ''],
    ['key > end: nothing, no error', 'c', 'a', ''],
    ['a key that is not there', 'bb', '', ''],
  ])('%s', (_, key, rangeEnd, found) => {
    const range = { key: text(key), rangeEnd: text(rangeEnd) }
    expect([keys(range), ask(range).count]).toEqual([found, found.length])
    expect(ask({ ...range, countOnly: true }).count).toBe(found.length)
  })
})

describe('revision', () => {
  test('0 and negative ones are the newest', () => {
    for (const revision of [0, -1, -100]) expect(keys({ revision })).toBe('abcd')
  })

  test('an old one shows what was there, with its count', () => {
    const { kvs, count } = ask({ revision: 4, limit: 1 })
    expect([kvs.map(line), count]).toEqual([['a=9 4/4/1'], 3])
    expect(ask({ revision: 5, key: text('c') }).kvs.map(line)).toEqual(['c=1 2/5/2'])
    expect(ask({ revision: 3, countOnly: true }).count).toBe(2)
    expect(ask({ revision: 1 }).count).toBe(0)
  })

  test('one above the newest is refused', () => {
    expect(() => ask({ revision: 9 })).toThrow('future revision')
    expect(() => ask({ revision: 9, countOnly: true })).toThrow('future revision')
  })
})

describe('limit', () => {
  test('cuts, and says that there is more; count stays that of the interval', () => {
    expect(ask({ limit: 3 })).toMatchObject({ more: true, count: 4 })
    expect(keys({ limit: 3 })).toBe('abc')
  })

  test('that is reached exactly leaves no more', () => {
    expect(ask({ limit: 4 })).toMatchObject({ more: false, count: 4 })
  })

  test('0 and negative ones are no limit', () => {
    for (const limit of [0, -1]) {
      expect(keys({ limit })).toBe('abcd')
      expect(ask({ limit }).more).toBe(false)
    }
  })

  test('with an order: everything is sorted, then cut', () => {
    expect(keys({ sortOrder: ASCEND, sortTarget: CREATE, limit: 1 })).toBe('c')
    expect(keys({ sortOrder: DESCEND, sortTarget: KEY, limit: 2 })).toBe('dc')
    expect(ask({ sortOrder: DESCEND, limit: 2 }).more).toBe(true)
  })

  test('with a target but no order: the first limit + 1 keys are sorted ascending, then cut', () => {
    // a, b and c are read; sorted by creation they are c, b, a.
    expect(keys({ sortOrder: NONE, sortTarget: CREATE, limit: 2 })).toBe('cb')
    // a and b are read; c, the oldest, is not among them.
    expect(keys({ sortOrder: NONE, sortTarget: CREATE, limit: 1 })).toBe('b')
  })
})

describe('sort', () => {
  test.each([
    ['KEY', KEY, 'abcd', 'dcba'],
    ['VERSION', VERSION, 'adbc', 'cbad'],
    ['CREATE', CREATE, 'cbad', 'dabc'],
    ['MOD', MOD, 'acdb', 'bdca'],
    ['VALUE', VALUE, 'cbda', 'adbc'],
  ])('by %s', (_, sortTarget, ascending, descending) => {
    expect(keys({ sortTarget, sortOrder: ASCEND })).toBe(ascending)
    expect(keys({ sortTarget, sortOrder: DESCEND })).toBe(descending)
    expect(keys({ sortTarget, sortOrder: NONE })).toBe(ascending)
    expect(keys({ sortTarget, sortOrder: DESCEND, keysOnly: true })).toBe(descending)
  })
})

describe('filters', () => {
  test.each([
    ['max_mod_revision', { maxModRevision: 6 }, 'ac'],
    ['min_mod_revision', { minModRevision: 6 }, 'bcd'],
    ['max_create_revision', { maxCreateRevision: 3 }, 'bc'],
    ['min_create_revision', { minCreateRevision: 4 }, 'ad'],
    ['all of them', { minModRevision: 5, maxModRevision: 7, maxCreateRevision: 2 }, 'c'],
    ['a negative maximum', { maxModRevision: -1 }, ''],
  ])('%s', (_, filter, found) => {
    expect(keys(filter)).toBe(found)
  })

  test('come before the limit, and count ignores both', () => {
    const answer = ask({ minModRevision: 6, limit: 1 })
    expect([answer.kvs.map(line), answer.more, answer.count]).toEqual([['b=3 3/8/2'], true, 4])
  })

  test('apply to a single key too', () => {
    const single = { key: text('a'), rangeEnd: text('') }
    expect(ask({ ...single, minModRevision: 5 })).toEqual({ kvs: [], more: false, count: 1 })
    expect(keys({ ...single, minModRevision: 4 })).toBe('a')
  })
})

describe('keys_only and count_only', () => {
  test('keys only: all but the value, the lease too', () => {
    expect(ask({ keysOnly: true }).kvs.map(line)).toEqual([
      'a= 4/4/1',
      'b= 3/8/2',
      'c= 2/6/3',
      'd= 7/7/1 @77',
    ])
    expect(ask({ keysOnly: true, revision: 7, key: text('b') }).kvs.map(line)).toEqual([
      'b= 3/3/1',
      'c= 2/6/3',
      'd= 7/7/1 @77',
    ])
    expect(ask({ keysOnly: true, key: text('d'), rangeEnd: text('') }).kvs.map(line)).toEqual([
      'd= 7/7/1 @77',
    ])
    expect(keys({ keysOnly: true, sortTarget: VALUE })).toBe('cbda')
    expect(ask({ keysOnly: true, sortTarget: VALUE }).kvs[0]!.value.length).toBe(0)
  })

  test('count only: no keys, never more, whatever the limit and the filters', () => {
    const answer = ask({ countOnly: true, limit: 1, minModRevision: 8 })
    expect(answer).toEqual({ kvs: [], more: false, count: 4 })
  })
})

describe('pages', () => {
  async function many(count: number): Promise<StoreWorld> {
    const large = await StoreWorld.open()
    for (let i = 0; i < count; i++) large.put(`key ${String(i).padStart(5, '0')}`, `${i}`)
    return large
  }

  function allPages(pages: RangePages) {
    const sizes: number[] = []
    const lines: string[] = []
    for (;;) {
      const { kvs, last } = pages.next()
      sizes.push(kvs.length)
      lines.push(...kvs.map(line))
      if (last) return { sizes, lines, last }
    }
  }

  const everything = RangeRequest.create({ key: text('\0'), rangeEnd: text('\0') })

  test('begin with ten keys, double while small, and sum up at the end', async () => {
    const large = await many(200)
    const { sizes, lines, last } = allPages(new RangePages(large.store, everything, 1_000_000))
    expect(sizes).toEqual([10, 20, 40, 80, 50])
    expect(lines).toEqual(large.lines())
    expect(last).toEqual({ more: false, count: 200 })
  })

  test('become smaller when they were too large, down to one key', async () => {
    const large = await many(30)
    const { sizes } = allPages(new RangePages(large.store, everything, 15))
    expect(sizes).toEqual([10, 5, 2, ...Array(13).fill(1)])
  })

  test('all have the revision of the first, whatever is written between', async () => {
    const large = await many(50)
    const before = large.lines()
    const pages = new RangePages(large.store, everything, 1_000_000)
    const first = pages.next().kvs.map(line)
    large.delete('key 00030')
    large.put('key 00040', 'new')
    large.put('key 00040x', 'new')
    const { lines, last } = allPages(pages)
    expect([...first, ...lines]).toEqual(before)
    expect([pages.revision, last.count]).toEqual([51, 50])
  })

  test('keep to a limit', async () => {
    const large = await many(50)
    const ask = (limit: number) =>
      allPages(new RangePages(large.store, { ...everything, limit }, 1_000_000))
    expect(ask(15)).toMatchObject({ sizes: [10, 5], last: { more: true, count: 50 } })
    expect(ask(50).last).toEqual({ more: false, count: 50 })
    expect(ask(60).last).toEqual({ more: false, count: 50 })
  })

  test('of a count only, or of nothing, are one empty page', async () => {
    const large = await many(5)
    const count = allPages(new RangePages(large.store, { ...everything, countOnly: true }, 1000))
    expect(count).toEqual({ sizes: [0], lines: [], last: { more: false, count: 5 } })
    const nothing = { ...everything, key: text('zzz') }
    const none = allPages(new RangePages(large.store, nothing, 1000))
    expect(none).toEqual({ sizes: [0], lines: [], last: { more: false, count: 0 } })
  })

  test('end with the error of a compaction that overtook them', async () => {
    const large = await many(50)
    const pages = new RangePages(large.store, everything, 1_000_000)
    pages.next()
    large.put('a', '1')
    large.store.compact(52)
    expect(() => pages.next()).toThrow('compacted')
  })

  test('are only for key order without filters', () => {
    expect(isPageable(request({ sortOrder: ASCEND }))).toBe(true)
    for (const init of [{ sortOrder: DESCEND }, { sortTarget: MOD }, { minModRevision: 1 }]) {
      expect(isPageable(request(init))).toBe(false)
      expect(() => new RangePages(world.store, request(init), 1000)).toThrow('cannot be paged')
    }
  })
})

test('any request: the same as reading everything and working it out by the rules', () => {
  const filter = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 9 }))
  const anyRequest = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'dd').map(text),
    rangeEnd: fc.constantFrom('', '\0', 'c', 'z').map(text),
    limit: fc.integer({ min: -1, max: 5 }),
    sortOrder: fc.constantFrom(NONE, ASCEND, DESCEND),
    sortTarget: fc.constantFrom(KEY, VERSION, CREATE, MOD, VALUE),
    keysOnly: fc.boolean(),
    revision: fc.integer({ min: -1, max: 8 }),
    minModRevision: filter,
    maxModRevision: filter,
    minCreateRevision: filter,
    maxCreateRevision: filter,
  })
  fc.assert(
    fc.property(anyRequest, (init) => {
      const asked = RangeRequest.create(init)
      const { kvs, more, count } = rangeRequest(world.store, asked)
      const plain = { key: init.key, rangeEnd: init.rangeEnd, revision: init.revision }
      const all = rangeRequest(world.store, RangeRequest.create(plain)).kvs
      const value = (of: keyof (typeof all)[0]) => (kv: (typeof all)[0]) =>
        of === 'value' ? String.fromCharCode(...kv.value) : (kv[of] as number)
      const by = (['key', 'version', 'createRevision', 'modRevision', 'value'] as const)[
        init.sortTarget
      ]!
      const filtered = [
        init.maxModRevision && ((kv: (typeof all)[0]) => kv.modRevision <= init.maxModRevision),
        init.minModRevision && ((kv: (typeof all)[0]) => kv.modRevision >= init.minModRevision),
        init.maxCreateRevision &&
          ((kv: (typeof all)[0]) => kv.createRevision <= init.maxCreateRevision),
        init.minCreateRevision &&
          ((kv: (typeof all)[0]) => kv.createRevision >= init.minCreateRevision),
      ].filter((filter) => filter !== 0)
      const late = init.sortOrder !== NONE || filtered.length > 0
      let expected = late || init.limit <= 0 ? all : all.slice(0, init.limit + 1)
      for (const filter of filtered) expected = expected.filter(filter)
      const sign = init.sortOrder === DESCEND ? -1 : 1
      const of = value(by)
      expected = expected.slice().sort((x, y) => (of(x) < of(y) ? -sign : of(x) > of(y) ? sign : 0))
      expect(more).toBe(init.limit > 0 && expected.length > init.limit)
      if (init.limit > 0) expected = expected.slice(0, init.limit)
      const bare = init.keysOnly ? { value: new Uint8Array(0) } : {}
      expect(kvs.map(line)).toEqual(expected.map((kv) => line({ ...kv, ...bare })))
      expect(count).toBe(all.length)
    }),
    { numRuns: 500 },
  )
})
