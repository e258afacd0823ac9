/**
 * What recipes fail with, beside the {@link ConclaveError} of the client.
 *
 * | what happened | error |
 * | --- | --- |
 * | what was held, or the session it hung on, is lost | {@link LostError} with its `reason` |
 * | something is used that was given back already | {@link NotHeldError} |
 * | a semaphore has another limit than was relied on | {@link LimitError} |
 * | a read lock is to become a write lock | {@link UpgradeError} |
 * | a key that is to be ours is somebody else's | {@link TakenError} |
 * | a wait was aborted | `ConclaveError` `cancelled`; `cause` is the reason of the signal |
 * | a wait took longer than `timeoutMs`, or than its `AbortSignal.timeout()` | `ConclaveError` `deadline-exceeded` |
 * | a name, a value or an option is wrong | `ConclaveError` `invalid-argument` |
 */

import { ConclaveError, type ErrorCode, type KeyValue } from '../client/index.js'

/**
 * Why something is lost.
 *
 * - `expired`: the lease was not renewed in time, or the server has ended it.
 * - `deleted`: somebody deleted the key; with `etcdctl del`, say.
 * - `closed`: `close()` was called on the session.
 * - `orphaned`: `orphan()` was called on the session.
 * - `client-closed`: the client was closed under it.
 * - `refused`: the server does not let us renew any more; see `cause`.
 */
export type LossReason = 'expired' | 'deleted' | 'closed' | 'orphaned' | 'client-closed' | 'refused'

const LOST: Readonly<Record<LossReason, string>> = {
  expired: 'its lease ran out. Stop the work that it protected, and begin with a new session.',
  deleted: 'somebody deleted its key. Stop the work that it protected.',
  closed: 'the session was closed.',
  orphaned: 'the session was orphaned: this process does not renew it any more.',
  'client-closed': 'the client was closed. Close sessions first.',
  refused: 'the server refuses to renew its lease. The cause says why.',
}

/** Something that was held is lost, for ever. Also the `reason` of the signals that tell it. */
export class LostError extends Error {
  override readonly name = 'LostError'
  readonly code = 'lost'
  readonly reason: LossReason

  /** @param what names what was lost, as in "The session 1f". */
  constructor(what: string, reason: LossReason, cause?: unknown) {
    super(`${what} is lost: ${LOST[reason]}`, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

/** Something is used that its holder gave back before: an error in the program. */
export class NotHeldError extends Error {
  override readonly name = 'NotHeldError'
  readonly code = 'not-held'

  constructor(what: string) {
    super(`${what} was released before; acquire it anew to use it again.`)
  }
}

/** A key that is to be ours is somebody else's. */
export class TakenError extends Error {
  override readonly name = 'TakenError'
  readonly code = 'taken'
  /** Who has it; undefined when it is another of this process, on the same session. */
  readonly holder: KeyValue | undefined

  constructor(key: string, holder: KeyValue | undefined) {
    const who = holder === undefined ? 'another one of this process' : 'somebody else'
    super(`The key ${key} is taken by ${who}; it is put when it becomes free.`)
    this.holder = holder
  }
}

/** A reader asked to write while it reads: that would wait for itself. An error in the program. */
export class UpgradeError extends Error {
  override readonly name = 'UpgradeError'
  readonly code = 'upgrade'

  /** @param what names the lock, as in "The lock a". */
  constructor(what: string) {
    super(
      `${what} is held for reading here: waiting to write would wait for this very reader. ` +
        'Release it first, or acquire it for writing from the start and downgrade it.',
    )
  }
}

/** A semaphore has another limit than somebody relies on. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
  readonly code = 'limit'
  /** What is stored; undefined when no limit is. */
  readonly stored: number | undefined

  /** @param wanted the limit that was expected, or the permits that do not fit in. */
  constructor(
    semaphore: string,
    wanted: { readonly limit: number } | { readonly permits: number },
    stored: number | undefined,
  ) {
    const is = stored === undefined ? 'has no limit yet' : `has the limit ${stored}`
    const told =
      'limit' in wanted
        ? `not ${wanted.limit}. Agree on one, or leave the option out; setLimit() changes it for all`
        : `so ${wanted.permits} of its permits can not be had`
    super(`The semaphore '${semaphore}' ${is}, ${told}.`)
    this.stored = stored
  }
}

/** Refuses an argument before anything is sent. */
export function invalidArgument(message: string): ConclaveError {
  return new ConclaveError('invalid-argument', message)
}

const TRANSIENT = new Set([
  'unavailable',
  'no-leader',
  'deadline-exceeded',
  'outcome-unknown',
  'too-many-requests',
  'not-leader',
  'unknown',
])

/** May the cluster do better in a while? */
export function isTransient(error: unknown): boolean {
  return error instanceof ConclaveError && TRANSIENT.has(error.code)
}

/** Did the client or the server say this, and not something else? */
export function hasCode(error: unknown, code: ErrorCode): error is ConclaveError {
  return error instanceof ConclaveError && error.code === code
}

/** May it have been done all the same? */
export function isInDoubt(error: unknown): error is ConclaveError {
  return error instanceof ConclaveError && error.outcomeUnknown
}

/** The end of a wait for what may be done or not. */
export function undecided(error: ConclaveError): ConclaveError {
  return new ConclaveError(
    'outcome-unknown',
    `It may or may not have been done; read what it would have written. (${error.message})`,
    { cause: error, outcomeUnknown: true },
  )
}

/** Lets a loss pass, where its signal has told it; throws everything else. */
export function exceptLost(error: unknown): void {
  if (!(error instanceof LostError)) throw error
}
