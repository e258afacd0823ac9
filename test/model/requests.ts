/** Short ways to write requests in tests: text for keys and values, and only the fields that matter. */

import type { Init } from '../../client/wire/codec.js'
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '../../client/wire/generated/rpc.js'

/** A latin1 text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}

/** A put of `key`. */
export function put(key: string, value: string, more: Init<PutRequest> = {}): PutRequest {
  return PutRequest.create({ key: bytesOf(key), value: bytesOf(value), ...more })
}

/** A range over `[key, end)`; end as etcd has it: '' for one key, '\0' for all from it on. */
export function range(key: string, end = '', more: Init<RangeRequest> = {}): RangeRequest {
  return RangeRequest.create({ key: bytesOf(key), rangeEnd: bytesOf(end), ...more })
}

/** A deletion of `[key, end)`. */
export function del(
  key: string,
  end = '',
  more: Init<DeleteRangeRequest> = {},
): DeleteRangeRequest {
  return DeleteRangeRequest.create({ key: bytesOf(key), rangeEnd: bytesOf(end), ...more })
}

/** A transaction of operations made by {@link op}. */
export function txn(
  compare: readonly Compare[],
  success: readonly RequestOp[],
  failure: readonly RequestOp[] = [],
): TxnRequest {
  return {
    ...TxnRequest.create(),
    compare: [...compare],
    success: [...success],
    failure: [...failure],
  }
}

/** A compare on `key`. */
export function compare(key: string, more: Init<Compare>): Compare {
  return Compare.create({ key: bytesOf(key), ...more })
}

/** Wraps a request for use in a transaction. */
export const op = {
  put: (...args: Parameters<typeof put>) => RequestOp.create({ requestPut: put(...args) }),
  range: (...args: Parameters<typeof range>) => RequestOp.create({ requestRange: range(...args) }),
  del: (...args: Parameters<typeof del>) => RequestOp.create({ requestDeleteRange: del(...args) }),
  txn: (...args: Parameters<typeof txn>) => {
    return { ...RequestOp.create(), requestTxn: txn(...args) }
  },
}
