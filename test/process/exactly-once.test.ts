/**
 * Exactly once on real processes: sixteen clients blindly append to lists of their own while
 * three members are killed, paused, cut off and slowed down, as a seed says.
 *
 * With the pipeline every answered write stands in the history once, in order, at the
 * revision of its answer; without it nothing stands there twice either, and only what was
 * said to be of unknown outcome may be missing. The faults last 20 and 10 seconds here;
 * `EXACTLY_ONCE_SECONDS=60` makes it a full minute for both, and
 * `node dist/test/process/exactly-once/main.js` goes on as long as one likes.
 */

import { expect, test } from '@jest/globals'
import { runMarks } from './exactly-once/marks-round.js'
import { reportText } from './exactly-once/report-text.js'

const SEED = 13
const given = Number(process.env['EXACTLY_ONCE_SECONDS'])

test.each([
  ['with the pipeline every answered write is applied once and in order', 'require', 20],
  ['without it nothing is applied twice, and only unknown outcomes are open', 'off', 10],
] as const)(
  '%s',
  async (_promise, pipeline, seconds) => {
    const report = await runMarks({ seed: SEED, seconds: given || seconds, pipeline })
    if (given > 0) console.log(reportText(report))
    expect(report.violations).toEqual([])
    expect(report.duplicates).toBe(0)
    expect(report.outcomes['acknowledged']).toBeGreaterThan(100)
    expect(Object.keys(report.faults).length).toBeGreaterThan(2)
  },
  300_000,
)
