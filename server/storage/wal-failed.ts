/** The error of a log that can no longer be written, and what to do about each cause. */

import { diskRemedy } from './disk-remedy.js'

/**
 * The log can no longer be written. The member must stop: what is on disk beyond the last
 * acknowledged append is unknown, and trying again can lie (a second sync after a failed
 * one may succeed without the data).
 */
export class WalFailed extends Error {
  override readonly name = 'WalFailed'
  /** Stable. */
  readonly code = 'WAL_FAILED'
  /** The disk's own code, such as ENOSPC or EIO. */
  readonly diskCode: string | undefined

  constructor(directory: string, cause: unknown) {
    const { code, message } = cause as { code?: unknown; message?: unknown }
    const diskCode = typeof code === 'string' ? code : undefined
    super(
      `The write-ahead log in ${directory} cannot be written: ${message ?? cause}. ${diskRemedy(diskCode)} Everything acknowledged before is safe.`,
      { cause },
    )
    this.diskCode = diskCode
  }
}
