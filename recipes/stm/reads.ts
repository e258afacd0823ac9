/**
 * What a transaction has read, and the conditions under which it is still true.
 *
 * Reads that are asked for in one turn travel together. At the levels that pin a revision the
 * first answer fixes it, and all later reads are of it. They are linearizable all the same:
 * a member that lags would refuse a revision that it has not reached (etcd's issue #11963),
 * and a linearizable read waits for it.
 *
 * A key is guarded by its revision, a range by the revision of each of its keys, so that none
 * may be deleted, and by a condition on the whole that nothing in it is newer than the reads.
 *
 * The transaction before, which met a conflict, has read everything that it had read again,
 * in the same moment: what it brought is taken for the reads of its successor.
 */

import {
  type Bytes,
  type Compare,
  ConclaveError,
  compare,
  type Keyspace,
  type KeyValue,
  type Op,
  type OpResult,
  op,
  type Range,
} from '../../client/index.js'
import type { Level } from './isolation.js'
import { keyRange, keyText } from './key-range.js'

/** Something that is read. */
export interface Target {
  /** One for each key and each range. */
  readonly id: string
  readonly keys: Bytes | Range
  readonly isRange: boolean
}

/** What was read of many targets at one revision. */
export interface Prefetch {
  readonly revision: number
  readonly found: ReadonlyMap<string, readonly KeyValue[]>
}

interface Pending {
  readonly target: Target
  readonly resolve: (kvs: readonly KeyValue[]) => void
  readonly reject: (error: unknown) => void
}

/** Reads of one message. */
const BATCH_MAX = 100

/** See the head of the file. */
export class Reads {
  readonly #client: Keyspace
  readonly #level: Level
  readonly #signal: AbortSignal
  readonly #prefetch: Prefetch | undefined
  /** At levels that read once. */
  readonly #cache = new Map<string, Promise<readonly KeyValue[]>>()
  readonly #ranges = new Map<string, Bytes | Range>()
  readonly #targets: Target[] = []
  /** Revision of each key that was read, 0 for none. */
  readonly #guards = new Map<string, { readonly key: Bytes; readonly modRevision: number }>()
  #pending: Pending[] = []
  #isSending = false
  #revision: number | undefined
  /** Requests that were sent. */
  batches = 0
  /** What was read cannot be committed: begin again. */
  stale = false

  constructor(client: Keyspace, level: Level, signal: AbortSignal, prefetch?: Prefetch) {
    this.#client = client
    this.#level = level
    this.#signal = signal
    this.#prefetch = prefetch
    if (level.pinsRevision) this.#revision = prefetch?.revision
  }

  /** Of the store at the first read; undefined before, and at levels that do not pin it. */
  get revision(): number | undefined {
    return this.#revision
  }

  /** How many conditions {@link conditions} has. */
  get conditionCount(): number {
    return this.#guards.size + this.#ranges.size
  }

  /** One key. */
  async key(key: Bytes): Promise<KeyValue | undefined> {
    const [kv] = await this.#read({ id: `k${keyText(key)}`, keys: key, isRange: false })
    return kv
  }

  /** The keys of a range. */
  range(range: Bytes | Range): Promise<readonly KeyValue[]> {
    const { from, to } = keyRange(range)
    const isPrefix = typeof range === 'string' || range instanceof Uint8Array
    const keys = isPrefix ? { prefix: range } : range
    return this.#read({ id: `r${from}\n${to ?? ''}`, keys, isRange: true })
  }

  /** Was this key read by itself or in a range, and found or missed? */
  guards(key: string): boolean {
    return this.#guards.has(key)
  }

  /** True as long as nothing that was read has changed. */
  conditions(): Compare[] {
    const conditions: Compare[] = []
    for (const { key, modRevision } of this.#guards.values())
      conditions.push(compare(key).modRevision('=', modRevision))
    for (const range of this.#ranges.values())
      conditions.push(compare(range).modRevision('<', this.#revision! + 1))
    return conditions
  }

  /** Reads all of it again. */
  again(): Op[] {
    return this.#targets.map(({ keys }) => op.get(keys))
  }

  /** What the answers to {@link again} brought. */
  prefetched(responses: readonly OpResult[], revision: number): Prefetch {
    const found = new Map(this.#targets.map(({ id }, i) => [id, kvsOf(responses[i])]))
    return { revision, found }
  }

  async #read(target: Target): Promise<readonly KeyValue[]> {
    if (!this.#level.guardsReads) return this.#ask(target)
    let found = this.#cache.get(target.id)
    if (found === undefined) {
      found = this.#first(target)
      this.#cache.set(target.id, found)
      // Whoever asked is told; nobody else has to be.
      found.catch(() => {})
    }
    return found
  }

  async #first(target: Target): Promise<readonly KeyValue[]> {
    const kvs = this.#prefetch?.found.get(target.id) ?? (await this.#ask(target))
    this.#targets.push(target)
    if (target.isRange && this.#level.guardsRanges)
      this.#ranges.set(target.id, target.keys as Range)
    if (!target.isRange && kvs.length === 0) this.#guard(target.keys as Bytes, 0)
    for (const { key, modRevision } of kvs) this.#guard(key, modRevision)
    return kvs
  }

  /** @throws {ConclaveError} `conflict`: it was read before, at another revision. */
  #guard(key: Bytes, modRevision: number): void {
    const text = keyText(key)
    const before = this.#guards.get(text)
    if (before === undefined) this.#guards.set(text, { key, modRevision })
    else if (before.modRevision !== modRevision) {
      this.stale = true
      throw new ConclaveError('conflict', 'What was read before has changed meanwhile.')
    }
  }

  #ask(target: Target): Promise<readonly KeyValue[]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ target, resolve, reject })
      if (this.#isSending) return
      this.#isSending = true
      void Promise.resolve().then(() => this.#send())
    })
  }

  async #send(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, BATCH_MAX)
      try {
        const all = await this.#fetch(batch.map(({ target }) => target))
        for (const [i, { resolve }] of batch.entries()) resolve(all[i]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isSending = false
  }

  async #fetch(targets: readonly Target[]): Promise<(readonly KeyValue[])[]> {
    const at = this.#revision === undefined ? {} : { revision: this.#revision }
    this.batches++
    try {
      const { responses, revision } = await this.#client
        .txn()
        .then(...targets.map(({ keys }) => op.get(keys, at)))
        .commit({ signal: this.#signal })
      if (this.#level.pinsRevision) this.#revision ??= revision
      return responses.map(kvsOf)
    } catch (error) {
      // Compacted, or lost with a member that was restored: there is a newer one to begin at.
      const { code } = ConclaveError.from(error)
      if (code === 'compacted' || code === 'future-revision') this.stale = true
      throw error
    }
  }
}

function kvsOf(result: OpResult | undefined): readonly KeyValue[] {
  return result?.type === 'get' ? result.kvs : []
}
