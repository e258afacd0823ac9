/**
 * What etcd 3.4 does otherwise than etcd 3.7, which is our reference, and the one thing
 * that every etcd leaves open.
 *
 * Each rule turns an answer of etcd 3.4 into what etcd 3.7 would have said, and only
 * where its reason holds. Nothing else is ignored: what is not described here is a
 * difference. `docs/divergence.md` tells the same to operators.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { EventType, type Event as WatchEvent } from '../../client/wire/generated/kv.js'
import type {
  LeaseTimeToLiveResponse,
  PutRequest,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'
import type { Step } from './sequence.js'
import type { Answer, WatchStory } from './side.js'
import type { ModelStory } from './side-model.js'

/** One thing that changed in etcd. */
export interface KnownDifference {
  readonly name: string
  /** What etcd 3.4 does, what etcd 3.7 does, and why. */
  readonly reason: string
  /** Needed once in thousands of sequences only. */
  readonly isRare?: true
  /** What etcd 3.7 would have answered, or undefined where the rule does not apply. */
  readonly newer?: (step: Step, etcd: Answer, model: Answer) => Answer | undefined
  /** The same for the whole life of a watcher. */
  readonly newerStory?: (etcd: WatchStory, model: ModelStory) => WatchStory | undefined
}

/** Every rule. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    name: 'progress is told whatever the watchers are at',
    reason:
      'etcd 3.4 answers every progress request at once. Since 3.4.25 and 3.5.8 it answers only ' +
      'when the stream has watchers, all of them are level, and none waits for a future revision.',
    newer(step, etcd, model) {
      const applies = step.kind === 'watchProgress' && 'silent' in model && 'response' in etcd
      return applies ? model : undefined
    },
  },
  {
    name: 'of several errors in a transaction another one is named',
    reason:
      'etcd 3.4 first looks at all puts of the chosen path, and at each for the missing key of ' +
      'ignore_value or ignore_lease before the lease, and then at all ranges. etcd 3.7 takes the ' +
      'operations in order, and at each put the lease first.',
    newer(step, etcd, model) {
      if (step.kind !== 'txn' || !('text' in etcd) || !('text' in model)) return undefined
      const { keyNotFound, leaseNotFound, compacted, futureRev } = etcdErrors
      const puts = putsOf(step.request)
      const isPossible =
        (etcd.text === keyNotFound.text &&
          puts.some(({ ignoreValue, ignoreLease }) => ignoreValue || ignoreLease)) ||
        (etcd.text === leaseNotFound.text && puts.some(({ lease }) => lease !== 0n))
      const others = [keyNotFound, leaseNotFound, compacted, futureRev].map(({ text }) => text)
      const isOther = model.text !== etcd.text && others.includes(model.text)
      return isPossible && isOther ? model : undefined
    },
  },
  {
    name: 'the keys of a lease come in any order',
    reason: 'Every etcd keeps them in a Go map, which has no order. Ours come sorted.',
    newer(step, etcd) {
      if (step.kind !== 'leaseTimeToLive' || !('response' in etcd)) return undefined
      const response = etcd.response as LeaseTimeToLiveResponse
      const keys = [...response.keys].sort(Buffer.compare)
      if (keys.every((key, i) => key === response.keys[i])) return undefined
      return { response: { ...response, keys } }
    },
  },
  {
    name: 'what a compaction removes may still be told for a moment',
    isRare: true,
    reason:
      'A transaction may put a key and delete it. After a compaction at its revision only the ' +
      'deletion is left, but until the next commit, 100 ms, etcd still reads both.',
    newerStory(etcd, model) {
      const events = etcd.events.filter((event) => !model.superseded.some(isSame(event)))
      return events.length < etcd.events.length ? { ...etcd, events } : undefined
    },
  },
  {
    name: 'a deletion at the compacted revision is forgotten',
    reason:
      'A compaction of etcd 3.4 removes a deletion that happened at exactly the revision of the ' +
      'compaction, and a watch from there does not tell it. Since 3.5.16 it is kept.',
    newerStory(etcd, model) {
      const missing = forgettable(model).filter((event) => !etcd.events.some(isSame(event)))
      if (missing.length === 0) return undefined
      const { compactRevision } = model
      const ofThen = model.events.filter((event) => {
        const isThen = event.kv!.modRevision === compactRevision
        return isThen && (missing.includes(event) || etcd.events.some(isSame(event)))
      })
      const others = etcd.events.filter((event) => !ofThen.some(isSame(event)))
      return { ...etcd, events: [...ofThen, ...others] }
    },
  },
]

/** How many events etcd 3.4 may keep back from this watcher. */
export function forgottenMax(model: ModelStory): number {
  return forgettable(model).length
}

function putsOf({ success, failure }: TxnRequest): PutRequest[] {
  return [...success, ...failure].flatMap(({ requestPut, requestTxn }) => {
    if (requestTxn) return putsOf(requestTxn)
    return requestPut ? [requestPut] : []
  })
}

function forgettable({ start, compactRevision, events }: ModelStory): WatchEvent[] {
  if (start !== compactRevision) return []
  return events.filter(({ type, kv }) => {
    return type === EventType.DELETE && kv!.modRevision === compactRevision
  })
}

function isSame(event: WatchEvent): (other: WatchEvent) => boolean {
  return ({ type, kv }) =>
    type === event.type &&
    kv!.modRevision === event.kv!.modRevision &&
    Buffer.compare(kv!.key, event.kv!.key) === 0
}
