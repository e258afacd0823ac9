/**
 * Which keys of a read-write lock exclude each other.
 *
 * Readers have keys under `<name>/read/`, writers under `<name>/write/`, as in etcd's own
 * recipe. A writer waits for every older key, as in a mutex. A reader waits for older
 * writers only, and it suffices to look at the last of them: that one waits for the others.
 *
 * A writer that was downgraded keeps its key, in its place, and puts it a second time.
 * Nothing older than it is left, since it held alone; so a reader that finds it as the last
 * writer before itself holds beside it. Others who write still see an older key.
 */

import {
  type Compare,
  compare,
  type Keyspace,
  type KeyValue,
  type Op,
  type OpResult,
  type RequestOptions,
} from '../client/index.js'
import { KeyQueue, newest } from './key-queue.js'
import type { Ahead, Line } from './line.js'

/** What a key of a read-write lock is for. */
export type RWKind = 'read' | 'write'

/** The keys of one read-write lock; as a line, that of its readers. */
export class ReadWriteKeys implements Line {
  /** All keys; as a line, that of the writers. */
  readonly queue: KeyQueue
  readonly #writers: { readonly prefix: string }

  /** @throws {ConclaveError} `invalid-argument`: the name is empty or ends in `/`. */
  constructor(client: Keyspace, name: string) {
    this.queue = new KeyQueue(client, name)
    this.#writers = { prefix: `${this.nameOf('write')}/` }
  }

  /** Under which the keys of one kind are. */
  nameOf(kind: RWKind): string {
    return `${this.queue.name}/${kind}`
  }

  /** No writer holds or waits; those that were downgraded count as readers. */
  get noWriters(): Compare {
    return compare(this.#writers).version('!=', 1)
  }

  reads(token: number | undefined): Op[] {
    return [newest(this.#writers, 1, token)]
  }

  ahead([read]: readonly OpResult[], _token: number): Ahead | undefined {
    const writer = read?.type === 'get' ? read.kvs[0] : undefined
    if (writer === undefined || this.kindOf(writer) === 'read') return undefined
    return { watched: [{ keyOrRange: writer.key, filters: [] }] }
  }

  /** What a key is for now. Keys of strangers keep writers out, as readers do. */
  kindOf({ keyString, version }: KeyValue): RWKind {
    return keyString.startsWith(this.#writers.prefix) && version === 1 ? 'write' : 'read'
  }

  /** All keys, oldest first, with whether they hold. */
  async all(options: RequestOptions): Promise<{ kv: KeyValue; kind: RWKind; holds: boolean }[]> {
    let writers = 0
    return (await this.queue.all(options)).map((kv, i) => {
      const kind = this.kindOf(kv)
      const holds = kind === 'read' ? writers === 0 : i === 0
      if (kind === 'write') writers++
      return { kv, kind, holds }
    })
  }
}
