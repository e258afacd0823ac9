/**
 * The list that a watch begins with, or goes on from after a compaction.
 *
 * All pages are of one revision. While no member answers, it is asked again and again, as a
 * watch looks for a member for ever; what another try would only repeat is thrown.
 */

import type { Calls } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { ConclaveError, type ErrorCode } from './errors.js'
import type { WireRange } from './range.js'
import { RangeCursor } from './range-cursor.js'
import { nextSize } from './range-pieces.js'
import type { RangeResult } from './requests.js'

/** What a list is read with. */
export interface ListPorts {
  readonly calls: Calls
  /** Waits; rejects when the client is closed or the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What to list. */
export interface ListOptions {
  /** 0: as it is now. */
  readonly revision: number
  readonly keysOnly: boolean
  /** Ends the reading with `cancelled`. */
  readonly signal: AbortSignal
  /** No member answered; it is tried again. */
  onRetry(error: ConclaveError): void
}

/** Keys of the first page. */
const PAGE_KEYS = 256
/** Pause after a call that ran out of time; calls have their own back-off inside. */
const RETRY_MS = 500

const PASSING = new Set<ErrorCode>([
  'unavailable',
  'deadline-exceeded',
  'not-leader',
  'learner',
  'member-not-ready',
  'too-many-requests',
  'unknown',
])

/**
 * Yields the pages of a range, one at least.
 *
 * @throws {ConclaveError} `compacted` also when that happens between two pages; `closed`, ….
 */
export async function* listPages(
  ports: ListPorts,
  range: WireRange,
  { revision, keysOnly, signal, onRetry }: ListOptions,
): AsyncGenerator<RangeResult, void, undefined> {
  const cursor = new RangeCursor(range, { revision, keysOnly })
  let keys = PAGE_KEYS
  do {
    const page = await persistently(ports, signal, onRetry, (options) =>
      cursor.page(ports.calls, keys, options),
    )
    keys = nextSize(keys, page.kvs)
    yield page
  } while (cursor.more)
}

/** Asks until somebody answers or refuses. */
export async function persistently<T>(
  ports: ListPorts,
  signal: AbortSignal,
  onRetry: (error: ConclaveError) => void,
  ask: (options: RequestOptions) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await ask({ signal })
    } catch (error) {
      const failure = ConclaveError.from(error)
      if (signal.aborted || !PASSING.has(failure.code)) throw failure
      onRetry(failure)
    }
    await ports.sleep(RETRY_MS, signal)
  }
}
