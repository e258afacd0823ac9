/**
 * Which member of a group owns a key, computed by everybody alike.
 *
 * Promise: **all who have seen the same revision of the group name the same owners; when
 * members come, go or change their weight, only the keys move that must; each member owns
 * its share.** Two who have seen different revisions may both believe to own a key for a
 * moment: to exclude that, add `group.guard()` to transactions, or hold a mutex.
 *
 * Owners are those of rendezvous hashing (rendezvous-order.ts has the hash) over the members
 * that the group shows. A weight of 0 owns nothing, which drains a member.
 *
 * | | round trips |
 * | --- | --- |
 * | `ready` | as that of the group |
 * | `ownerOf`, `ownersOf`, `mine` | 0 |
 *
 * Lease lost: `mine` is false at once, before the others take over. Partition: the others
 * take over when the lease ends. Crash: the same.
 */

import { type CacheWait, type Listener, TypedEvents } from '../client/index.js'
import { invalidArgument } from './errors.js'
import type { GroupMember } from './group-member.js'
import type { GroupMembership } from './group-membership.js'
import { RendezvousOrder } from './rendezvous-order.js'

/** How a {@link Partitioner} behaves. */
export interface PartitionerOptions<T> {
  /**
   * The weight of a member: 0 or above. Everybody must compute the same. One that throws
   * counts as 0. Default 1 for everybody.
   */
  readonly weightOf?: (member: GroupMember<T>) => number
}

/** Keys may have moved. */
export class PartitionMove {
  /** Revision of the group. */
  readonly revision: number
  readonly #before: RendezvousOrder
  readonly #after: RendezvousOrder

  /** @internal */
  constructor(revision: number, before: RendezvousOrder, after: RendezvousOrder) {
    this.revision = revision
    this.#before = before
    this.#after = after
  }

  /** Who owned the key, and who owns it now; the same when it did not move, undefined for nobody. */
  of(key: string | Uint8Array): {
    readonly from: string | undefined
    readonly to: string | undefined
  } {
    return { from: this.#before.owners(key)[0], to: this.#after.owners(key)[0] }
  }
}

/** What a partitioner tells. */
export interface PartitionerEvents {
  /** Members came, went, or have another weight. */
  readonly moved: PartitionMove
  /** The weight of a member cannot be told. */
  readonly error: Error
}

/**
 * Says who owns what; see the head of the file. Close the group to end it.
 *
 * @example
 * const group = new GroupMembership<{ cores: number }>(client, 'workers', { memberId: 'w-1' })
 * const partitioner = new Partitioner(group, { weightOf: ({ payload }) => payload.cores })
 * partitioner.on('moved', (move) => {
 *   for (const shard of ['s0', 's1', 's2']) console.log(shard, move.of(shard))
 * })
 * await group.join({ cores: 8 })
 * await partitioner.ready()
 * if (partitioner.mine('s1')) console.log('s1 is ours')
 */
export class Partitioner<T = unknown> {
  readonly group: GroupMembership<T>
  readonly #weightOf: (member: GroupMember<T>) => number
  readonly #events = new TypedEvents<PartitionerEvents>({ moved: true, error: true })
  #order: RendezvousOrder | undefined
  /** The members and weights of the order, as text. */
  #shape = ''

  constructor(group: GroupMembership<T>, options: PartitionerOptions<T> = {}) {
    this.group = group
    this.#weightOf = options.weightOf ?? (() => 1)
    for (const name of ['join', 'leave', 'update'] as const)
      group.on(name, ({ revision }) => this.#changed(revision))
  }

  on<K extends keyof PartitionerEvents>(name: K, listener: Listener<PartitionerEvents[K]>): this {
    this.#events.on(name, listener)
    return this
  }

  off<K extends keyof PartitionerEvents>(name: K, listener: Listener<PartitionerEvents[K]>): this {
    this.#events.off(name, listener)
    return this
  }

  /** Resolves when the members are known. Fails as `group.ready()`. */
  async ready(options: CacheWait = {}): Promise<void> {
    await this.group.ready(options)
    this.#current()
  }

  /**
   * Who owns the key; undefined when nobody is there.
   *
   * @throws {ConclaveError} `failed-precondition`: it is not {@link ready}.
   */
  ownerOf(key: string | Uint8Array): string | undefined {
    return this.ownersOf(key, 1)[0]
  }

  /** The first `n` owners of the key, such as for replicas; fewer when there are not so many. */
  ownersOf(key: string | Uint8Array, n: number): string[] {
    return this.#current().owners(key, n)
  }

  /** Is it ours, and are we in the group, asking the time too? */
  mine(key: string | Uint8Array): boolean {
    const { memberId, joined } = this.group
    return joined && this.ownerOf(key) === memberId
  }

  #current(): RendezvousOrder {
    this.#order ??= this.#made()
    return this.#order
  }

  #made(): RendezvousOrder {
    const members = this.group.members().flatMap((member) => {
      const weight = this.#weight(member)
      return weight === 0 ? [] : [{ id: member.id, weight }]
    })
    this.#shape = JSON.stringify(members)
    return new RendezvousOrder(members)
  }

  #weight(member: GroupMember<T>): number {
    try {
      const weight = this.#weightOf(member)
      if (weight >= 0 && weight < Number.POSITIVE_INFINITY) return weight
      throw invalidArgument(`A weight is a number, 0 or above, not ${weight}: '${member.id}'.`)
    } catch (error) {
      this.#events.emit('error', error instanceof Error ? error : new Error(String(error)))
      return 0
    }
  }

  #changed(revision: number): void {
    const before = this.#order
    const shape = this.#shape
    const after = this.#made()
    this.#order = after
    if (before === undefined) return
    if (shape !== this.#shape)
      this.#events.emit('moved', new PartitionMove(revision, before, after))
  }
}
