/**
 * The one table of methods: path, kind and codecs of every RPC that is spoken here.
 *
 * Transports, listeners and the permission guard all read it; a method that is not
 * in it does not exist. Generated from proto/*.proto by `npm run proto`; do not edit.
 */

import {
  CampaignRequest,
  CampaignResponse,
  LeaderRequest,
  LeaderResponse,
  ProclaimRequest,
  ProclaimResponse,
  ResignRequest,
  ResignResponse,
} from './generated/election.js'
import { HealthCheckRequest, HealthCheckResponse } from './generated/health.js'
import { LockRequest, LockResponse, UnlockRequest, UnlockResponse } from './generated/lock.js'
import {
  DescribeRequest,
  DescribeResponse,
  PeerAck,
  PeerBatch,
  SnapshotChunk,
  SnapshotReceipt,
} from './generated/peer.js'
import { PipelineRequest, PipelineResponse } from './generated/pipeline.js'
import {
  AlarmRequest,
  AlarmResponse,
  AuthDisableRequest,
  AuthDisableResponse,
  AuthEnableRequest,
  AuthEnableResponse,
  AuthenticateRequest,
  AuthenticateResponse,
  AuthRoleAddRequest,
  AuthRoleAddResponse,
  AuthRoleDeleteRequest,
  AuthRoleDeleteResponse,
  AuthRoleGetRequest,
  AuthRoleGetResponse,
  AuthRoleGrantPermissionRequest,
  AuthRoleGrantPermissionResponse,
  AuthRoleListRequest,
  AuthRoleListResponse,
  AuthRoleRevokePermissionRequest,
  AuthRoleRevokePermissionResponse,
  AuthStatusRequest,
  AuthStatusResponse,
  AuthUserAddRequest,
  AuthUserAddResponse,
  AuthUserChangePasswordRequest,
  AuthUserChangePasswordResponse,
  AuthUserDeleteRequest,
  AuthUserDeleteResponse,
  AuthUserGetRequest,
  AuthUserGetResponse,
  AuthUserGrantRoleRequest,
  AuthUserGrantRoleResponse,
  AuthUserListRequest,
  AuthUserListResponse,
  AuthUserRevokeRoleRequest,
  AuthUserRevokeRoleResponse,
  CompactionRequest,
  CompactionResponse,
  DefragmentRequest,
  DefragmentResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  DowngradeRequest,
  DowngradeResponse,
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
  MoveLeaderRequest,
  MoveLeaderResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
  SnapshotRequest,
  SnapshotResponse,
  StatusRequest,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from './generated/rpc.js'
import type { Method } from './method.js'

/** Service `v3electionpb.Election`. */
export const Election = {
  campaign: {
    path: '/v3electionpb.Election/Campaign',
    kind: 'unary',
    request: CampaignRequest,
    response: CampaignResponse,
  } satisfies Method<CampaignRequest, CampaignResponse, 'unary'>,
  proclaim: {
    path: '/v3electionpb.Election/Proclaim',
    kind: 'unary',
    request: ProclaimRequest,
    response: ProclaimResponse,
  } satisfies Method<ProclaimRequest, ProclaimResponse, 'unary'>,
  leader: {
    path: '/v3electionpb.Election/Leader',
    kind: 'unary',
    request: LeaderRequest,
    response: LeaderResponse,
  } satisfies Method<LeaderRequest, LeaderResponse, 'unary'>,
  observe: {
    path: '/v3electionpb.Election/Observe',
    kind: 'serverStream',
    request: LeaderRequest,
    response: LeaderResponse,
  } satisfies Method<LeaderRequest, LeaderResponse, 'serverStream'>,
  resign: {
    path: '/v3electionpb.Election/Resign',
    kind: 'unary',
    request: ResignRequest,
    response: ResignResponse,
  } satisfies Method<ResignRequest, ResignResponse, 'unary'>,
} as const

/** Service `grpc.health.v1.Health`. */
export const Health = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    kind: 'unary',
    request: HealthCheckRequest,
    response: HealthCheckResponse,
  } satisfies Method<HealthCheckRequest, HealthCheckResponse, 'unary'>,
  watch: {
    path: '/grpc.health.v1.Health/Watch',
    kind: 'serverStream',
    request: HealthCheckRequest,
    response: HealthCheckResponse,
  } satisfies Method<HealthCheckRequest, HealthCheckResponse, 'serverStream'>,
} as const

