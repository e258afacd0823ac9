/**
 * All that is live in a group, by what it belongs to.
 *
 * It is fed key by key, by a cache that follows the group or by one read of it, and does
 * nothing by itself. A record that cannot be read is told and left out: it may be of a
 * later version of this package, and must not stop the other jobs.
 */

import type { KeyValue } from '../../client/index.js'
import { type JobRecord, jobCodec } from './job.js'
import type { CronKeys, KeyParts, LaneId } from './keys.js'
import { laneOf, WHOLE_GROUP } from './keys.js'
import {
  type LaneState,
  type MarkRecord,
  type MemberRecord,
  markCodec,
  memberCodec,
  type OpenRecord,
  openCodec,
  type PauseRecord,
  pauseCodec,
  stateCodec,
} from './records.js'
import { type Seen, seen } from './seen.js'
import { type Ticks, ticksOf } from './ticks.js'

/** A job, ready to be asked for its ticks. */
export interface IndexedJob extends Seen<JobRecord> {
  readonly ticks: Ticks
}

/** All that hangs on one lane. */
export interface LaneRecords {
  readonly id: LaneId
  state: Seen<LaneState> | undefined
  /** By run. */
  readonly opens: Map<string, Seen<OpenRecord>>
  /** By run. */
  readonly marks: Map<string, Seen<MarkRecord>>
}

/** See the head of the file. */
export class LiveIndex {
  readonly jobs = new Map<string, IndexedJob>()
  readonly members = new Map<string, Seen<MemberRecord>>()
  readonly pauses = new Map<string, Seen<PauseRecord>>()
  /** By the name of the lane. */
  readonly lanes = new Map<string, LaneRecords>()
  readonly #keys: CronKeys
  readonly #onBad: (error: unknown) => void

  /** @param onBad hears of records that cannot be read. */
  constructor(keys: CronKeys, onBad: (error: unknown) => void = () => {}) {
    this.#keys = keys
    this.#onBad = onBad
  }

  /** A key is there, or has changed. Returns what it is. */
  put(kv: KeyValue): KeyParts | undefined {
    const parts = this.#keys.parse(kv.keyString)
    if (parts === undefined) return undefined
    try {
      this.#put(parts, kv)
    } catch (error) {
      this.#delete(parts)
      this.#onBad(error)
    }
    return parts
  }

  /** A key is gone. */
  delete(key: string): KeyParts | undefined {
    const parts = this.#keys.parse(key)
    if (parts !== undefined) this.#delete(parts)
    return parts
  }

  /** Forgets everything. */
  clear(): void {
    for (const map of [this.jobs, this.members, this.pauses, this.lanes]) map.clear()
  }

  /** The pauses that a job is under: its own and that of the group. */
  pausesOf(job: string): readonly (Seen<PauseRecord> | undefined)[] {
    return [this.pauses.get(job), this.pauses.get(WHOLE_GROUP)]
  }

  #put({ kind, name, run }: KeyParts, kv: KeyValue): void {
    switch (kind) {
      case 'jobs': {
        const job = seen(kv, jobCodec)
        this.jobs.set(name, { ...job, ticks: ticksOf(job.value) })
        return
      }
      case 'members':
        this.members.set(name, seen(kv, memberCodec))
        return
      case 'paused':
        this.pauses.set(name, seen(kv, pauseCodec))
        return
      case 'states':
        this.#lane(name).state = seen(kv, stateCodec)
        return
      case 'open':
        this.#lane(name).opens.set(run, seen(kv, openCodec))
        return
      case 'runs':
        this.#lane(name).marks.set(run, seen(kv, markCodec))
    }
  }

  #delete({ kind, name, run }: KeyParts): void {
    if (kind === 'jobs') this.jobs.delete(name)
    else if (kind === 'members') this.members.delete(name)
    else if (kind === 'paused') this.pauses.delete(name)
    else {
      const lane = this.lanes.get(name)
      if (lane === undefined) return
      if (kind === 'states') lane.state = undefined
      else if (kind === 'open') lane.opens.delete(run)
      else lane.marks.delete(run)
      const isEmpty = lane.state === undefined && lane.opens.size + lane.marks.size === 0
      if (isEmpty) this.lanes.delete(name)
    }
  }

  #lane(name: string): LaneRecords {
    let lane = this.lanes.get(name)
    if (lane === undefined) {
      lane = { id: laneOf(name), state: undefined, opens: new Map(), marks: new Map() }
      this.lanes.set(name, lane)
    }
    return lane
  }
}
