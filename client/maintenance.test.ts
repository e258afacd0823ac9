/** Snapshots that arrive whole, damaged or not at all, and the other calls of the maintenance service. */

import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { fakeMembers, MemberStream, settled } from '../test/client/fake-members.js'
import { type Route, streaming, unary } from './host/service.js'
import type { SnapshotChunk } from './snapshot.js'
import type {
  AlarmRequest,
  DowngradeRequest,
  SnapshotRequest,
  SnapshotResponse,
} from './wire/generated/rpc.js'
import { Maintenance } from './wire/methods.js'
import { RpcError, Status } from './wire/status.js'

type SnapshotStream = MemberStream<SnapshotRequest, SnapshotResponse>

/** Members that send snapshots as the test says. */
function snapshotMembers(count: number, send: (stream: SnapshotStream, member: number) => void) {
  const bed = fakeMembers(count)
  const streams: SnapshotStream[] = []
  for (const [i, member] of bed.members.entries()) {
    const route = streaming(Maintenance.snapshot, (stream) => {
      const mine: SnapshotStream = new MemberStream(stream, () => send(mine, i))
      streams.push(mine)
    })
    ;(member.services as Route[]).push(route)
  }
  return { ...bed, streams }
}

const database = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))
const digest = createHash('sha256').update(database).digest()

/** Sends these bytes in pieces of this size, and ends. */
function sendAll(stream: SnapshotStream, bytes: Uint8Array, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const blob = bytes.subarray(at, at + pieceBytes)
    stream.send({ blob, remainingBytes: Math.max(0, bytes.length - at - blob.length - 32) })
  }
  stream.end()
}

async function read(chunks: AsyncIterable<SnapshotChunk>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const { bytes } of chunks) all.push(bytes)
  return Buffer.concat(all)
}

