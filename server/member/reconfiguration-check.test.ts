/** When etcd lets a cluster change, by the numbers. */

import { describe, expect, test } from '@jest/globals'
import type { MemberRecord } from '../../client/wire/generated/command.js'
import {
  assertMayAdd,
  assertMayPromote,
  assertMayRemove,
  type Neighbourhood,
} from './reconfiguration-check.js'

/**
 * A cluster as member 1 sees it, a letter for each member from itself on:
 * `s` settled, `c` connected not long ago, `d` down, `n` never started (and down),
 * `l` a learner that is settled.
 */
function cluster(letters: string): Neighbourhood {
  const at = (id: bigint) => letters[Number(id) - 1]!
  const members: MemberRecord[] = [...letters].map((letter, i) => ({
    ID: BigInt(i + 1),
    name: letter === 'n' ? '' : `m${i + 1}`,
    peerUrls: [`http://m:${i + 1}`],
    clientUrls: [],
    isLearner: letter === 'l',
  }))
  return {
    selfId: 1n,
    members,
    connected: (id) => members.some(({ ID }) => ID === id) && 'scl'.includes(at(id)),
    settled: (id) => 'sl'.includes(at(id)),
  }
}

/** `ok`, or which of the two refusals. */
function outcome(act: () => void): string {
  try {
    act()
    return 'ok'
  } catch (error) {
    const { message } = error as Error
    return message.includes('not enough started') ? 'started' : message.replace('etcdserver: ', '')
  }
}

describe('adding', () => {
  test.each([
    ['s', 'ok', 'ok'],
    ['ss', 'ok', 'ok'],
    ['sc', 'unhealthy cluster', 'unhealthy cluster'],
    ['sd', 'unhealthy cluster', 'unhealthy cluster'],
    ['sn', 'started', 'unhealthy cluster'],
    ['sss', 'ok', 'ok'],
    ['ssd', 'unhealthy cluster', 'unhealthy cluster'],
    ['ssn', 'started', 'unhealthy cluster'],
    ['sssn', 'ok', 'ok'],
    ['ssnn', 'started', 'unhealthy cluster'],
    ['ssss', 'ok', 'ok'],
    ['sssd', 'ok', 'ok'],
    ['ssssd', 'ok', 'ok'],
    ['sssdd', 'unhealthy cluster', 'unhealthy cluster'],
    ['sl', 'ok', 'ok'],
  ])('to %s: a voter %s, a learner %s', (letters, voter, learner) => {
    const around = cluster(letters)
    expect(outcome(() => assertMayAdd(around, false))).toBe(voter)
    expect(outcome(() => assertMayAdd(around, true))).toBe(learner)
  })
})

describe('promoting', () => {
  test.each([
    ['sl', 'ok'],
    ['ssl', 'ok'],
    ['snl', 'ok'],
    ['snnl', 'started'],
    ['ssdl', 'ok'],
  ])('in %s: %s', (letters, expected) => {
    expect(outcome(() => assertMayPromote(cluster(letters)))).toBe(expected)
  })
})

describe('removing', () => {
  test.each([
    ['s', 1n, 'started'],
    ['ss', 1n, 'ok'],
    ['ss', 2n, 'ok'],
    ['sc', 2n, 'unhealthy cluster'],
    ['sd', 2n, 'ok'],
    ['sd', 1n, 'unhealthy cluster'],
    ['sn', 2n, 'ok'],
    ['sn', 1n, 'started'],
    ['sss', 3n, 'ok'],
    ['ssd', 3n, 'ok'],
    ['ssd', 2n, 'unhealthy cluster'],
    ['ssn', 2n, 'started'],
    ['ssssd', 2n, 'ok'],
    ['sssdd', 2n, 'unhealthy cluster'],
    ['sl', 2n, 'ok'],
    ['sdl', 3n, 'ok'],
    ['ss', 9n, 'ok'],
  ])('from %s member %d: %s', (letters, id, expected) => {
    expect(outcome(() => assertMayRemove(cluster(letters), id))).toBe(expected)
  })
})
