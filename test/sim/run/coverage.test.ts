/** Which branches a script has, and which of them V8's counts say were taken. */

import { describe, expect, test } from '@jest/globals'
import { transformSync } from '@swc/core'
import { branchesOf } from './branches.js'
import { isTaken } from './coverage.js'

const SOURCE = `// é: its two bytes are one unit
export function f(a: number, b: number): number {
  if (a < 0) throw new Error('a is negative')
  if (a > 1) return b
  const c = a > 0 && b > 0 ? 1 : 2
  switch (c) {
    case 1:
    case 2:
      return c ?? 3
  }
  try {
    if (b) return 1
    else throw new RangeError('no b')
  } catch {
    return 4
  }
}
`

const { code, map } = transformSync(SOURCE, {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'es6' },
  sourceMaps: true,
})
const branches = branchesOf(code, map!)

function at(text: string): { startOffset: number; endOffset: number } {
  const startOffset = code.indexOf(text)
  if (startOffset < 0) throw new Error(`the script has no ${text}`)
  return { startOffset, endOffset: startOffset + text.length }
}

describe('the branches of a script', () => {
  test('are its arms by line of the source, with assertions set apart', () => {
    expect(branches.map(({ kind, line, isAssertion }) => `${line} ${kind} ${isAssertion}`)).toEqual(
      [
        '3 if true',
        '3 else false',
        '4 if false',
        '4 else false',
        '5 ? false',
        '5 : false',
        '5 && false',
        '7 case false',
        '8 case false',
        '9 ?? false',
        '12 if false',
        '12 else false',
        '14 catch false',
      ].map((line) => line.replace('12 else', '13 else')),
    )
  })

  test('are taken when the innermost count around them is above 0', () => {
    const whole = { startOffset: 0, endOffset: code.length, count: 5 }
    const taken = (extra: { startOffset: number; endOffset: number; count: number }) =>
      new Set(
        branches.filter((branch) => isTaken(branch, [[whole, extra]])).map(({ kind }) => kind),
      )
    expect(taken({ ...at('&& b > 0'), count: 0 }).has('&&')).toBe(false)
    expect(taken({ ...at('&& b > 0'), count: 1 }).has('&&')).toBe(true)
  })

  test('a missing else is taken when the if ran more often than its arm', () => {
    const other = branches.find(({ kind, line }) => kind === 'else' && line === 4)!
    const whole = { startOffset: 0, endOffset: code.length, count: 5 }
    const arm = at('return b')
    expect(isTaken(other, [[whole, { ...arm, count: 5 }]])).toBe(false)
    expect(isTaken(other, [[whole, { ...arm, count: 4 }]])).toBe(true)
    expect(
      isTaken(other, [
        [whole, { ...arm, count: 5 }],
        [whole, { ...arm, count: 2 }],
      ]),
    ).toBe(true)
  })

  test('nothing is taken where no process ran', () => {
    expect(branches.some((branch) => isTaken(branch, []))).toBe(false)
  })
})
