/** Why a request timed out, in etcd's three sentences. */

import { expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { LeaderHistory } from './timeouts.js'

const ELECTION_MS = 1000

test('without a leader it was probably the connection', () => {
  const history = new LeaderHistory(ELECTION_MS)
  expect(history.timeoutError(0)).toEqual(etcdErrors.timeoutDueToConnectionLost.error())
  history.changed(1n, 100)
  history.changed(0n, 200)
  expect(history.timeoutError(150)).toEqual(etcdErrors.timeoutDueToConnectionLost.error())
})

test('what began within two elections before the present leader was probably lost with the one before', () => {
  const history = new LeaderHistory(ELECTION_MS)
  history.changed(1n, 1_000)
  history.changed(0n, 9_000)
  history.changed(2n, 10_000)
  const startedAtMs = [7_999, 8_000, 8_001, 10_000, 10_001]
  expect(startedAtMs.map((ms) => history.timeoutError(ms).details)).toEqual([
    etcdErrors.timeout.text,
    etcdErrors.timeout.text,
    etcdErrors.timeoutDueToLeaderFail.text,
    etcdErrors.timeoutDueToLeaderFail.text,
    etcdErrors.timeout.text,
  ])
})

test('a leader that is only heard of again is no new one; being without one is counted from the loss', () => {
  const history = new LeaderHistory(ELECTION_MS)
  history.changed(1n, 1_000)
  expect([history.leader, history.leaderlessSinceMs]).toEqual([1n, undefined])
  history.changed(1n, 50_000)
  expect(history.timeoutError(49_500)).toEqual(etcdErrors.timeout.error())
  history.changed(0n, 60_000)
  history.changed(0n, 61_000)
  expect([history.leader, history.leaderlessSinceMs]).toEqual([0n, 60_000])
})
