/**
 * From whatever was thrown to the one error of the wire.
 *
 * Every transport and listener ends its calls through here, so that a handler's
 * mistake looks the same over gRPC, in one process, and in the simulator.
 */

import { RpcError, Status } from '../wire/status.js'

/** The status that a caller gets for what a handler threw: its `RpcError`, or UNKNOWN with the text, as grpc-go does. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new RpcError(Status.UNKNOWN, text, false, { cause: error })
}

/** The caller gave up. `neverSent` when it did so before anything left. */
export function cancelled(neverSent = false): RpcError {
  return new RpcError(Status.CANCELLED, 'the call was cancelled', neverSent)
}

/** The time of the call is over. */
export function deadlineExceeded(): RpcError {
  return new RpcError(Status.DEADLINE_EXCEEDED, 'the deadline of the call has passed')
}

/** No handler for this path. */
export function unimplemented(path: string): RpcError {
  return new RpcError(Status.UNIMPLEMENTED, `unknown method ${path}`)
}

/** The channel was closed. `neverSent` when the call had not begun. */
export function channelClosed(neverSent: boolean): RpcError {
  return new RpcError(Status.CANCELLED, 'the channel is closed', neverSent)
}
