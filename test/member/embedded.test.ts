/** Stories of members inside one program, on real time, disks and sockets: what one of them does to the others, and what it leaves behind. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { nodeClock } from '../../client/host/clock-node.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Channel } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { Health, KV, Lease, Watch } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'
import { NodeDisk } from '../../server/host/disk-node.js'
import { freePorts, isPortFree } from '../../server/host/free-port.js'
import { InProcessNetwork } from '../../server/host/network-inprocess.js'
import { Member } from '../../server/server.js'
import { startCluster } from '../../server/start-cluster.js'
import { type Server, type ServerOptions, startServer } from '../../server/start-server.js'

let directory: string
const ends: (() => unknown)[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'conclave-embedded-'))
})

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await rm(directory, { recursive: true, force: true })
})

async function start(options: ServerOptions): Promise<Server> {
  const server = await startServer(options)
  ends.push(() => server.stop().catch(() => {}))
  return server
}

async function alone(): Promise<ServerOptions> {
  const [client, peer] = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`)
  return {
    name: 'a',
    dataDir: join(directory, 'a'),
    listenClientUrls: [client!],
    advertiseClientUrls: [client!],
    listenPeerUrls: [peer!],
    initialAdvertisePeerUrls: [peer!],
    initialCluster: { a: [peer!] },
  }
}

function channelTo(url: string): Channel {
  const channel = new GrpcTransport().connect(url)
  ends.push(() => channel.close())
  return channel
}

/** Why a stream ended. */
function end<In, Out>(stream: MessageStream<In, Out>): Promise<RpcError | undefined> {
  return new Promise((close) => stream.receive({ message: () => {}, close }))
}

/** Every sync of a log file fails from now on, until the result is called. */
function breakSyncs(): () => void {
  const { open } = NodeDisk.prototype
  let broken = true
  NodeDisk.prototype.open = async function (path, mode) {
    const file = await open.call(this, path, mode)
    const sync = file.sync.bind(file)
    file.sync = () => (broken ? Promise.reject(new Error('EIO: i/o error')) : sync())
    return file
  }
  return () => {
    broken = false
    NodeDisk.prototype.open = open
  }
}

describe('a member that ends itself', () => {
  test('frees its data and its ports, and can be started again', async () => {
    const options = await alone()
    const mend = breakSyncs()
    ends.push(mend)
    let server: Server
    mend()
    server = await start(options)
    await server.ready()
    await server.stop()
    const again = breakSyncs()
    ends.push(again)
    // The disk breaks with the first sync of the start, or with the first write after it.
    const failing = await startServer(options).catch(() => undefined)
    if (failing !== undefined) {
      await failing.failed
      await expect(failing.ready()).rejects.toThrow(/log|EIO/)
      await failing.stop()
    }
    again()
    server = await start(options)
    await server.ready()
  })

  test('while it opens, is not handed out', async () => {
    const options = await alone()
    const { open } = Member
    ends.push(() => {
      Member.open = open
    })
    Member.open = async (host, config, explicit) => {
      const member = await open.call(Member, host, config, explicit)
      host.exit(new Error('broken while opening'))
      return member
    }
    await expect(startServer(options)).rejects.toThrow(/broken while opening/)
    Member.open = open
    await (await start(options)).ready()
  })

  test('says so to whoever waits for it to be ready', async () => {
    const network = new InProcessNetwork(nodeClock)
    const url = (port: number) => `http://127.0.0.1:${port}`
    const server = await start({
      name: 'a',
      storage: 'memory',
      network,
      listenClientUrls: [],
      listenPeerUrls: [url(1)],
      initialAdvertisePeerUrls: [url(1)],
      initialCluster: { a: [url(1)], b: [url(2)] },
    })
    const before = server.ready()
    await server.stop()
    await expect(before).rejects.toThrow(/stopped/)
    await expect(server.ready()).rejects.toThrow(/stopped/)
  })
})

