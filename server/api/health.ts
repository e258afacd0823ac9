/**
 * grpc.health.v1: asked by load balancers and Kubernetes whether this member serves.
 *
 * As in etcd, the whole server is one service, named by the empty string, and it
 * serves as long as it runs. Watchers are told when that is over.
 */

import { type ServiceTable, streaming, unary } from '../../client/host/service.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { ServingStatus } from '../../client/wire/generated/health.js'
import { Health } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { withEnd } from '../host/stream-end.js'
import type { Member } from '../server.js'

/** The rows of the health service over a member. */
export function healthService(member: Member): ServiceTable {
  return [
    unary(Health.check, ({ service }) => {
      if (service !== '') throw new RpcError(Status.NOT_FOUND, 'unknown service')
      return { status: member.isRunning ? ServingStatus.SERVING : ServingStatus.NOT_SERVING }
    }),
    streaming(Health.watch, (stream) => {
      let asked = false
      const release = member.onStop(() => stream.fail(etcdErrors.stopped.error()))
      withEnd(stream, release).receive({
        // The stream stays open: the caller learns of the end by its breaking off.
        message({ service }) {
          asked = true
          stream.send({
            status: service === '' ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN,
          })
        },
        end() {
          if (!asked)
            stream.fail(new RpcError(Status.INVALID_ARGUMENT, 'the stream has no request'))
        },
        close() {},
      })
    }),
  ]
}
