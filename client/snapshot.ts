/**
 * A copy of a member's whole database, checked on its way.
 *
 * A member sends its database file and, as the last 32 bytes, the SHA-256 of everything
 * before them. All of it makes the file that `etcdctl snapshot restore` takes, which checks
 * the digest once more. Here the digest is computed while the pieces pass; only the reader
 * who came to the end without an error has a whole snapshot.
 *
 * The endpoint in use is asked. When it fails before it has sent anything, the next one is;
 * later it cannot be replaced, for another member's file may be another.
 */

import { createHash } from 'node:crypto'
import { ObservedCall } from './calls-observed.js'
import type { Connection } from './connection/connection.js'
import type { Endpoint } from './connection/endpoint.js'
import { isSick } from './connection/retry.js'
import { abortedFor, ConclaveError, errorOf, invalidArgument } from './errors.js'
import { leavable } from './iteration.js'
import { checkSignal, positiveMs } from './request-checks.js'
import { responses } from './response-stream.js'
import type { SnapshotResponse } from './wire/generated/rpc.js'
import { Maintenance } from './wire/methods.js'
import { RpcError } from './wire/status.js'

/** How to take a snapshot. */
export interface SnapshotOptions {
  /** Which member to take it from, one of the client's endpoints; default the one in use. */
  readonly endpoint?: string | undefined
  /** Aborting ends it with code `cancelled`. */
  readonly signal?: AbortSignal | undefined
  /** Time for all of it, in milliseconds; no limit when absent. */
  readonly timeoutMs?: number | undefined
  /** A member that sends nothing for so long is given up, in milliseconds. Default 30000. */
  readonly silenceMs?: number | undefined
}

/** A piece of a snapshot. */
export interface SnapshotChunk {
  /** To be appended to what came before, the digest in the last ones included. */
  readonly bytes: Uint8Array
  /** Bytes that have come, those of this piece included. */
  readonly receivedBytes: number
  /** Bytes of the database that are still to come, as the member says. */
  readonly remainingBytes: number
  /** The version of the storage; empty before etcd 3.6. */
  readonly version: string
}

const SILENCE_MS = 30_000
const DIGEST_BYTES = 32

/** Takes a snapshot piece by piece. @throws {ConclaveError} as `MaintenanceClient.snapshot`. */
export function takeSnapshot(
  connection: Connection,
  options: SnapshotOptions,
): AsyncGenerator<SnapshotChunk, void, undefined> {
  return leavable(options.signal, (signal) => checkedPieces(connection, { ...options, signal }))
}

async function* checkedPieces(
  connection: Connection,
  options: SnapshotOptions,
): AsyncGenerator<SnapshotChunk, void, undefined> {
  const call = new ObservedCall(connection.telemetry, Maintenance.snapshot, 'read')
  const digest = new Digest()
  let failed: ConclaveError | undefined
  try {
    for await (const { blob, remainingBytes, version } of pieces(connection, options, call)) {
      digest.take(blob)
      const { bytes: receivedBytes } = digest
      yield { bytes: blob, receivedBytes, remainingBytes, version }
    }
    if (!digest.fits()) throw errorOf('snapshot-damaged')
  } catch (error) {
    failed = failure(connection, error, options.signal)
    throw failed
  } finally {
    call.over(failed)
  }
}

/** What a member sends; another member is asked when one fails before it has sent anything. */
async function* pieces(
  connection: Connection,
  options: SnapshotOptions,
  call: ObservedCall,
): AsyncGenerator<SnapshotResponse, void, undefined> {
  const { silenceMs = SILENCE_MS, signal, timeoutMs } = options
  checkSignal(signal)
  positiveMs(silenceMs, 'silenceMs')
  if (timeoutMs !== undefined) positiveMs(timeoutMs, 'timeoutMs')
  const endsAtMs = connection.clock.now() + (timeoutMs ?? Number.POSITIVE_INFINITY)
  for (let triesLeft = connection.endpoints.all.length; ; triesLeft--) {
    connection.assertOpen()
    const endpoint = endpointOf(connection, options)
    const leftMs = Math.max(1, endsAtMs - connection.clock.now())
    call.tried(endpoint.address)
    const stream = endpoint.channel.stream(Maintenance.snapshot, {
      signal,
      ...(Number.isFinite(leftMs) && { timeoutMs: leftMs }),
    })
    let isBegun = false
    try {
      for await (const piece of responses(stream, {}, { clock: connection.clock, silenceMs })) {
        if (!isBegun) endpoint.succeeded()
        isBegun = true
        yield piece
      }
      return
    } catch (error) {
      if (isBegun || options.endpoint !== undefined || triesLeft <= 1) throw error
      if (!(error instanceof RpcError) || !(isSick(error) || error.neverSent)) throw error
      if (signal?.aborted || connection.clock.now() >= endsAtMs) throw error
      endpoint.failed(error.details)
    }
  }
}

function endpointOf(connection: Connection, { endpoint }: SnapshotOptions): Endpoint {
  if (endpoint === undefined) return connection.endpoints.choose()
  const named = connection.endpoints.all.find(({ address }) => address === endpoint)
  if (named !== undefined) return named
  throw invalidArgument(`'${endpoint}' is not an endpoint of this client.`)
}

function failure(connection: Connection, error: unknown, signal?: AbortSignal): ConclaveError {
  if (connection.closed) return errorOf('closed', { cause: error })
  if (signal?.aborted) return abortedFor(signal.reason)
  return ConclaveError.from(error)
}

/** The SHA-256 of all bytes but the last 32, which must be it. */
class Digest {
  readonly #hash = createHash('sha256')
  /** The newest bytes, at most 32: they may be the digest and are not hashed yet. */
  #tail: Uint8Array = new Uint8Array(0)
  /** Bytes taken. */
  bytes = 0

  take(chunk: Uint8Array): void {
    this.bytes += chunk.length
    if (chunk.length >= DIGEST_BYTES) {
      this.#hash.update(this.#tail)
      this.#hash.update(chunk.subarray(0, -DIGEST_BYTES))
      this.#tail = chunk.slice(-DIGEST_BYTES)
      return
    }
    const last = Buffer.concat([this.#tail, chunk])
    const surplus = Math.max(0, last.length - DIGEST_BYTES)
    this.#hash.update(last.subarray(0, surplus))
    this.#tail = last.subarray(surplus)
  }

  /** Were the last bytes the digest of the others? Asked once. */
  fits(): boolean {
    return this.bytes > DIGEST_BYTES && this.#hash.digest().equals(this.#tail)
  }
}
