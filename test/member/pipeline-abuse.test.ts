/** Pipelines whose clients are greedy, slow, rude or confused: nothing is applied that should not be, and others are served. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { encodeBytes, Writer } from '../../client/wire/codec.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { Lease } from '../../client/wire/methods.js'
import { SeededRandom } from '../model/random.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'
import { get, put, RawPipeline } from './raw-pipeline.js'

const SESSION = 77n

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

/** A cluster, its leader first; session 77 and `more` behind it are granted. */
async function start(size: number, more = 0): Promise<Machine[]> {
  world = await MemberWorld.start(size)
  const leader = await world.leader()
  for (let i = 0n; i <= more; i++)
    await world.answered(world.client(leader).call(Lease.leaseGrant, { ID: SESSION + i, TTL: 600 }))
  return [leader, ...world.machines.filter((machine) => machine !== leader)]
}

const pipelineTo = (machine: Machine, session = SESSION) =>
  new RawPipeline(world.client(machine), session)

async function answered(pipeline: RawPipeline, count: number): Promise<void> {
  await world.until(`${count} answers`, () => pipeline.answers.length >= count)
}

async function closed(pipeline: RawPipeline): Promise<string | undefined> {
  await world.until('the end of the stream', () => pipeline.closed !== undefined)
  return pipeline.closed?.error?.details
}

async function version(machine: Machine, name: string): Promise<number> {
  const { kvs } = await world.range(machine, { key: Buffer.from(name) })
  return kvs[0]?.version ?? 0
}

/** A put whose number is this varint, whatever numbers a codec would write. */
function numbered(sequence: bigint): Uint8Array {
  const call = encodeBytes(PipelineCall, { put: { key: Buffer.from('k') } })
  const tail = Writer.create().uint32(1 << 3)
  const bytes = [...tail.finish()]
  for (let left = sequence; ; left >>= 7n) {
    const isLast = left < 0x80n
    bytes.push(Number(left & 0x7fn) | (isLast ? 0 : 0x80))
    if (isLast) break
  }
  return Buffer.concat([call, Buffer.from(bytes)])
}

describe('a message', () => {
  test('with something wrong in its middle has no effect, and its numbers are free', async () => {
    const [leader] = await start(1)
    const good = [put(1, 'k'), put(2, 'k')].map((call) => encodeBytes(PipelineCall, call))
    for (const bad of [Buffer.from([0xff]), encodeBytes(PipelineCall, put(4, 'k'))]) {
      const pipeline = pipelineTo(leader!)
      pipeline.stream.send({ calls: [...good, bad, ...good] })
      expect(await closed(pipeline)).toMatch(/cannot be read|does not follow/)
      expect(pipeline.answers).toEqual([])
    }
    const again = pipelineTo(leader!)
    again.send([put(1, 'k'), put(2, 'k'), get('k')])
    await answered(again, 3)
    expect(again.words).toEqual(['put', 'put', '2'])
    expect(await version(leader!, 'k')).toBe(2)
  })

  test.each([2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n])('with number %s is refused', async (n) => {
    const [leader] = await start(1)
    const pipeline = pipelineTo(leader!)
    pipeline.stream.send({ calls: [numbered(n)] })
    expect(await closed(pipeline)).toMatch(/does not follow on 0/)
    expect(await version(leader!, 'k')).toBe(0)
  })

  test('of a hundred thousand empty calls ends the stream, and reads none of them', async () => {
    const [leader] = await start(1)
    const pipeline = pipelineTo(leader!)
    // The last one could not be read.
    const calls = [...Array.from({ length: 100_000 }, () => Buffer.alloc(0)), Buffer.from([0xff])]
    pipeline.stream.send({ calls })
    expect(await closed(pipeline)).toMatch(/more than 8192 calls/)
  })

  test('that came before the welcome waits for it', async () => {
    const [, follower] = await start(3)
    const pipeline = pipelineTo(follower!)
    pipeline.send([put(1, 'k'), get('k')])
    pipeline.send([put(2, 'k')])
    pipeline.stream.end()
    expect(await closed(pipeline)).toBeUndefined()
    expect(pipeline.words).toEqual(['put', '1', 'put'])
  })

  test('of any bytes ends no member', async () => {
    const [leader] = await start(1)
    const random = new SeededRandom(5)
    const whole = encodeBytes(PipelineCall, put(1, 'k'))
    for (let i = 0; i < 200; i++) {
      const pipeline = pipelineTo(leader!)
      const bytes = Buffer.from(whole)
      for (let n = random.between(1, 4); n > 0; n--)
        bytes[random.between(0, bytes.length - 1)] = random.between(0, 255)
      const acknowledged = random.pick([0, 0, 1, 2 ** 53 - 1])
      pipeline.stream.send({ calls: [bytes.subarray(0, random.between(0, 20))], acknowledged })
      pipeline.stream.end()
      await closed(pipeline)
    }
    expect(leader!.failure).toBeUndefined()
    expect(leader!.member!.pipelines.size).toBe(0)
  })
})

describe('a session', () => {
  test('of which far too much is acknowledged forgets no more than there is', async () => {
    const [leader, follower] = await start(3)
    const pipeline = pipelineTo(leader!)
    pipeline.send([put(1, 'k'), put(2, 'k')], 2 ** 53 - 1)
    await answered(pipeline, 2)
    const again = pipelineTo(follower!)
    again.send([put(1, 'k'), put(2, 'k'), put(3, 'k')])
    await answered(again, 3)
    expect(again.answers.slice(0, 2)).toEqual(pipeline.answers)
    expect(await version(leader!, 'k')).toBe(3)
    expect((await world.fingerprints()).size).toBe(1)
  })

  test('that two clients take for their own runs each number once, for both alike', async () => {
    const [leader, follower] = await start(3)
    const [mine, theirs] = [pipelineTo(leader!), pipelineTo(follower!)]
    const count = 20
    for (let i = 1; i <= count; i++) {
      mine.send([put(i, 'mine'), get('mine')])
      theirs.send([get('theirs'), put(i, 'theirs')])
    }
    await answered(mine, 2 * count)
    await answered(theirs, 2 * count)
    const writes = ({ answers }: RawPipeline) => answers.filter((answer) => answer.put)
    expect(writes(mine)).toEqual(writes(theirs))
    expect((await version(leader!, 'mine')) + (await version(leader!, 'theirs'))).toBe(count)
    expect((await world.fingerprints()).size).toBe(1)
  })
})

test('a client that never reads is bounded, and a hundred others are served meanwhile', async () => {
  const [leader] = await start(1, 100)
  const deaf = pipelineTo(leader!)
  await world.until('a welcome', () => deaf.welcome !== undefined)
  deaf.stream.pause()
  const messages = 150
  const size = 20
  for (let from = 0; from < messages * size; from += size) {
    deaf.send(Array.from({ length: size }, (_, i) => put(from + i + 1, 'deaf')))
    await world.run(1)
  }
  const others = Array.from({ length: 100 }, (_, i) =>
    pipelineTo(leader!, SESSION + 1n + BigInt(i)),
  )
  for (const [i, other] of others.entries())
    for (let n = 1; n <= 5; n++) other.send([put(n, `k${i}`), get(`k${i}`)])
  for (const other of others) {
    await answered(other, 10)
    expect(other.words.at(-1)).toBe('5')
  }
  await world.run(60_000)
  expect(deaf.closed).toBeUndefined()
  deaf.stream.resume()
  await answered(deaf, messages * size)
  expect(await version(leader!, 'deaf')).toBe(messages * size)
}, 60_000)
