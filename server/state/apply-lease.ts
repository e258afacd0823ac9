/** Lease commands, as apply runs them. Like key-value commands they check first and change afterwards. */

import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { Command, LeaseRevoke } from '../../client/wire/generated/command.js'
import type {
  LeaseCheckpointRequest,
  LeaseCheckpointResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeResponse,
} from '../../client/wire/generated/rpc.js'
import { point } from '../mvcc/interval.js'
import { deleteKeys, type KvState } from './apply-kv.js'
import type { Sessions } from './sessions.js'

/** What lease commands work on. */
export interface LeaseState extends KvState {
  readonly sessions: Sessions
}

/** Grants the lease as the command in the entry `index` has it. @throws leaseNotFound (id 0), leaseTTLTooLarge, leaseExist */
export function applyLeaseGrant(
  { store, lessor }: KvState,
  { ID, TTL }: LeaseGrantRequest,
  index: number,
): Init<LeaseGrantResponse> {
  const ttlSeconds = lessor.grant(ID, TTL, index)
  return { header: { revision: store.revision }, ID, TTL: ttlSeconds }
}

/**
 * Ends a lease, as {@link revokeLease}.
 *
 * @param term of the log entry. A leader that saw the lease expire says in which term;
 *   in any other the revocation is void, because the lease may have been renewed since.
 *   It also says what it had applied: meanwhile the lease may have ended, and another may
 *   have been granted with its id.
 * @throws notLeader (another term), leaseNotFound
 */
export function applyLeaseRevoke(
  state: LeaseState,
  { ID, leaderTerm }: LeaseRevoke,
  { appliedIndex }: Pick<Command, 'appliedIndex'>,
  term: number,
): Init<LeaseRevokeResponse> {
  if (leaderTerm !== 0 && leaderTerm !== term) throw etcdErrors.notLeader.error()
  if (!state.lessor.isMeant(ID, appliedIndex)) throw etcdErrors.leaseNotFound.error()
  return revokeLease(state, ID)
}

/**
 * Ends a lease and the session that it is, and deletes its keys: in key order, in one
 * revision.
 *
 * @throws leaseNotFound
 */
export function revokeLease(
  { store, lessor, sessions }: LeaseState,
  id: bigint,
): Init<LeaseRevokeResponse> {
  if (!lessor.has(id)) throw etcdErrors.leaseNotFound.error()
  const transaction = store.begin()
  for (const key of lessor.keys(id)) deleteKeys(transaction, lessor, point(key))
  lessor.remove(id)
  transaction.end()
  sessions.end(id)
  return { header: { revision: store.revision } }
}

/** Writes down what is left of the leases that the leader meant; see lessor.ts. */
export function applyLeaseCheckpoint(
  { store, lessor }: KvState,
  { checkpoints }: LeaseCheckpointRequest,
  { appliedIndex }: Pick<Command, 'appliedIndex'>,
): Init<LeaseCheckpointResponse> {
  for (const checkpoint of checkpoints)
    if (lessor.isMeant(checkpoint.ID, appliedIndex)) lessor.checkpoint(checkpoint)
  return { header: { revision: store.revision } }
}
