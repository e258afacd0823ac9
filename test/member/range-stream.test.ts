/** Stories of ranges that are streamed: piece by piece the same answer, whoever reads and whatever happens meanwhile. */

import { afterEach, describe, expect, test } from '@jest/globals'
import type { MessageStream } from '../../client/host/stream.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type {
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
} from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'

/** So that every piece has one key. */
const SMALL_REQUESTS = { maxRequestBytes: 1000 }
const VALUE = 'x'.repeat(600)
const ALL: Init<RangeRequest> = { key: Buffer.from('k'), rangeEnd: Buffer.from('l') }

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

/** A stream under way, and what came of it. */
interface Reading {
  readonly stream: MessageStream<RangeStreamResponse, Init<RangeRequest>>
  readonly pieces: RangeResponse[]
  /** Null while it lasts. */
  outcome: RpcError | undefined | null
}

function read(machine: Machine, request: Init<RangeRequest>, paused = false): Reading {
  const stream = world.client(machine).stream(KV.rangeStream)
  const reading: Reading = { stream, pieces: [], outcome: null }
  if (paused) stream.pause()
  stream.receive({
    message: ({ rangeResponse }) => reading.pieces.push(rangeResponse!),
    close: (error) => {
      reading.outcome = error
    },
  })
  stream.send(request)
  stream.end()
  return reading
}

async function fill(machine: Machine, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.put(machine, `k${1000 + i}`, VALUE)
}

/** Counts how often the store is asked for keys. */
function countRanges(machine: Machine): { count: number } {
  const { store } = machine.member!.machine
  const asked = { count: 0 }
  const range = store.range.bind(store)
  store.range = (interval, query) => {
    asked.count++
    return range(interval, query)
  }
  return asked
}

describe('the pieces', () => {
  test('put together are the plain answer, under every option', async () => {
    world = await MemberWorld.start(1, SMALL_REQUESTS)
    const [machine] = world.machines
    await fill(machine!, 40)
    const options: Init<RangeRequest>[] = [
      {},
      { limit: 7 },
      { limit: 40 },
      { limit: 41 },
      { limit: -1 },
      { keysOnly: true },
      { countOnly: true },
      { countOnly: true, limit: 3 },
      { revision: 20 },
      { revision: 20, limit: 3, serializable: true },
      { rangeEnd: new Uint8Array(0) },
      { key: Buffer.from('z'), rangeEnd: Buffer.from('a') },
      { key: Buffer.from('\0'), rangeEnd: Buffer.from('\0') },
    ]
    for (const option of options) {
      const request = { ...ALL, ...option }
      const reading = read(machine!, request)
      await world.until('the last piece', () => reading.outcome !== null)
      expect(reading.outcome).toBeUndefined()
      const last = reading.pieces.at(-1)!
      const together = { ...last, kvs: reading.pieces.flatMap(({ kvs }) => kvs) }
      expect(together).toEqual(await world.range(machine!, request))
      for (const { header, count, more } of reading.pieces.slice(0, -1))
        expect([header, count, more]).toEqual([undefined, 0, false])
    }
  })

  test('are refused as the plain range is', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    const requests: Init<RangeRequest>[] = [
      {},
      { ...ALL, sortOrder: 9 as never },
      { ...ALL, revision: 1000 },
    ]
    for (const request of requests) {
      const reading = read(machine!, request)
      await world.until('the refusal', () => reading.outcome !== null)
      await expect(world.range(machine!, request)).rejects.toThrow(reading.outcome!.details)
    }
  })
})

describe('a client', () => {
  test('that reads slowly is not read ahead for, and gets everything', async () => {
    world = await MemberWorld.start(1, SMALL_REQUESTS)
    const [machine] = world.machines
    await fill(machine!, 150)
    const asked = countRanges(machine!)
    const reading = read(machine!, ALL, true)
    await world.run(5000)
    expect(asked.count).toBeLessThan(90)
    reading.stream.resume()
    await world.until('the last piece', () => reading.outcome !== null)
    expect(reading.pieces.flatMap(({ kvs }) => kvs).length).toBe(150)
  })

  test('that leaves is not read for any more', async () => {
    world = await MemberWorld.start(1, SMALL_REQUESTS)
    const [machine] = world.machines
    await fill(machine!, 150)
    const asked = countRanges(machine!)
    const reading = read(machine!, ALL, true)
    await world.run(100)
    const before = asked.count
    reading.stream.fail(new RpcError(Status.CANCELLED, 'enough'))
    await world.run(1000)
    expect(asked.count).toBe(before)
  })

  test('that asks twice on one stream gets one answer; one that asks for nothing gets an error', async () => {
    world = await MemberWorld.start(1)
    const [machine] = world.machines
    await world.put(machine!, 'k1', 'v')
    const twice = world.client(machine!).stream(KV.rangeStream)
    let answers = 0
    let closed = false
    twice.receive({
      message: () => answers++,
      close: () => {
        closed = true
      },
    })
    for (let i = 0; i < 3; i++) twice.send(ALL)
    await world.until('the end', () => closed)
    expect(answers).toBe(1)
    const never = world.client(machine!).stream(KV.rangeStream)
    const end = new Promise<RpcError | undefined>((close) =>
      never.receive({ message: () => {}, close }),
    )
    never.end()
    expect(await world.answered(end)).toBeDefined()
  })
})

describe('in the middle', () => {
  test('of a stream others write: the answer and its revision are of before', async () => {
    world = await MemberWorld.start(1, SMALL_REQUESTS)
    const [machine] = world.machines
    await fill(machine!, 150)
    const before = await world.range(machine!, ALL)
    const reading = read(machine!, ALL, true)
    await world.run(100)
    for (const key of ['k1000', 'k1149', 'k2']) await world.put(machine!, key, 'late')
    reading.stream.resume()
    await world.until('the last piece', () => reading.outcome !== null)
    const kvs = reading.pieces.flatMap((piece) => piece.kvs)
    expect({ ...reading.pieces.at(-1)!, kvs }).toEqual(before)
  })

  test('of a stream its revision is compacted: the rest is refused, nothing is left out in silence', async () => {
    world = await MemberWorld.start(1, SMALL_REQUESTS)
    const [machine] = world.machines
    await fill(machine!, 150)
    const reading = read(machine!, { ...ALL, revision: 140 }, true)
    await world.run(100)
    await world.answered(world.client(machine!).call(KV.compact, { revision: 150, physical: true }))
    reading.stream.resume()
    await world.until('the refusal', () => reading.outcome !== null)
    expect(reading.outcome!.details).toBe(etcdErrors.compacted.text)
  })

  test('of a stream the state is replaced by a snapshot: the caller is told to come again', async () => {
    const options = { ...SMALL_REQUESTS, snapshotCount: 50, snapshotCatchupEntries: 10 }
    world = await MemberWorld.start(3, options)
    const leader = await world.leader()
    const follower = world.machines.find((machine) => machine !== leader)!
    await fill(leader, 150)
    await world.run(500)
    const reading = read(follower, { ...ALL, serializable: true }, true)
    await world.run(100)
    const others = world.machines.filter((machine) => machine !== follower)
    world.network.isolate(
      follower.name,
      others.map(({ name }) => name),
    )
    const before = follower.member!.machine
    await fill(await world.leader(others), 120)
    world.network.heal()
    await world.until('the snapshot is installed', () => follower.member!.machine !== before)
    reading.stream.resume()
    await world.until('the end', () => reading.outcome !== null)
    expect(reading.outcome?.code).toBe(Status.UNAVAILABLE)
  })
})
