/**
 * A thousand random sequences, the same to our server and to etcd, and not one answer
 * that differs but for what known-differences.ts describes. More of them:
 * `npm run test:differential -- --seeds N --from S`.
 */

import { describe, expect, test } from '@jest/globals'
import { type RunResult, runDifferential } from './differential-run.js'
import { findEtcd } from './etcd-process.js'
import { knownDifferences } from './known-differences.js'

const SEQUENCES = 1_000
const TIMEOUT_MS = 15 * 60_000

const etcd = findEtcd()

describe('beside etcd', () => {
  if (etcd === undefined && process.env['CI'] !== 'true')
    test.skip('skipped: no etcd; set ETCD_BIN or put etcd on the PATH', () => {})
  else
    test(
      `${SEQUENCES} sequences are answered the same`,
      async () => {
        if (etcd === undefined) throw new Error('no etcd: set ETCD_BIN or put etcd on the PATH')
        const result = await runDifferential({ etcd, from: 0, seeds: SEQUENCES })
        expect(result.differences.map(({ report }) => report).join('\n\n')).toBe('')
        expect(result.sequences).toBe(SEQUENCES)
        expectAMix(result)
      },
      TIMEOUT_MS,
    )
})

/** Everything that may come out has come out, and no rule is a leftover. */
function expectAMix({ tally }: RunResult): void {
  const names = [...tally.outcomes.keys()]
  for (const kind of KINDS) expect(names).toContain(`${kind} ok`)
  for (const text of ERRORS) expect(names.join('\n')).toContain(text)
  if (process.env['ETCD_BIN'] !== undefined) return
  const needed = knownDifferences.filter(({ isRare }) => !isRare).map(({ name }) => name)
  expect([...tally.rules.keys()]).toEqual(expect.arrayContaining(needed))
}

const KINDS = [
  'range',
  'put',
  'deleteRange',
  'txn',
  'compaction',
  'leaseGrant',
  'leaseRevoke',
  'leaseTimeToLive',
  'leaseLeases',
  'leaseKeepAlive',
  'watchCreate',
  'watchCancel',
  'watchProgress',
]

const ERRORS = [
  'key is not provided',
  'key not found',
  'value is provided',
  'lease is provided',
  'too many operations',
  'duplicate key',
  'has been compacted',
  'is a future revision',
  'requested lease not found',
  'lease already exists',
  'too large lease TTL',
]
