/** How members are, and the care for them: alarms, checksums, snapshots that etcd's own tool restores. */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { run, type Tool } from '../compat/command-run.js'
import { findTool } from '../compat/find-tool.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

const etcdctl = findTool('etcdctl', 'ETCDCTL_BIN')

subject('maintenance', (server) => {
  const lacks = (feature: 'snapshot' | 'hash' | 'defragment' | 'downgrade') =>
    server.kind.lacks.includes(feature)

  test('a member tells how it is', async () => {
    const { maintenance } = server.client
    const status = await maintenance.status(server.endpoints[0])
    expect(status).toMatchObject({ isLearner: false, errors: [] })
    expect(status.header.memberId).toBe(status.leader)
    expect(status.dbSizeInUseBytes).toBeLessThanOrEqual(status.dbSizeBytes)
  })

  test('the checksum of the keys changes with them, and not without', async () => {
    const { kv, maintenance } = server.client
    const [endpoint] = server.endpoints
    const { revision } = await kv.put(`${server.at}a`, '1')
    const first = await maintenance.hashKv(endpoint, { revision })
    await kv.put(`${server.at}a`, '2')
    const again = await maintenance.hashKv(endpoint, { revision })
    const other = await maintenance.hashKv(endpoint)
    expect(again).toMatchObject({ hash: first.hash, compactRevision: first.compactRevision })
    expect(other.hash).not.toBe(first.hash)
    const error = await failure(maintenance.hashKv(endpoint, { revision: 1_000_000 }))
    expect(error.code).toBe('future-revision')
  })

  server.having('hash')('the checksum of the database is of one member', async () => {
    const { maintenance } = server.client
    const { hash, header } = await maintenance.hash(server.endpoints[0])
    expect(hash).toBeGreaterThan(0)
    expect(header.memberId).not.toBe(0n)
  })

  server.having('defragment')('a defragmented database has no less in it', async () => {
    const { kv, maintenance } = server.client
    await kv.put(`${server.at}a`, 'stays')
    await maintenance.defragment(server.endpoints[0]!, { timeoutMs: 20_000 })
    expect((await kv.get(`${server.at}a`))?.text()).toBe('stays')
  })

  test('what a server does not offer is refused by name', async () => {
    const { maintenance } = server.client
    const [endpoint] = server.endpoints
    const absent: [boolean, string, () => Promise<unknown>][] = [
      [lacks('snapshot'), 'Snapshot', () => maintenance.snapshot().next()],
      [lacks('hash'), 'Hash', () => maintenance.hash(endpoint)],
      [lacks('defragment'), 'Defragment', () => maintenance.defragment(endpoint!)],
      [lacks('downgrade'), 'Downgrade', () => maintenance.validateDowngrade('3.4')],
    ]
    for (const [isAbsent, method, call] of absent) {
      if (!isAbsent) continue
      const error = await failure(call())
      expect(error).toMatchObject({ code: 'unimplemented', outcomeUnknown: false })
      expect(error.message).toContain(method)
    }
  })

  describe('a snapshot', () => {
    let directory: string
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'conclave-snapshot-'))
    })
    afterEach(() => rmSync(directory, { recursive: true, force: true }))
    const snapshotTest = server.having('snapshot')

    snapshotTest('is restored by etcdctl', async () => {
      if (etcdctl === undefined) {
        if (process.env['CI'] === 'true') throw new Error('no etcdctl on the PATH')
        return
      }
      const tool: Tool = { program: etcdctl, first: ['snapshot'] }
      const { kv, maintenance } = server.client
      let written = 0
      for (let i = 0; i < 200; i++)
        written = (await kv.put(`${server.at}${i}`, 'x'.repeat(1_000))).revision
      const path = join(directory, 'backup.db')
      const remaining: number[] = []
      const { bytes } = await maintenance.saveSnapshot(path, {
        onProgress: ({ remainingBytes }) => remaining.push(remainingBytes),
      })
      expect(statSync(path).size).toBe(bytes)
      expect(bytes % 512).toBe(32)
      expect(remaining.length).toBeGreaterThan(3)
      expect(remaining).toEqual([...remaining].sort((a, b) => b - a))
      const status = await run(tool, ['status', path, '-w', 'json'])
      const { revision, totalKey } = JSON.parse(status.stdout) as Record<string, number>
      expect(revision).toBe(written)
      expect(totalKey).toBeGreaterThanOrEqual(200)
      const restored = await run(tool, ['restore', path, '--data-dir', join(directory, 'data')])
      expect(restored).toMatchObject({ code: 0 })
      expect(readdirSync(join(directory, 'data'))).toEqual(['member'])
    })

    snapshotTest('ends when its reader leaves, and the client goes on', async () => {
      const { kv, maintenance } = server.client
      for await (const { receivedBytes } of maintenance.snapshot()) {
        expect(receivedBytes).toBeGreaterThan(0)
        break
      }
      await kv.put(`${server.at}a`, '1')
    })

    snapshotTest('is aborted', async () => {
      const aborted = server.client.maintenance.snapshot({ signal: AbortSignal.abort() })
      expect((await failure(aborted.next())).code).toBe('cancelled')
    })
  })
})

/** A value of which few fit. */
const LARGE = Buffer.alloc(64 * 1024, 7)
/** More than fit. */
const LARGE_MAX = 200

subject(
  'a full database',
  (server) => {
    test('raises an alarm that is taken back when there is room again', async () => {
      const { kv, maintenance } = server.client
      const fill = async () => {
        for (let i = 0; i < LARGE_MAX; i++) await kv.put(`${server.at}${i}`, LARGE)
      }
      expect(await failure(fill())).toMatchObject({ code: 'no-space' })
      const { leader } = await maintenance.status()
      expect(await maintenance.alarms()).toEqual([{ memberId: leader, kind: 'no-space' }])
      const { revision } = await kv.delete({ prefix: server.at })
      await kv.compact(revision, { physical: true })
      if (!server.kind.lacks.includes('defragment'))
        await maintenance.defragment(server.endpoints[0]!)
      expect(await maintenance.disarm()).toEqual([{ memberId: leader, kind: 'no-space' }])
      expect(await maintenance.alarms()).toEqual([])
      await kv.put(`${server.at}small`, 'fits')
    })
  },
  { flags: ['--quota-backend-bytes=4000000'] },
)
