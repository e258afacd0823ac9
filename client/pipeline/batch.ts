/**
 * A message of calls, made from calls that are encoded already.
 *
 * The number of a write is not known before it leaves, and protobuf lets a field stand
 * anywhere, so it is written behind what was encoded when the call was made.
 */

/** Field `calls` of PipelineRequest, length-delimited. */
const CALLS_TAG = (2 << 3) | 2
/** Field `acknowledged` of PipelineRequest, a varint. */
const ACKNOWLEDGED_TAG = 3 << 3
/** Field `sequence` of PipelineCall, a varint. */
const SEQUENCE_TAG = 1 << 3

/** What a message is made of. */
export interface BatchCall {
  /** A PipelineCall without its number. */
  readonly bytes: Uint8Array
  /** Its number; 0 for none. */
  readonly sequence: number
}

/**
 * The bytes of a PipelineRequest.
 *
 * @param acknowledged the answers up to this number have arrived; 0 says nothing.
 */
export function encodeBatch(calls: readonly BatchCall[], acknowledged: number): Uint8Array {
  let size = acknowledged === 0 ? 0 : 1 + varintSize(acknowledged)
  for (const call of calls) {
    const length = callSize(call)
    size += 1 + varintSize(length) + length
  }
  const into = Buffer.allocUnsafe(size)
  let at = 0
  for (const call of calls) {
    into[at++] = CALLS_TAG
    at = writeVarint(into, at, callSize(call))
    into.set(call.bytes, at)
    at += call.bytes.length
    if (call.sequence === 0) continue
    into[at++] = SEQUENCE_TAG
    at = writeVarint(into, at, call.sequence)
  }
  if (acknowledged !== 0) {
    into[at++] = ACKNOWLEDGED_TAG
    writeVarint(into, at, acknowledged)
  }
  return into
}

/** Bytes of a call with its number. */
export function callSize({ bytes, sequence }: BatchCall): number {
  return sequence === 0 ? bytes.length : bytes.length + 1 + varintSize(sequence)
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Numbers up to 2^53, so no shifts; returns where it ends. */
function writeVarint(into: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  while (rest >= 0x80) {
    into[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  into[at++] = rest
  return at
}