/** Service `v3lockpb.Lock`. */
export const Lock = {
  lock: {
    path: '/v3lockpb.Lock/Lock',
    kind: 'unary',
    request: LockRequest,
    response: LockResponse,
  } satisfies Method<LockRequest, LockResponse, 'unary'>,
  unlock: {
    path: '/v3lockpb.Lock/Unlock',
    kind: 'unary',
    request: UnlockRequest,
    response: UnlockResponse,
  } satisfies Method<UnlockRequest, UnlockResponse, 'unary'>,
} as const

/** Service `conclavepb.Peer`. */
export const Peer = {
  /** One stream per direction and pair: batches of raft messages, no answers until it ends. */
  exchange: {
    path: '/conclavepb.Peer/Exchange',
    kind: 'clientStream',
    request: PeerBatch,
    response: PeerAck,
  } satisfies Method<PeerBatch, PeerAck, 'clientStream'>,
  /** A whole state, from the leader's backend to a member that is too far behind. */
  sendSnapshot: {
    path: '/conclavepb.Peer/SendSnapshot',
    kind: 'clientStream',
    request: SnapshotChunk,
    response: SnapshotReceipt,
  } satisfies Method<SnapshotChunk, SnapshotReceipt, 'clientStream'>,
  /** Followers forward to the leader what only the leader knows: how long leases still live. */
  leaseKeepAlive: {
    path: '/conclavepb.Peer/LeaseKeepAlive',
    kind: 'unary',
    request: LeaseKeepAliveRequest,
    response: LeaseKeepAliveResponse,
  } satisfies Method<LeaseKeepAliveRequest, LeaseKeepAliveResponse, 'unary'>,
  leaseTimeToLive: {
    path: '/conclavepb.Peer/LeaseTimeToLive',
    kind: 'unary',
    request: LeaseTimeToLiveRequest,
    response: LeaseTimeToLiveResponse,
  } satisfies Method<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, 'unary'>,
  /** Followers forward to the leader what only the leader knows: whether a learner has caught up. */
  memberPromote: {
    path: '/conclavepb.Peer/MemberPromote',
    kind: 'unary',
    request: MemberPromoteRequest,
    response: MemberPromoteResponse,
  } satisfies Method<MemberPromoteRequest, MemberPromoteResponse, 'unary'>,
  /** Asked by a member that joins an existing cluster. */
  describe: {
    path: '/conclavepb.Peer/Describe',
    kind: 'unary',
    request: DescribeRequest,
    response: DescribeResponse,
  } satisfies Method<DescribeRequest, DescribeResponse, 'unary'>,
} as const

/** Service `conclavepb.Pipeline`. */
export const Pipeline = {
  /** The client greets first; the member welcomes it; then both send batches. */
  open: {
    path: '/conclavepb.Pipeline/Open',
    kind: 'bidi',
    request: PipelineRequest,
    response: PipelineResponse,
  } satisfies Method<PipelineRequest, PipelineResponse, 'bidi'>,
} as const

