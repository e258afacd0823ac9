/**
 * grpc.health.v1: asked by load balancers and Kubernetes whether this member serves.
 *
 * As in etcd, the whole server is one service, named by the empty string, and it
 * serves as long as it runs.
 */

import { type ServiceTable, streaming, unary } from '../../client/host/service.js'
import { ServingStatus } from '../../client/wire/generated/health.js'
import { Health } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'

/** The rows of the health service. */
export function healthService(): ServiceTable {
  return [
    unary(Health.check, ({ service }) => {
      if (service !== '') throw new RpcError(Status.NOT_FOUND, 'unknown service')
      return { status: ServingStatus.SERVING }
    }),
    streaming(Health.watch, (stream) => {
      stream.receive({
        // The stream stays open: the caller learns of the end by its breaking off.
        message: ({ service }) =>
          stream.send({
            status: service === '' ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN,
          }),
        close() {},
      })
    }),
  ]
}
