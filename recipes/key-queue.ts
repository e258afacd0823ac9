/**
 * The keys under a name, oldest first: who holds, and who waits.
 *
 * Keys are those of etcd's own clients, `<name>/<lease in lower hex>`, so `etcdctl lock`,
 * `etcdctl elect` and Go's `concurrency` package stand in the same queues. The oldest
 * key, by create revision, holds. As with etcd, every key under `<name>/` counts: the
 * names `a` and `a/b` are not independent.
 */

import { type Keyspace, type KeyValue, type Op, op, type RequestOptions } from '../client/index.js'
import { checkName } from './names.js'

/** See the head of the file. */
export class KeyQueue {
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

  /** Reads the newest keys, newest first; those created before a revision, if one is given. */
  newest(limit: number, before?: number): Op {
    return op.get(this.range, {
      sort: 'createRevision',
      order: 'descending',
      limit,
      keysOnly: true,
      ...(before !== undefined && { maxCreateRevision: before - 1 }),
    })
  }
}
