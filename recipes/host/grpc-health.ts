/**
 * Asks an instance over the standard health service of gRPC (`grpc.health.v1.Health/Check`).
 *
 * Its two messages have one field each, so they are written and read here by hand.
 */

import { type ChannelCredentials, Client, credentials } from '@grpc/grpc-js'
import type { Check } from '../registry/health.js'
import { hostPort } from '../registry/instance.js'

/** How to ask over gRPC. */
export interface GrpcCheckOptions {
  /** The service of the server to ask for; default empty: the server as a whole. */
  readonly service?: string
  /** Default without TLS. */
  readonly credentials?: ChannelCredentials
}

const PATH = '/grpc.health.v1.Health/Check'
/** `ServingStatus.SERVING`. */
const SERVING = 1
/** Length-delimited field 1. */
const SERVICE_TAG = 0x0a
/** Varint field 1. */
const STATUS_TAG = 0x08
/** A length that fits one byte of a varint. */
const SERVICE_BYTES_MAX = 127

/**
 * Does its health service say that it serves? Each check has a connection of its own.
 *
 * @throws {RangeError} the name of the service is too long.
 * @example
 * const orders = new Registry(client, 'services').service('orders')
 * const checking = checkAll(orders, grpcCheck({ service: 'shop.Orders' }))
 */
export function grpcCheck(options: GrpcCheckOptions = {}): Check {
  const { service = '', credentials: by = credentials.createInsecure() } = options
  const name = Buffer.from(service)
  if (name.length > SERVICE_BYTES_MAX)
    throw new RangeError(`The name of a service has at most ${SERVICE_BYTES_MAX} bytes here.`)
  const request = Buffer.from([SERVICE_TAG, name.length, ...name])
  return (instance, signal) =>
    new Promise<void>((resolve, reject) => {
      // A pooled connection would say nothing of the next one.
      const client = new Client(hostPort(instance), by, { 'grpc.use_local_subchannel_pool': 1 })
      const bytes = (message: Buffer) => message
      const call = client.makeUnaryRequest(PATH, bytes, bytes, request, (error, answer) => {
        signal.removeEventListener('abort', onAbort)
        client.close()
        if (error !== null) reject(error)
        else if (answer?.[0] === STATUS_TAG && answer[1] === SERVING) resolve()
        else reject(new Error(`${hostPort(instance)} does not serve '${service}'`))
      })
      const onAbort = () => call.cancel()
      signal.addEventListener('abort', onAbort, { once: true })
    })
}
