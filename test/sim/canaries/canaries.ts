/** All canaries; `npm run sim -- --canary all` looks for each of them. */

import type { Canary } from './canary.js'
import { CLIENT_CANARIES } from './client-canaries.js'
import { LEASE_CANARIES } from './lease-canaries.js'
import { PIPELINE_CANARIES } from './pipeline-canaries.js'
import { RAFT_CANARIES } from './raft-canaries.js'
import { READ_CANARIES } from './read-canaries.js'
import { STATE_CANARIES } from './state-canaries.js'
import { STORAGE_CANARIES } from './storage-canaries.js'
import { WATCH_CANARIES } from './watch-canaries.js'

/** In the order of the rooms. */
export const CANARIES: readonly Canary[] = [
  ...RAFT_CANARIES,
  ...READ_CANARIES,
  ...STORAGE_CANARIES,
  ...STATE_CANARIES,
  ...LEASE_CANARIES,
  ...WATCH_CANARIES,
  ...CLIENT_CANARIES,
  ...PIPELINE_CANARIES,
]

/** @throws Error there is none of that name. */
export function canaryNamed(name: string): Canary {
  const found = CANARIES.find((canary) => canary.name === name)
  if (found === undefined) throw new Error(`there is no canary ${name}`)
  return found
}
