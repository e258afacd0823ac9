/**
 * How far the log has been applied, in table `meta`.
 *
 * Written by the same turn that writes what the entry did, and so in the same batch
 * of the backend: after a crash both are there or neither is, and no entry is skipped
 * or applied twice (etcd #13766).
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { ConfState, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { DatabaseReader } from '../host/database.js'
import type { Backend } from '../storage/backend.js'

const TABLE = 'meta'
const APPLIED = 'applied'
const CONF_STATE = 'confState'
const CLUSTER_VERSION = 'clusterVersion'

/** The point in the log that a readable state stands for; index 0 for an empty one. */
export function pointOf(reader: Pick<DatabaseReader, 'get'>): SnapshotMetadata {
  const applied = reader.get(TABLE, APPLIED)
  const confState = reader.get(TABLE, CONF_STATE)
  const { index, term } = SnapshotMetadata.decode(applied ?? NO_BYTES)
  return { index, term, confState: ConfState.decode(confState ?? NO_BYTES) }
}

/** See the head of the file. */
export class AppliedState {
  readonly #backend: Backend
  /** Index of the last applied entry; 0 before the first. */
  index = 0
  /** Term of the last applied entry. */
  term = 0
  /** Who votes, as of `index`. */
  confState: ConfState = ConfState.create()
  /** The version that all members can speak; empty until the first one is decided. */
  clusterVersion = ''

  constructor(backend: Backend) {
    this.#backend = backend
    const { index, term, confState } = pointOf(backend)
    this.index = index
    this.term = term
    this.confState = confState ?? this.confState
    const version = backend.get(TABLE, CLUSTER_VERSION)
    if (version !== undefined) this.clusterVersion = Buffer.from(version).toString('utf8')
  }

  /** This entry is applied. */
  advance(index: number, term: number): void {
    this.index = index
    this.term = term
    this.#backend.put(TABLE, APPLIED, SnapshotMetadata.encode({ index, term }).finish())
  }

  /** The voters changed. */
  setConfState(confState: ConfState): void {
    this.confState = confState
    this.#backend.put(TABLE, CONF_STATE, ConfState.encode(confState).finish())
  }

  /** The cluster's version was decided. */
  setClusterVersion(version: string): void {
    this.clusterVersion = version
    this.#backend.put(TABLE, CLUSTER_VERSION, Buffer.from(version, 'utf8'))
  }
}
