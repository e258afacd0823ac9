/** `npm run demo` does what the README promises, and ends by itself. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

test('the demo tells its story, loses nothing and exits with 0', async () => {
  const child = spawn(process.execPath, [resolve('dist/examples/demo/main.js')])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((done) => child.once('close', done))
  expect(output).toMatch(/leads after .* s/)
  expect(output).toMatch(/writes were acknowledged, 0 are lost/)
  expect(output).toMatch(/every fencing token higher than the one before/)
  // Colours are for terminals.
  expect(output).not.toContain('\u001b[')
  expect(code).toBe(0)
}, 90_000)
