/**
 * As many seeds of the simulated world as fit into `SIM_SECONDS` (20), as `npm run sim`
 * runs them: no promise is broken, a seed is the same life twice, and a bug is found.
 */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

const SECONDS = Number(process.env['SIM_SECONDS'] ?? 20)
/** The last seeds may begin at the end of the time, and take as long as a seed may. */
const LIMIT_MS = (SECONDS + 200) * 1000

/** Runs the command. @returns all that it wrote, and its exit code. */
async function sim(...args: string[]): Promise<{ output: string; code: number }> {
  const child = spawn(process.execPath, [resolve('dist/test/sim/run/main.js'), ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise<number>((done) => child.once('close', done))
  return { output, code }
}

test(
  'seeds keep every promise',
  async () => {
    const minutes = String(SECONDS / 60)
    const { output, code } = await sim('--seeds', '100000', '--jobs', '1', '--minutes', minutes)
    if (code !== 0) throw new Error(output)
    expect(output).toMatch(/\d passed, 0 failed/)
  },
  LIMIT_MS,
)

test(
  'a seed is the same life, to the last line of its log, in two processes',
  async () => {
    // Every tenth seed is lived twice.
    const { output, code } = await sim('--seeds', '2', '--from', '10', '--jobs', '2')
    if (code !== 0) throw new Error(output)
    expect(output).toMatch(/2 passed, 0 failed, 1 lived twice/)
  },
  LIMIT_MS,
)

test(
  'a member that acknowledges before its disk has synced is found out',
  async () => {
    const { output, code } = await sim('--canary', 'append-before-sync', '--jobs', '1')
    if (code !== 0) throw new Error(output)
    expect(output).toMatch(/append-before-sync: found by seed \d+ \(raft: commit is durable\)/)
  },
  LIMIT_MS,
)
