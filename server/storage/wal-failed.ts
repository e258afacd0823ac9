/** The error of a log that can no longer be written, and what to do about each cause. */

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free space on it, then start this member again.',
  EDQUOT: 'The disk quota is used up: raise it, then start this member again.',
  EROFS: 'The file system is read-only, often after a disk error: check the disk.',
  EIO: 'The disk reported an error: check it; if it is broken, replace this member.',
}

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
    const remedy =
      REMEDIES[diskCode ?? ''] ?? 'Find out why the disk refused, then start this member again.'
    super(
      `The write-ahead log in ${directory} cannot be written: ${message ?? cause}. ${remedy} Everything acknowledged before is safe.`,
      { cause },
    )
    this.diskCode = diskCode
  }
}
