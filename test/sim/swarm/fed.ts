/**
 * What the judges of a life were fed with: one that was fed nothing acquits, and says
 * nothing by it.
 */

import type { BatchResponse } from '../../../server/state/applied.js'
import type { Committed } from '../../check/committed.js'
import type { HeldRecipe } from '../../check/lock-record.js'
import type { Operation } from '../../check/operation.js'
import type { PipelineVerdict } from '../../check/pipeline-rules.js'
import type { Turn } from '../../check/safe-halt.js'
import type { Material } from '../workloads/material.js'

/** Every kind that is counted. */
export const MATERIAL_KINDS = [
  'operations answered',
  'reads',
  'writes',
  'compactions',
  'watch traces',
  'watch events',
  'client watches',
  'client watch events',
  'lease grants',
  'lease keep-alives',
  'lease revocations',
  'mutex grants',
  'fenced writes accepted',
  'read-write lock grants',
  'semaphore grants',
  'election wins',
  'proclamations',
  'election sightings',
  'items enqueued',
  'items given out',
  'items acked',
  'sessions',
  'session writes',
  'session writes answered',
  'session reads',
  'session batches',
  'session calls passed over',
  'batches of ended sessions',
  'sessions looked at',
  'snapshots among sessions',
  'members changed among sessions',
] as const

/** One kind. */
export type MaterialKind = (typeof MATERIAL_KINDS)[number]

/** How much of each kind there was; kinds that are missing: none. */
export type Fed = Readonly<Partial<Record<MaterialKind, number>>>

/** What the judges get from the clients: only what was answered, as nothing else binds anybody. */
export function fedWith(operations: readonly Operation[], material: Material): Fed {
  const { watchTraces, clientWatches, leases, locks, queues } = material
  const answered = operations.filter(({ answer }) => answer?.kind === 'ok')
  const calls = (...kinds: Operation['call']['kind'][]) =>
    answered.filter(({ call }) => kinds.includes(call.kind)).length
  const leaseCalls = (kind: (typeof leases)[number]['kind']) =>
    leases.filter((record) => record.kind === kind && record.answer?.kind === 'ok').length
  const grants = (recipe: HeldRecipe) =>
    locks.grants.filter((grant) => grant.recipe === recipe).length
  return {
    'operations answered': answered.length,
    reads: calls('range'),
    writes: calls('put', 'deleteRange', 'txn'),
    compactions: calls('compaction'),
    'watch traces': watchTraces.length,
    'watch events': sum(watchTraces, ({ responses }) =>
      sum(responses, ({ events }) => events.length),
    ),
    'client watches': clientWatches.length,
    'client watch events': sum(clientWatches, ({ batches }) =>
      sum(batches, ({ events }) => events.length),
    ),
    'lease grants': leaseCalls('grant'),
    'lease keep-alives': leaseCalls('keepAlive'),
    'lease revocations': leaseCalls('revoke'),
    'mutex grants': grants('mutex'),
    'fenced writes accepted': locks.writes.filter(({ accepted }) => accepted).length,
    'read-write lock grants': grants('rwlock'),
    'semaphore grants': grants('semaphore'),
    'election wins': grants('election'),
    proclamations: locks.proclamations.filter(({ outcome }) => outcome === 'done').length,
    'election sightings': sum(locks.observations, ({ sightings }) => sightings.length),
    'items enqueued': queues.enqueues.filter(({ outcome }) => outcome === 'done').length,
    'items given out': queues.deliveries.length,
    'items acked': queues.deliveries.filter(({ ack }) => ack === 'done').length,
  }
}

/** The log as far as it is of sessions, and what met it. */
export interface SessionsSeen {
  readonly committed: readonly Committed[]
  readonly turns: readonly Turn[]
  /** How often a member's sessions were compared with the log. */
  readonly sessionLooks: number
}

/** What there was to judge of sessions. */
export function fedWithSessions(
  { committed, turns, sessionLooks }: SessionsSeen,
  verdict?: PipelineVerdict,
): Fed {
  const batches = committed.filter(({ command }) => command?.pipeline)
  const [firstMs, lastMs] = [batches[0]?.atMs ?? 0, batches.at(-1)?.atMs ?? 0]
  const among = (atMs: number) => atMs > firstMs && atMs < lastMs
  const installed = turns.filter(({ kind, atMs }) => kind === 'installed' && among(atMs))
  const changes = committed.filter(({ change, atMs }) => change?.steps.length && among(atMs))
  return {
    sessions: verdict?.sessions ?? 0,
    'session writes': verdict?.writes ?? 0,
    'session writes answered': verdict?.answered ?? 0,
    'session reads': verdict?.reads ?? 0,
    'session batches': batches.length,
    'session calls passed over': sum(batches, ({ command, result }) => {
      if (!result?.ok) return 0
      return command!.pipeline!.calls.length - (result.response as BatchResponse).answers.length
    }),
    'batches of ended sessions': batches.filter(({ result }) => result?.ok === false).length,
    'sessions looked at': sessionLooks,
    'snapshots among sessions': installed.length,
    'members changed among sessions': changes.length,
  }
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((all, one) => all + of(one), 0)
}
