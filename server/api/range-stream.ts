/**
 * A range of any size as a stream of pieces, at one revision.
 *
 * The first piece fixes the revision; each has ten keys at first, twice as many or
 * half as many next, so that a piece comes near the size that a request may have.
 * Only the last one carries the header, `count` and `more` (etcd 3.7).
 */

import type { Clock } from '../../client/host/clock.js'
import { toRpcError } from '../../client/host/failure.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import {
  type RangeRequest,
  type RangeStreamResponse,
  SortOrder,
  SortTarget,
} from '../../client/wire/generated/rpc.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { isPageable, RangePages } from '../mvcc/range-query.js'
import { toWire } from '../mvcc/store.js'
import type { Member } from '../server.js'
import { checkRange } from '../state/check.js'

type Out = MessageStream<RangeRequest, Init<RangeStreamResponse>>

/** Takes the one request of the stream and serves it. */
export function serveRangeStream(
  member: Member,
  clock: Clock,
  stream: Out,
  signal: AbortSignal,
): void {
  let wake: (() => void) | undefined
  let asked = false
  stream.receive({
    message(request) {
      if (asked) return
      asked = true
      const room = () =>
        new Promise<void>((resolve) => {
          wake = resolve
        })
      serve(member, clock, request, stream, signal, room).catch((error: unknown) =>
        stream.fail(toRpcError(error)),
      )
    },
    end() {
      if (!asked) stream.fail(new RpcError(Status.INVALID_ARGUMENT, 'the stream has no request'))
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
  const { store } = member.machine
  // Whoever watches from behind the answer must miss nothing that the answer does not show.
  const { revision } = store
  const pages = new RangePages(store, request, member.config.maxRequestBytes)
  for (;;) {
    member.assertReadable()
    // A snapshot was installed: what was given so far is of a state that is gone.
    if (member.machine.store !== store) throw etcdErrors.timeout.error()
    const page = pages.next()
    const kvs = page.kvs.map(toWire)
    const { last } = page
    const rangeResponse =
      last === undefined ? { kvs } : { header: member.header(revision), kvs, ...last }
    const flowing = stream.send({ rangeResponse })
    if (last !== undefined || signal.aborted) break
    if (flowing) await new Promise<void>((resolve) => clock.soon(resolve))
    else await room()
    if (signal.aborted) break
  }
  stream.end()
}

function refuseUnstreamable(request: RangeRequest): void {
  if (isPageable(request)) return
  const what = isOrdered(request) ? 'custom sort orders' : 'revision filters'
  throw new RpcError(Status.UNIMPLEMENTED, `RangeStream does not support ${what}`)
}

function isOrdered({ sortOrder, sortTarget }: RangeRequest): boolean {
  return sortTarget !== SortTarget.KEY || sortOrder === SortOrder.DESCEND
}
