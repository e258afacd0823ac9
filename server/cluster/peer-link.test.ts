/** The way to a peer: order while it lasts, a bound on what waits, and a way back after it broke. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { nodeClock } from '../../client/host/clock-node.js'
import type { MessageStream, Receiver } from '../../client/host/stream.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import type { Init } from '../../client/wire/codec.js'
import type { PeerAck, PeerBatch } from '../../client/wire/generated/peer.js'
import { Message, MessageType } from '../../client/wire/generated/raft.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { GrpcListener } from '../host/listener-grpc.js'
import {
  PEER_BATCH_BYTES,
  PEER_QUEUE_BYTES_MAX,
  PEER_RETRY_MS,
  PEER_RETRY_MS_MAX,
} from '../limits.js'
import { PeerLink } from './peer-link.js'
import { type PeerTarget, peerService } from './peer-service.js'

const GONE = new RpcError(Status.UNAVAILABLE, 'gone')

/** One stream that the link opened, in the hands of the test. */
class Wire implements MessageStream<PeerAck, Init<PeerBatch>> {
  readonly sent: Init<PeerBatch>[] = []
  room = true
  ended = false
  #receiver: Receiver<PeerAck> | undefined
  send(batch: Init<PeerBatch>): boolean {
    this.sent.push(batch)
    return this.room
  }
  sendBytes = () => true
  end(): void {
    this.ended = true
  }
  fail(): void {}
  pause(): void {}
  resume(): void {}
  receive(receiver: Receiver<PeerAck>): void {
    this.#receiver = receiver
  }
  drain(): void {
    this.room = true
    this.#receiver!.drain!()
  }
  break(): void {
    this.#receiver!.close(GONE)
  }
  get indexes(): number[] {
    return this.sent.flatMap(({ messages }) => messages!.map(({ index }) => index!))
  }
}

class Bed {
  readonly clock = new VirtualClock()
  readonly wires: Wire[] = []
  readonly connected: string[] = []
  openChannels = 0
  unreachable = 0
  readonly #transport: Transport = {
    connect: (address) => {
      this.connected.push(address)
      this.openChannels++
      return {
        stream: () => {
          this.wires.push(new Wire())
          return this.wires.at(-1)
        },
        close: () => {
          this.openChannels--
        },
      } as unknown as Channel
    },
  }
  readonly link: PeerLink

  constructor(urls = ['http://h:1']) {
    this.link = new PeerLink({
      clock: this.clock,
      transport: this.#transport,
      urls,
      clusterId: 7n,
      from: 1n,
      batchBytes: PEER_BATCH_BYTES,
      queueBytesMax: PEER_QUEUE_BYTES_MAX,
      onRemoved: () => {},
      onUnreachable: () => {
        this.unreachable++
      },
    })
  }

  get wire(): Wire {
    return this.wires.at(-1)!
  }

  send(...indexes: number[]): void {
    this.link.send(indexes.map((index) => message(index)))
  }
}

function message(index: number, bytes = 0): Message {
  const entries = bytes === 0 ? [] : [{ index, term: 1, data: new Uint8Array(bytes) }]
  return Message.create({ type: MessageType.APPEND, to: 2n, from: 1n, index, entries })
}

describe('while the stream lasts', () => {
  test('messages go out in order, in batches that the far side accepts', () => {
    const it = new Bed()
    it.send(1, 2)
    it.link.send([message(3, PEER_BATCH_BYTES - 1000), message(4, 2000), message(5, 10)])
    it.link.send([message(6, 2 * PEER_BATCH_BYTES), message(7)])
    expect(it.wires.length).toBe(1)
    expect(it.wire.indexes).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(it.wire.sent.map(({ messages }) => messages!.length)).toEqual([2, 1, 2, 1, 1])
    expect(it.wire.sent[0]).toMatchObject({ clusterId: 7n, from: 1n })
  })

  test('what finds no room waits for it, and nothing overtakes', () => {
    const it = new Bed()
    it.send(1)
    it.wire.room = false
    it.send(2)
    it.send(3)
    it.send(4)
    expect(it.wire.indexes).toEqual([1, 2])
    it.wire.drain()
    it.send(5)
    expect(it.wire.indexes).toEqual([1, 2, 3, 4, 5])
    expect(it.unreachable).toBe(0)
  })

  test('what waits is bounded: more is dropped, and raft is told', () => {
    const it = new Bed()
    it.send(1)
    it.wire.room = false
    it.send(2)
    const large = PEER_QUEUE_BYTES_MAX / 4 - 1000
    for (let index = 3; index <= 8; index++) it.link.send([message(index, large)])
    expect(it.unreachable).toBe(2)
    it.wire.drain()
    expect(it.wire.indexes).toEqual([1, 2, 3, 4, 5, 6])
  })
})

