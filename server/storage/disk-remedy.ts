/** What an operator does about a disk that refuses to write. */

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free space on it, then start this member again.',
  EDQUOT: 'The disk quota is used up: raise it, then start this member again.',
  EROFS: 'The file system is read-only, often after a disk error: check the disk.',
  EIO: 'The disk reported an error: check it; if it is broken, replace this member.',
}

/**
 * A sentence that says what to do.
 *
 * @param code the disk's own, such as ENOSPC; others get general advice.
 */
export function diskRemedy(code: string | undefined): string {
  return REMEDIES[code ?? ''] ?? 'Find out why the disk refused, then start this member again.'
}
