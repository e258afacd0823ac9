/** The Watch service: ties a gRPC stream to a watch stream of the member's hub. */

import type { Clock } from '../../client/host/clock.js'
import type { ServiceTable } from '../../client/host/service.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Init } from '../../client/wire/codec.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { WatchRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import { Watch } from '../../client/wire/methods.js'
import type { Member } from '../server.js'
import { gatedStream } from './gate.js'

/** The row of the Watch service over a member. */
export function watchService(member: Member, clock: Clock): ServiceTable {
  return [gatedStream(member, clock, Watch.watch, (stream) => serve(member, stream))]
}

function serve(member: Member, stream: MessageStream<WatchRequest, Init<WatchResponse>>): void {
  const watches = member.watchHub.open({
    send: (response) => stream.send(response),
    sendBytes: (bytes) => stream.sendBytes(bytes),
    header: (revision) => member.header(revision),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    // The state behind the watchers was replaced or the member stops: clients resume elsewhere.
    closed: () => stream.fail(etcdErrors.stopped.error()),
  })
  stream.receive({
    message(request) {
      if (request.createRequest !== undefined) watches.create(request.createRequest)
      else if (request.cancelRequest !== undefined) watches.cancel(request.cancelRequest.watchId)
      else if (request.progressRequest !== undefined) watches.progress()
    },
    drain: () => watches.drained(),
    // A client that has no more requests still wants its events, as in etcd (grpcurl does so).
    end() {},
    close: () => watches.close(),
  })
}
