/**
 * Who is in a group: a cache of its keys that begins anew when it ends.
 *
 * 1. List the keys, then watch from the next revision on (a cache of the client), and tell
 *    each change.
 * 2. When the cache ends, as when a permission is taken away or there are too many keys,
 *    keep the list that was told last, tell why, and begin anew after a pause that grows.
 * 3. When the new list is there, tell what differs from the kept one, as after a compaction.
 */

import type {
  Cache,
  CacheChange,
  CacheWait,
  ConclaveError,
  ConsistentRead,
  Keyspace,
  KeyValue,
} from '../client/index.js'
import { BackOff } from './back-off.js'
import type { GroupMember } from './group-member.js'

/** What a list tells: a key that is not what it was, and what a new list shows of it. */
export type MemberChange<T> = Pick<
  CacheChange<GroupMember<T> | undefined>,
  'before' | 'after' | 'revision' | 'synthetic'
>

/** What a {@link MemberList} is made of. */
export interface MemberListOptions<T> {
  readonly prefix: string
  /** Undefined: the key is no member's. */
  readonly memberOf: (kv: KeyValue) => GroupMember<T> | undefined
  readonly onChange: (change: MemberChange<T>) => void
  readonly onError: (error: ConclaveError) => void
}

/** The longest rest after new trouble, in milliseconds. */
const REST_MS = 500

/** See the head of the file. Begins at once. */
export class MemberList<T> {
  readonly #client: Keyspace
  readonly #options: MemberListOptions<T>
  readonly #controller = new AbortController()
  readonly #backOff: BackOff
  /** By key: all that was listed or told. */
  readonly #known = new Map<string, GroupMember<T>>()
  #cache: Cache<GroupMember<T> | undefined>
  /** Of the last list or change that was told; 0 before the first list. */
  #revision = 0
  /** Does the cache that is open now have its list? */
  #isLive = false

  constructor(client: Keyspace, options: MemberListOptions<T>) {
    this.#client = client
    this.#options = options
    this.#backOff = new BackOff(client, this.#controller.signal)
    this.#cache = this.#open()
  }

  /** Of what the list shows; 0 before it is ready. */
  get revision(): number {
    return this.#isLive ? this.#cache.revision : this.#revision
  }

  /** Resolves when there is a list, even if it is kept. Fails as `Cache.ready`, and goes on trying. */
  async ready(options: CacheWait): Promise<void> {
    if (this.#revision === 0) await this.#cache.ready(options)
  }

  /** By id. @throws {ConclaveError} it is not {@link ready}. */
  members(): GroupMember<T>[] {
    if (this.#isLive || this.#revision === 0) return this.#cache.getAll().filter(isMember)
    return [...this.#known.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** As of the time of the call or later. Fails as the reads of a cache, and why it ended. */
  async membersNow(options: ConsistentRead): Promise<GroupMember<T>[]> {
    const { consistent: _consistent, ...wait } = options
    await this.#cache.ready(wait)
    return (await this.#cache.getAll(undefined, options)).filter(isMember)
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#controller.abort()
    this.#cache.close()
  }

  #open(): Cache<GroupMember<T> | undefined> {
    const { prefix, memberOf } = this.#options
    const cache = this.#client.cache(prefix, { decode: memberOf })
    cache.on('synced', (revision) => this.#listed(cache, revision))
    cache.on('change', (change) => this.#told(change.keyString, change))
    cache.on('error', (error) => this.#failed(error))
    return cache
  }

  #listed(cache: Cache<GroupMember<T> | undefined>, revision: number): void {
    const isFirst = this.#revision === 0
    const before = new Map(this.#known)
    const after = new Map([...cache.entries()].filter(isMemberOfKey))
    this.#isLive = true
    this.#revision = revision
    this.#known.clear()
    for (const [key, member] of after) this.#known.set(key, member)
    if (isFirst) return
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      // A listener may have closed the list.
      if (cache.closed) return
      const change = { before: before.get(key), after: after.get(key) }
      this.#options.onChange({ ...change, revision, synthetic: true })
    }
  }

  #told(key: string, change: MemberChange<T>): void {
    this.#revision = change.revision
    if (change.after === undefined) this.#known.delete(key)
    else this.#known.set(key, change.after)
    this.#options.onChange(change)
  }

  #failed(error: ConclaveError): void {
    this.#isLive = false
    this.#options.onError(error)
    if (error.code !== 'closed') void this.#beginAnew()
  }

  async #beginAnew(): Promise<void> {
    await this.#backOff.rest(REST_MS)
    if (this.#controller.signal.aborted || this.#client.closed) return
    this.#cache = this.#open()
  }
}

function isMember<T>(member: GroupMember<T> | undefined): member is GroupMember<T> {
  return member !== undefined
}

function isMemberOfKey<T>(
  entry: [key: string, member: GroupMember<T> | undefined],
): entry is [key: string, member: GroupMember<T>] {
  return isMember(entry[1])
}
