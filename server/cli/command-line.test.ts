/** How etcdctl's command lines are read. */

import { describe, expect, test } from '@jest/globals'
import { Command } from 'commander'
import { CliError } from './cli-error.js'
import { addClientCommands } from './client-commands.js'
import { readCommandLine } from './command-line.js'
import { addGlobalOptions } from './global-options.js'

function program(): Command {
  const root = new Command('conclave').exitOverride()
  addClientCommands(root, () => async () => {})
  addGlobalOptions(root)
  return root
}
const read = (...words: string[]) => readCommandLine(program(), words)
const failure = (...words: string[]) => {
  try {
    read(...words)
  } catch (error) {
    if (error instanceof CliError) return { message: error.message, code: error.exitCode }
    throw error
  }
  return undefined
}

test.each([
  [
    ['get', 'foo', '-w=json'],
    ['get', 'foo', '--write-out=json'],
  ],
  [
    ['-wjson', 'get', 'foo'],
    ['--write-out=json', 'get', 'foo'],
  ],
  [
    ['get', '-w', 'json', 'foo'],
    ['get', '--write-out', 'json', 'foo'],
  ],
  [
    ['get', 'foo', '--hex=true', '--prefix=false'],
    ['get', 'foo', '--hex'],
  ],
  [
    ['ge', 'foo'],
    ['get', 'foo'],
  ],
  [
    ['endp', 'st'],
    ['endpoint', 'status'],
  ],
  [
    ['compact', '5'],
    ['compaction', '5'],
  ],
  [
    ['lease', 'k', '--once', '12'],
    ['lease', 'keep-alive', '--once', '12'],
  ],
  [
    ['put', 'k', '--', '-v'],
    ['put', 'k', '--', '-v'],
  ],
  [
    ['put', '--lease=', 'k', 'v'],
    ['put', '--lease=', 'k', 'v'],
  ],
  [
    ['put', 'a=b', '-'],
    ['put', 'a=b', '-'],
  ],
  [
    ['lease', 'grant', '-1'],
    ['lease', 'grant', '-1'],
  ],
])('%j', (words, args) => expect(read(...words).args).toEqual(args))

test('what stands behind -- belongs to nobody', () => {
  const line = read('watch', 'foo', '--', 'sh', '-c', '--bogus')
  expect(line.afterDashes).toEqual(['sh', '-c', '--bogus'])
  expect(read('watch', 'foo').afterDashes).toBeUndefined()
})

describe('refused', () => {
  test.each([
    [['get', 'foo', '--bogus'], 'unknown flag: --bogus'],
    [['get', 'foo', '--bogus=1'], 'unknown flag: --bogus'],
    [['get', '-v'], "unknown shorthand flag: 'v' in -v"],
    [['--prefix', 'get', 'foo'], 'unknown flag: --prefix'],
    [['put', '--lease'], 'flag needs an argument: --lease'],
    [['put', 'k', 'v', '-w'], "flag needs an argument: 'w' in -w"],
    [
      ['get', '--hex=x'],
      'invalid argument "x" for "--hex" flag: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])('%j', (words, message) => expect(failure(...words)).toEqual({ message, code: 1 }))

  test('a command that is none, or could be two', () => {
    expect(failure('bogus')?.message).toMatch(/^unknown command "bogus" for "conclave"\nRun/)
    expect(failure('l', 'list')?.message).toMatch(/lease, lock/)
    expect(failure('lease', 'x')?.message).toMatch(/^unknown command "x" for "conclave lease"/)
  })
})
