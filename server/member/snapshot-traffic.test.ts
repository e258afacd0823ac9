/** Whole states on their way: one at a time in, a few out, and nothing left behind whatever breaks. */

import { describe, expect, test } from '@jest/globals'
import { silentLog } from '../../client/host/log.js'
import { InProcessTransport } from '../../client/host/transport-inprocess.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { Message, MessageType, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { Peer } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'
import { VirtualClock } from '../../test/sim/virtual-clock.js'
import { type PeerTarget, peerService } from '../cluster/peer-service.js'
import type { Peers } from '../cluster/peers.js'
import { MemoryDatabases } from '../host/database-memory.js'
import { MemoryDisk } from '../host/disk-memory.js'
import { SNAPSHOTS_SENDING_MAX } from '../limits.js'
import { SnapshotEncoder } from '../storage/snapshot-format.js'
import { TABLES } from '../storage/tables.js'
import { SnapshotTraffic } from './snapshot-traffic.js'

const CLUSTER = 7n
const METADATA = SnapshotMetadata.create({ index: 50, term: 2, confState: { voters: [1n, 2n] } })
const snapshotTo = (to: bigint) => Message.create({ type: MessageType.SNAPSHOT, to, from: 1n })

/** A sender and a receiver, joined by one stream each time. */
async function bed() {
  const clock = new VirtualClock()
  const disk = new MemoryDisk()
  await disk.makeDirectory('snap')
  const database = await new MemoryDatabases().open('db', TABLES)
  const value = new Uint8Array(30_000)
  await database.write(
    Array.from({ length: 40 }, (_, i) => ({ table: 'kv', key: `k${10 + i}`, value })),
  )
  const it = {
    clock,
    disk,
    reports: [] as [bigint, boolean][],
    stepped: [] as Message[],
    openViews: 0,
    installing: false,
    /** Lets writes of the receiver through. */
    gate: Promise.resolve() as Promise<void>,
    list: () => disk.list('snap'),
    async settle(ms = 100): Promise<void> {
      for (let i = 0; i < ms; i++) await clock.run(1)
    },
  }
  const open = disk.open.bind(disk)
  disk.open = async (path, mode) => {
    const file = await open(path, mode)
    const write = file.writeAt.bind(file)
    file.writeAt = async (offset, chunks) => {
      await it.gate
      await write(offset, chunks)
    }
    return file
  }
  const traffic = (peers: unknown) =>
    new SnapshotTraffic({
      clock,
      disk,
      log: silentLog,
      peers: peers as Peers,
      clusterId: CLUSTER,
      selfId: 1n,
      directory: 'snap',
      freeze: async () => {
        const snapshot = database.snapshot()
        it.openViews++
        const close = snapshot.close.bind(snapshot)
        snapshot.close = () => {
          it.openViews--
          close()
        }
        return { snapshot, metadata: METADATA }
      },
      report: (peer, ok) => it.reports.push([peer, ok]),
      step: (message) => it.stepped.push(message),
      installing: () => it.installing,
    })
  const receiver = traffic(undefined)
  const target = {
    clusterId: CLUSTER,
    receiveSnapshot: (header) => receiver.receive(header),
  } as PeerTarget
  const services = peerService(target)
  const transport = new InProcessTransport({ clock, services: () => services })
  const channel = transport.connect('any')
  const sender = traffic({ channel: (id: bigint) => (id === 9n ? undefined : channel) })
  return { ...it, it, sender, receiver, channel }
}

