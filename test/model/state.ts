/**
 * The keys that live at one time: now, or after any revision of the past.
 *
 * Both kinds keep their keys sorted, so that a range costs what it finds and not what
 * the store holds: judges replay histories of ten thousand changes.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { Change, Kv } from './history.js'
import { SortedKeys } from './sorted-keys.js'

/** The keys that live at one time. */
export interface State {
  get(key: string): Kv | undefined
  has(key: string): boolean
  /** The living keys of `[key, rangeEnd)`, as etcd writes intervals, in order. */
  select(key: string, rangeEnd: string): Kv[]
}

/** Every key of a state, in order. */
export function allOf(state: State): Kv[] {
  return state.select('', '\0')
}

/** The present: it changes with every write. */
export class LiveState implements State {
  readonly #kvs = new Map<string, Kv>()
  readonly #keys = new SortedKeys()

  get(key: string): Kv | undefined {
    return this.#kvs.get(key)
  }

  has(key: string): boolean {
    return this.#kvs.has(key)
  }

  select(key: string, rangeEnd: string): Kv[] {
    return this.#keys.select(key, rangeEnd).map((each) => this.#kvs.get(each)!)
  }

  /** The key is this from now on; undefined: it is gone. */
  set(key: string, kv: Kv | undefined): void {
    if (kv === undefined) {
      if (this.#kvs.delete(key)) this.#keys.delete(key)
      return
    }
    if (!this.#kvs.has(key)) this.#keys.add(key)
    this.#kvs.set(key, kv)
  }

  /** Carries out a change. */
  apply({ type, kv }: Change): void {
    this.set(kv.key, type === EventType.DELETE ? undefined : kv)
  }
}

/** The past: all versions of all keys of a history, which may grow meanwhile. */
export class Versions {
  readonly #history: readonly Change[]
  /** How much of the history is in here. */
  #known = 0
  readonly #changes = new Map<string, Change[]>()
  readonly #keys = new SortedKeys()

  /** @param history in order of revisions. */
  constructor(history: readonly Change[]) {
    this.#history = history
  }

  /** The state after all changes of revisions up to and including `revision`. */
  at(revision: number): State {
    for (; this.#known < this.#history.length; this.#known++)
      this.#learn(this.#history[this.#known]!)
    const get = (key: string) => this.#get(key, revision)
    const select = (key: string, rangeEnd: string) => {
      const kvs = this.#keys.select(key, rangeEnd).map(get)
      return kvs.filter((kv) => kv !== undefined)
    }
    return { get, has: (key) => get(key) !== undefined, select }
  }

  #learn(change: Change): void {
    const { key } = change.kv
    const changes = this.#changes.get(key)
    if (changes !== undefined) changes.push(change)
    else {
      this.#changes.set(key, [change])
      this.#keys.add(key)
    }
  }

  /** The last change of the key up to the revision decides. */
  #get(key: string, revision: number): Kv | undefined {
    const changes = this.#changes.get(key) ?? []
    let low = 0
    let high = changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (changes[middle]!.kv.modRevision <= revision) low = middle + 1
      else high = middle
    }
    const last = changes[low - 1]
    return last === undefined || last.type === EventType.DELETE ? undefined : last.kv
  }
}
