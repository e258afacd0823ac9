/** What the printers make of responses: etcdctl's lines. */

import { describe, expect, test } from '@jest/globals'
import { KeyValue } from '../../client/wire/generated/kv.js'
import {
  AlarmResponse,
  DeleteRangeResponse,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  StatusResponse,
  TxnResponse,
} from '../../client/wire/generated/rpc.js'
import { byteSize } from './byte-size.js'
import type { Line } from './output.js'
import { fieldsPrinter } from './output-fields.js'
import { jsonPrinter, toJson } from './output-json.js'
import { simplePrinter } from './output-simple.js'
import { table, tablePrinter } from './output-table.js'

const bytes = (text: string) => Buffer.from(text)
const header = {
  clusterId: 7222109305586591426n,
  memberId: 0xf693f74fd84ada81n,
  revision: 7,
  raftTerm: 2,
}
const foo = KeyValue.create({
  key: bytes('foo'),
  value: bytes('bar'),
  createRevision: 2,
  modRevision: 7,
  version: 6,
  lease: 0x7fffffffffffffffn,
})
const text = (lines: readonly Line[]) =>
  lines.map((line) => (typeof line === 'string' ? line : Buffer.from(line).toString()))

describe('simple', () => {
  const simple = simplePrinter(false)

  test('keys and values are lines of their own, as bytes', () => {
    const value = Uint8Array.of(0, 255, 10)
    const response = RangeResponse.create({ kvs: [foo, { ...foo, value }] })
    expect(simple.get(response)).toEqual([foo.key, foo.value, foo.key, value])
    expect(simple.get(response, true)).toEqual([foo.value, value])
    expect(simplePrinter(true).get(RangeResponse.create({ kvs: [foo] }))).toEqual([
      '\\x66\\x6f\\x6f',
      '\\x62\\x61\\x72',
    ])
  })

  test('answers in a transaction follow an empty line each, nested ones too', () => {
    const inner = { succeeded: false, responses: [{ responsePut: {} }] }
    const response = TxnResponse.create({
      succeeded: true,
      responses: [
        { responsePut: { prevKv: foo } },
        { responseRange: { kvs: [foo] } },
        { responseDeleteRange: { deleted: 1, prevKvs: [foo] } },
        { responseTxn: inner },
      ],
    })
    expect(text(simple.txn(response))).toEqual([
      ...['SUCCESS', '', 'OK', 'foo', 'bar', '', 'foo', 'bar', '', '1', 'foo', 'bar'],
      ...['', 'FAILURE', '', 'OK'],
    ])
  })

  test('leases', () => {
    const lease = { ID: 0x1234n, TTL: 46, grantedTTL: 60, keys: [bytes('hello'), bytes('x')] }
    expect(simple.timeToLive(LeaseTimeToLiveResponse.create(lease), true)).toEqual([
      'lease 0000000000001234 granted with TTL(60s), remaining(46s), attached keys([hello x])',
    ])
    const gone = LeaseTimeToLiveResponse.create({ ID: 0x1234n, TTL: -1 })
    expect(simple.timeToLive(gone, true)).toEqual(['lease 0000000000001234 already expired'])
    expect(simple.keepAlive({ header: undefined, ID: 0x1234n, TTL: 0 })).toEqual([
      'lease 0000000000001234 expired or revoked.',
    ])
  })

  test('a member that has never started has no name', () => {
    const response = MemberListResponse.create({
      members: [{ ID: 0xabcn, peerURLs: ['http://a:1', 'http://a:2'], isLearner: true }],
    })
    expect(simple.memberList(response)).toEqual(['abc, unstarted, , http://a:1,http://a:2, , true'])
  })

  test('alarms', () => {
    const response = AlarmResponse.create({ alarms: [{ memberID: 7n, alarm: 1 }] })
    expect(simple.alarms(response)).toEqual(['memberID:7 alarm:NOSPACE '])
  })
})

