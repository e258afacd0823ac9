/** The command line of the simulation: what each form means, and what it says of mistakes. */

import { describe, expect, test } from '@jest/globals'
import { UsageError } from '../../command-line.js'
import { readOptions } from './options.js'

describe('the command line', () => {
  test('runs a hundred seeds from 1 when nothing else is said', () => {
    expect(readOptions([])).toMatchObject({ kind: 'batch', from: 1, seeds: 100, coverage: false })
  })

  test('takes a batch with all that it knows', () => {
    const argv = '--seeds 5000 --from 7 --jobs 3 --minutes 2.5 --json out.json --coverage-misses'
    expect(readOptions(argv.split(' '))).toEqual({
      kind: 'batch',
      seeds: 5000,
      from: 7,
      jobs: 3,
      minutes: 2.5,
      json: 'out.json',
      coverage: true,
      misses: true,
    })
  })

  test.each([
    ['--seed 17 --trace', { kind: 'one', subject: { seed: 17 }, trace: true }],
    ['--plan a.json', { kind: 'one', subject: { file: 'a.json' }, trace: false }],
    ['--seed 3 --canary lost', { kind: 'one', subject: { seed: 3 }, canary: 'lost' }],
    ['--seed 3 --print-plan', { kind: 'print-plan', subject: { seed: 3 } }],
    ['--shrink 12 --minutes 1', { kind: 'shrink', subject: { seed: 12 }, minutes: 1 }],
    ['--shrink a.json', { kind: 'shrink', subject: { file: 'a.json' } }],
    ['--canary all --seeds 9', { kind: 'canary', name: 'all', seeds: 9, from: 1 }],
    ['--canary lost', { kind: 'canary', name: 'lost', seeds: undefined }],
    ['--help', { kind: 'help' }],
  ])('understands %s', (line, command) => {
    expect(readOptions(line.split(' '))).toMatchObject(command)
  })

  test.each([
    ['--seeds some', /--seeds must be a whole number of at least 1, not "some"/],
    ['--seeds 0', /at least 1/],
    ['--from -1', /--from/],
    ['--minutes never', /--minutes must be a number above 0, such as 0.5 or 10, not "never"/],
    ['--jobs 0', /--jobs must be a whole number of at least 1/],
    ['--trace', /name it with --seed S or --plan FILE/],
    ['--seed 1 --plan a.json', /give one of them/],
    ['--print-plan', /needs --seed S or --plan FILE/],
    ['--seed 1 --minutes 3', /--minutes has no effect here; run --help/],
    ['--sed 1', /Unknown option '--sed'.*; run --help/],
    ['17', /run --help/],
  ])('answers %s with a sentence that helps', (line, sentence) => {
    expect(() => readOptions(line.split(' '))).toThrow(UsageError)
    expect(() => readOptions(line.split(' '))).toThrow(sentence)
  })
})
