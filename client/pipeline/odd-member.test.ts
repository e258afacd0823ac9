/** Members that do not keep to the protocol: their callers are told, and the others served; in virtual time. */

import { expect, test } from '@jest/globals'
import { fakePipeline } from '../../test/client/fake-pipeline.js'
import { failure } from '../../test/client/outcome.js'
import { encodeBytes, type Init } from '../wire/codec.js'
import { PipelineAnswer } from '../wire/generated/pipeline.js'

/** A client whose put is applied by a member that keeps the answer; the test answers in its place. */
async function withPut(members = 1) {
  const world = fakePipeline(members, { timeoutMs: 30_000 })
  await world.client.kv.put('first', '')
  world.first.manner = 'mute'
  const put = world.client.kv.put('a', '1')
  await world.clock.run(10)
  const answer = (answers: Uint8Array[]) => world.first.stream.stream.send({ answers })
  return { ...world, put, answer }
}

const bytesOf = (answer: Init<PipelineAnswer>) => encodeBytes(PipelineAnswer, answer)

test.each<[string, Uint8Array]>([
  ['that is none', Buffer.from([0xff])],
  ['of another kind', bytesOf({ revision: 3, range: {} })],
  ['that says nothing', bytesOf({ revision: 3 })],
])('an answer %s leaves a write unknown, and the next is answered', async (_, bytes) => {
  const { client, cluster, first, put, answer } = await withPut()
  const told = failure(put)
  answer([bytes])
  expect(await told).toMatchObject({ code: 'internal', outcomeUnknown: true })
  first.manner = 'answers'
  await client.kv.put('b', '2')
  expect(cluster.applied).toEqual(['put first=', 'put a=1', 'put b=2'])
})

test('a refusal with a status that does not exist has a code all the same', async () => {
  const { put, answer } = await withPut()
  const told = failure(put)
  answer([bytesOf({ revision: 3, error: { status: 99, text: 'what is it' } })])
  expect(await told).toMatchObject({
    code: 'unknown',
    message: expect.stringMatching('what is it'),
  })
})

test('a second welcome, or an answer before the first, has the stream left', async () => {
  const { cluster, first, members, put } = await withPut(2)
  first.stream.stream.send({ welcome: { applied: 0, callsMax: 1, bytesMax: 1 } })
  await put
  expect(members[1]!.stream.calls.map(({ sequence }) => sequence)).toEqual([2])
  expect(cluster.applied).toEqual(['put first=', 'put a=1'])
  const other = fakePipeline(2)
  other.first.manner = 'deaf'
  const get = other.client.kv.get('k')
  await other.clock.run(10)
  other.first.stream.stream.send({ answers: [bytesOf({ revision: 1, range: {} })] })
  expect((await get)?.keyString).toBe('k')
  expect(other.members[1]!.stream.calls).toHaveLength(1)
})

test('a window of nothing lets one call through at a time', async () => {
  const { client, cluster, first } = fakePipeline()
  first.window = { callsMax: 0, bytesMax: 0 }
  const puts = Array.from({ length: 10 }, (_, i) => client.kv.put(`k${i}`, ''))
  await Promise.all(puts)
  expect(first.stream.batches).toEqual(puts.map(() => 1))
  expect(cluster.applied).toEqual(puts.map((_, i) => `put k${i}=`))
})
