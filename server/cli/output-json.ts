/**
 * etcdctl's `json`: Go's encoding of the wire's messages.
 *
 * Bytes are base64, 64-bit ids are numbers (so no JavaScript number holds them: they are
 * written from bigints), and fields with the value zero are left out. Lease answers are
 * flat and spell their names their own way.
 */

import type { KeyValue } from '../../client/wire/generated/kv.js'
import type {
  DeleteRangeResponse,
  Member,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { formatDuration } from './go-values.js'
import type { Printer } from './output.js'

/** What can be written; undefined members of objects are left out. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Json[]
  | { readonly [name: string]: Json | undefined }

/** Prints one JSON document per line. */
export const jsonPrinter: Printer = {
  put: (response) => [toJson(put(response))],
  get: (response) => [toJson(range(response))],
  del: (response) => [toJson(deletion(response))],
  txn: (response) => [toJson(txn(response))],
  watch: ({ header: head, events }) => [
    toJson({
      Header: headerJson(head),
      Events: events.map(({ type, kv, prevKv }) => ({
        type: type === 'delete' ? 1 : undefined,
        kv: pair(kv),
        prev_kv: pair(prevKv),
      })),
      CompactRevision: 0,
      Canceled: false,
      Created: false,
    }),
  ],
  grant: ({ header: head, ID, TTL, error }) => [
    toJson({ ...headerJson(head), ID, TTL, Error: error }),
  ],
  revoke: ({ header: head }) => [toJson({ header: headerJson(head) })],
  keepAlive: ({ header: head, ID, TTL }) => [toJson({ ...headerJson(head), ID, TTL })],
  timeToLive: ({ header: head, ID, TTL, grantedTTL, keys }) => [
    toJson({
      ...headerJson(head),
      id: ID,
      ttl: TTL,
      'granted-ttl': grantedTTL,
      keys: keys.length === 0 ? null : keys,
    }),
  ],
  leases: ({ header: head, leases }) => [
    toJson({ ...headerJson(head), leases: leases.map(({ ID }) => ({ id: ID })) }),
  ],
  alarms: ({ header: head, alarms }) => [
    toJson({
      header: headerJson(head),
      alarms: list(alarms.map(({ memberID, alarm }) => some({ memberID, alarm }))),
    }),
  ],
  memberList: ({ header: head, members }) => [
    toJson({
      header: headerJson(head),
      members: list(members.map(memberJson)),
    }),
  ],
  endpointHealth: (answers) => [
    toJson(
      answers.map(({ endpoint, isHealthy, tookMs, error }) => ({
        endpoint,
        health: isHealthy,
        took: formatDuration(tookMs),
        ...some({ error }),
      })),
    ),
  ],
  endpointStatus: (answers) => [
    toJson(
      answers.map(({ endpoint, response }) => ({
        Endpoint: endpoint,
        Status: {
          header: headerJson(response.header),
          ...some({
            version: response.version,
            dbSize: response.dbSize,
            leader: response.leader,
            raftIndex: response.raftIndex,
            raftTerm: response.raftTerm,
            raftAppliedIndex: response.raftAppliedIndex,
            errors: list(response.errors),
            dbSizeInUse: response.dbSizeInUse,
            isLearner: response.isLearner,
          }),
        },
      })),
    ),
  ],
  endpointHashKv: (answers) => [
    toJson(
      answers.map(({ endpoint, response }) => ({
        Endpoint: endpoint,
        HashKV: {
          header: headerJson(response.header),
          ...some({ hash: response.hash, compact_revision: response.compactRevision }),
        },
      })),
    ),
  ],
}

/** A document as Go writes it. */
export function toJson(value: Json): string {
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
  if (typeof value === 'bigint') return `${value}`
  if (typeof value === 'string') return escaped(JSON.stringify(value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${toJson(name)}:${toJson(member)}`],
  )
  return `{${members.join(',')}}`
}

/** Go escapes what HTML would misread. */
function escaped(text: string): string {
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A member of the cluster. */
export function memberJson({ ID, name, peerURLs, clientURLs, isLearner }: Member): Json {
  return some({ ID, name, peerURLs: list(peerURLs), clientURLs: list(clientURLs), isLearner })
}

/** The members that are not zero. */
export function some(object: { readonly [name: string]: Json | undefined }): {
  [name: string]: Json
} {
  const kept: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(object)) {
    const isEmpty = value instanceof Uint8Array && value.length === 0
    if (value && !isEmpty) kept[name] = value
  }
  return kept
}

/** A list that is not empty. */
function list<Item extends Json>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items
}

/** The header of a response. */
export function headerJson(head: ResponseHeader | undefined): { [name: string]: Json } | undefined {
  if (head === undefined) return undefined
  return some({
    cluster_id: head.clusterId,
    member_id: head.memberId,
    revision: head.revision,
    raft_term: head.raftTerm,
  })
}

function pair(kv: KeyValue | undefined): Json | undefined {
  if (kv === undefined) return undefined
  return some({
    key: kv.key,
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    value: kv.value,
    lease: kv.lease,
  })
}

function pairs(kvs: readonly KeyValue[]): Json | undefined {
  return list(kvs.map((kv) => pair(kv)!))
}

function put({ header: head, prevKv }: PutResponse): Json {
  return { header: headerJson(head), prev_kv: pair(prevKv) }
}

function range({ header: head, kvs, more, count }: RangeResponse): Json {
  return { header: headerJson(head), kvs: pairs(kvs), ...some({ more, count }) }
}

function deletion({ header: head, deleted, prevKvs }: DeleteRangeResponse): Json {
  return { header: headerJson(head), ...some({ deleted }), prev_kvs: pairs(prevKvs) }
}

function txn({ header: head, succeeded, responses }: TxnResponse): Json {
  return {
    header: headerJson(head),
    ...some({ succeeded }),
    responses: list(responses.map((response) => ({ Response: operation(response) }))),
  }
}

function operation(response: ResponseOp): Json {
  const { responseRange, responsePut, responseDeleteRange, responseTxn } = response
  if (responseRange !== undefined) return { ResponseRange: range(responseRange) }
  if (responsePut !== undefined) return { ResponsePut: put(responsePut) }
  if (responseDeleteRange !== undefined)
    return { ResponseDeleteRange: deletion(responseDeleteRange) }
  return responseTxn === undefined ? null : { ResponseTxn: txn(responseTxn) }
}
