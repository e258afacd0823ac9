/** Whatever a user can import says what it is, and shows how it is used. */

import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { DOORS, examplesIn, exportsOf } from './doors.js'

const ROOT = resolve('.')

describe.each(Object.entries(DOORS))('everything in %s', (door, file) => {
  const all = exportsOf(ROOT, file)

  test('has a doc comment', () => {
    expect(all.length).toBeGreaterThan(0)
    const bare = all.filter(({ comment }) => comment === '')
    expect(bare.map(({ name, file: at }) => `${at}: ${name}`)).toEqual([])
  })

  if (door !== 'conclave' && door !== 'conclave/opentelemetry') return

  test('that does something has an example', () => {
    const doing = all.filter(({ kind }) => kind === 'class' || kind === 'function')
    expect(doing.length).toBeGreaterThan(0)
    const bare = doing.filter(({ text }) => examplesIn(text).length === 0)
    expect(bare.map(({ name, file: at }) => `${at}: ${name}`)).toEqual([])
  })
})