describe('a cluster', () => {
  test('that cannot start as a whole leaves nothing running', async () => {
    await writeFile(join(directory, 'm3'), 'a file in the place of a directory')
    const options = { dataDir: directory, sockets: false }
    await expect(startCluster(options)).rejects.toThrow(/file is in its place/)
    await rm(join(directory, 'm3'))
    const cluster = await startCluster(options)
    await cluster.stop()
  })

  test('of which a member fails before all are ready is not handed out', async () => {
    const { open } = Member
    ends.push(() => {
      Member.open = open
    })
    Member.open = async (host, config, explicit) => {
      const member = await open.call(Member, host, config, explicit)
      if (config.name === 'm2') queueMicrotask(() => setImmediate(() => host.exit(new Error('m2'))))
      return member
    }
    const starting = startCluster({ storage: 'memory', sockets: false })
    ends.push(() => starting.then((cluster) => cluster.stop()).catch(() => {}))
    await expect(starting).rejects.toThrow('m2')
  })

  test('replicates the largest request that it was told to accept', async () => {
    const maxRequestBytes = 20 * 2 ** 20
    const cluster = await startCluster({ storage: 'memory', maxRequestBytes })
    ends.push(() => cluster.stop())
    const channel = cluster.members[0]!.transport.connect('any')
    const value = Buffer.alloc(maxRequestBytes - 1000)
    const { header } = await channel.call(KV.put, { key: Buffer.from('k'), value })
    expect(header?.revision).toBe(2)
  })

  test('without sockets takes a member back that was stopped', async () => {
    const network = new InProcessNetwork(nodeClock)
    const names = ['a', 'b', 'c']
    const peer = (i: number) => `http://127.0.0.1:${10 + i}`
    const options = (i: number): ServerOptions => ({
      name: names[i]!,
      dataDir: join(directory, names[i]!),
      network,
      listenClientUrls: [`http://127.0.0.1:${20 + i}`],
      advertiseClientUrls: [`http://127.0.0.1:${20 + i}`],
      listenPeerUrls: [peer(i)],
      initialAdvertisePeerUrls: [peer(i)],
      initialCluster: Object.fromEntries(names.map((name, j) => [name, [peer(j)]])),
    })
    const servers = await Promise.all([0, 1, 2].map((i) => start(options(i))))
    await Promise.all(servers.map((server) => server.ready()))
    const at = servers.findIndex((server) => !server.isLeader)
    await servers[at]!.stop()
    const back = await start(options(at))
    const call = back.transport.connect('any').call(KV.range, { key: Buffer.from('k') })
    expect((await call).count).toBe(0)
  })
})

describe('a stop', () => {
  test('with open streams of every kind tells each of them, and does not wait for their clients', async () => {
    const options = await alone()
    const server = await start(options)
    await server.ready()
    for (const channel of [channelTo(server.clientUrls[0]!), server.transport.connect('any')]) {
      await channel.call(KV.put, { key: Buffer.from('k'), value: Buffer.from('v') })
    }
    const outside = channelTo(server.clientUrls[0]!)
    const inside = server.transport.connect('any')
    const open = [outside, inside].flatMap((channel) => {
      const watch = channel.stream(Watch.watch, { metadata: { hasleader: 'true' } })
      const lease = channel.stream(Lease.leaseKeepAlive)
      const health = channel.stream(Health.watch)
      const streams = [end(watch), end(lease), end(health)]
      watch.send({ createRequest: { key: Buffer.from('k') } })
      lease.send({ ID: 1n })
      health.send({})
      return streams
    })
    await outside.call(KV.range, { key: Buffer.from('k') })
    const startedMs = performance.now()
    await server.stop()
    const reasons = await Promise.all(open)
    expect(reasons.map((reason) => reason?.details)).toEqual(
      Array(6).fill('etcdserver: server stopped'),
    )
    // Well below the grace that a client may have: nobody had anything to finish.
    expect(performance.now() - startedMs).toBeLessThan(1_900)
  })
})

/** Two neighbouring ports below those that the system hands out, so that nobody gets them meanwhile. */
async function portsToComeBackTo(): Promise<number> {
  for (let port = 20_000 + ((process.pid * 2) % 10_000); port < 32_000; port += 2)
    if ((await isPortFree(port)) && (await isPortFree(port + 1))) return port
  throw new Error('no two free ports below 32000')
}

test('a cluster on disk comes back on its data when it is given its ports again', async () => {
  const port = await portsToComeBackTo()
  const dataDir = join(directory, 'cluster')
  const first = await startCluster({ size: 1, dataDir, port })
  ends.push(() => first.stop())
  await channelTo(first.endpoints[0]!).call(KV.put, { key: Buffer.from('k') })
  await first.stop()
  const second = await startCluster({ size: 1, dataDir, port })
  ends.push(() => second.stop())
  const { count } = await channelTo(second.endpoints[0]!).call(KV.range, { key: Buffer.from('k') })
  expect(count).toBe(1)
})

describe('a stop answers what was under way', () => {
  const puts = (channel: Channel) =>
    Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => channel.call(KV.put, { key: Buffer.from(`k${i}`) })),
    )
  const failures = (results: PromiseSettledResult<unknown>[]) =>
    results.filter(({ status }) => status === 'rejected')

  test('of a member alone, over sockets', async () => {
    const options = await alone()
    const server = await start(options)
    await server.ready()
    const channel = channelTo(options.listenClientUrls![0]!)
    await channel.call(KV.put, { key: Buffer.from('warm') })
    const results = puts(channel)
    // One of the hundred has come in, so the others are on the connection.
    await channel.call(KV.range, { key: Buffer.from('warm') })
    const [settled] = await Promise.all([results, server.stop()])
    expect(failures(settled)).toEqual([])
  })

  test('of a whole cluster without sockets', async () => {
    const cluster = await startCluster({ size: 3, storage: 'memory', sockets: false })
    const channels = cluster.endpoints.map((endpoint) => cluster.transport!.connect(endpoint))
    const results = Promise.all(channels.map(puts))
    await new Promise<void>((turn) => setImmediate(turn))
    const [settled] = await Promise.all([results, cluster.stop()])
    expect(settled.flatMap(failures)).toEqual([])
  })
})
