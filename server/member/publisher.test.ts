/** A member makes itself known once, and does not storm when it is refused. */

import { expect, test } from '@jest/globals'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { MemberRecord } from '../../client/wire/generated/command.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { resolveConfig } from '../config.js'
import type { Members } from '../state/members.js'
import { Publisher } from './publisher.js'

/** More refusals than this in one turn are a loop without end. */
const CALLS_MAX = 50

function publisher(answer: () => Promise<unknown>, known?: Partial<MemberRecord>) {
  const clock = new VirtualClock()
  const proposed: unknown[] = []
  const it = new Publisher({
    clock,
    config: resolveConfig({ name: 'a', advertiseClientUrls: ['http://h:1'] }),
    selfId: 1n,
    members: () => ({ get: () => known }) as unknown as Members,
    propose: (command) => {
      proposed.push(command)
      return proposed.length > CALLS_MAX ? new Promise(() => {}) : answer()
    },
  })
  return { clock, proposed, publisher: it }
}

const refused = () => Promise.reject(etcdErrors.requestTooLarge.error())

test('name and URLs are proposed once, also when leaders come and go', async () => {
  const { clock, proposed, publisher: it } = publisher(async () => ({}))
  it.leaderKnown()
  it.leaderKnown()
  await clock.run(60_000)
  it.leaderKnown()
  expect(proposed).toEqual([
    { memberAttributes: { memberId: 1n, name: 'a', clientUrls: ['http://h:1'] } },
  ])
})

test('what the cluster knows already is not proposed', async () => {
  const { proposed, publisher: it } = publisher(refused, { name: 'a', clientUrls: ['http://h:1'] })
  it.leaderKnown()
  expect(proposed).toEqual([])
})

test('a refusal is not answered by a loop that holds the process', async () => {
  const { clock, proposed, publisher: it } = publisher(refused)
  it.leaderKnown()
  await clock.run(0)
  expect(proposed.length).toBe(1)
  await clock.run(10_000)
  expect(proposed.length).toBeGreaterThan(1)
  expect(proposed.length).toBeLessThan(CALLS_MAX)
})

test('a stopped one is silent, and leaves no timer', async () => {
  const { clock, proposed, publisher: it } = publisher(refused)
  it.leaderKnown()
  await clock.run(0)
  it.stop()
  expect(clock.timerCount).toBe(0)
  it.leaderKnown()
  await clock.run(10_000)
  expect(proposed.length).toBe(1)
})
