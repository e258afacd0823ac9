/** Keys, leases and watches, whether of a whole cluster or of a namespace in it. */

import type { Bytes } from './bytes.js'
import type { Cache, CacheOptions } from './cache.js'
import type { Clock } from './host/clock.js'
import type { Random } from './host/random.js'
import type { KeyValue } from './key-value.js'
import type { KvClient } from './kv.js'
import type { LeaseClient } from './lease.js'
import type { Guarantees } from './pipeline/guarantees.js'
import type { Range } from './range.js'
import type { Txn } from './txn.js'
import type { WatchOptions } from './watch.js'
import type { Watcher } from './watcher.js'

/**
 * What a client and a namespace of it have in common. Code that takes a `Keyspace` runs on
 * either; so do all recipes.
 */
export interface Keyspace {
  readonly kv: KvClient
  readonly lease: LeaseClient
  /** The clock that lease times are told on. */
  readonly clock: Clock
  /** The chance that jitter and ids are drawn from. */
  readonly random: Random
  /** Is the client closed? */
  readonly closed: boolean
  /** What holds for its calls, as far as is known; settled by the first call. */
  readonly guarantees: Guarantees
  /** Begins a transaction. */
  txn(): Txn<[], []>
  /** Watches a key or a range; plain bytes are one key. */
  watch(range: Bytes | Range, options?: WatchOptions): Watcher
  /** Keeps a copy of a range in this process; plain bytes are a prefix. */
  cache<T = KeyValue>(range: Bytes | Range, options?: CacheOptions<T>): Cache<T>
  /** The keys under a prefix; see `Client.namespace`. */
  namespace(prefix: Bytes): Keyspace
}
