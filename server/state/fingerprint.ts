/**
 * The replicated state as text, to compare members or a replay with a restore.
 *
 * Holds nothing that may differ between equal states: no deadlines, no progress of a
 * compaction, no sizes.
 */

import type { Store } from '../mvcc/store.js'
import { crc32c } from '../storage/crc32c.js'
import type { Alarms } from './alarms.js'
import type { Lessor } from './lessor.js'
import type { Members } from './members.js'
import type { Sessions } from './sessions.js'

/** What has a fingerprint. */
export interface Fingerprinted {
  readonly appliedIndex: number
  readonly appliedTerm: number
  readonly confState: object
  readonly clusterVersion: string
  readonly store: Store
  readonly lessor: Lessor
  readonly sessions: Sessions
  readonly members: Members
  readonly alarms: Alarms
}

/** One line for each part of the state, so that a difference can be read. */
export async function fingerprintOf(state: Fingerprinted): Promise<string> {
  const { store, lessor, sessions, members, alarms } = state
  const { revision, compactRevision, keyCount } = store
  const lines = {
    applied: [state.appliedIndex, state.appliedTerm],
    confState: state.confState,
    clusterVersion: state.clusterVersion,
    clusterId: members.clusterId,
    members: members.list(),
    removed: members.removed(),
    alarms: alarms.get(0),
    leases: [...lessor.records()].map((record) => ({ ...record, keys: lessor.keys(record.ID) })),
    sessions: [...sessions.records()].map(({ answers, ...session }) => ({
      ...session,
      answers: answers.reduce((hash, answer) => crc32c(answer, hash), 0),
    })),
    store: { revision, compactRevision, keyCount },
    hash: (await store.hash(revision)).hash,
  }
  const text = (value: unknown) =>
    JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
  return Object.entries(lines)
    .map(([name, value]) => `${name} ${text(value)}`)
    .join('\n')
}
