/** A little of every fuzz target: the corpus, and as many drawn cases as take some seconds. */

import { afterAll, expect, test } from '@jest/globals'
import { fuzz } from './fuzz.js'
import { targets } from './targets.js'

/** Cases that take about three seconds on a slow machine. */
const CASES: Readonly<Record<string, number>> = {
  codec: 10_000,
  wal: 2000,
  snapshot: 3000,
  cli: 10_000,
  http2: 1000,
  peer: 60,
}
const SEED = 1

afterAll(async () => {
  for (const target of targets) await target.close?.()
})

test.each(targets.map((target) => [target.name, target.about, target] as const))(
  '%s: %s',
  async (name, _about, target) => {
    const { cases, failure } = await fuzz(target, SEED, { cases: CASES[name] ?? 100 })
    const told = failure && [failure.origin, failure.error.message, JSON.stringify(failure.input)]
    expect(told).toBeUndefined()
    expect(cases).toBeGreaterThan(0)
  },
  120_000,
)
