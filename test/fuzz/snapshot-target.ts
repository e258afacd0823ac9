/**
 * Snapshots with damage, on their way and in their file.
 *
 *     over the wire: in any pieces, a receiver that finishes has exactly what was sent, under
 *                    its name; one that does not leaves no file behind
 *     in the file:   `findSnapshots` and `installSnapshot` never fail but with SnapshotDamaged;
 *                    a failed install leaves the old database, and one that goes through
 *                    makes exactly the tables that were sent
 */

import { isDeepStrictEqual } from 'node:util'
import type { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { MemoryDatabases } from '../../server/host/database-memory.js'
import type { Disk } from '../../server/host/disk.js'
import { MemoryDisk } from '../../server/host/disk-memory.js'
import { findSnapshots, snapshotName } from '../../server/storage/snapshot-file.js'
import {
  SnapshotDamaged,
  SnapshotEncoder,
  type SnapshotEntry,
} from '../../server/storage/snapshot-format.js'
import { installSnapshot } from '../../server/storage/snapshot-install.js'
import { SnapshotReceiver } from '../../server/storage/snapshot-receiver.js'
import { SeededRandom } from '../model/random.js'
import { type Damage, drawDamage, readAll, strike, writeAll } from './damage.js'
import { pieces } from './mutate.js'
import { targetOf } from './target.js'

type SnapshotCase = {
  /** What the snapshot holds, and the pieces it comes in, are drawn from it. */
  readonly seed: number
  readonly where: 'wire' | 'file'
  readonly damage: readonly Damage[]
}

interface Sent {
  readonly metadata: SnapshotMetadata
  readonly bytes: Buffer
  readonly tables: ReadonlyMap<string, readonly SnapshotEntry[]>
}

const TABLES = ['kv', 'lease', 'meta']
const SNAPSHOTS = '/snap'
const DATABASE = '/db'

/** See the head of the file. */
export const snapshotTarget = targetOf<SnapshotCase>({
  name: 'snapshot',
  about: 'damaged snapshots on the wire and on disk: refused whole, never half installed',

  draw(random, known) {
    const seed = random.between(0, 1e9)
    if (known.length > 0 && random.chance(0.1)) return { ...random.pick(known), seed }
    const damage = random.chance(0.05) ? [] : drawDamage(random, 2)
    return { seed, where: random.pick(['wire', 'file'] as const), damage }
  },

  async run({ seed, where, damage }) {
    const random = new SeededRandom(seed)
    const disk = new MemoryDisk()
    await disk.makeDirectory(SNAPSHOTS)
    const sent = randomSnapshot(random)
    if (where === 'file') await inFile(disk, sent, damage)
    else await overTheWire(random, disk, sent, damage)
  },
})

function randomSnapshot(random: SeededRandom): Sent {
  const voters = Array.from({ length: random.between(0, 3) }, (_, i) => BigInt(i + 1))
  const none = { learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false }
  const index = random.between(1, 1e6)
  const metadata = { index, term: random.between(1, 9), confState: { voters, ...none } }
  const encoder = new SnapshotEncoder()
  const parts = [encoder.metadata(metadata)]
  const tables = new Map<string, readonly SnapshotEntry[]>()
  for (const table of TABLES) {
    const keys = Array.from({ length: random.between(0, 8) }, (_, i) => `k${i}`)
    const entries = keys.map((key): SnapshotEntry => [key, random.bytes(random.between(0, 200))])
    tables.set(table, entries)
    if (entries.length > 0) parts.push(encoder.records(table, entries))
  }
  parts.push(encoder.footer())
  return { metadata, bytes: Buffer.concat(parts), tables }
}

/** Damage at this place does not move files: there is one. */
async function struck(bytes: Buffer, damage: readonly Damage[]): Promise<Buffer | undefined> {
  const disk = new MemoryDisk()
  await disk.makeDirectory('/one')
  await writeAll(disk, '/one/file', bytes)
  for (const blow of damage) await strike(disk, '/one', blow)
  return (await disk.list('/one')).length > 0 ? readAll(disk, '/one/file') : undefined
}

async function overTheWire(
  random: SeededRandom,
  disk: Disk,
  sent: Sent,
  damage: readonly Damage[],
): Promise<void> {
  const arriving = await struck(sent.bytes, damage)
  if (arriving === undefined) return
  const { metadata } = sent
  const receiver = new SnapshotReceiver({ disk, directory: SNAPSHOTS, metadata })
  let path: string | undefined
  try {
    for (const piece of pieces(random, arriving, 12)) await receiver.write(piece)
    path = await receiver.finish()
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error
  }
  const names = await disk.list(SNAPSHOTS)
  if (path === undefined) {
    if (arriving.equals(sent.bytes)) throw new Error('a good snapshot was refused')
    if (names.length > 0) throw new Error(`refused, but left ${names.join()}`)
    return
  }
  if (!isDeepStrictEqual(names, [snapshotName(metadata)])) throw new Error(`left ${names.join()}`)
  if (!(await readAll(disk, path)).equals(sent.bytes)) throw new Error('took what was not sent')
}

async function inFile(disk: Disk, sent: Sent, damage: readonly Damage[]): Promise<void> {
  const lying = await struck(sent.bytes, damage)
  if (lying === undefined) return
  const path = `${SNAPSHOTS}/${snapshotName(sent.metadata)}`
  await writeAll(disk, path, lying)
  for (const found of await findSnapshots(disk, SNAPSHOTS))
    if (!isDeepStrictEqual(found.metadata, sent.metadata))
      throw new Error('found a snapshot that is none')
  const databases = new MemoryDatabases()
  const old = await databases.open(DATABASE, TABLES)
  await old.write([{ table: 'kv', key: 'old', value: Uint8Array.of(1) }])
  await old.close()
  let isInstalled = true
  try {
    await installSnapshot({ disk, databases, path, databasePath: DATABASE, tables: TABLES })
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error
    isInstalled = false
  }
  if (isInstalled !== lying.equals(sent.bytes))
    throw new Error(isInstalled ? 'installed a damaged snapshot' : 'refused a good snapshot')
  await holds(databases, isInstalled ? sent.tables : undefined)
}

/** The database holds these tables, or the old state and nothing else. */
async function holds(databases: MemoryDatabases, tables: Sent['tables'] | undefined) {
  const database = await databases.open(DATABASE, TABLES)
  for (const table of TABLES) {
    const old: SnapshotEntry[] = table === 'kv' ? [['old', Uint8Array.of(1)]] : []
    const expected = (tables?.get(table) ?? (tables ? [] : old)).map(printable)
    const found = [...database.entries(table)].map(printable)
    if (!isDeepStrictEqual(found, expected))
      throw new Error(`${table} holds ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`)
  }
  await database.close()
}

function printable([key, value]: SnapshotEntry): readonly [string, string] {
  return [key, Buffer.from(value).toString('hex')]
}
