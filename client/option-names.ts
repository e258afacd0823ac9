/**
 * The names of options that single calls take, by what takes them.
 *
 * A call looks every name it is given up here before anything is sent: a name that it does not
 * know would do nothing, such as a put that should have had a lease.
 */

import type { CacheOptions, CacheWait, ConsistentRead } from './cache-options.js'
import type { RequestOptions } from './connection/connection.js'
import type { UpdateOptions } from './guarded-writes.js'
import type { KeepAliveListener } from './keep-alive.js'
import type { Known } from './known-names.js'
import type { PagesOptions } from './kv.js'
import type { DeleteOptions, PutOptions, RangeOptions, ReadOptions } from './requests.js'
import type { SnapshotOptions } from './snapshot.js'
import type { WatchOptions } from './watch.js'

const REQUEST: Known<keyof RequestOptions> = {
  signal: true,
  timeoutMs: true,
  metadata: true,
  requireLeader: true,
}
const READ: Known<keyof ReadOptions> = { revision: true, serializable: true }
const RANGE: Known<keyof RangeOptions> = {
  ...READ,
  limit: true,
  sort: true,
  order: true,
  keysOnly: true,
  countOnly: true,
  minModRevision: true,
  maxModRevision: true,
  minCreateRevision: true,
  maxCreateRevision: true,
}
const PUT: Known<keyof PutOptions> = {
  lease: true,
  prevKv: true,
  ignoreValue: true,
  ignoreLease: true,
}
const DELETE: Known<keyof DeleteOptions> = { prevKv: true }
const WAIT: Known<keyof CacheWait> = { signal: true, timeoutMs: true }
const SNAPSHOT: Known<keyof SnapshotOptions> = {
  endpoint: true,
  signal: true,
  timeoutMs: true,
  silenceMs: true,
}

/** What no call but a request has besides its own names. */
export const REQUEST_NAMES = Object.freeze(REQUEST)
/** Of a single wait. */
export const WAIT_NAMES = Object.freeze(WAIT)

/** Operations inside a transaction: they are no requests of their own. */
export const OP_NAMES = Object.freeze({
  get: Object.freeze(RANGE),
  put: Object.freeze(PUT),
  delete: Object.freeze(DELETE),
})

/** Requests of the key-value service. What reads in pieces refuses in words of its own is known here. */
export const KV_NAMES = Object.freeze({
  read: of<ReadOptions>(READ),
  range: of<RangeOptions>(RANGE),
  pages: of<PagesOptions>({ ...RANGE, pageSize: true }),
  put: of<PutOptions>(PUT),
  delete: of<DeleteOptions>(DELETE),
  guarded: of<{ lease: unknown }>({ lease: true }),
  update: of<UpdateOptions>({ lease: true, attempts: true }),
  compact: of<{ physical: unknown }>({ physical: true }),
})

/** Requests of other services that take more than every request does. */
export const SERVICE_NAMES = Object.freeze({
  grant: of<{ id: unknown }>({ id: true }),
  timeToLive: of<{ keys: unknown }>({ keys: true }),
  memberList: of<{ linearizable: unknown }>({ linearizable: true }),
  hashKv: of<{ revision: unknown }>({ revision: true }),
  rpc: of<{ intent: unknown }>({ intent: true }),
})

/** What is renewed. */
export const LISTENER_NAMES: Known<keyof KeepAliveListener> = Object.freeze({
  onRenewed: true,
  onLost: true,
})

/** Snapshots, and those that are saved. */
export const SNAPSHOT_NAMES = Object.freeze({
  snapshot: Object.freeze(SNAPSHOT),
  saveSnapshot: Object.freeze({ ...SNAPSHOT, onProgress: true } as const),
})

/** A watch. */
export const WATCH_NAMES: Known<keyof WatchOptions> = Object.freeze({
  startRevision: true,
  prevKv: true,
  filters: true,
  progressNotify: true,
  fragment: true,
  requireLeader: true,
  onCompacted: true,
  bufferEventsMax: true,
  bufferBytesMax: true,
  signal: true,
})

/** A cache, and reads from it. */
export const CACHE_NAMES = Object.freeze({
  cache: Object.freeze({
    decode: true,
    keysMax: true,
    requireLeader: true,
    signal: true,
  } satisfies Known<keyof CacheOptions>),
  read: Object.freeze({ ...WAIT, consistent: true } satisfies Known<keyof ConsistentRead>),
})

/** These names, and those of every request. */
function of<Options>(
  own: Known<keyof Options & string>,
): Known<(keyof Options & string) | keyof RequestOptions> {
  return Object.freeze({ ...own, ...REQUEST })
}
