/** The example of a work queue does what its README says, and ends by itself. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

test('a worker is killed, its parcel comes back, and the poison is among the dead', async () => {
  const child = spawn(process.execPath, [resolve('dist/examples/queue/main.js')])
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((done) => child.once('close', done))
  expect(output).toMatch(/is killed in the middle of it/)
  expect(output).toMatch(/acked the heavy parcel 12, attempt 2/)
  expect(output).toMatch(/29 parcels were weighed, each once\./)
  expect(output).toMatch(/Dead after 3 attempts: parcel 5, for Error: it ticks/)
  expect(code).toBe(0)
}, 60_000)
