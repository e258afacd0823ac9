/**
 * Somebody who looks on while a member works: the judges of the simulated world.
 *
 * A witness hears of raft's outputs and of applied entries as they happen, before anybody
 * else does. It must not change what it is shown, and must not throw but to end the run.
 * In production there is none, and nobody pays for it.
 */

import type { Entry } from '../../client/wire/generated/raft.js'
import type { RaftStatus, Ready } from '../raft/raft.js'
import type { Applied } from '../state/machine.js'

/** See the head of the file. */
export interface Witness {
  /** Raft's output, before any of it is carried out. */
  ready?(ready: Ready, status: RaftStatus): void
  /** An entry was applied here; `applied` is undefined where nothing came of it, as for a replay. */
  applied?(entry: Entry, applied: Applied | undefined): void
  /** A received snapshot stands: the state is that of this index now. */
  installed?(index: number): void
}
