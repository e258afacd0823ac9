/**
 * Keeps what is known of a queue up to date: lists it, then watches from there on, and lists it
 * anew when what it missed has been compacted.
 */

import { ConclaveError, type Keyspace, type KeyValue } from '../../client/index.js'
import { hasCode, isTransient } from '../errors.js'
import { pause } from '../pause.js'
import type { Entry } from './entry.js'
import type { QueueKeys } from './keys.js'
import type { KnownItems } from './known-items.js'

const RETRY_MS = 200
/** Keys of items, claims and consumers that a consumer keeps; a queue with more is none for it. */
const KEYS_MAX = 500_000

/** What it tells. */
export interface FollowerListener {
  /** What is known has changed. @param entries the items that may have; undefined: any. */
  readonly onChange: (entries: ReadonlySet<Entry> | undefined) => void
  /** It is over, for a reason that does not pass. */
  readonly onFailure: (error: unknown) => void
}

/** Follows until the signal aborts, or there is no point in going on. Never rejects. */
export async function follow(
  client: Keyspace,
  keys: QueueKeys,
  items: KnownItems,
  listener: FollowerListener,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { kvs, revision } = await list(client, keys, signal)
      items.reset(kvs, revision)
      listener.onChange(undefined)
      const watcher = client.watch(keys.live, { startRevision: revision + 1, signal })
      for await (const { events } of watcher.batches()) listener.onChange(items.apply(events))
    } catch (error) {
      if (signal.aborted) return
      const isCompacted = hasCode(error, 'compacted')
      if (!isCompacted && !isTransient(error)) return listener.onFailure(error)
      if (!isCompacted) await pause(client, RETRY_MS, signal)
    }
  }
}

async function list(
  client: Keyspace,
  keys: QueueKeys,
  signal: AbortSignal,
): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: number }> {
  const all: KeyValue[] = []
  let at = 0
  for await (const { kvs, count, revision } of client.kv.pages(keys.live, { signal })) {
    if (count > KEYS_MAX)
      throw new ConclaveError('too-many-keys', `The queue '${keys.name}' has ${count} keys.`)
    all.push(...kvs)
    at = revision
  }
  return { kvs: all, revision: at }
}
