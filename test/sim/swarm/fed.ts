/**
 * What the judges of a life were fed with: one that was fed nothing acquits, and says
 * nothing by it.
 */

import type { Operation } from '../../check/operation.js'
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
  'election wins',
  'proclamations',
  'election sightings',
] as const

/** One kind. */
export type MaterialKind = (typeof MATERIAL_KINDS)[number]

/** How much of each kind there was; kinds that are missing: none. */
export type Fed = Readonly<Partial<Record<MaterialKind, number>>>

/** What the judges get from the clients: only what was answered, as nothing else binds anybody. */
export function fedWith(operations: readonly Operation[], material: Material): Fed {
  const { watchTraces, clientWatches, leases, locks } = material
  const answered = operations.filter(({ answer }) => answer?.kind === 'ok')
  const calls = (...kinds: Operation['call']['kind'][]) =>
    answered.filter(({ call }) => kinds.includes(call.kind)).length
  const leaseCalls = (kind: (typeof leases)[number]['kind']) =>
    leases.filter((record) => record.kind === kind && record.answer?.kind === 'ok').length
  const grants = (recipe: 'mutex' | 'election') =>
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
    'election wins': grants('election'),
    proclamations: locks.proclamations.filter(({ outcome }) => outcome === 'done').length,
    'election sightings': sum(locks.observations, ({ sightings }) => sightings.length),
  }
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((all, one) => all + of(one), 0)
}