describe('sending', () => {
  test('ends in a file, then in raft, then in a report; the frozen view is closed', async () => {
    const { it, sender, receiver } = await bed()
    sender.send(snapshotTo(2n))
    await it.settle()
    expect(it.reports).toEqual([[2n, true]])
    expect(it.stepped.map(({ snapshot }) => snapshot)).toEqual([METADATA])
    expect(it.openViews).toBe(0)
    expect(await it.list()).toHaveLength(1)
    expect(receiver.fileOf(METADATA)).toContain('snap/')
    await receiver.installed()
    expect(await it.list()).toEqual([])
  })

  test('to somebody unknown, twice to the same, or to too many is reported as failed', async () => {
    const { it, sender } = await bed()
    it.gate = new Promise(() => {})
    for (let to = 2n; to < 2n + BigInt(SNAPSHOTS_SENDING_MAX); to++) sender.send(snapshotTo(to))
    expect(it.reports).toEqual([])
    sender.send(snapshotTo(2n))
    sender.send(snapshotTo(8n))
    sender.send(snapshotTo(9n))
    expect(it.reports).toEqual([
      [2n, false],
      [8n, false],
      [9n, false],
    ])
  })

  test('that breaks in the middle closes the view, leaves no file, and may be tried again', async () => {
    const { it, sender, channel } = await bed()
    let open: () => void = () => {}
    it.gate = new Promise((resolve) => {
      open = resolve
    })
    sender.send(snapshotTo(2n))
    await it.settle(20)
    expect([it.openViews, (await it.list()).length]).toEqual([1, 1])
    channel.close()
    open()
    await it.settle()
    expect([it.reports, it.openViews, await it.list()]).toEqual([[[2n, false]], 0, []])
  })

  test('ends with a stop', async () => {
    const { it, sender } = await bed()
    it.gate = new Promise(() => {})
    sender.send(snapshotTo(2n))
    await it.settle(20)
    await sender.stop()
    await it.settle()
    expect([it.openViews, it.reports]).toEqual([0, [[2n, false]]])
  })
})

describe('receiving', () => {
  /** Offers a snapshot, says nothing more, and tells how it ended. */
  async function offer(
    channel: Awaited<ReturnType<typeof bed>>['channel'],
    clusterId = CLUSTER,
    term = 2,
  ) {
    const stream = channel.stream(Peer.sendSnapshot)
    const it = { stream, outcome: null as RpcError | undefined | null }
    stream.receive({
      message: () => {},
      close: (error) => {
        it.outcome = error
      },
    })
    const message = { ...snapshotTo(2n), term, snapshot: METADATA }
    stream.send({ header: { clusterId, from: 1n, message } })
    return it
  }

  test('takes one at a time: the newest of the latest term, since a leader that offers again has lost the one before', async () => {
    const { it, channel } = await bed()
    const chunk = { data: new SnapshotEncoder().metadata(METADATA) }
    const first = await offer(channel)
    first.stream.send(chunk)
    await it.settle(10)
    expect(await it.list()).toHaveLength(1)
    const again = await offer(channel)
    again.stream.send(chunk)
    first.stream.send(chunk)
    await it.settle(10)
    expect([first.outcome, again.outcome]).toEqual([expect.any(Error), null])
    expect(await it.list()).toHaveLength(1)
    const old = await offer(channel, CLUSTER, 1)
    await it.settle(10)
    expect(old.outcome?.details).toBe(etcdErrors.requestTooManyRequests.text)
    expect(again.outcome).toBeNull()
    again.stream.fail(etcdErrors.canceled.error())
    await it.settle(10)
    expect(await it.list()).toEqual([])
  })

  test('refuses while one is being installed, and of another cluster always', async () => {
    const { it, channel } = await bed()
    const foreign = await offer(channel, 8n)
    await it.settle(10)
    expect(foreign.outcome?.details).toBe(etcdErrors.clusterIDMismatch.text)
    it.installing = true
    const early = await offer(channel)
    await it.settle(10)
    expect(early.outcome?.details).toBe(etcdErrors.requestTooManyRequests.text)
    it.installing = false
    const now = await offer(channel)
    await it.settle(10)
    expect(now.outcome).toBeNull()
  })

  test('refuses streams that make no sense, and is free again afterwards', async () => {
    const { it, channel } = await bed()
    const bad = [
      [{ data: new Uint8Array(3) }],
      [{ header: { clusterId: CLUSTER, from: 1n, message: snapshotTo(2n) } }],
      [{ header: { clusterId: CLUSTER, from: 1n } }],
    ]
    for (const chunks of bad) {
      const stream = channel.stream(Peer.sendSnapshot)
      const end = new Promise<RpcError | undefined>((close) =>
        stream.receive({ message: () => {}, close }),
      )
      for (const chunk of chunks) stream.send(chunk)
      await it.settle(10)
      expect((await end)?.code).toBe(3)
    }
    const garbage = await offer(channel)
    garbage.stream.send({ data: Buffer.from('this is no snapshot, however long it goes on') })
    garbage.stream.end()
    await it.settle(10)
    expect(garbage.outcome).toBeInstanceOf(Error)
    const cut = await offer(channel)
    cut.stream.end()
    await it.settle(10)
    expect(cut.outcome).toBeInstanceOf(Error)
    expect([await it.list(), it.stepped]).toEqual([[], []])
    const good = await offer(channel)
    await it.settle(10)
    expect(good.outcome).toBeNull()
  })
})
