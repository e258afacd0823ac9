/** What clients of the Watch service may do with their stream. */

import { afterEach, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import type { WatchRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import { Watch } from '../../client/wire/methods.js'
import { MemberWorld } from '../../test/sim/member-world.js'

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

test('a client that has no more requests still gets its events', async () => {
  world = await MemberWorld.start(1)
  const [machine] = world.machines
  const stream = world.client(machine!).stream(Watch.watch)
  const responses: WatchResponse[] = []
  let closed = false
  stream.receive({
    message: (response) => responses.push(response),
    close: () => {
      closed = true
    },
  })
  const request: Init<WatchRequest> = { createRequest: { key: Buffer.from('k') } }
  stream.send(request)
  stream.end()
  await world.put(machine!, 'other', 'x')
  await world.put(machine!, 'k', 'v')
  await world.put(machine!, 'other', 'y')
  expect(closed).toBe(false)
  expect(responses.map(({ created, events }) => [created, events.length])).toEqual([
    [true, 0],
    [false, 1],
  ])
})
