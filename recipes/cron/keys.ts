/**
 * Where a group of cron nodes keeps its keys, under `<prefix>/<group>/`:
 *
 * | key | what | lives with |
 * | --- | --- | --- |
 * | `history/<job>/<run>` | how a run ended | nothing; capped by count and age |
 * | `jobs/<job>` | what to run and when | nothing |
 * | `members/<node>` | a node that takes part | the lease of the node |
 * | `open/<lane>/<run>` | a run that is owed or under way | nothing |
 * | `paused/<job>`, `paused/@group` | whether it is paused, and why | nothing |
 * | `runs/<lane>/<run>` | the mark of a run that is under way: the claim | the lease of its runner |
 * | `states/<lane>` | the last tick that was claimed: the counter | nothing |
 *
 * A **lane** is what has one counter: a job that runs on one node has one, named as the
 * job; one that runs on several nodes has several, `<job>@<lane>`. A **run** is named by its
 * scheduled time in 15 digits, so that keys sort by time; one that no schedule asked for has
 * a suffix.
 *
 * History sorts before everything else, so all that must be followed is one range.
 */

import type { Range } from '../../client/index.js'
import { checkName, checkSegment } from '../names.js'

/** The kinds of keys that are followed. */
export type LiveKind = 'jobs' | 'members' | 'open' | 'paused' | 'runs' | 'states'

/** A key, taken apart. */
export interface KeyParts {
  readonly kind: LiveKind
  /** Job, member or lane. */
  readonly name: string
  /** Of `open` and `runs`. */
  readonly run: string
}

/** Where everything about one lane of a job hangs. */
export interface LaneId {
  readonly job: string
  /** Empty for a job that runs on one node, else what tells the lane from the others. */
  readonly lane: string
}

/** The name under which a pause of the whole group is kept; no job can have it. */
export const WHOLE_GROUP = '@group'

const TIME_DIGITS = 15

/** See the head of the file. */
export class CronKeys {
  /** All that is followed: everything but the history. */
  readonly live: Range
  readonly #root: string

  /** @throws {ConclaveError} `invalid-argument`: an empty prefix or group, or a `/` in the group. */
  constructor(prefix: string, group: string) {
    checkName(prefix, 'A prefix')
    checkSegment(group, 'A group')
    this.#root = `${prefix}/${group}/`
    this.live = { from: `${this.#root}history0`, to: `${prefix}/${group}0` }
  }

  member(node: string): string {
    return `${this.#root}members/${node}`
  }

  job(name: string): string {
    return `${this.#root}jobs/${name}`
  }

  /** @param name of a job, or {@link WHOLE_GROUP}. */
  pause(name: string): string {
    return `${this.#root}paused/${name}`
  }

  state(lane: LaneId): string {
    return `${this.#root}states/${laneName(lane)}`
  }

  open(lane: LaneId, run: string): string {
    return `${this.#root}open/${laneName(lane)}/${run}`
  }

  /** The mark of a run: the claim. */
  mark(lane: LaneId, run: string): string {
    return `${this.#root}runs/${laneName(lane)}/${run}`
  }

  /** All history of a job, oldest first. */
  historyOf(job: string): string {
    return `${this.#root}history/${job}/`
  }

  history({ job, lane }: LaneId, run: string): string {
    return `${this.historyOf(job)}${run}${lane === '' ? '' : `@${lane}`}`
  }

  /** What a key under {@link live} is; undefined when it is none of ours. */
  parse(key: string): KeyParts | undefined {
    const [kind = '', name = '', run = ''] = key.slice(this.#root.length).split('/')
    return isLiveKind(kind) && name !== '' ? { kind, name, run } : undefined
  }
}

/** The name of a lane in keys. */
export function laneName({ job, lane }: LaneId): string {
  return lane === '' ? job : `${job}@${lane}`
}

/** What a lane's name stands for. */
export function laneOf(name: string): LaneId {
  const at = name.indexOf('@')
  return at < 0 ? { job: name, lane: '' } : { job: name.slice(0, at), lane: name.slice(at + 1) }
}

/** A run by its scheduled time, milliseconds since 1970. */
export function runName(scheduledMs: number): string {
  return String(Math.trunc(scheduledMs)).padStart(TIME_DIGITS, '0')
}

const LIVE: Readonly<Record<LiveKind, true>> = {
  jobs: true,
  members: true,
  open: true,
  paused: true,
  runs: true,
  states: true,
}

function isLiveKind(kind: string): kind is LiveKind {
  return Object.hasOwn(LIVE, kind)
}
