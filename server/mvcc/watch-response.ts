/**
 * What watchers are sent: events made once and shared, cut to a size, spliced into responses.
 *
 * An event may go to ten thousand watchers. Its protobuf form, tag and length
 * included, is the same for all who want the previous value and the same for all who
 * do not. A response is then a few bytes of its own (header, watch id) followed by
 * the bytes of its events: field 11 is the last of WatchResponse.
 */

import { encodeBytes, type Init, Writer } from '../../client/wire/codec.js'
import { Event, EventType } from '../../client/wire/generated/kv.js'
import { type ResponseHeader, WatchResponse } from '../../client/wire/generated/rpc.js'
import { type StoreEvent, toWire } from './stored-kv.js'

/** One element of `WatchResponse.events`, as a message and as bytes. */
export interface WatchEvent {
  readonly event: Event
  /** Tag, length and content. */
  readonly encoded: Uint8Array
}

/** Field 11, length-delimited. */
const EVENTS_TAG = (11 << 3) | 2

/** What a response may take besides its events: header, ids, flags; a generous bound. */
export const RESPONSE_OVERHEAD_BYTES = 64

/** An event of the store in the forms that watchers may want, each made when first asked for. */
export class SharedEvent {
  readonly isPut: boolean
  readonly #source: StoreEvent
  #plain: WatchEvent | undefined
  #withPrevious: WatchEvent | undefined

  /** Ask for the forms in the turn that got `source`: its values are read lazily. */
  constructor(source: StoreEvent) {
    this.#source = source
    this.isPut = source.type === 'put'
  }

  /** The form with or without `prev_kv`; the same object each time. */
  form(prevKv: boolean): WatchEvent {
    if (prevKv) {
      this.#withPrevious ??= this.#makeWithPrevious()
      return this.#withPrevious
    }
    this.#plain ??= watchEvent(this.#message())
    return this.#plain
  }

  #makeWithPrevious(): WatchEvent {
    const { prev } = this.#source
    if (prev === undefined) return this.form(false)
    return watchEvent({ ...this.#message(), prevKv: toWire(prev) })
  }

  #message(): Event {
    const type = this.isPut ? EventType.PUT : EventType.DELETE
    return { type, kv: toWire(this.#source.kv), prevKv: undefined }
  }
}

function watchEvent(event: Event): WatchEvent {
  const writer = Writer.create()
  Event.encode(event, writer.uint32(EVENTS_TAG).fork()).ldelim()
  return { event, encoded: writer.finish() }
}

/** The bytes that events take in a response. */
export function eventBytes(events: readonly WatchEvent[]): number {
  let bytes = 0
  for (const { encoded } of events) bytes += encoded.length
  return bytes
}

/**
 * Cuts events into runs whose responses stay below `bytesMax`; an event that is
 * larger by itself makes a run of its own. Nothing is cut when all fits.
 */
export function fragments(
  events: readonly WatchEvent[],
  bytesMax: number,
): readonly (readonly WatchEvent[])[] {
  const runBytesMax = bytesMax - RESPONSE_OVERHEAD_BYTES
  if (events.length < 2 || eventBytes(events) < runBytesMax) return [events]
  const runs: WatchEvent[][] = []
  let run: WatchEvent[] = []
  let bytes = 0
  for (const event of events) {
    if (run.length > 0 && bytes + event.encoded.length >= runBytesMax) {
      runs.push(run)
      run = []
      bytes = 0
    }
    run.push(event)
    bytes += event.encoded.length
  }
  runs.push(run)
  return runs
}

/**
 * Splices whole responses. Ten thousand watchers of one change get the same header,
 * so its bytes are kept until another one comes.
 */
export class ResponseEncoder {
  #header: Init<ResponseHeader> = {}
  #headerBytes: Uint8Array = encodeBytes(WatchResponse, { header: {} })

  /** The bytes of a response: `head` has every field but the header and the events. */
  encode(
    header: Init<ResponseHeader>,
    head: Init<WatchResponse>,
    events: readonly WatchEvent[],
  ): Uint8Array {
    if (!sameHeader(header, this.#header)) {
      this.#header = header
      this.#headerBytes = encodeBytes(WatchResponse, { header })
    }
    const start = this.#headerBytes
    const middle = encodeBytes(WatchResponse, head)
    // Every byte is written below, and small buffers come from a pool.
    const bytes = Buffer.allocUnsafe(start.length + middle.length + eventBytes(events))
    bytes.set(start)
    bytes.set(middle, start.length)
    let at = start.length + middle.length
    for (const { encoded } of events) {
      bytes.set(encoded, at)
      at += encoded.length
    }
    return bytes
  }
}

function sameHeader(a: Init<ResponseHeader>, b: Init<ResponseHeader>): boolean {
  return (
    a.revision === b.revision &&
    a.raftTerm === b.raftTerm &&
    a.memberId === b.memberId &&
    a.clusterId === b.clusterId
  )
}
