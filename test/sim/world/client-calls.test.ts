/** What a caller is told of a call that its server cannot answer any more. */

import { afterEach, expect, test } from '@jest/globals'
import { RangeRequest } from '../../../client/wire/generated/rpc.js'
import { readStreamed } from '../../check/range-pieces.js'
import { World } from './world.js'

let world: World

afterEach(() => world.stop())

test('a deadline between the death of the server and the news of it is no proof that nothing left', async () => {
  world = new World({ seed: 1, members: 1, memberOptions: {}, tuning: {} })
  const machine = world.machines[0]!
  await world.answered(machine.boot())
  await world.until('a leader', () => world.leader !== undefined)
  const client = world.process('c1').connect()
  await world.answered(client.kv.put('a', '1'))
  const down = world.network.link(machine.name, 'c1')
  down.latencyMsMin = 1_000
  down.latencyMsMean = 1_000
  const failed = client.kv.put('a', '2', { timeoutMs: 500 }).catch((error) => error)
  await world.run(100)
  expect(machine.member!.machine.store.revision).toBe(3)
  await machine.kill()
  expect(await world.answered(failed)).toMatchObject({ outcomeUnknown: true })
})

test('a process that stands still finds all of a stream that ended meanwhile, in order', async () => {
  world = new World({ seed: 1, members: 1, memberOptions: {}, tuning: {} })
  await world.answered(world.machines[0]!.boot())
  await world.until('a leader', () => world.leader !== undefined)
  const process = world.process('c1')
  const client = process.connect()
  await world.answered(client.kv.put('a', '1'))
  const answer = readStreamed(client, RangeRequest.create({ key: Buffer.from('a') }), {})
  process.pause()
  await world.run(1_000)
  process.resume()
  expect((await world.answered(answer)).kvs).toHaveLength(1)
})
