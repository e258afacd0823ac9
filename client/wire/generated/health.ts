/**
 * The standard gRPC health service, asked by load balancers, Kubernetes and grpc clients.
 *
 * Generated from proto/health.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  openReader,
  type Reader,
  readString,
  Writer,
} from '../codec.js'

/** Message `grpc.health.v1.HealthCheckRequest`. */
export interface HealthCheckRequest {
  service: string
}
/** Codec of `grpc.health.v1.HealthCheckRequest`. */
export const HealthCheckRequest: Codec<HealthCheckRequest> = {
  name: 'grpc.health.v1.HealthCheckRequest',
  create(init: Init<HealthCheckRequest> = {}): HealthCheckRequest {
    return {
      service: init.service ?? '',
    }
  },
  encode(message: Init<HealthCheckRequest>, w: Writer = Writer.create()): Writer {
    if (message.service) w.uint32(10).string(message.service)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: HealthCheckRequest,
  ): HealthCheckRequest {
    const reader = openReader(source, depth, 'grpc.health.v1.HealthCheckRequest')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HealthCheckRequest = into ?? {
        service: '',
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.service = readString(reader)
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('grpc.health.v1.HealthCheckRequest', error)
    }
  },
}

/** Message `grpc.health.v1.HealthCheckResponse`. */
export interface HealthCheckResponse {
  status: ServingStatus
}
/** Codec of `grpc.health.v1.HealthCheckResponse`. */
export const HealthCheckResponse: Codec<HealthCheckResponse> = {
  name: 'grpc.health.v1.HealthCheckResponse',
  create(init: Init<HealthCheckResponse> = {}): HealthCheckResponse {
    return {
      status: init.status ?? 0,
    }
  },
  encode(message: Init<HealthCheckResponse>, w: Writer = Writer.create()): Writer {
    if (message.status) w.uint32(8).int32(message.status)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: HealthCheckResponse,
  ): HealthCheckResponse {
    const reader = openReader(source, depth, 'grpc.health.v1.HealthCheckResponse')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: HealthCheckResponse = into ?? {
        status: 0,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.status = reader.int32() as ServingStatus
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('grpc.health.v1.HealthCheckResponse', error)
    }
  },
}

/** Enum `grpc.health.v1.HealthCheckResponse.ServingStatus`. */
export const ServingStatus = {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
} as const
/** A value of {@link ServingStatus}; a peer may send numbers that are not in it. */
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus]
