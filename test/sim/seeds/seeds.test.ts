/**
 * Plans that failed once, made small: each keeps every promise now.
 *
 * `npm run sim -- --shrink SEED` writes one; its story says what the bug was.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { RememberedPlan } from '../run/plan-file.js'
import { SeedProcess } from '../run/seed-process.js'

const directory = resolve('test/sim/seeds')
const program = pathToFileURL('dist/test/sim/run/worker.js')
const files = readdirSync(directory).filter((name) => name.endsWith('.json'))

describe('remembered plans', () => {
  const seedProcess = new SeedProcess({ program })
  afterAll(() => seedProcess.kill())

  for (const file of files) {
    const remembered: RememberedPlan = JSON.parse(readFileSync(join(directory, file), 'utf8'))

    test(`${file}: ${remembered.story}`, async () => {
      const outcome = await seedProcess.run({ life: { plan: remembered.plan } })
      expect(outcome?.life.violation).toBeUndefined()
    }, 200_000)
  }

  test('each have a story that says what the bug was', () => {
    const stories = files.map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')))
    expect(stories.filter(({ story }) => story === '')).toEqual([])
  })
})
