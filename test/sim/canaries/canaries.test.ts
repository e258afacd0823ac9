/**
 * Every canary fits the code of today: what it replaces is there, once, and what comes out
 * is still a module. Needs the compiled code of this very source: `npm run build`.
 */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SourceTextModule } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { CANARIES, canaryNamed } from './canaries.js'
import { type Canary, patched } from './canary.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The compiled text of a file, made from its present source. */
function compiled(file: string): string {
  const path = join(root, 'dist', file)
  const source = join(root, file.replace(/\.js$/, '.ts'))
  if (!existsSync(path) || statSync(path).mtimeMs < statSync(source).mtimeMs)
    throw new Error(`${path} is missing or older than its source: npm run build`)
  return readFileSync(path, 'utf8')
}

function filesOf({ patches }: Canary): string[] {
  return [...new Set(patches.map(({ file }) => file))]
}

describe('canaries', () => {
  test.each(CANARIES.map((canary) => [canary.name, canary] as const))('%s fits', (_, canary) => {
    expect(canary.patches.length).toBeGreaterThan(0)
    for (const file of filesOf(canary)) {
      const before = compiled(file)
      const after = patched(canary, file, before)
      expect(after).not.toBe(before)
      // Throws a SyntaxError for what is no module any more.
      expect(new SourceTextModule(after, { identifier: file }).status).toBe('unlinked')
    }
  })

  test('have names and stories of their own', () => {
    const distinct = (values: readonly string[]) => new Set(values).size
    expect(distinct(CANARIES.map(({ name }) => name))).toBe(CANARIES.length)
    expect(distinct(CANARIES.map(({ story }) => story))).toBe(CANARIES.length)
    expect(CANARIES.filter(({ name }) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([])
  })

  test('are found by name only', () => {
    expect(canaryNamed('vote-forgotten').name).toBe('vote-forgotten')
    expect(() => canaryNamed('vote')).toThrow('there is no canary vote')
  })
})

describe('patched', () => {
  const canary: Canary = {
    name: 'c',
    story: '',
    patches: [{ file: 'a.js', find: 'x', replace: '$&$1' }],
    seedsMax: 1,
  }

  test('replaces literally, in its file only', () => {
    expect(patched(canary, 'a.js', '<x>')).toBe('<$&$1>')
    expect(patched(canary, 'b.js', '<x>')).toBe('<x>')
  })

  test('fails when the text is missing or ambiguous', () => {
    expect(() => patched(canary, 'a.js', 'y')).toThrow('canary c: a.js holds 0 times: x')
    expect(() => patched(canary, 'a.js', 'xx')).toThrow('canary c: a.js holds 2 times: x')
  })
})
