/** What processes did at double barriers: the material of their judge. */

import type { Moment } from './lock-record.js'

/** One visit to a double barrier. */
export interface Visit {
  readonly process: string
  readonly name: string
  /** Participants of a round. */
  readonly count: number
  readonly key: string
  /** `enter` was called. */
  readonly asked: Moment
  /** It returned this round; undefined when it failed. */
  readonly entered: { readonly moment: Moment; readonly round: number } | undefined
  /** It was refused as one too many. */
  readonly refused: Moment | undefined
  /** `leave` returned. */
  readonly left: Moment | undefined
}
