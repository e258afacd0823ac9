/**
 * Long walks over the versions, cut into slices so that the event loop is never held.
 *
 * A slice is a number of records, or fewer when they are large. Between slices the
 * walk waits; what was written meanwhile behind its end does not concern it.
 */

import type { Clock } from '../../client/host/clock.js'
import type { DatabaseReader } from '../host/database.js'
import { KV_TABLE } from './kv-record.js'

/** Records looked at in one turn when nothing else is asked, as in etcd's compaction. */
export const SLICE_RECORDS = 1000

/** Bytes looked at in one turn: a slice ends with the record that reaches it. */
export const SLICE_BYTES = 4 * 1024 * 1024

/** One walk. */
export interface Walk {
  readonly backend: DatabaseReader
  /** The first backend key. */
  readonly from: string
  /** The first backend key beyond the end; undefined walks to the end of the table. */
  readonly to: string | undefined
  readonly sliceRecords: number
  /** Sees each record in order. */
  visit(key: string, record: Uint8Array): void
  /** Called when a slice is complete, in its turn, and never while an iterator is open. */
  sliceEnd?(last: boolean): void
  /** Waits between slices. False ends the walk there. */
  giveWay(): Promise<boolean>
}

/** Walks; false when it was ended before its end. */
export async function walkInSlices(walk: Walk): Promise<boolean> {
  const { backend, to, sliceRecords } = walk
  let from = walk.from
  for (;;) {
    let bytes = 0
    let records = 0
    let last = true
    for (const [key, record] of backend.entries(KV_TABLE, { from, ...(to && { to }) })) {
      if (records >= sliceRecords || bytes >= SLICE_BYTES) {
        from = key
        last = false
        break
      }
      records++
      bytes += record.length
      walk.visit(key, record)
    }
    walk.sliceEnd?.(last)
    if (last) return true
    if (!(await walk.giveWay())) return false
  }
}

/** How long slices are, and waits that can be ended together, for work in slices that is stopped. */
export class Pauses {
  #stopped = false
  readonly #waiting = new Set<() => void>()

  constructor(
    readonly clock: Clock,
    /** Records in one slice. */
    readonly sliceRecords = SLICE_RECORDS,
  ) {}

  get stopped(): boolean {
    return this.#stopped
  }

  /** Until the other work of this turn is done. Resolves to false when stopped. */
  turn(): Promise<boolean> {
    return new Promise((resolve) => this.clock.soon(() => resolve(!this.#stopped)))
  }

  /** For so long. Resolves to false, at once, when stopped. */
  wait(ms: number): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false)
    return new Promise((resolve) => {
      const end = () => {
        this.#waiting.delete(end)
        timer.cancel()
        resolve(!this.#stopped)
      }
      const timer = this.clock.after(ms, end)
      this.#waiting.add(end)
    })
  }

  /** Ends all waits, now and from now on. */
  stop(): void {
    this.#stopped = true
    for (const end of [...this.#waiting]) end()
  }
}
