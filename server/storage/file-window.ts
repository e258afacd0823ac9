/**
 * A window over a file for reading it from front to back: large reads, small views.
 * Never holds more than one window, or one piece when that is larger.
 */

import type { File } from '../host/disk.js'

/** Bytes read at once. */
const WINDOW_BYTES = 1024 * 1024

/** Reads views of a file; a view is valid until the next call. */
export class FileWindow {
  readonly #file: File
  readonly #windowBytes: number
  #bytes: Buffer = Buffer.alloc(0)
  #offset = 0

  constructor(file: File, windowBytes = WINDOW_BYTES) {
    this.#file = file
    this.#windowBytes = windowBytes
  }

  /** Size of the file. */
  get size(): number {
    return this.#file.size
  }

  /** These bytes when they are in the window already. */
  held(offset: number, length: number): Buffer | undefined {
    const from = offset - this.#offset
    if (from < 0 || from + length > this.#bytes.length) return undefined
    return this.#bytes.subarray(from, from + length)
  }

  /** These bytes, fewer where the file ends. @throws what the disk throws. */
  async view(offset: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.size - offset))
    const held = this.held(offset, wanted)
    if (held !== undefined) return held
    const bytes = await readFully(this.#file, offset, Math.max(wanted, this.#windowBytes))
    this.#bytes = bytes
    this.#offset = offset
    return bytes.subarray(0, Math.min(wanted, bytes.length))
  }
}

/** Reads `length` bytes, however short the disk's reads are; fewer only where the file ends. */
export async function readFully(file: File, offset: number, length: number): Promise<Buffer> {
  const wanted = Math.max(0, Math.min(length, file.size - offset))
  const first = asBuffer(await file.readAt(offset, wanted))
  if (first.length >= wanted || first.length === 0) return first
  const whole = Buffer.alloc(wanted)
  whole.set(first)
  let filled = first.length
  while (filled < wanted) {
    const piece = await file.readAt(offset + filled, wanted - filled)
    if (piece.length === 0) break
    whole.set(piece, filled)
    filled += piece.length
  }
  return whole.subarray(0, filled)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
