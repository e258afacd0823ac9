/** All fuzz targets. */

import { cliTarget } from './cli-target.js'
import { codecTarget } from './codec-target.js'
import { http2Target } from './http2-target.js'
import { peerTarget } from './peer-target.js'
import { snapshotTarget } from './snapshot-target.js'
import type { Target } from './target.js'
import { walTarget } from './wal-target.js'

/** In the order in which they run. */
export const targets: readonly Target[] = [
  codecTarget,
  walTarget,
  snapshotTarget,
  cliTarget,
  http2Target,
  peerTarget,
]
