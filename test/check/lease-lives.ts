/**
 * The lives of leases as the log tells them, and the keys that hung on them.
 *
 * The log is walked once. Beside it go the events of the store: before a command is looked
 * at, all events of revisions below its own are, so that it is known at each point which keys
 * hang on which lease. Two rules are judged on the way, because they are about that point:
 *
 * - *L2*: the end of a lease deletes all its keys, and nothing else, in one revision;
 * - *L4*: no key points to a lease that does not exist.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { LeaseGrantResponse } from '../../client/wire/generated/rpc.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { Violation } from './operation.js'

/** How a lease ended. */
export interface LeaseEnd {
  readonly index: number
  /** Of the log entry. */
  readonly term: number
  readonly atMs: number
  /** The term of the leader that saw it expire; 0 when a client asked for its end. */
  readonly leaderTerm: number
}

/** One lease from its grant to its end. An id may be granted again afterwards. */
export interface LeaseLife {
  readonly id: bigint
  readonly ttlSeconds: number
  readonly grantedAtMs: number
  readonly grantedInTerm: number
  /** Undefined when it lived to the end of the run. */
  readonly end: LeaseEnd | undefined
}

/** What a walk over the log finds. */
export interface LeaseLives {
  /** By id, in order. */
  readonly lives: ReadonlyMap<bigint, readonly LeaseLife[]>
  readonly violations: readonly Violation[]
}

/** Walks the log; see the head of the file. */
export function leaseLives(
  committed: readonly Committed[],
  events: readonly ModelEvent[],
): LeaseLives {
  const walk = new Walk(events)
  for (const entry of committed) walk.step(entry)
  walk.pass(Number.POSITIVE_INFINITY)
  return { lives: walk.lives, violations: walk.violations }
}

class Walk {
  readonly lives = new Map<bigint, LeaseLife[]>()
  readonly violations: Violation[] = []
  readonly #events: readonly ModelEvent[]
  /** The events before this place have been passed. */
  #next = 0
  /** The last command may have made a revision that its answer did not tell. */
  #unseen = false
  readonly #alive = new Set<bigint>()
  readonly #leaseOf = new Map<string, bigint>()
  readonly #keysOf = new Map<bigint, Set<string>>()

  constructor(events: readonly ModelEvent[]) {
    this.#events = events
  }

  step(entry: Committed): void {
    const { command, result, overQuota } = entry
    if (command === undefined || result === undefined || !(result.ok || overQuota)) return
    const response = result.ok ? (result.response as Partial<LeaseGrantResponse>) : undefined
    const revision = response?.header?.revision
    if (command.leaseRevoke && revision !== undefined) {
      const from = this.#next
      this.pass(revision - 1)
      const own = this.#unseen ? 0 : this.#next - from
      this.#end(entry, command.leaseRevoke.ID, revision, own)
    } else if (command.leaseGrant) {
      const { ID, TTL } = command.leaseGrant
      this.#begin(entry, ID, response?.TTL ?? Math.max(1, TTL))
    }
    this.#unseen = revision === undefined
    if (revision !== undefined) this.pass(revision)
  }

  /** Passes the events up to a revision. */
  pass(revision: number): void {
    for (; this.#next < this.#events.length; this.#next++) {
      const event = this.#events[this.#next]!
      if (event.revision > revision) return
      const { key, lease } = event.kv
      this.#detach(key)
      if (event.type === EventType.PUT && lease !== 0n) this.#attach(key, lease, event.revision)
    }
  }

  #begin(entry: Committed, id: bigint, ttlSeconds: number): void {
    const { atMs: grantedAtMs, term: grantedInTerm } = entry
    const life = { id, ttlSeconds, grantedAtMs, grantedInTerm, end: undefined }
    const lives = this.lives.get(id) ?? []
    lives.push(life)
    this.lives.set(id, lives)
    this.#alive.add(id)
  }

  /** @param before changes that it made in revisions before its last one. */
  #end({ index, term, atMs, command }: Committed, id: bigint, revision: number, before: number) {
    const leaderTerm = command?.leaseRevoke?.leaderTerm ?? 0
    const lives = this.lives.get(id)
    const life = lives?.at(-1)
    if (lives === undefined || life === undefined || life.end !== undefined)
      this.#convict('L4', `lease ${id} ended at index ${index}, where there was none`)
    else lives[lives.length - 1] = { ...life, end: { index, term, atMs, leaderTerm } }
    this.#alive.delete(id)
    const keys = [...(this.#keysOf.get(id) ?? [])]
    const from = this.#next
    this.pass(revision)
    const left = this.#keysOf.get(id)?.size ?? 0
    const all = keys.length === 0 || this.#next - from === keys.length
    if (left === 0 && all && before === 0) return
    const what = `had ${keys.length} keys; revision ${revision} has ${this.#next - from} changes and leaves ${left} of them, the revisions before it ${before}`
    this.#convict('L2', `lease ${id}, ended at index ${index}, ${what}`)
  }

  #attach(key: string, lease: bigint, revision: number): void {
    if (!this.#alive.has(lease)) {
      const name = JSON.stringify(key)
      this.#convict(
        'L4',
        `revision ${revision} hangs ${name} on lease ${lease}, which is not there`,
      )
    }
    this.#leaseOf.set(key, lease)
    const keys = this.#keysOf.get(lease) ?? new Set()
    keys.add(key)
    this.#keysOf.set(lease, keys)
  }

  #detach(key: string): void {
    const lease = this.#leaseOf.get(key)
    if (lease === undefined) return
    this.#leaseOf.delete(key)
    this.#keysOf.get(lease)!.delete(key)
  }

  #convict(rule: 'L2' | 'L4', message: string): void {
    this.violations.push({ rule: `lease ${rule}`, message })
  }
}
