/** The programs of the tests say what they take, and answer a mistake with one sentence and 2. */

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

interface End {
  readonly code: number | string | null | undefined
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, argv: readonly string[]): Promise<End> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [resolve('dist/test', program, 'main.js'), ...argv],
      { timeout: 30_000 },
      (error, stdout, stderr) => done({ code: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}

test.each([
  ['sim', 'sim/run', '--seeds N'],
  ['chaos', 'process/chaos', '--minutes N'],
  ['fuzz', 'fuzz', '--seconds N'],
])(
  '%s lists its flags',
  async (name, program, flag) => {
    const { code, stdout } = await run(program, ['--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`npm run ${name} -- [options]`)
    expect(stdout).toContain(flag)
  },
  40_000,
)

test.each([
  ['sim/run', '--what', /^Unknown option '--what'/],
  ['sim/run', '--seeds 1 --json /nope/report.json', /^--json: no report can be written/],
  ['process/chaos', '--what', /^Unknown option '--what'/],
  ['process/chaos', '--minutes never', /^--minutes must be a number above 0/],
  ['process/chaos', '--seed x', /^--seed must be a whole number/],
  ['fuzz', '--what', /^Unknown option '--what'/],
  ['fuzz', '--seconds -1', /^Option '--seconds' argument is ambiguous/],
  ['fuzz', '--seconds=-1', /^--seconds must be a number above 0/],
  ['fuzz', '--target no', /^--target must be one of .*, not "no"/],
  ['fuzz', '--case /nope', /^--case: there is no case in \/nope/],
])(
  '%s answers %s with one sentence',
  async (program, line, sentence) => {
    const { code, stderr } = await run(program, line.split(' '))
    expect(stderr).toMatch(sentence)
    expect(stderr.trimEnd()).not.toContain('\n')
    expect(code).toBe(2)
  },
  40_000,
)
