/**
 * Where a queue keeps what.
 *
 *     <name>/live/item/<id>         an item that waits or is in flight: its record, without the value
 *     <name>/live/claim/<id>        who has it, on the lease of the worker
 *     <name>/live/consumer/<lease>  who takes items, and how many, on the same lease
 *     <name>/value/<id>             the value of an item, live or dead
 *     <name>/dead/<id>              an item that failed too often
 *     <name>/seen/<id>              the id was used not long ago, on a lease that only runs out
 *     <name>/tail                   put by every enqueue into a queue with a bound
 *
 * What consumers keep a copy of is under one prefix, and small.
 */

import { checkName } from '../names.js'

/** What a key under `live/` is about. */
export interface LiveKey {
  readonly kind: 'item' | 'claim' | 'consumer'
  /** An item's id, or a lease in lower hex. */
  readonly id: string
}

const LIVE_KEY = /^(item|claim|consumer)\/([^/]+)$/

/** The keys of one queue. */
export class QueueKeys {
  readonly name: string
  /** Everything that consumers keep a copy of. */
  readonly live: { readonly prefix: string }
  readonly items: { readonly prefix: string }
  readonly dead: { readonly prefix: string }
  readonly tail: string

  /** @throws {ConclaveError} `invalid-argument`: the name is empty or ends in `/`. */
  constructor(name: string) {
    checkName(name)
    this.name = name
    this.live = { prefix: `${name}/live/` }
    this.items = { prefix: `${name}/live/item/` }
    this.dead = { prefix: `${name}/dead/` }
    this.tail = `${name}/tail`
  }

  item(id: string): string {
    return `${this.items.prefix}${id}`
  }

  claim(id: string): string {
    return `${this.live.prefix}claim/${id}`
  }

  consumer(leaseId: bigint): string {
    return `${this.live.prefix}consumer/${leaseId.toString(16)}`
  }

  value(id: string): string {
    return `${this.name}/value/${id}`
  }

  deadItem(id: string): string {
    return `${this.dead.prefix}${id}`
  }

  seen(id: string): string {
    return `${this.name}/seen/${id}`
  }

  /** What a key under `live/` is about; undefined for one that is none of ours. */
  read(key: string): LiveKey | undefined {
    const [, kind, id] = LIVE_KEY.exec(key.slice(this.live.prefix.length)) ?? []
    if (kind === undefined || id === undefined) return undefined
    return { kind: kind as LiveKey['kind'], id }
  }

  /** The id in a key of a dead item. */
  deadId(key: string): string {
    return key.slice(this.dead.prefix.length)
  }
}
