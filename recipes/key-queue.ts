/**
 * The keys under a name, oldest first: who holds, and who waits.
 *
 * Keys are those of etcd's own clients, `<name>/<lease in lower hex>`, so `etcdctl lock`,
 * `etcdctl elect` and Go's `concurrency` package stand in the same queues. The oldest
 * key, by create revision, holds. As with etcd, every key under `<name>/` counts: the
 * names `a` and `a/b` are not independent.
 */

import {
  type Compare,
  ConclaveError,
  compare,
  type Keyspace,
  type KeyValue,
  type Op,
  type OpResult,
  op,
  type Range,
  type RequestOptions,
} from '../client/index.js'
import type { Ahead, Line } from './line.js'
import { checkName } from './names.js'

/** See the head of the file. As a line, it lets hold the oldest key alone. */
export class KeyQueue implements Line {
  readonly client: Keyspace
  readonly name: string
  /** All keys of the queue. */
  readonly range: { readonly prefix: string }

  /** @throws {ConclaveError} `invalid-argument`: the name is empty or ends in `/`. */
  constructor(client: Keyspace, name: string) {
    checkName(name)
    this.client = client
    this.name = name
    this.range = { prefix: `${name}/` }
  }

  /** The key that holds. */
  async first(options: RequestOptions & { readonly revision?: number } = {}) {
    const oldest = { sort: 'createRevision', order: 'ascending', limit: 1 } as const
    const { kvs, revision } = await this.client.kv.getAll(this.range, { ...options, ...oldest })
    return { kv: kvs[0], revision }
  }

  /** All keys, oldest first. */
  async all(options: RequestOptions = {}): Promise<KeyValue[]> {
    const oldest = { sort: 'createRevision', order: 'ascending' } as const
    return (await this.client.kv.getAll(this.range, { ...options, ...oldest })).kvs
  }

  /** Nobody holds or waits. */
  get empty(): Compare {
    return compare(this.range).missing()
  }

  /** The newest key before ours; in a join, ours with it. */
  reads(token: number | undefined): Op[] {
    return [newest(this.range, token === undefined ? 2 : 1, token)]
  }

  ahead([read]: readonly OpResult[], token: number): Ahead | undefined {
    const kvs = read?.type === 'get' ? read.kvs : []
    if (kvs.some(({ createRevision }) => createRevision > token))
      throw new ConclaveError('internal', 'A key that was just put is not the newest.')
    const before = kvs.find(({ createRevision }) => createRevision < token)
    return before && { watched: [{ keyOrRange: before.key, filters: ['noPut'] }] }
  }
}

/** Reads the newest keys of a range, newest first; those created before a revision, if one is given. */
export function newest(range: Range, limit: number, before?: number, keysOnly = true): Op {
  return op.get(range, {
    sort: 'createRevision',
    order: 'descending',
    limit,
    keysOnly,
    ...(before !== undefined && { maxCreateRevision: before - 1 }),
  })
}
