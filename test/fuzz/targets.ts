/** All fuzz targets. */

import { codecTarget } from './codec-target.js'
import type { Target } from './target.js'

/** In the order in which they run. */
export const targets: readonly Target[] = [codecTarget]
