/** What the differential test compares: a side takes steps and gives answers as plain data. */

import type { Event as WatchEvent } from '../../client/wire/generated/kv.js'
import type { WatchCreateRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import { RpcError, type Status } from '../../client/wire/status.js'
import type { Step } from './sequence.js'

/** How a step came out, revisions relative to the sequence. */
export type Answer =
  | { readonly response: object }
  | { readonly code: Status; readonly text: string }
  /** The server kept silent, as it may for watch requests. */
  | { readonly silent: true }

/** The life of one watcher. */
export interface WatchStory {
  readonly request: WatchCreateRequest
  /** The first response, in answer to the request. */
  readonly created: WatchResponse
  /** Every event so far, in order of arrival. */
  readonly events: WatchEvent[]
  /** What was odd about how the events came: split revisions, headers from the past. */
  readonly oddities: string[]
  /** The response by which a compaction ended the watcher. */
  canceled: WatchResponse | undefined
}

/** One of the three that are compared. */
export interface Side {
  /** @param answered what the model expects: false when it keeps silent. */
  take(step: Step, answered: boolean): Promise<Answer>
  /** Watchers in order of their creation, refused ones included. */
  readonly stories: readonly WatchStory[]
}

/** An error of a call as an answer. @throws whatever is no answer of a server */
export function refusal(error: unknown): Answer {
  if (!(error instanceof RpcError)) throw error
  return { code: error.code, text: error.details }
}