describe('json', () => {
  test('ids keep all their digits, bytes are base64, zeros are left out', () => {
    expect(jsonPrinter.get(RangeResponse.create({ header, kvs: [foo], count: 1 }))).toEqual([
      '{"header":{"cluster_id":7222109305586591426,"member_id":17767816877210000001,"revision":7,"raft_term":2},' +
        '"kvs":[{"key":"Zm9v","create_revision":2,"mod_revision":7,"version":6,"value":"YmFy",' +
        '"lease":9223372036854775807}],"count":1}',
    ])
    expect(jsonPrinter.get(RangeResponse.create())).toEqual(['{}'])
  })

  test('answers in a transaction are named after their kind', () => {
    const response = TxnResponse.create({
      succeeded: true,
      responses: [
        { responsePut: { header: { revision: 8 } } },
        { responseRange: { kvs: [foo], more: true, count: 2 } },
        { responseDeleteRange: { deleted: 1 } },
      ],
    })
    const { responses } = JSON.parse(String(jsonPrinter.txn(response)[0]))
    expect(responses).toEqual([
      { Response: { ResponsePut: { header: { revision: 8 } } } },
      { Response: { ResponseRange: { kvs: [expect.anything()], more: true, count: 2 } } },
      { Response: { ResponseDeleteRange: { deleted: 1 } } },
    ])
  })

  test('a lease without keys has null, as Go has', () => {
    const response = LeaseTimeToLiveResponse.create({ ID: 1n, TTL: 2, grantedTTL: 3 })
    expect(jsonPrinter.timeToLive(response, true)).toEqual([
      '{"id":1,"ttl":2,"granted-ttl":3,"keys":null}',
    ])
  })

  test('what HTML would misread is escaped', () => {
    expect(toJson('<a&b>"')).toBe('"\\u003ca\\u0026b\\u003e\\""')
  })
})

describe('fields', () => {
  test('a put with what was before', () => {
    expect(fieldsPrinter.put(PutResponse.create({ header, prevKv: foo }))).toEqual([
      ...['"ClusterID" : 7222109305586591426', '"MemberID" : 17767816877210000001'],
      ...['"Revision" : 7', '"RaftTerm" : 2', '"PrevKey" : "foo"', '"PrevCreateRevision" : 2'],
      ...['"PrevModRevision" : 7', '"PrevVersion" : 6', '"PrevValue" : "bar"'],
      '"PrevLease" : 9223372036854775807',
    ])
  })

  test('a deletion', () => {
    const lines = fieldsPrinter.del(DeleteRangeResponse.create({ header, deleted: 1 }))
    expect(lines.at(-1)).toBe('"Deleted" : 1')
  })
})

describe('tables', () => {
  test('heads are centred, cells stand to the right', () => {
    expect(
      table(
        ['A', 'LONG HEAD'],
        [
          ['longer', 'x'],
          ['y', 'z'],
        ],
      ),
    ).toEqual([
      '+--------+-----------+',
      '|   A    | LONG HEAD |',
      '+--------+-----------+',
      '| longer |         x |',
      '|      y |         z |',
      '+--------+-----------+',
    ])
  })

  test('endpoint status', () => {
    const response = StatusResponse.create({
      header,
      version: '3.7.1',
      dbSize: 24_576,
      leader: header.memberId,
      raftTerm: 2,
      raftIndex: 36,
      raftAppliedIndex: 35,
      errors: ['memberID:1 alarm:NOSPACE', 'x'],
    })
    const [, head, , row] = tablePrinter.endpointStatus([{ endpoint: 'a:1', response }])
    const cells = (line: Line | undefined) =>
      String(line)
        .split('|')
        .map((cell) => cell.trim())
    expect(cells(head).slice(1, 6)).toEqual(['ENDPOINT', 'ID', 'VERSION', 'DB SIZE', 'IS LEADER'])
    expect(cells(row).slice(1, -1)).toEqual([
      ...['a:1', 'f693f74fd84ada81', '3.7.1', '25 kB', 'true', 'false', '2', '36', '35'],
      'memberID:1 alarm:NOSPACE, x',
    ])
  })
})

test.each([
  [0, '0 B'],
  [9, '9 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9950, '10 kB'],
  [24_576, '25 kB'],
  [2_097_152, '2.1 MB'],
  [8_589_934_592, '8.6 GB'],
])('%d bytes are %s', (size, shown) => expect(byteSize(size)).toBe(shown))
