/** etcdctl's `fields`: one quoted name and its value per line. */

import type { KeyValue } from '../../client/wire/generated/kv.js'
import type { ResponseHeader, ResponseOp } from '../../client/wire/generated/rpc.js'
import { formatDuration, quote } from './go-values.js'
import { ALARM_NAMES, type Line, type Printer } from './output.js'

/** Prints fields. */
export const fieldsPrinter: Printer = {
  put: ({ header: head, prevKv }) => [...header(head), ...pair('Prev', prevKv)],
  get: ({ header: head, kvs, more, count }) => [
    ...header(head),
    ...kvs.flatMap((kv) => pair('', kv)),
    ...fields({ More: more, Count: count }),
  ],
  del: ({ header: head, deleted, prevKvs }) => [
    ...header(head),
    ...fields({ Deleted: deleted }),
    ...prevKvs.flatMap((kv) => pair('Prev', kv)),
  ],
  txn: ({ header: head, succeeded, responses }) => [
    ...header(head),
    ...fields({ Succeeded: succeeded }),
    ...responses.flatMap(operation),
  ],
  watch: ({ header: head, events }) => [
    ...header(head),
    ...events.flatMap(({ type, kv, prevKv }) => [
      ...fields({ Type: type.toUpperCase() }),
      ...pair('Prev', prevKv),
      ...pair('', kv),
    ]),
  ],
  grant: ({ header: head, ID, TTL }) => [...header(head), ...fields({ ID, TTL })],
  revoke: ({ header: head }) => header(head),
  keepAlive: ({ header: head, ID, TTL }) => [...header(head), ...fields({ ID, TTL })],
  timeToLive: ({ header: head, ID, TTL, grantedTTL, keys }) => [
    ...header(head),
    ...fields({ ID, TTL, GrantedTTL: grantedTTL }),
    ...keys.flatMap((key) => fields({ Key: quote(key) })),
  ],
  leases: ({ header: head, leases }) => [
    ...header(head),
    ...leases.flatMap(({ ID }) => fields({ ID })),
  ],
  alarms: ({ header: head, alarms }) => [
    ...header(head),
    ...alarms.flatMap(({ memberID, alarm }) =>
      fields({ MemberID: memberID, AlarmType: ALARM_NAMES[alarm] ?? alarm }).concat(''),
    ),
  ],
  memberList: ({ header: head, members }) => [
    ...header(head),
    ...members.flatMap(({ ID, name, peerURLs, clientURLs, isLearner }) => [
      ...fields({ ID, Name: quote(name) }),
      ...peerURLs.flatMap((url) => fields({ PeerURL: quote(url) })),
      ...clientURLs.flatMap((url) => fields({ ClientURL: quote(url) })),
      ...fields({ IsLearner: isLearner }),
      '',
    ]),
  ],
  endpointHealth: (answers) =>
    answers.flatMap(({ endpoint, isHealthy, tookMs, error }) => [
      ...fields({ Endpoint: quote(endpoint), Health: isHealthy }),
      ...fields({ Took: formatDuration(tookMs), Error: error }),
      '',
    ]),
  endpointStatus: (answers) =>
    answers.flatMap(({ endpoint, response }) => [
      ...header(response.header),
      ...fields({ Version: quote(response.version), DBSize: response.dbSize }),
      ...fields({ Leader: response.leader, IsLearner: response.isLearner }),
      ...fields({ RaftIndex: response.raftIndex, RaftTerm: response.raftTerm }),
      ...fields({ RaftAppliedIndex: response.raftAppliedIndex }),
      ...fields({ Errors: `[${response.errors.map((error) => quote(error)).join(' ')}]` }),
      ...fields({ Endpoint: quote(endpoint) }),
      '',
    ]),
  endpointHashKv: (answers) =>
    answers.flatMap(({ endpoint, response }) => [
      ...header(response.header),
      ...fields({ Endpoint: quote(endpoint), Hash: response.hash }),
      '',
    ]),
}

function header(head: ResponseHeader | undefined): string[] {
  return fields({
    ClusterID: head?.clusterId ?? 0n,
    MemberID: head?.memberId ?? 0n,
    Revision: head?.revision ?? 0,
    RaftTerm: head?.raftTerm ?? 0,
  })
}

function pair(prefix: string, kv: KeyValue | undefined): string[] {
  if (kv === undefined) return []
  return fields({
    [`${prefix}Key`]: quote(kv.key),
    [`${prefix}CreateRevision`]: kv.createRevision,
    [`${prefix}ModRevision`]: kv.modRevision,
    [`${prefix}Version`]: kv.version,
    [`${prefix}Value`]: quote(kv.value),
    [`${prefix}Lease`]: kv.lease,
  })
}

function operation(response: ResponseOp): Line[] {
  const { responseRange, responsePut, responseDeleteRange, responseTxn } = response
  if (responseRange !== undefined) return fieldsPrinter.get(responseRange)
  if (responsePut !== undefined) return fieldsPrinter.put(responsePut)
  if (responseDeleteRange !== undefined) return fieldsPrinter.del(responseDeleteRange)
  return responseTxn === undefined ? [] : fieldsPrinter.txn(responseTxn)
}

function fields(values: Readonly<Record<string, string | number | bigint | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `"${name}" : ${value}`)
}
