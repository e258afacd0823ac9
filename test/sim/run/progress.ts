/**
 * How far a batch is: one line that is written over on a terminal, and elsewhere a line
 * now and then.
 */

import { count } from './report.js'

/** Where progress goes. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** How far it is. */
export interface Standing {
  readonly done: number
  readonly of: number
  readonly failed: number
  readonly faults: number
  /** When no new seed is begun any more, on the clock of `now`; undefined: no such time. */
  readonly deadlineMs: number | undefined
}

const TERMINAL_EVERY_MS = 200
const PLAIN_EVERY_MS = 30_000
const CLEAR_LINE = '\r\x1b[2K'

/** Shows a batch's progress. */
export class Progress {
  readonly #stream: ProgressStream
  readonly #now: () => number
  readonly #startMs: number
  #shownMs: number
  #isOnLine = false

  constructor(stream: ProgressStream, now: () => number = () => performance.now()) {
    this.#stream = stream
    this.#now = now
    this.#startMs = now()
    this.#shownMs = this.#startMs
  }

  /** Shows the standing, unless it was shown a moment ago. */
  show(standing: Standing): void {
    const nowMs = this.#now()
    const everyMs = this.#stream.isTTY === true ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS
    if (nowMs - this.#shownMs < everyMs) return
    this.#shownMs = nowMs
    const line = standingText(standing, nowMs - this.#startMs, nowMs)
    if (this.#stream.isTTY !== true) this.#stream.write(`${line}\n`)
    else this.#stream.write(CLEAR_LINE + line)
    this.#isOnLine = this.#stream.isTTY === true
  }

  /** Clears the line, for other text to be written. */
  clear(): void {
    if (this.#isOnLine) this.#stream.write(CLEAR_LINE)
    this.#isOnLine = false
  }
}

function standingText(standing: Standing, sinceMs: number, nowMs: number): string {
  const { done, of, failed, faults, deadlineMs } = standing
  const perMs = done / Math.max(1, sinceMs)
  const leftMs = Math.min((of - done) / perMs, (deadlineMs ?? Number.POSITIVE_INFINITY) - nowMs)
  const parts = [
    `${count(done)} of ${count(of)} seeds`,
    `${(perMs * 60_000).toFixed(0)} a minute`,
    `${count(failed)} failed`,
    `${count(faults)} faults`,
  ]
  if (Number.isFinite(leftMs)) parts.push(`${durationText(Math.max(0, leftMs))} left`)
  return parts.join(', ')
}

/** `1 h 2 min`, `3 min 4 s` or `5 s`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
