/** What members and onlookers of groups were told: the material of their judge. */

import type { Moment } from './lock-record.js'

/** A member from `join` to `leave`. */
export interface GroupStay {
  readonly process: string
  readonly key: string
  /** No other process uses this id. */
  readonly isAlone: boolean
  /** `join` was called. */
  readonly asked: Moment
  /** Each time that we were told to be in it, with the token. */
  readonly present: readonly { readonly moment: Moment; readonly token: number }[]
  /** `leave` returned; undefined when it failed. */
  readonly left: Moment | undefined
}

/** Something that an onlooker was told. */
export interface GroupNews {
  readonly type: 'join' | 'leave' | 'update'
  readonly id: string
  readonly revision: number
  readonly synthetic: boolean
}

/** Somebody who looked at a group from its first list to the end. */
export interface GroupView {
  readonly process: string
  readonly name: string
  /** The first list; undefined when it was never read. */
  readonly first: { readonly revision: number; readonly ids: readonly string[] } | undefined
  readonly news: readonly GroupNews[]
  /** The last list. */
  readonly last: { readonly revision: number; readonly ids: readonly string[] } | undefined
}
