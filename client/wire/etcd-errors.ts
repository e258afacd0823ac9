/**
 * Every error of the etcd v3 API: its gRPC code and its exact text.
 *
 * Clients of etcd match on the text, so the texts are part of the contract. Source:
 * etcd `api/v3rpc/rpctypes/error.go` (v3.7.1), 63 errors. The server throws
 * `etcdErrors.emptyKey.error()`; the client finds the row by {@link etcdErrorNamed}.
 */

import { RpcError, Status } from './status.js'

/** One row: a code and a text that always go together. */
export class EtcdStatus {
  constructor(
    readonly code: Status,
    readonly text: string,
  ) {}

  /** A fresh error of this kind, to throw. */
  error(): RpcError {
    return new RpcError(this.code, this.text)
  }
}

/** The rows by name; the name is etcd's Go name without `ErrGRPC`. */
export const etcdErrors = {
  emptyKey: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: key is not provided'),
  keyNotFound: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: key not found'),
  valueProvided: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: value is provided'),
  leaseProvided: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: lease is provided'),
  tooManyOps: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: too many operations in txn request',
  ),
  duplicateKey: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: duplicate key given in txn request',
  ),
  invalidClientAPIVersion: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: invalid client api version',
  ),
  invalidSortOption: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: invalid sort option'),
  compacted: new EtcdStatus(
    Status.OUT_OF_RANGE,
    'etcdserver: mvcc: required revision has been compacted',
  ),
  futureRev: new EtcdStatus(
    Status.OUT_OF_RANGE,
    'etcdserver: mvcc: required revision is a future revision',
  ),
  noSpace: new EtcdStatus(Status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'),
  leaseNotFound: new EtcdStatus(Status.NOT_FOUND, 'etcdserver: requested lease not found'),
  leaseExist: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: lease already exists'),
  leaseTTLTooLarge: new EtcdStatus(Status.OUT_OF_RANGE, 'etcdserver: too large lease TTL'),
  watchCanceled: new EtcdStatus(Status.CANCELLED, 'etcdserver: watch canceled'),
  memberExist: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: member ID already exist'),
  peerURLExist: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: Peer URLs already exists'),
  // etcd's own table says FAILED_PRECONDITION; its server forgets the code on the way.
  memberNotEnoughStarted: new EtcdStatus(
    Status.UNKNOWN,
    'etcdserver: re-configuration failed due to not enough started members',
  ),
  memberBadURLs: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: given member URLs are invalid',
  ),
  memberNotFound: new EtcdStatus(Status.NOT_FOUND, 'etcdserver: member not found'),
  memberNotLearner: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: can only promote a learner member',
  ),
  learnerNotReady: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: can only promote a learner member which is in sync with leader',
  ),
  tooManyLearners: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: too many learner members in cluster',
  ),
  clusterIDMismatch: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: cluster ID mismatch'),
  requestTooLarge: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: request is too large'),
  requestTooManyRequests: new EtcdStatus(
    Status.RESOURCE_EXHAUSTED,
    'etcdserver: too many requests',
  ),
  rootUserNotExist: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: root user does not exist',
  ),
  rootRoleNotExist: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: root user does not have root role',
  ),
  userAlreadyExist: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: user name already exists',
  ),
  userEmpty: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: user name is empty'),
  userNotFound: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: user name not found'),
  roleAlreadyExist: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: role name already exists',
  ),
  roleNotFound: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: role name not found'),
  roleEmpty: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: role name is empty'),
  authFailed: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: authentication failed, invalid user ID or password',
  ),
  permissionNotGiven: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: permission not given'),
  permissionDenied: new EtcdStatus(Status.PERMISSION_DENIED, 'etcdserver: permission denied'),
  roleNotGranted: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: role is not granted to the user',
  ),
  permissionNotGranted: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: permission is not granted to the role',
  ),
  authNotEnabled: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: authentication is not enabled',
  ),
  invalidAuthToken: new EtcdStatus(Status.UNAUTHENTICATED, 'etcdserver: invalid auth token'),
  invalidAuthMgmt: new EtcdStatus(Status.INVALID_ARGUMENT, 'etcdserver: invalid auth management'),
  authOldRevision: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: revision of auth store is old',
  ),
  noLeader: new EtcdStatus(Status.UNAVAILABLE, 'etcdserver: no leader'),
  notLeader: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: not leader'),
  leaderChanged: new EtcdStatus(Status.UNAVAILABLE, 'etcdserver: leader changed'),
  notCapable: new EtcdStatus(Status.FAILED_PRECONDITION, 'etcdserver: not capable'),
  stopped: new EtcdStatus(Status.UNAVAILABLE, 'etcdserver: server stopped'),
  timeout: new EtcdStatus(Status.UNAVAILABLE, 'etcdserver: request timed out'),
  timeoutDueToLeaderFail: new EtcdStatus(
    Status.UNAVAILABLE,
    'etcdserver: request timed out, possibly due to previous leader failure',
  ),
  timeoutDueToConnectionLost: new EtcdStatus(
    Status.UNAVAILABLE,
    'etcdserver: request timed out, possibly due to connection lost',
  ),
  timeoutWaitAppliedIndex: new EtcdStatus(
    Status.UNAVAILABLE,
    'etcdserver: request timed out, waiting for the applied index took too long',
  ),
  unhealthy: new EtcdStatus(Status.UNAVAILABLE, 'etcdserver: unhealthy cluster'),
  corrupt: new EtcdStatus(Status.DATA_LOSS, 'etcdserver: corrupt cluster'),
  notSupportedForLearner: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: rpc not supported for learner',
  ),
  badLeaderTransferee: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: bad leader transferee',
  ),
  wrongDowngradeVersionFormat: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: wrong downgrade target version format',
  ),
  invalidDowngradeTargetVersion: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'etcdserver: invalid downgrade target version',
  ),
  clusterVersionUnavailable: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: cluster version not found during downgrade',
  ),
  downgradeInProcess: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: cluster has a downgrade job in progress',
  ),
  noInflightDowngrade: new EtcdStatus(
    Status.FAILED_PRECONDITION,
    'etcdserver: no inflight downgrade job',
  ),
  canceled: new EtcdStatus(Status.CANCELLED, 'etcdserver: request canceled'),
  deadlineExceeded: new EtcdStatus(
    Status.DEADLINE_EXCEEDED,
    'etcdserver: context deadline exceeded',
  ),
} as const

/** The name of a row of {@link etcdErrors}. */
export type EtcdErrorName = keyof typeof etcdErrors

const nameByText = new Map<string, EtcdErrorName>()
for (const [name, row] of Object.entries(etcdErrors))
  nameByText.set(row.text, name as EtcdErrorName)

/** With this etcd up to 3.4 begins what its own code says of users, when it forgets to translate it. */
const INNER_AUTH = /^auth: /

/** The row whose text this is, or undefined. Codes are not compared: etcd itself sends some of them as Unknown. */
export function etcdErrorNamed(text: string): EtcdErrorName | undefined {
  return nameByText.get(text.replace(INNER_AUTH, 'etcdserver: '))
}
