/** What every request takes, checked before anything is sent. */

import { setMaxListeners } from 'node:events'
import type { RequestOptions } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import { type Known, refuseUnknownNames } from './known-names.js'
import { REQUEST_NAMES, WAIT_NAMES } from './option-names.js'

/** Names that gRPC takes, but for its own and those of binary values. */
const METADATA_NAME = /^(?!grpc-)[0-9a-z_.-]+(?<!-bin)$/i
/** Printable ASCII. */
const METADATA_VALUE = /^[ -~]*$/

/** Refuses what stands where options are expected and is no object. @throws {ConclaveError} `invalid-argument`. */
export function checkObject(options: object): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw invalidArgument(
    `Options are an object, such as { timeoutMs: 1000 }, not ${inWords(options)}.`,
  )
}

/**
 * Refuses what stands where options are expected and is no object, or has a name that is not
 * known.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkOptions(options: object, known: Known<string>): void {
  checkObject(options)
  refuseUnknownNames(options, known)
}

/**
 * Options of a call that takes no others than every request does; gives them back.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function requestOnly(options: RequestOptions): RequestOptions {
  checkOptions(options, REQUEST_NAMES)
  return options
}

/** What every request takes, of options that have more: for the requests that a call is made of. */
export function requestPart(options: RequestOptions): RequestOptions {
  const { signal, timeoutMs, metadata, requireLeader } = options
  return { signal, timeoutMs, metadata, requireLeader }
}

/**
 * Checks the signal and the metadata of a request; times are checked where they count.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkRequest(options: RequestOptions): void {
  checkObject(options)
  const { signal, metadata } = options
  checkSignal(signal)
  if (metadata !== undefined) checkMetadata(metadata)
}

/**
 * Checks a signal, and lets any number of calls listen to it: Node warns of a leak when there
 * are more than ten.
 *
 * @throws {ConclaveError} `invalid-argument`: it is none.
 */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function')
    throw invalidArgument('A signal is an AbortSignal, such as that of an AbortController.')
  if (signal instanceof EventTarget) setMaxListeners(0, signal)
}

/**
 * Checks how long somebody waits; it may be for ever.
 *
 * @param known names of its options.
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkWait(
  options: {
    readonly signal?: AbortSignal | undefined
    readonly timeoutMs?: number | undefined
  },
  known: Known<string> = WAIT_NAMES,
): void {
  checkOptions(options, known)
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options
  checkSignal(signal)
  if (timeoutMs !== Number.POSITIVE_INFINITY) positiveMs(timeoutMs, 'timeoutMs')
}

/** A time. @throws {ConclaveError} `invalid-argument`: it is none. */
export function positiveMs(ms: number, name: string): number {
  if (Number.isFinite(ms) && ms > 0) return ms
  throw invalidArgument(`${name} must be a positive number of milliseconds, not ${inWords(ms)}.`)
}

function checkMetadata(metadata: unknown): void {
  if (typeof metadata !== 'object' || metadata === null)
    throw invalidArgument('Metadata is an object of names and texts.')
  for (const [name, value] of Object.entries(metadata)) {
    if (!METADATA_NAME.test(name))
      throw invalidArgument(
        `'${name}' is no name of metadata: letters, digits, '_', '-' and '.', and neither grpc-… nor …-bin.`,
      )
    if (typeof value !== 'string' || !METADATA_VALUE.test(value))
      throw invalidArgument(`The metadata '${name}' must be text of printable ASCII.`)
  }
}
