/**
 * The calls of a client, in the order in which they were made: those that were sent on
 * the present stream and have no answer, and behind them those that wait.
 *
 * Answers come in the order of the calls, so each belongs to the oldest that was sent.
 * When the stream breaks, all that were sent stand in front of the waiting ones again.
 * Calls whose callers gave up are dropped, unless they have a number of the session: the
 * server would take the numbers behind them for a gap.
 *
 * Deadlines need no timer for each call: `expire` walks over all calls, and says when the
 * next walk is due. Calls come and go between two walks, which are seconds apart unless
 * somebody is impatient.
 */

import type { RpcError } from '../wire/status.js'
import { Fifo } from './fifo.js'
import type { PendingCall } from './pending-call.js'

/** Calls in one message: several messages let the server work on one while the next is made. */
export const BATCH_CALLS_MAX = 128
/** Bytes of calls in one message, unless one call has more. */
export const BATCH_BYTES_MAX = 256 * 1024
/** Calls that one client may have under way and waiting. */
export const CALLS_MAX = 100_000
/** Bytes of them. */
export const CALLS_BYTES_MAX = 64 * 1024 * 1024

/** How much may be unanswered. */
export interface Window {
  readonly callsMax: number
  readonly bytesMax: number
}

/** Gives a write its place in the session; 0 when there is no session. */
export type Numbering = () => number

/** See the head of the file. */
export class CallLine implements Iterable<PendingCall> {
  readonly #sent = new Fifo<PendingCall>()
  readonly #waiting = new Fifo<PendingCall>()
  #sentBytes = 0
  #bytes = 0

  get length(): number {
    return this.#sent.length + this.#waiting.length
  }

  /** Calls that were sent on this stream and have no answer. */
  get sent(): number {
    return this.#sent.length
  }

  /** Calls that wait to be sent. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Puts a call at the end. False: there are too many already. */
  add(call: PendingCall): boolean {
    const bytes = this.#bytes + call.sizeBytes
    if (this.length >= CALLS_MAX || (this.length > 0 && bytes > CALLS_BYTES_MAX)) return false
    this.#waiting.push(call)
    this.#bytes = bytes
    return true
  }

  /**
   * Takes the next message's worth of calls, which count as sent. Empty: nothing waits, the
   * window is full, or the next is a write and there is no session.
   */
  take(window: Window, numbering: Numbering): PendingCall[] {
    const batch: PendingCall[] = []
    let bytes = 0
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      const size = call.sizeBytes
      if (batch.length === BATCH_CALLS_MAX) break
      if (batch.length > 0 && bytes + size > BATCH_BYTES_MAX) break
      if (!this.#hasRoom(window, size)) break
      if (call.needsNumber) {
        call.sequence = numbering()
        if (call.sequence === 0) break
      }
      this.#waiting.shift()
      this.#sent.push(call)
      this.#sentBytes += size
      bytes += size
      batch.push(call)
    }
    return batch
  }

  /** Is the next to be sent a write without a number? */
  get wantsSession(): boolean {
    return this.#next()?.needsNumber ?? false
  }

  /** The call that the next answer belongs to; undefined when none was sent. */
  answered(): PendingCall | undefined {
    const call = this.#sent.shift()
    if (call === undefined) return undefined
    this.#sentBytes -= call.sizeBytes
    this.#bytes -= call.sizeBytes
    return call
  }

  /** The stream is gone: all that were sent are to be sent again. */
  rewind(): void {
    if (this.#sent.length === 0) return
    const again = [...this].filter((call) => !call.droppable)
    this.#sent.replace([])
    this.#sentBytes = 0
    this.#wait(again)
  }

  /** Takes out those of the waiting that `condition` picks. */
  remove(condition: (call: PendingCall) => boolean): PendingCall[] {
    const [out, stay]: [PendingCall[], PendingCall[]] = [[], []]
    for (const call of this.#waiting) (condition(call) ? out : stay).push(call)
    if (out.length > 0) this.#wait(stay)
    return out
  }

  /**
   * Fails the callers whose time is over.
   *
   * @param trouble why nothing can be sent at present.
   * @returns when the next caller's time is over; infinity when none waits.
   */
  expire(nowMs: number, trouble: RpcError | undefined): number {
    let dueMs = Number.POSITIVE_INFINITY
    for (const call of this) {
      if (!call.settled && call.deadlineMs <= nowMs) call.expire(trouble)
      if (!call.settled) dueMs = Math.min(dueMs, call.deadlineMs)
    }
    // Nobody may ever take from the line while there is no stream.
    this.remove((call) => call.droppable)
    return dueMs
  }

  /** All calls, oldest first. */
  *[Symbol.iterator](): Iterator<PendingCall> {
    yield* this.#sent
    yield* this.#waiting
  }

  /** The oldest that waits and is worth sending. */
  #next(): PendingCall | undefined {
    for (;;) {
      const call = this.#waiting.first
      if (call === undefined || !call.droppable) return call
      this.#waiting.shift()
      this.#bytes -= call.sizeBytes
    }
  }

  /** A call larger than the window goes alone: the server says what it thinks of it. */
  #hasRoom({ callsMax, bytesMax }: Window, size: number): boolean {
    if (this.#sent.length === 0) return true
    return this.#sent.length < callsMax && this.#sentBytes + size <= bytesMax
  }

  /** These wait from now on. */
  #wait(calls: PendingCall[]): void {
    this.#waiting.replace(calls)
    this.#bytes = this.#sentBytes
    for (const call of calls) this.#bytes += call.sizeBytes
  }
}
