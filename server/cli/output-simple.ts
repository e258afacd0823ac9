/** The format for people and shell scripts: etcdctl's `simple`. */

import type { KeyValue } from '../../client/wire/generated/kv.js'
import type {
  HashKVResponse,
  MemberListResponse,
  ResponseOp,
  StatusResponse,
} from '../../client/wire/generated/rpc.js'
import { byteSize } from './byte-size.js'
import { formatDuration } from './go-values.js'
import {
  ALARM_NAMES,
  type EndpointAnswer,
  type EndpointHealth,
  type Line,
  leaseText,
  type Printer,
} from './output.js'

/** Makes the printer; with `isHex` keys and values are written as `\xNN`. */
export function simplePrinter(isHex: boolean): Printer {
  const bytes = (data: Uint8Array): Line => (isHex ? hexText(data) : data)
  const pair = ({ key, value }: KeyValue) => [bytes(key), bytes(value)]
  const prev = (kv: KeyValue | undefined) => (kv === undefined ? [] : pair(kv))
  const printer: Printer = {
    put: ({ prevKv }) => ['OK', ...prev(prevKv)],
    get: ({ kvs }, valueOnly = false) =>
      kvs.flatMap((kv) => (valueOnly ? [bytes(kv.value)] : pair(kv))),
    del: ({ deleted, prevKvs }) => [`${deleted}`, ...prevKvs.flatMap(pair)],
    txn: ({ succeeded, responses }) => [
      succeeded ? 'SUCCESS' : 'FAILURE',
      ...responses.flatMap((response) => ['', ...operation(printer, response)]),
    ],
    watch: ({ events }) =>
      events.flatMap(({ type, kv, prevKv }) => [type.toUpperCase(), ...prev(prevKv), ...pair(kv)]),
    grant: ({ ID, TTL }) => [`lease ${leaseText(ID)} granted with TTL(${TTL}s)`],
    revoke: (_response, id) => [`lease ${leaseText(id)} revoked`],
    keepAlive: ({ ID, TTL }) =>
      TTL > 0
        ? [`lease ${leaseText(ID)} keepalived with TTL(${TTL})`]
        : [`lease ${leaseText(ID)} expired or revoked.`],
    timeToLive: ({ ID, TTL, grantedTTL, keys }, withKeys) => {
      if (TTL < 0) return [`lease ${leaseText(ID)} already expired`]
      const text = `lease ${leaseText(ID)} granted with TTL(${grantedTTL}s), remaining(${TTL}s)`
      if (!withKeys) return [text]
      const list = keys.map((key) => Buffer.from(key).toString()).join(' ')
      return [`${text}, attached keys([${list}])`]
    },
    leases: ({ leases }) => [
      `found ${leases.length} leases`,
      ...leases.map(({ ID }) => leaseText(ID)),
    ],
    alarms: ({ alarms }) =>
      alarms.map(
        ({ memberID, alarm }) => `memberID:${memberID} alarm:${ALARM_NAMES[alarm] ?? alarm} `,
      ),
    memberList: (response) => memberRows(response).map((row) => row.join(', ')),
    endpointHealth: (answers) => answers.map(healthLine),
    endpointStatus: (answers) => statusRows(answers).map((row) => row.join(', ')),
    endpointHashKv: (answers) => hashRows(answers).map((row) => row.join(', ')),
  }
  return printer
}

/** One line about the health of an endpoint. */
export function healthLine({ endpoint, isHealthy, tookMs, error }: EndpointHealth): string {
  return isHealthy
    ? `${endpoint} is healthy: successfully committed proposal: took = ${formatDuration(tookMs)}`
    : `${endpoint} is unhealthy: failed to commit proposal: ${error}`
}

/** The columns of `member list`. */
export function memberRows({ members }: MemberListResponse): string[][] {
  return members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => [
    ID.toString(16),
    name === '' ? 'unstarted' : 'started',
    name,
    peerURLs.join(','),
    clientURLs.join(','),
    `${isLearner}`,
  ])
}

/** The columns of `endpoint status`. */
export function statusRows(answers: readonly EndpointAnswer<StatusResponse>[]): string[][] {
  return answers.map(({ endpoint, response }) => [
    endpoint,
    (response.header?.memberId ?? 0n).toString(16),
    response.version,
    byteSize(response.dbSize),
    `${response.header?.memberId === response.leader}`,
    `${response.isLearner}`,
    `${response.raftTerm}`,
    `${response.raftIndex}`,
    `${response.raftAppliedIndex}`,
    response.errors.join(', '),
  ])
}

/** The columns of `endpoint hashkv`. */
export function hashRows(answers: readonly EndpointAnswer<HashKVResponse>[]): string[][] {
  return answers.map(({ endpoint, response }) => [endpoint, `${response.hash}`])
}

function operation(printer: Printer, response: ResponseOp): Line[] {
  const { responseRange, responsePut, responseDeleteRange, responseTxn } = response
  if (responseRange !== undefined) return printer.get(responseRange)
  if (responsePut !== undefined) return printer.put(responsePut)
  if (responseDeleteRange !== undefined) return printer.del(responseDeleteRange)
  return responseTxn === undefined ? [] : printer.txn(responseTxn)
}

function hexText(data: Uint8Array): string {
  return Array.from(data, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}
