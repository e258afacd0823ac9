/**
 * A range of any size as a stream of pieces, at one revision.
 *
 * The first piece fixes the revision; each has ten keys at first, twice as many or
 * half as many next, so that a piece comes near the size that a request may have.
 * Only the last one carries the header, `count` and `more` (etcd 3.7).
 */

import type { Clock } from '../../client/host/clock.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Init } from '../../client/wire/codec.js'
import type { RangeRequest, RangeStreamResponse } from '../../client/wire/generated/rpc.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { bytesOf } from '../mvcc/interval.js'
import { rangeRequest } from '../mvcc/range-query.js'
import { type StoredKv, toWire } from '../mvcc/store.js'
import type { Member } from '../server.js'
import { checkRange } from '../state/check.js'

const FIRST_LIMIT = 10
const LIMIT_MAX = 100_000

type Out = MessageStream<RangeRequest, Init<RangeStreamResponse>>

/** Takes the one request of the stream and serves it. */
export function serveRangeStream(
  member: Member,
  clock: Clock,
  stream: Out,
  signal: AbortSignal,
): void {
  let wake: (() => void) | undefined
  stream.receive({
    message(request) {
      const room = () =>
        new Promise<void>((resolve) => {
          wake = resolve
        })
      serve(member, clock, request, stream, signal, room).catch((error: unknown) =>
        stream.fail(
          error instanceof RpcError ? error : new RpcError(Status.INTERNAL, String(error)),
        ),
      )
    },
    drain: () => wake?.(),
    close: () => wake?.(),
  })
}

async function serve(
  member: Member,
  clock: Clock,
  request: RangeRequest,
  stream: Out,
  signal: AbortSignal,
  room: () => Promise<void>,
): Promise<void> {
  checkRange(request)
  refuseUnstreamable(request)
  if (!request.serializable) await member.readBarrier()
  member.assertReadable()
  const pieces = new Pieces(member, request)
  for (;;) {
    member.assertReadable()
    const { kvs, last } = pieces.next()
    const rangeResponse = last === undefined ? { kvs } : { kvs, ...last }
    const flowing = stream.send({ rangeResponse })
    if (last !== undefined || signal.aborted) break
    if (flowing) await new Promise<void>((resolve) => clock.soon(resolve))
    else await room()
    if (signal.aborted) break
  }
  stream.end()
}

function refuseUnstreamable(request: RangeRequest): void {
  const { sortOrder, sortTarget } = request
  if (sortTarget !== 0 || sortOrder === 2)
    throw new RpcError(Status.UNIMPLEMENTED, 'RangeStream does not support custom sort orders')
  if (
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  )
    throw new RpcError(Status.UNIMPLEMENTED, 'RangeStream does not support revision filters')
}

/** Cuts one range into pieces at one revision. */
class Pieces {
  readonly #member: Member
  readonly #request: RangeRequest
  readonly #revision: number
  readonly #count: number
  #from: Uint8Array
  #limit = FIRST_LIMIT
  /** Keys that the caller still wants; Infinity without a limit. */
  #wanted: number

  constructor(member: Member, request: RangeRequest) {
    this.#member = member
    this.#request = request
    const { store } = member.machine
    this.#revision = request.revision > 0 ? request.revision : store.revision
    this.#from = request.key
    this.#wanted = request.limit > 0 ? request.limit : Number.POSITIVE_INFINITY
    this.#count = rangeRequest(store, {
      ...request,
      revision: this.#revision,
      countOnly: true,
    }).count
  }

  next(): {
    kvs: Init<ReturnType<typeof toWire>>[]
    last: Init<RangeStreamResponse>['rangeResponse']
  } {
    const { machine, config } = this.#member
    if (this.#request.countOnly) return { kvs: [], last: this.#last(false) }
    const limit = Math.min(this.#limit, this.#wanted)
    const { kvs, more } = rangeRequest(machine.store, {
      ...this.#request,
      key: this.#from,
      limit,
      revision: this.#revision,
    })
    this.#wanted -= kvs.length
    const bytes = kvs.reduce((sum, kv) => sum + kv.key.length + kv.value.length, 0)
    if (bytes < config.maxRequestBytes / 2) this.#limit = Math.min(this.#limit * 2, LIMIT_MAX)
    else if (bytes > config.maxRequestBytes) this.#limit = Math.max(1, this.#limit >> 1)
    const done = !more || this.#wanted <= 0
    if (!done) this.#from = after(kvs.at(-1)!)
    return { kvs: kvs.map(toWire), last: done ? this.#last(more) : undefined }
  }

  #last(more: boolean) {
    return { header: this.#member.header(), count: this.#count, more }
  }
}

/** The smallest key behind this one. */
function after(kv: StoredKv): Uint8Array {
  return bytesOf(`${kv.key}\0`)
}
