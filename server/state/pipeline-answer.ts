/**
 * What a write of a session was answered, as the bytes that are kept and sent.
 *
 * The same on every member: a revision and a response or an error, and nothing that a
 * member adds of its own. Most answers are to puts and say nothing but their revision;
 * those are written by hand, and the codec is the twin in the test.
 */

import { encodeBytes, type Init } from '../../client/wire/codec.js'
import { EtcdStatus } from '../../client/wire/etcd-errors.js'
import type { KeyValue } from '../../client/wire/generated/kv.js'
import { PipelineAnswer, type PipelineError } from '../../client/wire/generated/pipeline.js'
import type { PutResponse, ResponseOp } from '../../client/wire/generated/rpc.js'
import { answerTooLarge } from '../../client/wire/pipeline-errors.js'
import { type RpcError, Status } from '../../client/wire/status.js'
import { SESSION_ANSWERS_BYTES_MAX } from '../limits.js'

/** Why a call of a session is refused, beside what etcd refuses. */
export const sessionErrors = {
  /** The bytes of a call are none, or its number is another than its place says. */
  invalidCall: new EtcdStatus(Status.INVALID_ARGUMENT, 'conclave: the call cannot be read'),
  /** A call that changes nothing has a sequence number. */
  numberedRead: new EtcdStatus(
    Status.INVALID_ARGUMENT,
    'conclave: a call that only reads takes no sequence number',
  ),
} as const

/** What the response of an applied command may hold; its own header becomes the revision of the answer. */
export interface AnyResponse {
  readonly header?: { readonly revision?: number | undefined } | undefined
  readonly prevKv?: Init<KeyValue> | undefined
  readonly prevKvs?: readonly Init<KeyValue>[] | undefined
  readonly kvs?: readonly Init<KeyValue>[] | undefined
  readonly responses?: readonly Init<ResponseOp>[] | undefined
}

/** The kinds of calls that have a response. */
export type AnswerKind = Exclude<keyof PipelineAnswer, 'revision' | 'range' | 'error'>

const TAG_REVISION = 0x08
const TAG_PUT = 0x5a

/** What an encoded version takes at least beside key and value: lengths, tags and revisions. */
const KV_OVERHEAD_BYTES = 10

/** The answer to a put. */
export function encodePutAnswer(response: Init<PutResponse>): Uint8Array {
  if (response.prevKv !== undefined) return encodeAnswer('put', response)
  let rest = response.header!.revision!
  let size = 4
  for (let left = rest; left >= 0x80; left = Math.floor(left / 0x80)) size++
  // Not from the pool of buffers: an answer that is kept would keep its neighbours there.
  const bytes = new Uint8Array(size)
  let at = 0
  bytes[at++] = TAG_REVISION
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  bytes[at++] = TAG_PUT
  bytes[at] = 0
  return bytes
}

/** The answer to a call that succeeded. One that is too large to be kept becomes an error that says so. */
export function encodeAnswer(kind: AnswerKind, response: AnyResponse): Uint8Array {
  const revision = response.header!.revision!
  // Made only when it can be kept: to put much more together could end every member.
  if (bytesAtLeast(response) <= SESSION_ANSWERS_BYTES_MAX) {
    const writer = PipelineAnswer.encode({ revision, [kind]: { ...response, header: undefined } })
    if (writer.len <= SESSION_ANSWERS_BYTES_MAX) return own(writer.finish())
  }
  return encodeRefusal(revision, answerTooLarge.error())
}

/** The answer to a call that was refused at this revision. */
export function encodeRefusal(
  revision: number,
  { code, details }: Pick<RpcError, 'code' | 'details'>,
): Uint8Array {
  return encodeError(revision, { status: code, text: details })
}

/** As {@link encodeRefusal}, with the error as a call brought it. */
export function encodeError(revision: number, error: PipelineError): Uint8Array {
  return own(encodeBytes(PipelineAnswer, { revision, error }))
}

/** The bytes, without the neighbours that they share a buffer with. */
function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

/** What a response takes when it is encoded, or less. Gives up counting above what is kept. */
function bytesAtLeast({ prevKv, prevKvs, kvs, responses }: AnyResponse): number {
  let bytes = kvBytes(prevKvs) + kvBytes(kvs) + (prevKv ? kvBytes([prevKv]) : 0)
  for (const op of responses ?? []) {
    if (bytes > SESSION_ANSWERS_BYTES_MAX) break
    const inner = op.responseRange ?? op.responsePut ?? op.responseDeleteRange ?? op.responseTxn
    if (inner) bytes += bytesAtLeast(inner)
  }
  return bytes
}

function kvBytes(kvs: readonly Init<KeyValue>[] = []): number {
  let bytes = 0
  for (const { key, value } of kvs) {
    bytes += KV_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
    if (bytes > SESSION_ANSWERS_BYTES_MAX) break
  }
  return bytes
}
