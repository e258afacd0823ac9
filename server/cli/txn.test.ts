/** How the lines of a transaction are read. */

import { describe, expect, test } from '@jest/globals'
import { CliError } from './cli-error.js'
import { parseRequest } from './txn.js'
import { parseCompare } from './txn-compare.js'
import { wordsOf } from './words.js'

const bytes = (text: string) => Buffer.from(text)

test.each([
  ['put  a   b', ['put', 'a', 'b']],
  ['put "a b" `c`', ['put', 'a b', '`c`']],
  ["put 'a \\n b' x", ['put', 'a \\n b', 'x']],
  ['put "say \\"hi\\"\\n" --lease=12', ['put', 'say "hi"\n', '--lease=12']],
  ['', []],
])('words of %p', (line, words) => expect(wordsOf(line)).toEqual(words))

describe('comparisons', () => {
  test.each([
    ['ver("a") = "1"', { target: 0, version: 1, result: 0 }],
    ['version("a") != "1"', { target: 0, version: 1, result: 3 }],
    ['c("a") > "1"', { target: 1, createRevision: 1, result: 1 }],
    ['create("a") < "1"', { target: 1, createRevision: 1, result: 2 }],
    ['m("a") > "0"', { target: 2, modRevision: 0, result: 1 }],
    ['mod("a") > "0"', { target: 2, modRevision: 0, result: 1 }],
    ['val("a") = "x y"', { target: 3, value: bytes('x y'), result: 0 }],
    ['value("a") = `1`', { target: 3, value: bytes('1'), result: 0 }],
    ['lease("a") = "1f"', { target: 4, lease: 31n, result: 0 }],
  ])('%s', (line, compare) => {
    expect(parseCompare(line)).toEqual({ ...compare, key: bytes('a') })
  })

  test.each([
    ['bogus', /^malformed comparison: bogus/],
    ['mod(a) > 0', /^malformed comparison: mod\(a\) > 0/],
    ['mod("a")>"0"', /^malformed comparison: /],
    ['bog("a") > "0"', /unknown target bog/],
    ['mod("a") ! "0"', /unknown operator !/],
    ['toString("a") > "0"', /unknown target toString/],
    ['mod("a") constructor "0"', /unknown operator constructor/],
    ['mod("a") > "x"', /^invalid txn compare request: mod\("a"\) > "x"$/],
    ['lease("a") = "zz"', /^invalid txn compare request/],
  ])('%s is refused', (line, message) => {
    expect(() => parseCompare(line)).toThrow(message)
  })
})

describe('requests', () => {
  test('get, put and del with their flags', async () => {
    expect(await parseRequest('get foo --prefix --limit=2')).toMatchObject({
      requestRange: { key: bytes('foo'), rangeEnd: bytes('fop'), limit: 2 },
    })
    expect(await parseRequest('put "a b" -- -v')).toMatchObject({
      requestPut: { key: bytes('a b'), value: bytes('-v'), lease: 0n },
    })
    expect(await parseRequest('del a c --prev-kv')).toMatchObject({
      requestDeleteRange: { key: bytes('a'), rangeEnd: bytes('c'), prevKv: true },
    })
  })

  test.each([
    ['bogus x', 3],
    ['watch a', 3],
    ['get x --bogus', 3],
    ['get x -w json', 3],
    ['put x', 128],
    ['get', 128],
    ['get a b --prefix', 128],
  ])('%s ends with exit code %i', async (line, exitCode) => {
    const error = await parseRequest(line).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CliError)
    expect(error).toMatchObject({ exitCode })
  })
})
