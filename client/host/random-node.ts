/** Real chance: Math.random where guessing does no harm, the system's source for bytes. */

import { randomBytes } from 'node:crypto'
import type { Random } from './random.js'

/** The random source of this process. */
export const nodeRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomBytes(length),
}