describe('a snapshot', () => {
  test.each([1, 31, 32, 33, 500, 2000])('arrives as it is, in pieces of %p bytes', async (size) => {
    const whole = Buffer.concat([database, digest])
    const { client } = snapshotMembers(1, (stream) => sendAll(stream, whole, size))
    expect((await read(client.maintenance.snapshot())).equals(whole)).toBe(true)
    client.close()
  })

  test('tells how much has come and how much is to come', async () => {
    const whole = Buffer.concat([database, digest])
    const { client } = snapshotMembers(1, (stream) => sendAll(stream, whole, 500))
    const progress: number[][] = []
    for await (const chunk of client.maintenance.snapshot())
      progress.push([chunk.receivedBytes, chunk.remainingBytes])
    expect(progress).toEqual([
      [500, 500],
      [1000, 0],
      [1032, 0],
    ])
    client.close()
  })

  const flipped = Buffer.concat([database, digest])
  flipped[500]! ^= 1
  test.each([
    ['a bit is wrong', flipped],
    ['the end is missing', Buffer.concat([database, digest]).subarray(0, 900)],
    ['the digest is missing', database],
    ['there is only a digest', createHash('sha256').digest()],
    ['there is nothing', Buffer.alloc(0)],
  ])('is refused when %s', async (_, bytes) => {
    const { client } = snapshotMembers(1, (stream) => sendAll(stream, bytes, 100))
    const failing = read(client.maintenance.snapshot())
    await expect(failing).rejects.toMatchObject({ code: 'snapshot-damaged' })
    client.close()
  })

  test('is taken from the next member when the first has nothing to send', async () => {
    const whole = Buffer.concat([database, digest])
    const { client, streams } = snapshotMembers(2, (stream, member) => {
      if (member === 1) sendAll(stream, whole, 500)
      else stream.fail(new RpcError(Status.UNAVAILABLE, 'stopping'))
    })
    expect(await read(client.maintenance.snapshot())).toHaveLength(whole.length)
    expect(streams).toHaveLength(2)
    client.close()
  })

  test('is not joined from two members', async () => {
    const { client, streams } = snapshotMembers(2, (stream) => {
      stream.send({ blob: database })
      stream.fail(new RpcError(Status.UNAVAILABLE, 'stopping'))
    })
    const failing = read(client.maintenance.snapshot())
    await expect(failing).rejects.toMatchObject({ code: 'unavailable' })
    expect(streams).toHaveLength(1)
    client.close()
  })

  test('a named endpoint alone is asked', async () => {
    const { client, streams } = snapshotMembers(2, (stream) =>
      stream.fail(new RpcError(Status.UNAVAILABLE, 'stopping')),
    )
    const failing = read(client.maintenance.snapshot({ endpoint: 'b' }))
    await expect(failing).rejects.toMatchObject({ code: 'unavailable' })
    expect(streams).toHaveLength(1)
    const unknown = read(client.maintenance.snapshot({ endpoint: 'c' }))
    await expect(unknown).rejects.toMatchObject({ code: 'invalid-argument' })
    client.close()
  })

  test('a server without snapshots says so', async () => {
    const { client } = fakeMembers(2)
    const failing = read(client.maintenance.snapshot())
    await expect(failing).rejects.toMatchObject({
      code: 'unimplemented',
      message: expect.stringContaining('/etcdserverpb.Maintenance/Snapshot'),
    })
    client.close()
  })

  test('a silent member is given up, a slow reader is not', async () => {
    const { client, clock, streams } = snapshotMembers(1, (stream) => {
      stream.send({ blob: database })
      stream.send({ blob: database })
    })
    const chunks = client.maintenance.snapshot({ silenceMs: 1_000 })
    await chunks.next()
    clock.advance(10_000)
    await settled()
    await chunks.next()
    const third = chunks.next()
    third.catch(() => {})
    await settled()
    clock.advance(1_000)
    await expect(third).rejects.toMatchObject({ code: 'deadline-exceeded' })
    await settled()
    expect(streams[0]!.closed).toBeDefined()
    client.close()
  })

  test('its time, its signal and close() end it', async () => {
    const { client, clock } = snapshotMembers(1, (stream) => stream.send({ blob: database }))
    const controller = new AbortController()
    const limited = client.maintenance.snapshot({ timeoutMs: 50 })
    const aborted = client.maintenance.snapshot({ signal: controller.signal })
    const open = client.maintenance.snapshot()
    const ends = [limited, aborted, open].map(async (one) => {
      await one.next()
      return one.next().catch((error: unknown) => (error as { code: string }).code)
    })
    await settled()
    clock.advance(50)
    controller.abort()
    await settled()
    client.close()
    expect(await Promise.all(ends)).toEqual(['deadline-exceeded', 'cancelled', 'closed'])
  })

  test('a reader that leaves ends the stream', async () => {
    const { client, streams } = snapshotMembers(1, (stream) => stream.send({ blob: database }))
    for await (const _ of client.maintenance.snapshot()) break
    await settled()
    expect(streams[0]!.closed?.error?.code).toBe(Status.CANCELLED)
    client.close()
  })
})

describe('a saved snapshot', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'conclave-snapshot-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const whole = Buffer.concat([database, digest])

  test('is in the file, for its owner alone', async () => {
    const { client } = snapshotMembers(1, (stream) => sendAll(stream, whole, 500))
    const path = join(directory, 'backup.db')
    writeFileSync(path, 'older')
    const progress: number[] = []
    const saved = await client.maintenance.saveSnapshot(path, {
      onProgress: ({ receivedBytes }) => progress.push(receivedBytes),
    })
    expect(saved).toEqual({ bytes: whole.length, version: '' })
    expect(progress).toEqual([500, 1000, 1032])
    expect(readFileSync(path).equals(whole)).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['backup.db'])
    client.close()
  })

  test('leaves nothing behind when it is damaged, and what was there stays', async () => {
    const { client } = snapshotMembers(1, (stream) => sendAll(stream, whole.subarray(1), 500))
    const path = join(directory, 'backup.db')
    writeFileSync(path, 'older')
    const failing = client.maintenance.saveSnapshot(path)
    await expect(failing).rejects.toMatchObject({ code: 'snapshot-damaged' })
    expect(readdirSync(directory)).toEqual(['backup.db'])
    expect(readFileSync(path, 'utf8')).toBe('older')
    client.close()
  })

  test('says when the disk will not take it', async () => {
    const { client } = snapshotMembers(1, (stream) => sendAll(stream, whole, 500))
    const failing = client.maintenance.saveSnapshot(join(directory, 'no', 'such', 'place'))
    await expect(failing).rejects.toMatchObject({
      code: 'file-not-written',
      cause: { code: 'ENOENT' },
    })
    client.close()
  })
})

