/**
 * Marks: keys of this process that tell what became of a transaction; see sure-commits.ts.
 *
 * They hang on a lease that is not renewed, since nobody knows when the last transaction was:
 * a new one is granted after half of its time, and the old one takes its marks along. There
 * are as many as transactions were under way at once during that time.
 */

import type { Keyspace, Lease } from '../client/index.js'
import { grantLease } from './lease.js'

/** A key that one transaction at a time writes to. */
export interface Mark {
  readonly key: string
  readonly lease: Lease
  /** Of its last put; 0 before the first. Invariant: known while the mark is free. */
  revision: number
  /** Times that it was given out. */
  uses: number
}

/** A lease and what hangs on it. */
interface Epoch {
  readonly lease: Lease
  readonly free: Mark[]
  made: number
}

const LEASE_TTL_SECONDS = 60
/** How long a lease is given to new transactions: its marks outlive them by as much. */
const LEASE_USE_MS = 30_000

/** See the head of the file. */
export class Marks {
  readonly #client: Keyspace
  readonly #prefix: string
  #epoch: Epoch | undefined
  #granting: Promise<Epoch> | undefined

  constructor(client: Keyspace, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  /** One that nobody else uses, until it is given back. */
  async take(): Promise<Mark> {
    const epoch = await this.#current()
    const mark = epoch.free.pop() ?? this.#newMark(epoch)
    mark.uses++
    return mark
  }

  /** Gives one back whose revision is known. */
  giveBack(mark: Mark): void {
    if (this.#epoch?.lease === mark.lease) this.#epoch.free.push(mark)
  }

  /** The lease has ended: all of its marks are gone. */
  forget(lease: Lease): void {
    if (this.#epoch?.lease === lease) this.#epoch = undefined
  }

  async #current(): Promise<Epoch> {
    const { clock } = this.#client
    const epoch = this.#epoch
    if (epoch !== undefined && clock.now() < epoch.lease.grantedAtMs + LEASE_USE_MS) return epoch
    this.#granting ??= this.#grant().finally(() => {
      this.#granting = undefined
    })
    return this.#granting
  }

  async #grant(): Promise<Epoch> {
    const lease = await grantLease(this.#client, LEASE_TTL_SECONDS, {})
    this.#epoch = { lease, free: [], made: 0 }
    return this.#epoch
  }

  #newMark(epoch: Epoch): Mark {
    const { lease } = epoch
    const key = `${this.#prefix}/${lease.id.toString(16)}/${++epoch.made}`
    return { key, lease, revision: 0, uses: 0 }
  }
}
