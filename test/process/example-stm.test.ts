/** `npm run example -- stm` does what its README says, and ends by itself. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

test('the bank keeps its total, counts conflicts and exits with 0', async () => {
  const child = spawn(process.execPath, [resolve('dist/examples/stm/main.js')])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((done) => child.once('close', done))
  expect(output).toMatch(/^\d+ transfers, \d+ refused .*, [1-9]\d* conflicts$/m)
  expect(output).toMatch(/^Totals that the auditor saw: 600$/m)
  expect(output).toMatch(/^No money came or went\.$/m)
  expect(output).toMatch(/^The same without transactions: the total is \d+, it was 600$/m)
  expect(code).toBe(0)
}, 60_000)
