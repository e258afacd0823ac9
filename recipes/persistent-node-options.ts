/** How persistent nodes behave, and what they tell. */

import type { KeyValue, ValueCodec } from '../client/index.js'
import type { AbsenceReason } from './key-keeper.js'
import type { SessionChoice } from './session-choice.js'

/** How a {@link PersistentNode} behaves. */
export interface PersistentNodeOptions<T> extends SessionChoice {
  /** `ephemeral` (the default): the key goes when this process does. `persistent`: it stays. */
  readonly mode?: 'ephemeral' | 'persistent'
  /** How values are written. Default JSON. */
  readonly codec?: Pick<ValueCodec<unknown, T>, 'encode'>
  /**
   * May this key of somebody else be overwritten when we come? Say yes to what an earlier
   * life of ours left. Default never, and we wait until it is gone; `persistent`: always,
   * since it would never go.
   */
  readonly takeOver?: (holder: KeyValue) => boolean
}

/** What a {@link PersistentNode} tells. */
export interface PersistentNodeEvents {
  /** The key is there and ours, now or again. */
  readonly present: { readonly fencingToken: number }
  /** It is not, or we cannot be sure of it any more. */
  readonly absent: { readonly reason: AbsenceReason }
  /** Something stands in the way; it goes on trying. {@link TakenError}, `LostError`, `ConclaveError`. */
  readonly error: Error
}