/** Service `etcdserverpb.KV`. */
export const KV = {
  range: {
    path: '/etcdserverpb.KV/Range',
    kind: 'unary',
    request: RangeRequest,
    response: RangeResponse,
  } satisfies Method<RangeRequest, RangeResponse, 'unary'>,
  rangeStream: {
    path: '/etcdserverpb.KV/RangeStream',
    kind: 'serverStream',
    request: RangeRequest,
    response: RangeStreamResponse,
  } satisfies Method<RangeRequest, RangeStreamResponse, 'serverStream'>,
  put: {
    path: '/etcdserverpb.KV/Put',
    kind: 'unary',
    request: PutRequest,
    response: PutResponse,
  } satisfies Method<PutRequest, PutResponse, 'unary'>,
  deleteRange: {
    path: '/etcdserverpb.KV/DeleteRange',
    kind: 'unary',
    request: DeleteRangeRequest,
    response: DeleteRangeResponse,
  } satisfies Method<DeleteRangeRequest, DeleteRangeResponse, 'unary'>,
  txn: {
    path: '/etcdserverpb.KV/Txn',
    kind: 'unary',
    request: TxnRequest,
    response: TxnResponse,
  } satisfies Method<TxnRequest, TxnResponse, 'unary'>,
  compact: {
    path: '/etcdserverpb.KV/Compact',
    kind: 'unary',
    request: CompactionRequest,
    response: CompactionResponse,
  } satisfies Method<CompactionRequest, CompactionResponse, 'unary'>,
} as const

/** Service `etcdserverpb.Watch`. */
export const Watch = {
  watch: {
    path: '/etcdserverpb.Watch/Watch',
    kind: 'bidi',
    request: WatchRequest,
    response: WatchResponse,
  } satisfies Method<WatchRequest, WatchResponse, 'bidi'>,
} as const

/** Service `etcdserverpb.Lease`. */
export const Lease = {
  leaseGrant: {
    path: '/etcdserverpb.Lease/LeaseGrant',
    kind: 'unary',
    request: LeaseGrantRequest,
    response: LeaseGrantResponse,
  } satisfies Method<LeaseGrantRequest, LeaseGrantResponse, 'unary'>,
  leaseRevoke: {
    path: '/etcdserverpb.Lease/LeaseRevoke',
    kind: 'unary',
    request: LeaseRevokeRequest,
    response: LeaseRevokeResponse,
  } satisfies Method<LeaseRevokeRequest, LeaseRevokeResponse, 'unary'>,
  leaseKeepAlive: {
    path: '/etcdserverpb.Lease/LeaseKeepAlive',
    kind: 'bidi',
    request: LeaseKeepAliveRequest,
    response: LeaseKeepAliveResponse,
  } satisfies Method<LeaseKeepAliveRequest, LeaseKeepAliveResponse, 'bidi'>,
  leaseTimeToLive: {
    path: '/etcdserverpb.Lease/LeaseTimeToLive',
    kind: 'unary',
    request: LeaseTimeToLiveRequest,
    response: LeaseTimeToLiveResponse,
  } satisfies Method<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, 'unary'>,
  leaseLeases: {
    path: '/etcdserverpb.Lease/LeaseLeases',
    kind: 'unary',
    request: LeaseLeasesRequest,
    response: LeaseLeasesResponse,
  } satisfies Method<LeaseLeasesRequest, LeaseLeasesResponse, 'unary'>,
} as const

/** Service `etcdserverpb.Cluster`. */
export const Cluster = {
  memberAdd: {
    path: '/etcdserverpb.Cluster/MemberAdd',
    kind: 'unary',
    request: MemberAddRequest,
    response: MemberAddResponse,
  } satisfies Method<MemberAddRequest, MemberAddResponse, 'unary'>,
  memberRemove: {
    path: '/etcdserverpb.Cluster/MemberRemove',
    kind: 'unary',
    request: MemberRemoveRequest,
    response: MemberRemoveResponse,
  } satisfies Method<MemberRemoveRequest, MemberRemoveResponse, 'unary'>,
  memberUpdate: {
    path: '/etcdserverpb.Cluster/MemberUpdate',
    kind: 'unary',
    request: MemberUpdateRequest,
    response: MemberUpdateResponse,
  } satisfies Method<MemberUpdateRequest, MemberUpdateResponse, 'unary'>,
  memberList: {
    path: '/etcdserverpb.Cluster/MemberList',
    kind: 'unary',
    request: MemberListRequest,
    response: MemberListResponse,
  } satisfies Method<MemberListRequest, MemberListResponse, 'unary'>,
  memberPromote: {
    path: '/etcdserverpb.Cluster/MemberPromote',
    kind: 'unary',
    request: MemberPromoteRequest,
    response: MemberPromoteResponse,
  } satisfies Method<MemberPromoteRequest, MemberPromoteResponse, 'unary'>,
} as const

