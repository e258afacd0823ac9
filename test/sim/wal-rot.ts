/**
 * A log that was written in peace and then loses one bit on the medium.
 *
 * It must not come back wrong. What it may do: refuse, or come back whole (the bit was of
 * no consequence), or come back without the last append, which cannot be told from a write
 * that a power failure cut off; but not even that after it was closed in peace.
 */

import { Wal, WalDamaged } from '../../server/storage/wal.js'
import { SeededRandom } from '../model/random.js'
import { FaultDisk } from './fault-disk.js'
import { applyBatch, EMPTY_WAL, isState, lastIndex, randomBatch, render } from './wal-model.js'

/** How a rotten log was opened. */
export type RotOutcome = 'refused' | 'whole' | 'without the last append'

/** Runs one seed. @throws the log came back wrong. */
export async function rotWal(seed: number, closeInPeace: boolean): Promise<RotOutcome> {
  const random = new SeededRandom(seed)
  const disk = new FaultDisk({ seed })
  const onFatal = (reason: Error) => {
    throw reason
  }
  const directory = '/wal'
  const segmentBytes = random.between(500, 5000)
  const options = { disk: disk.mount(), directory, segmentBytes, onFatal }
  const wal = await Wal.create({ ...options, clusterId: 1n, memberId: 2n })
  const states = [EMPTY_WAL]
  for (let count = random.between(1, 30); count > 0; count--) {
    const batch = { ...randomBatch(random, states.at(-1)!), mustSync: true }
    states.push(applyBatch(states.at(-1)!, batch))
    await new Promise<void>((done) => wal.append(batch, done))
    if (random.chance(0.1)) await wal.release(random.between(0, lastIndex(states.at(-1)!)))
  }
  if (closeInPeace) await wal.close()
  disk.kill()
  const again = { ...options, disk: disk.mount() }
  const name = random.pick(await again.disk.list(directory))
  const offset = disk.rot(`${directory}/${name}`)
  try {
    const { contents } = await Wal.open(again)
    if (isState(contents, states.at(-1)!)) return 'whole'
    if (!closeInPeace && isState(contents, states.at(-2)!)) return 'without the last append'
    throw new Error(`seed ${seed}: byte ${offset} of ${name} made it\n  ${render(contents)}`)
  } catch (error) {
    if (error instanceof WalDamaged) return 'refused'
    throw error
  }
}
