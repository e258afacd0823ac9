/**
 * A typed configuration made of all keys under a prefix, that follows the store and never
 * turns bad.
 *
 * Promise: **as that of `Config`, for the tree as a whole: `get()` is always what the keys
 * were at one revision, and a tree that the schema refuses never replaces a good one.**
 *
 * `app/db/host` and `app/db/port` under the prefix `app` are `{ db: { host, port } }`: each
 * `/` is a level, each value JSON. Keys that are both a value and a level (`app/db` and
 * `app/db/host`), that have an empty part, or that are named `__proto__` make it invalid.
 *
 * Costs and faults are those of `Config`; `ready` reads all keys.
 */

import {
  type Cache,
  ConclaveError,
  json,
  type Keyspace,
  type KeyValue,
  type RequestOptions,
  SchemaError,
  type StandardSchema,
  schemaCheck,
  type ValueCodec,
} from '../client/index.js'
import { encodeChecked } from './config.js'
import { invalidArgument } from './errors.js'
import { guardedPut } from './guarded-put.js'
import { LastGood } from './last-good.js'
import { checkName } from './names.js'

/** How a {@link ConfigTree} reads and writes. */
export interface ConfigTreeOptions<T> {
  /** Checks the tree, and may change it; of any library that speaks Standard Schema. */
  readonly schema?: StandardSchema<unknown, T>
  /** How a single value is written and read. Default JSON. */
  readonly codec?: ValueCodec<unknown>
  /** What holds while no key is stored, and until they are read. */
  readonly default?: T
}

/** What is built: values and levels by name. */
interface Level {
  [name: string]: unknown
}

/**
 * A configuration tree; see the head of the file. It reads from when it is made.
 *
 * @example
 * const app = new ConfigTree<{ db: { host: string; port: number } }>(client, 'app', {
 *   default: { db: { host: 'localhost', port: 5432 } },
 * })
 * app.on('change', ({ value, previous }) => console.log(previous?.db.host, '->', value.db.host))
 * await app.ready()
 * await app.set('db/host', 'db-1.internal')
 * app.close()
 */
export class ConfigTree<T> extends LastGood<T> {
  readonly prefix: string
  readonly #codec: ValueCodec<unknown>
  readonly #cache: Cache

  /**
   * @param prefix not empty, not ending in `/`.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(client: Keyspace, prefix: string, options: ConfigTreeOptions<T> = {}) {
    checkName(prefix, 'The prefix of a configuration')
    const { schema, codec = json<unknown>() } = options
    const check = schema === undefined ? (tree: Level) => tree as T : schemaCheck(schema)
    const fallback = options.default
    const absent = fallback === undefined ? undefined : { value: fallback, isDefault: true }
    const cache = client.cache(`${prefix}/`)
    const read = () => {
      if (cache.size === 0 && absent !== undefined) return absent
      const tree = treeOf(cache.getAll(), `${prefix}/`.length, codec)
      return { value: accepted(check, tree, prefix), isDefault: false }
    }
    super(client, cache, read, absent)
    this.prefix = prefix
    this.#codec = codec
    this.#cache = cache
  }

  /**
   * Writes one value, if nobody wrote it since the one that this process has seen. Resolves
   * with its revision when this process has read it. The tree is not checked before: a set
   * that makes it invalid is told by `invalid`.
   *
   * @param path below the prefix, such as `db/host`.
   * @throws {ConclaveError} `conflict`; `invalid-argument`; `failed-precondition`: it is not
   *   {@link ready}; as `kv.put()`.
   */
  async set(path: string, value: unknown, options: RequestOptions = {}): Promise<number> {
    checkPath(path)
    const key = `${this.prefix}/${path}`
    const modRevision = this.#cache.get(key)?.modRevision ?? 0
    const bytes = encodeChecked(this.#codec, value, key)
    const revision = await guardedPut(this.client, key, bytes, modRevision, options)
    await this.reached(revision)
    return revision
  }
}

/** @throws {ConclaveError} `invalid-argument`. */
function checkPath(path: string): void {
  if (path.split('/').some(isBadPart))
    throw invalidArgument(`A path has no empty part and no '__proto__': '${path}'.`)
}

function isBadPart(part: string): boolean {
  return part === '' || part === '__proto__'
}

/** The tree of all values, in the order of their keys. @throws {ConclaveError} `invalid-value`. */
function treeOf(kvs: readonly KeyValue[], skip: number, codec: ValueCodec<unknown>): Level {
  const tree: Level = {}
  const levels = new Set<unknown>([tree])
  for (const kv of kvs) {
    const parts = kv.keyString.slice(skip).split('/')
    if (parts.some(isBadPart)) throw invalidKey(kv, "has an empty part or '__proto__'")
    let level = tree
    for (const part of parts.slice(0, -1)) {
      if (!Object.hasOwn(level, part)) {
        level[part] = {}
        levels.add(level[part])
      }
      if (!levels.has(level[part])) throw invalidKey(kv, 'is below a key that has a value')
      level = level[part] as Level
    }
    const name = parts.at(-1)!
    if (Object.hasOwn(level, name)) throw invalidKey(kv, 'has a value and keys below it')
    level[name] = kv.decode(codec)
  }
  return tree
}

function invalidKey(kv: KeyValue, what: string): ConclaveError {
  return new ConclaveError('invalid-value', `The key ${kv.keyString} ${what}.`)
}

/** What the schema makes of it. @throws {ConclaveError} `invalid-value`. */
function accepted<T>(check: (tree: Level) => T, tree: Level, prefix: string): T {
  try {
    return check(tree)
  } catch (cause) {
    if (!(cause instanceof SchemaError)) throw cause
    throw new ConclaveError('invalid-value', `The tree under ${prefix}/: ${cause.message}`, {
      cause,
    })
  }
}
