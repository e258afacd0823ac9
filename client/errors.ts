/**
 * The one error class of the client.
 *
 * Every promise, iterator and callback fails with a {@link ConclaveError}. Branch on
 * `code`, which is stable; show `message`, which says what to do. For a write ask
 * `outcomeUnknown`: true means that it may or may not have happened.
 */

import { ADVICE, CODE_BY_ETCD_NAME, CODE_BY_STATUS, type ErrorCode } from './error-codes.js'
import { ServiceRecordsError } from './host/dns.js'
import { isTlsFailure } from './host/tls-failure.js'
import { type EtcdErrorName, etcdErrorNamed } from './wire/etcd-errors.js'
import { answerTooLarge } from './wire/pipeline-errors.js'
import { RpcError, Status } from './wire/status.js'

export type { ErrorCode } from './error-codes.js'

/** What a call was meant to do: a read may be repeated at will, a write may not. */
export type Intent = 'read' | 'write'

/** What else is known of a failure. */
export interface ConclaveErrorOptions {
  readonly cause?: unknown
  /** Status code and text as the server or the transport gave them. */
  readonly etcd?: { readonly status: Status; readonly text: string }
  /** For writes: it may or may not have happened. Default false. */
  readonly outcomeUnknown?: boolean
  /** With code `compacted`: the oldest revision that can still be read. */
  readonly compactRevision?: number
}

/** Marks our errors across copies of this package and across realms. */
const BRAND = Symbol.for('conclave.error')

/**
 * A failure with a stable code and a sentence that says what to do.
 *
 * @example
 * try {
 *   await client.kv.put('counter', '1')
 * } catch (error) {
 *   if (!(error instanceof ConclaveError)) throw error
 *   if (error.outcomeUnknown) console.log((await client.kv.get('counter'))?.text())
 *   else console.error(error.code, error.message)
 * }
 */
export class ConclaveError extends Error {
  override readonly name = 'ConclaveError'
  readonly [BRAND] = true
  /** Stable; see {@link ErrorCode}. */
  readonly code: ErrorCode
  /** What the wire said; undefined when the failure arose in this client. */
  readonly etcd: { readonly status: Status; readonly text: string } | undefined
  /**
   * For writes: it may or may not have happened. Read before repeating it, or guard it by a
   * compare. Also true with code `answer-too-large`: then it did happen. False: it did not.
   */
  readonly outcomeUnknown: boolean
  /** With code `compacted`: the oldest revision that can still be read, 0 when not told. */
  readonly compactRevision: number

  constructor(code: ErrorCode, message: string, options: ConclaveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.etcd = options.etcd
    this.outcomeUnknown = options.outcomeUnknown ?? false
    this.compactRevision = options.compactRevision ?? 0
  }

  /** True for errors of any copy of this package; of a class that extends it, for its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that is asked, which may extend this one
    if (this !== ConclaveError) return super[Symbol.hasInstance](value)
    return typeof value === 'object' && value !== null && BRAND in value
  }

  /**
   * The error for whatever was thrown.
   *
   * @param intent how to judge a failure of the wire; as a read when absent.
   */
  static from(error: unknown, intent: Intent = 'read'): ConclaveError {
    if (error instanceof ConclaveError) return error
    if (error instanceof RpcError) return fromRpcError(error, intent)
    // By name and not by class: an error of another realm is no instance of our Error.
    const { name, message } = Object(error) as { name?: unknown; message?: unknown }
    if (name === 'AbortError' || name === 'TimeoutError') return abortedFor(error)
    const text = typeof message === 'string' ? message : String(error)
    return new ConclaveError('internal', `${ADVICE.internal} (${text})`, { cause: error })
  }
}

/** Refuses an argument before anything is sent. */
export function invalidArgument(message: string, cause?: unknown): ConclaveError {
  return new ConclaveError('invalid-argument', message, { cause })
}

/** An error of this code with its standard sentence. */
export function errorOf(code: ErrorCode, options?: ConclaveErrorOptions): ConclaveError {
  return new ConclaveError(code, ADVICE[code], options)
}

/**
 * What ends with its caller's signal fails so: with `deadline-exceeded` when the signal tells
 * that a time is over, as that of `AbortSignal.timeout()` does, and with `cancelled` otherwise.
 *
 * @param reason of the signal.
 */
export function abortedFor(reason: unknown, outcomeUnknown = false): ConclaveError {
  const isLate = (Object(reason) as { name?: unknown }).name === 'TimeoutError'
  return errorOf(isLate ? 'deadline-exceeded' : 'cancelled', { cause: reason, outcomeUnknown })
}

function fromRpcError(error: RpcError, intent: Intent): ConclaveError {
  const known = codeOf(error)
  const outcomeUnknown = known === 'answer-too-large' || (intent === 'write' && !isDefinite(error))
  const code = outcomeUnknown && UNKNOWN_BY_NATURE.has(known) ? 'outcome-unknown' : known
  const text = error.details === '' ? '' : ` (${error.details})`
  return new ConclaveError(code, ADVICE[code] + text, {
    cause: error,
    etcd: { status: error.code, text: error.details },
    outcomeUnknown,
  })
}

/** Codes that say nothing about a write but that its outcome is unknown. */
const UNKNOWN_BY_NATURE = new Set<ErrorCode>(['unavailable', 'deadline-exceeded', 'unknown'])

function codeOf(error: RpcError): ErrorCode {
  const name = etcdErrorNamed(error.details)
  if (name !== undefined) return CODE_BY_ETCD_NAME[name]
  if (error.details === answerTooLarge.text) return 'answer-too-large'
  if (isTlsFailure(error)) return 'tls'
  if (error.cause instanceof ServiceRecordsError) return 'unavailable'
  if (isOversized(error)) return 'request-too-large'
  // The wire carries any number.
  return (CODE_BY_STATUS as Partial<Record<number, ErrorCode>>)[error.code] ?? 'unknown'
}

/** Refused by gRPC itself, before etcd's own limit could speak. */
function isOversized({ code, details }: RpcError): boolean {
  return code === Status.RESOURCE_EXHAUSTED && /larger than max/i.test(details)
}

/** Statuses with which a server refuses a request before it changed anything. */
const REFUSALS = new Set<Status>([
  Status.INVALID_ARGUMENT,
  Status.NOT_FOUND,
  Status.ALREADY_EXISTS,
  Status.PERMISSION_DENIED,
  Status.FAILED_PRECONDITION,
  Status.OUT_OF_RANGE,
  Status.UNIMPLEMENTED,
  Status.DATA_LOSS,
  Status.UNAUTHENTICATED,
])

/**
 * etcd refuses with these texts and a status that may mean anything. "Space exceeded" is not
 * among them: a write that finds the quota full at apply is answered so, and is applied.
 */
const REFUSED_BY_NAME = new Set<EtcdErrorName>([
  'requestTooManyRequests',
  'memberNotEnoughStarted',
  'unhealthy',
  'notSupportedForLearner',
  'noLeader',
  'userEmpty',
  'permissionDenied',
  'invalidAuthToken',
  'authOldRevision',
])

/** Did the request certainly not happen? */
function isDefinite(error: RpcError): boolean {
  if (error.neverSent || REFUSALS.has(error.code)) return true
  const name = etcdErrorNamed(error.details)
  return (name !== undefined && REFUSED_BY_NAME.has(name)) || isOversized(error)
}