/** Service `etcdserverpb.Maintenance`. */
export const Maintenance = {
  alarm: {
    path: '/etcdserverpb.Maintenance/Alarm',
    kind: 'unary',
    request: AlarmRequest,
    response: AlarmResponse,
  } satisfies Method<AlarmRequest, AlarmResponse, 'unary'>,
  status: {
    path: '/etcdserverpb.Maintenance/Status',
    kind: 'unary',
    request: StatusRequest,
    response: StatusResponse,
  } satisfies Method<StatusRequest, StatusResponse, 'unary'>,
  defragment: {
    path: '/etcdserverpb.Maintenance/Defragment',
    kind: 'unary',
    request: DefragmentRequest,
    response: DefragmentResponse,
  } satisfies Method<DefragmentRequest, DefragmentResponse, 'unary'>,
  hash: {
    path: '/etcdserverpb.Maintenance/Hash',
    kind: 'unary',
    request: HashRequest,
    response: HashResponse,
  } satisfies Method<HashRequest, HashResponse, 'unary'>,
  hashKV: {
    path: '/etcdserverpb.Maintenance/HashKV',
    kind: 'unary',
    request: HashKVRequest,
    response: HashKVResponse,
  } satisfies Method<HashKVRequest, HashKVResponse, 'unary'>,
  snapshot: {
    path: '/etcdserverpb.Maintenance/Snapshot',
    kind: 'serverStream',
    request: SnapshotRequest,
    response: SnapshotResponse,
  } satisfies Method<SnapshotRequest, SnapshotResponse, 'serverStream'>,
  moveLeader: {
    path: '/etcdserverpb.Maintenance/MoveLeader',
    kind: 'unary',
    request: MoveLeaderRequest,
    response: MoveLeaderResponse,
  } satisfies Method<MoveLeaderRequest, MoveLeaderResponse, 'unary'>,
  downgrade: {
    path: '/etcdserverpb.Maintenance/Downgrade',
    kind: 'unary',
    request: DowngradeRequest,
    response: DowngradeResponse,
  } satisfies Method<DowngradeRequest, DowngradeResponse, 'unary'>,
} as const

