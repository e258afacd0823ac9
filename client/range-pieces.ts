/**
 * Ranges that are too large for one answer: in pages, or key by key.
 *
 * Key by key, the first piece is a page, which is all there is to most ranges. The rest
 * comes by RangeStream where the server has it (etcd from 3.7 on, and ours). Where it
 * has not, or when the stream breaks or says nothing, the next piece is a page again:
 * that is a call, which finds a member that answers, or the error that is to be told.
 */

import type { Calls, Streams } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { abortedFor } from './errors.js'
import { leavable } from './iteration.js'
import { type KeyValue, keyValuesOf } from './key-value.js'
import type { RangeCursor } from './range-cursor.js'
import type { RangeResult } from './requests.js'
import { responses } from './response-stream.js'
import { KV } from './wire/methods.js'
import { RpcError, Status } from './wire/status.js'

type Pieces = AsyncGenerator<readonly KeyValue[], void, undefined>

/** Keys in the first page of a stream. */
const KEYS_FIRST = 32
/** Keys in a page of a stream at most. */
const KEYS_MAX = 8_192
/** A page of fewer bytes is followed by one of twice as many keys, … */
const BYTES_LOW = 256 * 1024
/** … and a page of more bytes by one of half as many. */
const BYTES_HIGH = 1024 * 1024

/** Yields the pages of a range. */
export function readPages(
  calls: Calls,
  cursor: RangeCursor,
  pageSize: number,
  options: RequestOptions,
): AsyncGenerator<RangeResult, void, undefined> {
  async function* pages(signal: AbortSignal): AsyncGenerator<RangeResult, void, undefined> {
    do yield await cursor.page(calls, pageSize, { ...options, signal })
    while (cursor.more)
  }
  return leavable(options.signal, pages)
}

/** Reads ranges key by key. */
export class RangeReader {
  readonly #calls: Calls
  readonly #streams: Streams | undefined
  /** No server has said yet that it knows no RangeStream. */
  #isOffered = true

  /** @param streams none: pages are all there is. */
  constructor(calls: Calls, streams: Streams | undefined) {
    this.#calls = calls
    this.#streams = streams
  }

  /** Yields the keys of a range. Holds one piece at a time. */
  read(cursor: RangeCursor, options: RequestOptions): AsyncGenerator<KeyValue, void, undefined> {
    return leavable(options.signal, (signal) => this.#keys(cursor, { ...options, signal }))
  }

  async *#keys(
    cursor: RangeCursor,
    options: RequestOptions,
  ): AsyncGenerator<KeyValue, void, undefined> {
    const { signal } = options
    for await (const piece of this.#pieces(cursor, options)) {
      for (const kv of piece) {
        if (signal?.aborted) throw abortedFor(signal.reason)
        yield kv
      }
    }
  }

  async *#pieces(cursor: RangeCursor, options: RequestOptions): Pieces {
    for (let keys = KEYS_FIRST; ; ) {
      const { kvs } = await cursor.page(this.#calls, keys, options)
      yield kvs
      keys = nextSize(keys, kvs)
      if (cursor.more && this.#isOffered && cursor.isStreamable)
        yield* this.#stream(cursor, options)
      if (!cursor.more) return
    }
  }

  /** Yields what a stream brings; where it ends too early the cursor has more. */
  async *#stream(cursor: RangeCursor, options: RequestOptions): Pieces {
    if (this.#streams === undefined) return
    const { clock, timeoutMs } = this.#streams
    const { signal, metadata } = options
    const stream = this.#streams.stream(KV.rangeStream, { signal, metadata })
    const pieces = responses(stream, cursor.request(Number.POSITIVE_INFINITY), {
      clock,
      silenceMs: options.timeoutMs ?? timeoutMs,
    })
    try {
      for await (const { rangeResponse } of pieces) {
        const kvs = keyValuesOf(rangeResponse?.kvs ?? [])
        cursor.take(kvs, true)
        yield kvs
      }
      cursor.take([], false)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (error.code === Status.UNIMPLEMENTED) this.#isOffered = false
    }
  }
}

/** How many keys the page after this one shall have, so that pages take about a megabyte. */
export function nextSize(keys: number, kvs: readonly KeyValue[]): number {
  let bytes = 0
  for (const { key, value } of kvs) bytes += key.length + value.length
  if (bytes > BYTES_HIGH) return Math.max(1, keys >> 1)
  return bytes < BYTES_LOW ? Math.min(KEYS_MAX, keys * 2) : keys
}
