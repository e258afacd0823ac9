/**
 * The opening of an HTTP/2 connection, read before Node's HTTP/2 gets it.
 *
 *     first bytes: no HTTP/2 preface -> told so in HTTP/1 and closed
 *     preface, SETTINGS, ... until the first HEADERS -> its :authority mended -> all of
 *     it handed on as if it arrived just now
 *
 * A Go client sends no HEADERS before it has seen our SETTINGS. So when the first bytes
 * bring none, an empty SETTINGS frame is sent and the client's acknowledgment of it is
 * swallowed: Node's HTTP/2 sends its own later and must not see two. Pings meanwhile
 * are answered here. Frames: RFC 9113, section 4.
 */

import { mendAuthority } from './hpack-authority.js'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
const FRAME_HEADER_BYTES = 9
const HEADERS = 1
const SETTINGS = 4
const PING = 6
const ACK = 0x1
const END_HEADERS = 0x4
const PADDED = 0x8
const PRIORITY = 0x20
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0])

/** Bytes that may wait here: a client may send a whole flow-control window (64 KiB) behind its HEADERS. */
export const OPENING_BYTES_MAX = 256 * 1024

/** Pieces that wait to be joined: each costs more than its bytes. */
const PIECES_MAX = 1024

/** What to do after some bytes came. */
export type OpeningStep =
  /** Wait for more, after sending this. */
  | { readonly kind: 'wait'; readonly send: Buffer | undefined }
  /** Hand the connection on, with these bytes unread. */
  | { readonly kind: 'open'; readonly bytes: Buffer }
  /** Not HTTP/2, or no client that we can serve. */
  | { readonly kind: 'refuse'; readonly reason: 'http1' | 'malformed' }

/** Reads the opening of one connection. */
export class Http2Opening {
  #unread: Buffer = Buffer.alloc(0)
  /** Behind {@link #unread}; joined to it when a frame is whole, and every so many pieces, however small they are. */
  #arrived: Buffer[] = []
  #arrivedBytes = 0
  /** Read and to be handed on. */
  readonly #kept: Buffer[] = []
  #keptBytes = 0
  #sawPreface = false
  #sawHeaders = false
  #settings: 'unsent' | 'sent' | 'acknowledged' = 'unsent'

  /** Takes the next bytes of the connection. */
  read(bytes: Buffer): OpeningStep {
    this.#arrived.push(bytes)
    this.#arrivedBytes += bytes.length
    if (!this.#sawPreface || this.#arrived.length >= PIECES_MAX) this.#join()
    if (!this.#sawPreface) {
      const length = Math.min(this.#unread.length, PREFACE.length)
      if (!this.#unread.subarray(0, length).equals(PREFACE.subarray(0, length)))
        return { kind: 'refuse', reason: 'http1' }
      if (length < PREFACE.length) return { kind: 'wait', send: undefined }
      this.#sawPreface = true
      this.#keep(this.#take(PREFACE.length))
    }
    const answers: Buffer[] = []
    for (let frame = this.#nextFrame(); frame !== undefined; frame = this.#nextFrame())
      this.#readFrame(frame, answers)
    if (this.#keptBytes + this.#unread.length + this.#arrivedBytes > OPENING_BYTES_MAX)
      return { kind: 'refuse', reason: 'malformed' }
    if (this.#sawHeaders && this.#settings !== 'sent')
      return { kind: 'open', bytes: Buffer.concat([...this.#kept, this.#unread, ...this.#arrived]) }
    if (this.#settings === 'unsent' && this.#kept.length > 1) {
      this.#settings = 'sent'
      answers.unshift(EMPTY_SETTINGS)
    }
    return { kind: 'wait', send: answers.length > 0 ? Buffer.concat(answers) : undefined }
  }

  #readFrame(frame: Buffer, answers: Buffer[]): void {
    const type = frame[3]!
    const flags = frame[4]!
    if (type === SETTINGS && flags & ACK && this.#settings === 'sent') {
      this.#settings = 'acknowledged'
      return
    }
    if (type === PING && !(flags & ACK)) {
      const answer = Buffer.from(frame)
      answer[4] = ACK
      answers.push(answer)
      return
    }
    if (type === HEADERS && !this.#sawHeaders) {
      this.#sawHeaders = true
      this.#keep(mendHeaders(frame))
      return
    }
    this.#keep(frame)
  }

  /** A whole frame, or undefined when it is not there yet. */
  #nextFrame(): Buffer | undefined {
    if (this.#sawHeaders && this.#settings !== 'sent') return undefined
    if (!this.#has(FRAME_HEADER_BYTES)) return undefined
    const bytes = FRAME_HEADER_BYTES + this.#unread.readUIntBE(0, 3)
    return this.#has(bytes) ? this.#take(bytes) : undefined
  }

  /** Whether so many bytes came; then they are in {@link #unread}. */
  #has(bytes: number): boolean {
    if (this.#unread.length >= bytes) return true
    if (this.#unread.length + this.#arrivedBytes < bytes) return false
    this.#join()
    return true
  }

  #join(): void {
    this.#unread = Buffer.concat([this.#unread, ...this.#arrived])
    this.#arrived = []
    this.#arrivedBytes = 0
  }

  #take(bytes: number): Buffer {
    const taken = this.#unread.subarray(0, bytes)
    this.#unread = this.#unread.subarray(bytes)
    return taken
  }

  #keep(bytes: Buffer): void {
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
  }
}

/** The HEADERS frame with a mended authority; itself when there is nothing to mend. */
function mendHeaders(frame: Buffer): Buffer {
  const flags = frame[4]!
  if (!(flags & END_HEADERS) || flags & PADDED) return frame
  const blockAt = FRAME_HEADER_BYTES + (flags & PRIORITY ? 5 : 0)
  const mended = mendAuthority(frame.subarray(blockAt))
  if (mended === undefined) return frame
  const result = Buffer.concat([frame.subarray(0, blockAt), mended])
  result.writeUIntBE(result.length - FRAME_HEADER_BYTES, 0, 3)
  return result
}
