/** A joining member asks until somebody waits for it. */

import { expect, test } from '@jest/globals'
import type { Channel, Transport } from '../../client/host/transport.js'
import { DescribeResponse } from '../../client/wire/generated/peer.js'
import { Member } from '../../client/wire/generated/rpc.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { describeCluster } from './join.js'

const BEHIND = 'http://behind:1'
const LEVEL = 'http://level:1'

const answerOf = (ID: bigint, name: string): DescribeResponse => ({
  ...DescribeResponse.create(),
  members: [Member.create({ ID, name })],
})

/** A peer that is behind knows only whom we replace; the other one waits for us after a while. */
function bed() {
  const clock = new VirtualClock()
  const connect = (url: string) => ({
    call: async () => answerOf(url === LEVEL && clock.now() >= 300 ? 2n : 1n, url),
    close: () => {},
  })
  const transport = { connect: connect as unknown as () => Channel } as Transport
  const awaitsUs = ({ members }: DescribeResponse) => members[0]!.ID === 2n
  return { clock, join: () => describeCluster({ clock, transport }, [BEHIND, LEVEL], awaitsUs) }
}

test('a member is not refused because the first peer that answers is behind', async () => {
  const { clock, join } = bed()
  const answer = join()
  await clock.run(1_000)
  expect((await answer).members).toMatchObject([{ ID: 2n }])
})

test('what peers say for two seconds is taken for true', async () => {
  const clock = new VirtualClock()
  const connect = () => ({ call: async () => answerOf(1n, 'old'), close: () => {} })
  const transport = { connect: connect as unknown as () => Channel } as Transport
  const answer = describeCluster({ clock, transport }, [BEHIND], () => false)
  await clock.run(3_000)
  expect((await answer).members).toMatchObject([{ ID: 1n, name: 'old' }])
})
