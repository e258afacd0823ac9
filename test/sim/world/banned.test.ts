/** Nothing in a cluster's life asks the real machine, and whoever does is named. */

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const built = (path: string) => resolve('dist/test/sim/world', path)
const run = promisify(execFile)

const BANNED = [
  'Date.now()',
  'new Date()',
  'Date()',
  'Math.random()',
  'performance.now()',
  'setTimeout(() => {}, 1)',
  'setInterval(() => {}, 1)',
  'setImmediate(() => {})',
  'timers.setTimeout(() => {}, 1)',
  'process.hrtime()',
  'process.hrtime.bigint()',
  'crypto.randomBytes(4)',
  'crypto.randomUUID()',
  'globalThis.crypto.getRandomValues(new Uint8Array(1))',
  'AbortSignal.timeout(1)',
]

test('the real machine says who asked, and answers again afterwards', async () => {
  // Each question stands on a line of its own: the third and those after it.
  const program = `import * as timers from 'node:timers'; import * as crypto from 'node:crypto'
    import { banGlobals } from ${JSON.stringify(pathToFileURL(built('banned.js')).href)}; const questions = [
    ${[...BANNED, 'new Date(0).toISOString()'].map((line) => `() => ${line}`).join(',\n')}]
    const answers = (ask) => { try { return ask() } catch (error) { return error.code + ' ' + error.message } }
    const unban = banGlobals()
    const said = questions.map(answers)
    unban()
    console.log(JSON.stringify([...said, typeof Date.now(), typeof Math.random(), new Date() > 0]))
    setTimeout(() => {}, 0)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program])
  const said: unknown[] = JSON.parse(stdout)
  for (const [i, line] of BANNED.entries()) {
    const name = line.replace(/^(globalThis\.|new )|\(.*/g, '').replace(/\(\)$/, '')
    expect(said[i]).toMatch(/^BANNED .* is banned in the simulated world: called at/)
    expect(said[i]).toContain(name)
    expect(said[i]).toContain(`[eval1]:${3 + i}:`)
  }
  const rest = said.slice(BANNED.length)
  expect(rest).toEqual(['1970-01-01T00:00:00.000Z', 'number', 'number', true])
})

test('a cluster lives, is killed and comes back without the real machine, and the same again', async () => {
  const life = () => run(process.execPath, [built('banned-life.js')])
  const [first, second] = await Promise.all([life(), life()])
  expect(first.stdout).toMatch(/^\d+ \d+ \d+\n$/)
  expect(second.stdout).toBe(first.stdout)
})
