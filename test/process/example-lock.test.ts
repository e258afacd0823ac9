/** `npm run example -- lock` does what its README says, and ends by itself. */

import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { runNode } from '../packaging/packed.js'

test('the lock example refuses the late write of a worker that stood still', async () => {
  const { stdout, stderr, code } = await runNode([resolve('dist/examples/lock/main.js')], '.')
  expect(stderr).toBe('')
  const [, late, token] = /(\w+) writes with token (\d+): refused/.exec(stdout)!
  expect(stdout).toContain(`${late} holds the lock with token ${token}, and writes`)
  expect(stdout).toContain(`${late} is told that its lock is lost`)
  expect(stdout.trimEnd()).toMatch(/\d+ writes were taken, each with a token not smaller/)
  expect(code).toBe(0)
}, 60_000)
