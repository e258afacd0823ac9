/** Errors of the pipeline that mean something to a client beside their status; matched by their text, as etcd's are. */

import { EtcdStatus } from './etcd-errors.js'
import { Status } from './status.js'

/**
 * The answer to a write that was carried out: what it should have been told is more than a
 * session keeps. The one error of an answer that does not say that nothing happened.
 */
export const answerTooLarge = new EtcdStatus(
  Status.RESOURCE_EXHAUSTED,
  'conclave: the write was carried out, but its answer is too large to be kept',
)