/** Service `etcdserverpb.Auth`. */
export const Auth = {
  authEnable: {
    path: '/etcdserverpb.Auth/AuthEnable',
    kind: 'unary',
    request: AuthEnableRequest,
    response: AuthEnableResponse,
  } satisfies Method<AuthEnableRequest, AuthEnableResponse, 'unary'>,
  authDisable: {
    path: '/etcdserverpb.Auth/AuthDisable',
    kind: 'unary',
    request: AuthDisableRequest,
    response: AuthDisableResponse,
  } satisfies Method<AuthDisableRequest, AuthDisableResponse, 'unary'>,
  authStatus: {
    path: '/etcdserverpb.Auth/AuthStatus',
    kind: 'unary',
    request: AuthStatusRequest,
    response: AuthStatusResponse,
  } satisfies Method<AuthStatusRequest, AuthStatusResponse, 'unary'>,
  authenticate: {
    path: '/etcdserverpb.Auth/Authenticate',
    kind: 'unary',
    request: AuthenticateRequest,
    response: AuthenticateResponse,
  } satisfies Method<AuthenticateRequest, AuthenticateResponse, 'unary'>,
  userAdd: {
    path: '/etcdserverpb.Auth/UserAdd',
    kind: 'unary',
    request: AuthUserAddRequest,
    response: AuthUserAddResponse,
  } satisfies Method<AuthUserAddRequest, AuthUserAddResponse, 'unary'>,
  userGet: {
    path: '/etcdserverpb.Auth/UserGet',
    kind: 'unary',
    request: AuthUserGetRequest,
    response: AuthUserGetResponse,
  } satisfies Method<AuthUserGetRequest, AuthUserGetResponse, 'unary'>,
  userList: {
    path: '/etcdserverpb.Auth/UserList',
    kind: 'unary',
    request: AuthUserListRequest,
    response: AuthUserListResponse,
  } satisfies Method<AuthUserListRequest, AuthUserListResponse, 'unary'>,
  userDelete: {
    path: '/etcdserverpb.Auth/UserDelete',
    kind: 'unary',
    request: AuthUserDeleteRequest,
    response: AuthUserDeleteResponse,
  } satisfies Method<AuthUserDeleteRequest, AuthUserDeleteResponse, 'unary'>,
  userChangePassword: {
    path: '/etcdserverpb.Auth/UserChangePassword',
    kind: 'unary',
    request: AuthUserChangePasswordRequest,
    response: AuthUserChangePasswordResponse,
  } satisfies Method<AuthUserChangePasswordRequest, AuthUserChangePasswordResponse, 'unary'>,
  userGrantRole: {
    path: '/etcdserverpb.Auth/UserGrantRole',
    kind: 'unary',
    request: AuthUserGrantRoleRequest,
    response: AuthUserGrantRoleResponse,
  } satisfies Method<AuthUserGrantRoleRequest, AuthUserGrantRoleResponse, 'unary'>,
  userRevokeRole: {
    path: '/etcdserverpb.Auth/UserRevokeRole',
    kind: 'unary',
    request: AuthUserRevokeRoleRequest,
    response: AuthUserRevokeRoleResponse,
  } satisfies Method<AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse, 'unary'>,
  roleAdd: {
    path: '/etcdserverpb.Auth/RoleAdd',
    kind: 'unary',
    request: AuthRoleAddRequest,
    response: AuthRoleAddResponse,
  } satisfies Method<AuthRoleAddRequest, AuthRoleAddResponse, 'unary'>,
  roleGet: {
    path: '/etcdserverpb.Auth/RoleGet',
    kind: 'unary',
    request: AuthRoleGetRequest,
    response: AuthRoleGetResponse,
  } satisfies Method<AuthRoleGetRequest, AuthRoleGetResponse, 'unary'>,
  roleList: {
    path: '/etcdserverpb.Auth/RoleList',
    kind: 'unary',
    request: AuthRoleListRequest,
    response: AuthRoleListResponse,
  } satisfies Method<AuthRoleListRequest, AuthRoleListResponse, 'unary'>,
  roleDelete: {
    path: '/etcdserverpb.Auth/RoleDelete',
    kind: 'unary',
    request: AuthRoleDeleteRequest,
    response: AuthRoleDeleteResponse,
  } satisfies Method<AuthRoleDeleteRequest, AuthRoleDeleteResponse, 'unary'>,
  roleGrantPermission: {
    path: '/etcdserverpb.Auth/RoleGrantPermission',
    kind: 'unary',
    request: AuthRoleGrantPermissionRequest,
    response: AuthRoleGrantPermissionResponse,
  } satisfies Method<AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionResponse, 'unary'>,
  roleRevokePermission: {
    path: '/etcdserverpb.Auth/RoleRevokePermission',
    kind: 'unary',
    request: AuthRoleRevokePermissionRequest,
    response: AuthRoleRevokePermissionResponse,
  } satisfies Method<AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse, 'unary'>,
} as const
