/**
 * A log that was written in peace and then struck on the medium, harder than one bit.
 *
 *     it refuses to open with WalDamaged, or holds what it held after one of its appends
 *     what it holds it holds again at the next opening, and what is appended then, too
 *
 * How much of a tail may be missing is not judged here: a cut at the end of a record cannot
 * be told from a log that never went on. Single bits are judged sharply in sim/wal-rot.ts.
 */

import { MemoryDisk } from '../../server/host/disk-memory.js'
import { Wal, type WalContents, WalDamaged, type WalOptions } from '../../server/storage/wal.js'
import { SeededRandom } from '../model/random.js'
import {
  applyBatch,
  EMPTY_WAL,
  isState,
  lastIndex,
  randomBatch,
  render,
  type WalModelState,
} from '../sim/wal-model.js'
import { type Damage, drawDamage, strike } from './damage.js'
import { targetOf } from './target.js'

type WalCase = {
  /** What the log holds is drawn from it. */
  readonly seed: number
  readonly isClosed: boolean
  readonly damage: readonly Damage[]
}

const DIRECTORY = '/wal'

/** See the head of the file. */
export const walTarget = targetOf<WalCase>({
  name: 'wal',
  about: 'damaged log segments: a prefix or a refusal, nothing invented',

  draw(random, known) {
    if (known.length > 0 && random.chance(0.1))
      return { ...random.pick(known), seed: random.between(0, 1e9) }
    const seed = random.between(0, 1e9)
    return { seed, isClosed: random.chance(0.5), damage: drawDamage(random, 3) }
  },

  async run({ seed, isClosed, damage }) {
    const random = new SeededRandom(seed)
    const options: WalOptions = {
      disk: new MemoryDisk(),
      directory: DIRECTORY,
      segmentBytes: random.between(300, 6000),
      onFatal: (reason) => {
        throw reason
      },
    }
    const states = await written(random, options, isClosed)
    for (const blow of damage) await strike(options.disk, DIRECTORY, blow)
    const found = await opened(options)
    if (found === undefined) return
    const state = states.findLast((each) => isState(found.contents, each))
    if (state === undefined)
      throw new Error(`made up:\n  ${render(found.contents)}\nwas\n  ${render(states.at(-1)!)}`)
    await goesOn(random, options, found.wal, state)
  },
})

/** A log and all its states, the empty one first. */
async function written(
  random: SeededRandom,
  options: WalOptions,
  isClosed: boolean,
): Promise<WalModelState[]> {
  const wal = await Wal.create({ ...options, clusterId: 1n, memberId: 2n })
  const states = [EMPTY_WAL]
  for (let count = random.between(1, 25); count > 0; count--) {
    const batch = { ...randomBatch(random, states.at(-1)!), mustSync: true }
    states.push(applyBatch(states.at(-1)!, batch))
    await new Promise<void>((done) => wal.append(batch, done))
    if (random.chance(0.1)) await wal.release(random.between(0, lastIndex(states.at(-1)!)))
  }
  if (isClosed) await wal.close()
  return states
}

/** The log as it opens; undefined when it refuses, or when nothing is left of it. */
async function opened(
  options: WalOptions,
): Promise<{ wal: Wal; contents: WalContents } | undefined> {
  if (!(await Wal.exists(options.disk, DIRECTORY))) return undefined
  try {
    return await Wal.open(options)
  } catch (error) {
    if (error instanceof WalDamaged) return undefined
    throw error
  }
}

async function goesOn(
  random: SeededRandom,
  options: WalOptions,
  wal: Wal,
  state: WalModelState,
): Promise<void> {
  const batch = { ...randomBatch(random, state), mustSync: true }
  await new Promise<void>((done) => wal.append(batch, done))
  const expected = applyBatch(state, batch)
  const again = await opened(options)
  if (again === undefined) throw new Error('it was repaired and went on, then refused to open')
  if (!isState(again.contents, expected))
    throw new Error(`went on to\n  ${render(again.contents)}\nshould be\n  ${render(expected)}`)
}
