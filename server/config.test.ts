/** What cannot work is refused when the member starts, in words that say what to change. */

import { expect, test } from '@jest/globals'
import { ConfigError, type MemberOptions, resolveConfig } from './config.js'

test('the defaults work', () => {
  expect(resolveConfig()).toMatchObject({ name: 'default', dataDir: 'default.conclave' })
})

test.each<[string, MemberOptions]>([
  ['--snapshot-catchup-entries', { snapshotCatchupEntries: -1 }],
  ['--snapshot-catchup-entries', { snapshotCatchupEntries: 0.5 }],
  ['--snapshot-count', { snapshotCount: 0 }],
  ['--max-request-bytes', { maxRequestBytes: -1 }],
  ['--max-txn-ops', { maxTxnOps: 1.5 }],
  ['--quota-backend-bytes', { quotaBackendBytes: Number.NaN }],
  ['--election-timeout', { electionTimeoutMs: 499 }],
  ['--election-timeout', { electionTimeoutMs: 50_001 }],
])('%s is refused where it cannot work: %j', (flag, options) => {
  expect(() => resolveConfig(options)).toThrow(ConfigError)
  expect(() => resolveConfig(options)).toThrow(flag)
})
