/** Replays the committed commands through the model and compares what each came to. */

import type { Command } from '../../client/wire/generated/command.js'
import type { ApplyResult } from '../../server/state/machine.js'
import type { Violation } from './operation.js'
import type { Truth } from './truth.js'

/** One committed command and what the first member that applied it made of it. */
export interface Committed {
  readonly index: number
  readonly term: number
  readonly command: Command
  readonly result: ApplyResult
  /** When it was first applied, in milliseconds of true time; for people. */
  readonly atMs: number
}

/** What a log comes to. */
export interface Replayed {
  readonly truth: Truth
  /** Where members and model differ; empty when they agree. */
  readonly violations: Violation[]
}

/** Replays commands in log order, from the first of the cluster on. */
export function replayLog(_committed: readonly Committed[]): Replayed {
  throw new Error('nothing is replayed yet')
}