describe('after the stream broke', () => {
  test('raft is told once, and nothing is kept for later', async () => {
    const it = new Bed()
    it.send(1)
    it.wire.room = false
    it.send(2)
    it.send(3)
    it.wire.break()
    it.send(4)
    expect([it.unreachable, it.wires.length]).toEqual([1, 1])
    await it.clock.run(PEER_RETRY_MS)
    it.send(5)
    expect(it.wires.length).toBe(2)
    expect(it.wire.indexes).toEqual([5])
  })

  test('the pause doubles up to a bound, and is over at once when the peer is heard', async () => {
    const it = new Bed()
    const pauses: number[] = []
    for (let tries = 0; tries < 8; tries++) {
      it.send(tries)
      it.wire.break()
      const brokenAtMs = it.clock.now()
      const { length } = it.wires
      while (it.wires.length === length) {
        await it.clock.run(10)
        it.send(tries)
      }
      pauses.push(it.clock.now() - brokenAtMs)
    }
    expect(pauses[0]).toBe(PEER_RETRY_MS)
    expect(pauses.slice(1, 4)).toEqual([2, 4, 8].map((times) => times * PEER_RETRY_MS))
    expect(Math.max(...pauses)).toBe(PEER_RETRY_MS_MAX)
    it.wire.break()
    it.link.awake()
    const { length } = it.wires
    it.send(1)
    expect(it.wires.length).toBe(length + 1)
  })

  test('a new connection is made, for the old one may be one that only seems to be', async () => {
    const it = new Bed()
    it.send(1)
    it.wire.break()
    await it.clock.run(PEER_RETRY_MS)
    it.send(2)
    expect([it.connected.length, it.openChannels]).toEqual([2, 1])
  })

  test('the next URL is tried', async () => {
    const it = new Bed(['http://h:1', 'http://h:2'])
    for (let tries = 0; tries < 3; tries++) {
      it.send(1)
      it.wire.break()
      await it.clock.run(PEER_RETRY_MS_MAX)
    }
    it.send(1)
    expect(it.connected).toEqual(['http://h:1', 'http://h:2', 'http://h:1', 'http://h:2'])
    expect(it.openChannels).toBe(1)
  })
})

test('a closed link sends nothing, and leaves neither timer nor channel', async () => {
  const it = new Bed()
  it.send(1)
  const first = it.wire
  it.link.close()
  it.send(2)
  first.break()
  expect([first.indexes, first.ended, it.wires.length]).toEqual([[1], true, 1])
  expect([it.clock.timerCount, it.openChannels, it.unreachable]).toEqual([0, 0, 0])
})

test('a peer that vanished without a word is noticed, and reached again when it is back', async () => {
  const heard: number[] = []
  const target = {
    clusterId: 7n,
    removedForGood: () => false,
    step: ({ messages }: PeerBatch) => heard.push(...messages.map(({ index }) => index)),
  } as unknown as PeerTarget
  const url = 'http://127.0.0.1:0'
  const listening = await new GrpcListener().listen(
    { url, requestBytesMax: 1 << 20 },
    peerService(target),
  )
  let cut = false
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = connect(Number(new URL(listening.url).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.on('data', (bytes) => cut || far.write(bytes))
    far.on('data', (bytes) => cut || near.write(bytes))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  let noticed: () => void = () => {}
  const unreachable = new Promise<void>((resolve) => {
    noticed = resolve
  })
  const link = new PeerLink({
    clock: nodeClock,
    transport: new GrpcTransport(),
    urls: [`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`],
    clusterId: 7n,
    from: 1n,
    batchBytes: PEER_BATCH_BYTES,
    queueBytesMax: PEER_QUEUE_BYTES_MAX,
    onRemoved: () => {},
    onUnreachable: () => noticed(),
  })
  const until = async (index: number) => {
    while (!heard.includes(index)) {
      link.send([message(index)])
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await until(1)
  cut = true
  await unreachable
  cut = false
  await until(2)
  link.close()
  for (const socket of sockets) socket.destroy()
  proxy.close()
  await listening.close(0)
}, 15_000)
