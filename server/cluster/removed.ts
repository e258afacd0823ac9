/**
 * How a member learns that it was removed while it was down or cut off: those who stayed
 * refuse what it sends, with this error (etcd answers 410 Gone).
 */

import { RpcError, Status } from '../../client/wire/status.js'

const TEXT = 'the member has been permanently removed from the cluster'

/** What a removed member is answered. */
export function removedError(): RpcError {
  return new RpcError(Status.NOT_FOUND, TEXT)
}

/** Whether a peer's answer is {@link removedError}. */
export function saysRemoved(error: RpcError | undefined): boolean {
  return error?.code === Status.NOT_FOUND && error.details === TEXT
}
