/** The example of a cron fleet does what its README says, and ends by itself. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

test('a worker is killed, the ticks go on, and none runs twice', async () => {
  const child = spawn(process.execPath, [resolve('dist/examples/cron/main.js')])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((done) => child.once('close', done))
  expect(output).toMatch(/is killed/)
  expect(output).toMatch(/ticks, 0 twice/)
  expect(code).toBe(0)
}, 90_000)
