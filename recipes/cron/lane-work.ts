/** What a node knows of its own doings in a lane, beside what the store holds. */

import type { LaneId } from './keys.js'

const FOREVER = Number.POSITIVE_INFINITY

/** See the head of the file. */
export class LaneWork {
  readonly id: LaneId
  /** Steps and ends of runs that are being written: nothing is decided meanwhile. */
  writing = 0
  /** Nothing is decided on what is older: it lacks what we wrote. */
  afterRevision = 0
  /** Something may have changed. */
  isDirty = true
  /** When to look again, by the wall clock and by the monotonic one. */
  wallMs = FOREVER
  nowMs = FOREVER
  /** Since when, on the monotonic clock, a step is open at this revision of the counter. */
  #open: { readonly modRevision: number; readonly sinceMs: number } | undefined

  constructor(id: LaneId) {
    this.id = id
  }

  /** Look again then, if nothing changes before. */
  sleep(wallMs: number, nowMs: number): void {
    this.isDirty = false
    this.wallMs = wallMs
    this.nowMs = nowMs
  }

  isDue(wallMs: number, nowMs: number): boolean {
    return this.isDirty || wallMs >= this.wallMs || nowMs >= this.nowMs
  }

  /** There is a step to be taken. Returns since when. */
  opened(modRevision: number, nowMs: number): number {
    if (this.#open?.modRevision !== modRevision) this.#open = { modRevision, sinceMs: nowMs }
    return this.#open.sinceMs
  }

  /** There is none. */
  closed(): void {
    this.#open = undefined
  }
}
