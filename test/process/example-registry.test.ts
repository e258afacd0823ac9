/** `npm run example -- registry` does what its README says, and ends by itself. */

import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { runNode } from '../packaging/packed.js'

test('the registry example replaces all instances and loses no request', async () => {
  const { stdout, stderr, code } = await runNode([resolve('dist/examples/registry/main.js')], '.')
  expect(stderr).toBe('')
  expect(stdout).toMatch(/\d+ requests were answered by .*dot, eve, fay; 0 failed/)
  expect(stdout).toMatch(/change {2}ann is draining/)
  expect(stdout).toMatch(/runs out:.*down {4}dot/s)
  expect(code).toBe(0)
}, 90_000)
