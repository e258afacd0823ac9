/**
 * Where a key stands among others, and when it holds: what differs from recipe to recipe.
 *
 * The algorithm itself, and who asks these questions when, is in contention.ts. A line is
 * made for one attempt, and may remember what it was told.
 */

import type { Compare, Op, OpResult, Range, WatchEvent } from '../client/index.js'

/** Something whose change may let a key hold. */
export interface Watched {
  readonly keyOrRange: string | Uint8Array | Range
  readonly filters: readonly ('noPut' | 'noDelete')[]
  /** Whether this event is worth another look; without it, every one is. */
  readonly matters?: ((event: WatchEvent) => boolean) | undefined
}

/** Why a key does not hold yet. */
export interface Ahead {
  /** Look again after the first change of any of them; at once, if there are none. */
  readonly watched: readonly Watched[]
}

/** See the head of the file. */
export interface Line {
  /** Conditions under which one joins, beside that the own key is missing. */
  conditions?(): readonly Compare[]
  /**
   * The conditions did not hold, and the own key is missing: is there any point in another
   * join? Without it there is none.
   *
   * @throws what the caller of `acquire` is to be told.
   */
  refused?(signal: AbortSignal): Promise<boolean>
  /** What to read to know what is before a key; in a join, which has no token yet, before one that is created now. */
  reads(token: number | undefined): readonly Op[]
  /** What is before the key with this token, from the results of {@link reads}; undefined when it holds. */
  ahead(results: readonly OpResult[], token: number): Ahead | undefined
}
