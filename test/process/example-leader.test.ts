/** The example of a job with one leader does what its README says, and ends by itself. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

test('the leader is killed twice, and another one goes on with a greater token', async () => {
  const child = spawn(process.execPath, [resolve('dist/examples/leader/main.js')])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((done) => child.once('close', done))
  expect(output.match(/leads, with token/g)).toHaveLength(3)
  expect(output.match(/is killed/g)).toHaveLength(2)
  expect(output).toMatch(/Three leaders, tokens \d+ < \d+ < \d+\./)
  expect(code).toBe(0)
}, 60_000)
