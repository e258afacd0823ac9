/** gRPC status codes, and the one error that every call and stream of the wire ends with. */

/** gRPC status codes, https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const Status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const
/** A value of {@link Status}. */
export type Status = (typeof Status)[keyof typeof Status]

/** How a call failed, as the wire tells it: a status code and a text. */
export class RpcError extends Error {
  override readonly name = 'RpcError'

  /**
   * @param code gRPC status.
   * @param details the status message, exactly as sent.
   * @param neverSent true when the request provably never left this process,
   *   so that repeating it cannot apply it twice.
   */
  constructor(
    readonly code: Status,
    readonly details: string,
    readonly neverSent = false,
    options?: ErrorOptions,
  ) {
    super(details, options)
  }
}
