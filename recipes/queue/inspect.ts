/** Who does what in a queue right now, for people and for dashboards. */

import type { Keyspace, RequestOptions } from '../../client/index.js'
import type { QueueKeys } from './keys.js'
import { byTurn, type Turn } from './order.js'
import { claimRecord, consumerRecord, type ItemRecord, itemRecord } from './records.js'

/** An item that waits for somebody to take it. */
export interface WaitingItem {
  readonly id: string
  readonly priority: number
  /** Attempts so far. */
  readonly attempts: number
  /** Bytes of the value. */
  readonly bytes: number
  /** Why the last attempt failed; absent before the first. */
  readonly error?: string
  /** Of a delayed item: when it is to be ready, by its writer's wall clock, in epoch milliseconds. */
  readonly dueMs?: number
}

/** An item that somebody has. */
export interface InflightItem {
  readonly id: string
  readonly priority: number
  readonly attempt: number
  /** Who: the owner of the session. */
  readonly owner: string
  readonly leaseId: bigint
  readonly fencingToken: number
  /** By the wall clock of who has it, in epoch milliseconds. */
  readonly sinceMs: number
}

/** Somebody who consumes. */
export interface QueueParticipant {
  readonly owner: string
  readonly leaseId: bigint
  /** Items that it has, or would take at once. */
  readonly slots: number
  /** Items that it has. */
  readonly inflight: number
}

/** A queue at one revision. */
export interface QueueReport {
  readonly revision: number
  /** In the order in which they are claimed. */
  readonly ready: readonly WaitingItem[]
  /** By the wall clock of who asks. */
  readonly delayed: readonly WaitingItem[]
  /** Oldest claim first. */
  readonly inflight: readonly InflightItem[]
  readonly participants: readonly QueueParticipant[]
  readonly dead: number
}

interface Claim extends Omit<InflightItem, 'priority' | 'attempt'> {}

/** Reads all of it; as many round trips as the queue has thousands of items, and 1. */
export async function inspectQueue(
  client: Keyspace,
  keys: QueueKeys,
  options: RequestOptions,
): Promise<QueueReport> {
  const items: (Turn & { readonly record: ItemRecord })[] = []
  const claims = new Map<string, Claim>()
  const consumers: { owner: string; leaseId: bigint; slots: number }[] = []
  let at = 0
  for await (const { kvs, revision } of client.kv.pages(keys.live, options)) {
    at = revision
    for (const kv of kvs) {
      const key = keys.read(kv.keyString)
      const { createRevision, lease: leaseId } = kv
      if (key?.kind === 'item') {
        const record = itemRecord(kv)
        const { priority = 0, place = 0 } = record ?? {}
        if (record) items.push({ id: key.id, priority, place, createRevision, record })
      } else if (key?.kind === 'claim') {
        const { owner = '', sinceMs = 0 } = claimRecord(kv) ?? {}
        claims.set(key.id, { id: key.id, owner, leaseId, fencingToken: createRevision, sinceMs })
      } else if (key?.kind === 'consumer') {
        const { owner = '', slots = 0 } = consumerRecord(kv) ?? {}
        consumers.push({ owner, leaseId, slots })
      }
    }
  }
  const free = items.sort(byTurn).filter(({ id }) => !claims.has(id))
  const isLater = ({ record }: { record: ItemRecord }) => (record.dueMs ?? 0) > client.clock.wall()
  const held = (leaseId: bigint) => [...claims.values()].filter((c) => c.leaseId === leaseId).length
  return {
    revision: at,
    ready: free.filter((item) => !isLater(item)).map(waitingOf),
    delayed: free.filter(isLater).map(waitingOf),
    inflight: items
      .flatMap(({ id, record: { priority, attempts } }) => {
        const claim = claims.get(id)
        return claim === undefined ? [] : [{ ...claim, priority, attempt: attempts }]
      })
      .sort((a, b) => a.fencingToken - b.fencingToken),
    participants: consumers.map((one) => ({ ...one, inflight: held(one.leaseId) })),
    dead: await client.kv.count(keys.dead, options),
  }
}

function waitingOf({
  id,
  record,
}: {
  readonly id: string
  readonly record: ItemRecord
}): WaitingItem {
  const { priority, attempts, bytes, error, dueMs } = record
  return {
    id,
    priority,
    attempts,
    bytes,
    ...(error !== undefined && { error }),
    ...(dueMs !== undefined && { dueMs }),
  }
}
