/**
 * What a client command prints: lines of text and bytes, made by one of the printers.
 *
 * A printer is pure: a response of the wire goes in, lines come out.
 */

import type { KeyValue } from '../../client/wire/generated/kv.js'
import type {
  AlarmResponse,
  DeleteRangeResponse,
  HashKVResponse,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  StatusResponse,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'

/** One line, without its end: text, or the bytes of a key or value as they are. */
export type Line = string | Uint8Array

/** Changes that arrived together. */
export interface WatchAnswer {
  readonly header: ResponseHeader | undefined
  readonly events: readonly {
    readonly type: 'put' | 'delete'
    readonly kv: KeyValue
    readonly prevKv: KeyValue | undefined
  }[]
}

/** How an endpoint is. */
export interface EndpointHealth {
  readonly endpoint: string
  readonly isHealthy: boolean
  readonly tookMs: number
  /** Empty when it is healthy. */
  readonly error: string
}

/** What one endpoint answered. */
export interface EndpointAnswer<Response> {
  readonly endpoint: string
  readonly response: Response
}

/** Prints what is about members: every format can. */
export interface ClusterPrinter {
  memberList(response: MemberListResponse): Line[]
  endpointHealth(answers: readonly EndpointHealth[]): Line[]
  endpointStatus(answers: readonly EndpointAnswer<StatusResponse>[]): Line[]
  endpointHashKv(answers: readonly EndpointAnswer<HashKVResponse>[]): Line[]
}

/** Prints everything: all formats but the table. */
export interface Printer extends ClusterPrinter {
  put(response: PutResponse): Line[]
  get(response: RangeResponse, valueOnly?: boolean): Line[]
  del(response: DeleteRangeResponse): Line[]
  txn(response: TxnResponse): Line[]
  watch(answer: WatchAnswer): Line[]
  grant(response: LeaseGrantResponse): Line[]
  revoke(response: LeaseRevokeResponse, id: bigint): Line[]
  keepAlive(response: LeaseKeepAliveResponse): Line[]
  timeToLive(response: LeaseTimeToLiveResponse, withKeys: boolean): Line[]
  leases(response: LeaseLeasesResponse): Line[]
  alarms(response: AlarmResponse): Line[]
}

/** A lease id as etcdctl prints it: 16 hexadecimal digits. */
export function leaseText(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}

/** Names of the alarm types, by number. */
export const ALARM_NAMES = ['NONE', 'NOSPACE', 'CORRUPT'] as const
