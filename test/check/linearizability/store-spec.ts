/**
 * The whole store, revisions and all, as the model has it: for small histories.
 *
 * Nothing can be judged key by key here, since a revision orders all keys and transactions
 * span them. Leases must not expire, and nobody else may use the store.
 */

import type { EtcdErrorName } from '../../../client/wire/etcd-errors.js'
import type { Call, Calls } from '../../model/call.js'
import type { Change } from '../../model/history.js'
import { Model } from '../../model/model.js'
import { isRead, isSerializable } from '../call-parts.js'
import { difference } from '../difference.js'
import type { Operation } from '../operation.js'
import { mayHaveHappened } from '../revisions/claim.js'
import { show } from '../show.js'
import type { SequentialSpec, TimedCall } from './spec.js'

/** How a call on the store came out. */
export type StoreOutput =
  | { readonly ok: true; readonly response: Calls[Call['kind']][1] }
  | { readonly ok: false; readonly error: EtcdErrorName }

/** See the head of the file. Nobody changes the model of a state. */
export const storeSpec: SequentialSpec<Model, Call, StoreOutput> = {
  init: () => new Model(),

  step(state, call, output) {
    const model = isRead(call) ? state : state.fork()
    const outcome = model.execute(call)
    if (output === undefined) return [outcome.ok ? model : state]
    if (outcome.ok && output.ok)
      return difference(output.response, outcome.response) === undefined ? [model] : []
    return !outcome.ok && !output.ok && outcome.error === output.error ? [state] : []
  },

  equals: (a, b) =>
    a.revision === b.revision &&
    a.compactRevision === b.compactRevision &&
    difference([...a.leases].sort(), [...b.leases].sort()) === undefined &&
    difference(a.history, b.history) === undefined,

  hash: ({ history, revision, compactRevision, leases }) =>
    hashOf(history.at(-1)) ^ Math.imul(revision, 0x9e3b) ^ (compactRevision << 16) ^ leases.size,

  describe: ({ kind, request }, output) => {
    const came = output === undefined ? 'unknown' : show(output.ok ? output.response : output.error)
    return `${kind} ${show(request)} -> ${came}`
  },
}

/** Refusals that follow from keys and revisions alone. */
const JUDGED: ReadonlySet<EtcdErrorName> = new Set(['compacted', 'futureRev', 'keyNotFound'])

/**
 * The calls of operations on a store that was new. Reads that accept an old state are left
 * out: they promise nothing of the kind. So are refusals for other reasons than keys.
 */
export function storeCalls(operations: readonly Operation[]): TimedCall<Call, StoreOutput>[] {
  return operations.flatMap((operation): TimedCall<Call, StoreOutput>[] => {
    const { id, call, began, ended, answer } = operation
    if (isSerializable(call)) return []
    if (answer?.kind === 'ok') {
      const output = { ok: true, response: answer.response } as const
      return [{ id, input: call, output, began, ended }]
    }
    if (mayHaveHappened(operation))
      return isRead(call) ? [] : [{ id, input: call, output: undefined, began, ended }]
    if (answer?.kind !== 'refused' || !JUDGED.has(answer.error)) return []
    return [{ id, input: call, output: { ok: false, error: answer.error }, began, ended }]
  })
}

/** The last change tells most states apart: two calls in either order leave different ones. */
function hashOf(change: Change | undefined): number {
  if (change === undefined) return 0
  const { key, value, version } = change.kv
  let hash = version
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash, 31) + key.charCodeAt(i)
  for (const byte of value) hash = Math.imul(hash, 31) + byte
  return hash | 0
}
