/**
 * The compares of a transaction (behaviour 5.2): all true and the success branch runs.
 *
 * A compare over a range must hold for every key in it. A key that does not exist
 * compares as 0 in everything but its value, which never compares true.
 */

import { NO_BYTES } from '../../client/wire/codec.js'
import { type Compare, CompareResult, CompareTarget } from '../../client/wire/generated/rpc.js'
import { intervalOf } from '../mvcc/interval.js'
import type { RangeReader } from '../mvcc/range-query.js'
import type { StoredKv } from '../mvcc/store.js'

/** Whether the compare holds in the state that `reader` shows. */
export function compareHolds(reader: RangeReader, compare: Compare): boolean {
  const wantsValue = compare.target === CompareTarget.VALUE
  const query = { keysOnly: !wantsValue, uncounted: true }
  const { kvs } = reader.range(intervalOf(compare.key, compare.rangeEnd), query)
  if (kvs.length > 0) return kvs.every((kv) => resultHolds(compare.result, order(compare, kv)))
  return !wantsValue && resultHolds(compare.result, order(compare, undefined))
}

/** The sign of key minus operand. An operand that is unset, or meant for another target, is 0 or empty. */
function order(compare: Compare, kv: StoredKv | undefined): number {
  switch (compare.target) {
    case CompareTarget.VERSION:
      return (kv?.version ?? 0) - (compare.version ?? 0)
    case CompareTarget.CREATE:
      return (kv?.createRevision ?? 0) - (compare.createRevision ?? 0)
    case CompareTarget.MOD:
      return (kv?.modRevision ?? 0) - (compare.modRevision ?? 0)
    case CompareTarget.VALUE:
      return Buffer.compare(kv?.value ?? NO_BYTES, compare.value ?? NO_BYTES)
    case CompareTarget.LEASE: {
      const lease = kv?.lease ?? 0n
      const operand = compare.lease ?? 0n
      return lease < operand ? -1 : lease > operand ? 1 : 0
    }
    default:
      return 0
  }
}

/** A result that this version does not know holds, as in etcd. */
function resultHolds(result: CompareResult, sign: number): boolean {
  switch (result) {
    case CompareResult.EQUAL:
      return sign === 0
    case CompareResult.NOT_EQUAL:
      return sign !== 0
    case CompareResult.GREATER:
      return sign > 0
    case CompareResult.LESS:
      return sign < 0
    default:
      return true
  }
}
