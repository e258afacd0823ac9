/** Which calls ride on the pipeline, and how each stands in its messages. */

import { encodeBytes, type Init } from '../wire/codec.js'
import { type PipelineAnswer, PipelineCall } from '../wire/generated/pipeline.js'
import type { RequestOp, ResponseHeader, TxnRequest } from '../wire/generated/rpc.js'
import type { Method } from '../wire/method.js'
import { KV, Lease } from '../wire/methods.js'

type Field = Exclude<keyof PipelineCall & keyof PipelineAnswer, undefined>

/** A response of the wire that the pipeline carries without its header. */
export interface Headed {
  header: ResponseHeader | undefined
}

/** One kind of call. */
export interface CallKind {
  /** The method that it is when it travels alone. */
  readonly method: Method<unknown, Headed, 'unary'>
  /** Is it one that the server numbers, since it may change something? */
  isNumbered(request: unknown): boolean
  /** A PipelineCall without its number: the number may follow as the last field. */
  encode(request: unknown): Uint8Array
  /** The request again, of bytes that {@link encode} made. */
  request(bytes: Uint8Array): unknown
  /** Its response in an answer; undefined when the answer is of another kind. */
  response(answer: PipelineAnswer): Headed | undefined
}

function kind<Request, Response extends Headed>(
  method: Method<Request, Response, 'unary'>,
  field: Field,
  encode: (request: Init<Request>) => Init<PipelineCall>,
  isNumbered: (request: Init<Request>) => boolean = () => true,
): readonly [string, CallKind] {
  const row: CallKind = {
    method: method as Method<unknown, Headed, 'unary'>,
    isNumbered: (request) => isNumbered(request as Init<Request>),
    encode: (request) => encodeBytes(PipelineCall, encode(request as Init<Request>)),
    request: (bytes) => PipelineCall.decode(bytes)[field],
    response: (answer) => answer[field] as Headed | undefined,
  }
  return [method.path, row]
}

/** A transaction in a transaction counts as a write, whatever it does, for servers as for us. */
function isMoreThanRanges({ success = [], failure = [] }: Init<TxnRequest>): boolean {
  const isRange = (one: Init<RequestOp>) => one.requestRange !== undefined
  return !(success.every(isRange) && failure.every(isRange))
}

const KINDS = new Map<string, CallKind>([
  kind(
    KV.range,
    'range',
    (range) => ({ range }),
    () => false,
  ),
  kind(KV.put, 'put', (put) => ({ put })),
  kind(KV.deleteRange, 'deleteRange', (deleteRange) => ({ deleteRange })),
  kind(KV.txn, 'txn', (txn) => ({ txn }), isMoreThanRanges),
  kind(KV.compact, 'compaction', (compaction) => ({ compaction })),
  kind(Lease.leaseGrant, 'leaseGrant', (leaseGrant) => ({ leaseGrant })),
  kind(Lease.leaseRevoke, 'leaseRevoke', (leaseRevoke) => ({ leaseRevoke })),
])

/** The kind of a method; undefined when the pipeline does not carry it. */
export function kindOf(path: string): CallKind | undefined {
  return KINDS.get(path)
}
