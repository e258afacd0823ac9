/**
 * A namespace: a client that sees only the keys under a prefix, without the prefix.
 *
 * It is a view. Connection, pipeline, renewals and watch stream are those of the client;
 * a namespace in a namespace is a view of the client with the longer prefix.
 */

import { type Bytes, toBytes } from './bytes.js'
import { Cache, type CacheOptions } from './cache.js'
import type { Calls, Streams } from './calls.js'
import type { Connection } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import type { Clock } from './host/clock.js'
import type { Random } from './host/random.js'
import type { KeyValue } from './key-value.js'
import type { Keyspace } from './keyspace.js'
import { KvClient } from './kv.js'
import type { LeaseClient } from './lease.js'
import { NamespacedCalls } from './namespace-calls.js'
import { KeyPrefix } from './namespace-keys.js'
import { NamespacedStreams } from './namespace-streams.js'
import { NamespacedFeeds } from './namespace-watch.js'
import type { Guarantees } from './pipeline/guarantees.js'
import type { Range } from './range.js'
import { Txn } from './txn.js'
import { type Feeds, WatchClient, type WatchOptions } from './watch.js'
import type { Watcher } from './watcher.js'

/** What a client is made of, for whoever looks at it through a prefix. */
export interface NamespaceSource {
  readonly connection: Connection
  readonly calls: Calls
  readonly streams: Streams
  readonly lease: LeaseClient
  readonly feeds: Feeds
  readonly guarantees: () => Guarantees
}

/**
 * The keys under a prefix, named without it; made by `client.namespace`.
 *
 * Ranges end where the namespace ends: `{ all: true }` are all keys of the namespace, and
 * `{ fromKey }` runs to its end. Leases belong to the whole cluster: `timeToLive` names
 * those keys of a lease that are in the namespace, but revoking it deletes all of them.
 * `kv.compact` compacts the whole store.
 *
 * @example
 * const team = client.namespace('team-a/')
 * await team.kv.put('color', 'green')
 * console.log((await client.kv.get('team-a/color'))?.text())
 */
export class Namespace implements Keyspace {
  readonly kv: KvClient
  readonly lease: LeaseClient
  /** What every key of it begins with, outside. */
  readonly prefix: Uint8Array
  readonly #source: NamespaceSource
  readonly #calls: Calls
  readonly #watch: WatchClient

  /** @internal Made by `Client.namespace`. */
  constructor(source: NamespaceSource, prefix: Bytes) {
    const keys = new KeyPrefix(prefix)
    this.prefix = keys.bytes
    this.#source = source
    this.#calls = new NamespacedCalls(source.calls, keys)
    this.kv = new KvClient(this.#calls, new NamespacedStreams(source.streams, keys))
    this.lease = source.lease.over(this.#calls)
    const feeds: Feeds = (requireLeader) => new NamespacedFeeds(source.feeds(requireLeader), keys)
    this.#watch = new WatchClient(source.connection, this.#calls, feeds)
  }

  get clock(): Clock {
    return this.#source.connection.clock
  }

  get random(): Random {
    return this.#source.connection.random
  }

  /** Is the client closed? */
  get closed(): boolean {
    return this.#source.connection.closed
  }

  /** What holds for its calls: what holds for those of the client. */
  get guarantees(): Guarantees {
    return this.#source.guarantees()
  }

  /** Begins a transaction; keys of conditions and operations are those of the namespace. */
  txn(): Txn<[], []> {
    return new Txn(this.#calls)
  }

  /** Watches a key or a range; plain bytes are one key. */
  watch(range: Bytes | Range, options: WatchOptions = {}): Watcher {
    return this.#watch.watch(range, options)
  }

  /** Keeps a copy of a range of the namespace in this process; plain bytes are a prefix. */
  cache<T = KeyValue>(range: Bytes | Range, options: CacheOptions<T> = {}): Cache<T> {
    const { connection } = this.#source
    return new Cache({ connection, calls: this.#calls, watch: this.#watch }, range, options)
  }

  /** The keys under a further prefix. */
  namespace(prefix: Bytes): Namespace {
    const further = toBytes(prefix, 'prefix of a namespace')
    if (further.length === 0) throw invalidArgument('The prefix of a namespace must not be empty.')
    return new Namespace(this.#source, Buffer.concat([this.prefix, further]))
  }
}
