/** A handler's bug is a crash of the world; a status that a handler chose is an answer. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { streaming, unary } from '../../../client/host/service.js'
import type { Transport } from '../../../client/host/transport.js'
import { Health } from '../../../client/wire/methods.js'
import { RpcError, Status } from '../../../client/wire/status.js'
import { SimClock } from './sim-clock.js'
import { World } from './world.js'

const ADDRESS = 'http://127.0.0.1:1001'

let world: World
let clock: SimClock
let transport: Transport

beforeEach(() => {
  world = new World({ seed: 1, members: 1, memberOptions: {}, tuning: {} })
  transport = world.process('c1').transport
  clock = new SimClock({
    trueClock: world.clock,
    random: world.fork('server'),
    onCrash: (error) => world.crashed(error),
  })
})

afterEach(() => world.stop())

/** A server whose handlers do this. */
async function serve(handle: () => never | Promise<never>): Promise<void> {
  const node = world.network.attach('m1', clock)
  await node.listen({ url: ADDRESS, requestBytesMax: 1_000 }, [
    unary(Health.check, handle),
    streaming(Health.watch, () => void handle()),
  ])
}

/** What the caller is told, in the end. */
function check(): Promise<unknown> {
  const asked = transport.connect(ADDRESS).call(Health.check, { service: '' })
  return asked.then(
    () => 'answered',
    (error: unknown) => error,
  )
}

const bug = () => {
  throw new TypeError('a handler has a bug')
}

describe('a handler that fails with what is no status', () => {
  test.each([
    ['thrown', bug],
    ['rejected', async () => bug()],
  ])('crashes the world when it is %s', async (_how, handle) => {
    await serve(handle)
    const told = check()
    await expect(world.run(1_000)).rejects.toThrow(new TypeError('a handler has a bug'))
    expect(await told).toMatchObject({ code: Status.UNKNOWN })
  })

  test('crashes the world when it opens a stream', async () => {
    await serve(bug)
    transport.connect(ADDRESS).stream(Health.watch).send({ service: '' })
    await expect(world.run(1_000)).rejects.toThrow(new TypeError('a handler has a bug'))
  })

  test('harms nobody when its process is dead by then', async () => {
    await serve(async () => {
      clock.end()
      return bug()
    })
    void check()
    await world.run(1_000)
  })
})

test('a status that a handler chose is an answer', async () => {
  await serve(() => {
    throw new RpcError(Status.NOT_FOUND, 'no such thing')
  })
  const told = check()
  await world.run(1_000)
  expect(await told).toMatchObject({ code: Status.NOT_FOUND })
})