describe('other calls', () => {
  test('leadership cannot be moved when nobody answers, and the error says so', async () => {
    const { client, members } = fakeMembers(2, { timeoutMs: 100 })
    for (const member of members) member.up = false
    await expect(client.maintenance.moveLeader(7n)).rejects.toMatchObject({ code: 'unavailable' })
    client.close()
  })

  test('alarms are listed, and taken back one by one', async () => {
    const { client, first } = fakeMembers(1)
    const asked: AlarmRequest[] = []
    const route = unary(Maintenance.alarm, (request) => {
      asked.push(request)
      if (request.action !== 0) return {}
      return {
        alarms: [
          { memberID: 5n, alarm: 1 },
          { memberID: 6n, alarm: 2 },
          { memberID: 7n, alarm: 9 as never },
        ],
      }
    })
    ;(first.services as Route[]).push(route)
    expect(await client.maintenance.alarms()).toEqual([
      { memberId: 5n, kind: 'no-space' },
      { memberId: 6n, kind: 'corrupt' },
      { memberId: 7n, kind: 'unknown' },
    ])
    expect(await client.maintenance.disarm()).toHaveLength(2)
    await client.maintenance.disarm({ memberId: 8n, kind: 'no-space' })
    expect(asked.slice(2)).toEqual([
      { action: 2, memberID: 5n, alarm: 1 },
      { action: 2, memberID: 6n, alarm: 2 },
      { action: 2, memberID: 8n, alarm: 1 },
    ])
    client.close()
  })

  test('a downgrade is validated, begun and cancelled', async () => {
    const { client, first } = fakeMembers(1)
    const asked: DowngradeRequest[] = []
    const route = unary(Maintenance.downgrade, (request) => {
      asked.push(request)
      return { version: '3.6' }
    })
    ;(first.services as Route[]).push(route)
    expect(await client.maintenance.validateDowngrade('3.5')).toBe('3.6')
    await client.maintenance.enableDowngrade('3.5.0')
    await client.maintenance.cancelDowngrade()
    expect(asked).toEqual([
      { action: 0, version: '3.5' },
      { action: 1, version: '3.5.0' },
      { action: 2, version: '' },
    ])
    for (const wrong of ['', 'v3.5', '3'])
      await expect(client.maintenance.enableDowngrade(wrong)).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    client.close()
  })

  test('hashes are of the member that was named', async () => {
    const { client, members } = fakeMembers(2)
    const { services } = members[1]!
    const header = { memberId: 2n }
    ;(services as Route[]).push(
      unary(Maintenance.hash, () => ({ header, hash: 7 })),
      unary(Maintenance.hashKV, ({ revision }) => ({ header, hash: 8, hashRevision: revision })),
      unary(Maintenance.defragment, () => ({})),
    )
    const { maintenance } = client
    expect(await maintenance.hash('b')).toMatchObject({ hash: 7, header: { memberId: 2n } })
    expect(await maintenance.hashKv('b', { revision: 3 })).toMatchObject({
      hash: 8,
      hashRevision: 3,
    })
    await maintenance.defragment('b')
    await expect(maintenance.defragment('a')).rejects.toMatchObject({ code: 'unimplemented' })
    await expect(maintenance.hashKv('b', { revision: -1 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    client.close()
  })
})
