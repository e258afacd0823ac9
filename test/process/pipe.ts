/** One direction of a connection: bytes that arrive later, slower, or not for now. */

import type { Socket } from 'node:net'

/** What waits here at most, in bytes; then the sender feels it. */
const WAITING_BYTES_MAX = 256 * 1024

/** How bytes pass. */
export interface Pace {
  readonly isHeld: boolean
  readonly latencyMs: number
  readonly bytesPerSecond: number
}

interface Waiting {
  readonly arrivedMs: number
  /** Undefined is the end. */
  readonly bytes: Buffer | undefined
}

/** Bytes from one socket to the other. */
export class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #pace: Pace = { isHeld: false, latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY }
  /** When the line is free again, at its bandwidth. */
  #freeMs = 0
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
  }

  /** Takes what comes from now on. */
  start(): void {
    this.#from.on('data', (bytes: Buffer) => {
      this.#waitingBytes += bytes.length
      if (this.#waitingBytes >= WAITING_BYTES_MAX) this.#from.pause()
      this.#enter(bytes)
    })
    this.#from.once('end', () => this.#enter(undefined))
    this.#from.resume()
  }

  /** From now on, for what waits already, too. */
  set(pace: Pace): void {
    this.#pace = pace
    this.#pump()
  }

  /** Nothing passes any more. */
  end(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#waiting.length = 0
  }

  #enter(bytes: Buffer | undefined): void {
    if (this.#over) return
    this.#waiting.push({ arrivedMs: performance.now(), bytes })
    this.#pump()
  }

  #pump(): void {
    clearTimeout(this.#timer)
    const { isHeld, latencyMs, bytesPerSecond } = this.#pace
    while (!this.#over && !isHeld) {
      const [first] = this.#waiting
      if (first === undefined) return
      const nowMs = performance.now()
      const dueMs = Math.max(first.arrivedMs + latencyMs, this.#freeMs)
      if (dueMs > nowMs) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil(dueMs - nowMs))
        return
      }
      this.#waiting.shift()
      this.#freeMs = nowMs + (1000 * (first.bytes?.length ?? 0)) / bytesPerSecond
      this.#pass(first.bytes)
    }
  }

  #pass(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#to.end()
      return
    }
    this.#to.write(bytes, () => {
      this.#waitingBytes -= bytes.length
      if (this.#waitingBytes < WAITING_BYTES_MAX) this.#from.resume()
    })
  }
}
