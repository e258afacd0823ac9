/** Randoms with names: the draws of one part of the world do not shift those of another. */

import { SeededRandom } from '../../model/random.js'
import { hashText } from './event-log.js'

/** A random of its own for `name`, from the world's seed. */
export function forkRandom(seed: number, name: string): SeededRandom {
  const low = hashText(`${name}/${seed}`)
  const high = hashText(`${seed}/${name}`, low) & 0x1f_ffff
  return new SeededRandom(high * 0x1_0000_0000 + (low >>> 0))
}

/** Milliseconds of an exponential distribution with this mean; 0 for a mean of 0 or less. */
export function exponentialMs(random: SeededRandom, meanMs: number): number {
  return meanMs > 0 ? -meanMs * Math.log(1 - random.next()) : 0
}
