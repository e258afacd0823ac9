/**
 * Many sequences, some of them at a time, each batch on a new pair of servers.
 *
 * Etcd looks after slow watchers every 100 ms only, so one pair mostly waits; a few
 * of them side by side keep two cores busy.
 */

import { startPair } from './pair-of-servers.js'
import { emptyTally, runSeed, type Tally } from './run-sequence.js'
import { BATCH } from './sequence.js'

/** What to run. */
export interface RunOptions {
  /** etcd's binary. */
  readonly etcd: string
  /** The first seed. */
  readonly from: number
  /** How many seeds. */
  readonly seeds: number
  /** Pairs of servers at a time; default 3. */
  readonly lanes?: number
  /** Ends the run after so many differences; default 1. */
  readonly differencesMax?: number
  /** Called after each sequence. */
  readonly onSequence?: (done: number, steps: number) => void
}

/** What came out. */
export interface RunResult {
  /** Sequences that ran to their end, or to their first difference. */
  readonly sequences: number
  readonly differences: readonly { readonly seed: number; readonly report: string }[]
  readonly tally: Tally
}

/** Runs the seeds `from`, `from + 1`, ... */
export async function runDifferential(options: RunOptions): Promise<RunResult> {
  const { from, seeds, lanes = 3, differencesMax = 1 } = options
  const tally = emptyTally()
  const differences: { seed: number; report: string }[] = []
  let next = from
  let sequences = 0

  /** The seeds of a lane's next batch: up to the next fresh one. */
  const take = (): number[] => {
    const batch: number[] = []
    while (next < from + seeds && (batch.length === 0 || next % BATCH !== 0)) batch.push(next++)
    return batch
  }
  const enough = () => differences.length >= differencesMax
  const lane = async () => {
    for (let batch = take(); batch.length > 0 && !enough(); batch = take()) {
      const storage = Math.floor(batch[0]! / BATCH) % 4 === 0 ? 'disk' : 'memory'
      const pair = await startPair(options.etcd, storage)
      try {
        for (const seed of batch) {
          if (enough()) break
          const report = await runSeed(seed, pair, tally).catch((error: unknown) =>
            broken(seed, error),
          )
          if (report !== undefined) differences.push({ seed, report })
          sequences++
          options.onSequence?.(sequences, tally.steps)
        }
      } finally {
        await pair.stop()
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { sequences, differences, tally }
}

/** A server that hangs or dies is a difference too. */
function broken(seed: number, error: unknown): string {
  return `seed ${seed}: the sequence could not be run to its end\n${(error as Error).stack ?? error}`
}
