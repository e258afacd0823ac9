/** What simulated and in-memory disks say when something goes wrong, in the words of an operating system. */

/** Codes that a disk may fail with. */
export type DiskErrorCode = 'ENOENT' | 'EEXIST' | 'ENOSPC' | 'EIO' | 'ELOCKED' | 'EBADF' | 'ENOTDIR'

const MEANINGS: Readonly<Record<DiskErrorCode, string>> = {
  ENOENT: 'no such file or directory',
  EEXIST: 'file already exists',
  ENOSPC: 'no space left on device',
  EIO: 'i/o error',
  ELOCKED: 'the directory is in use',
  EBADF: 'the file is closed or was opened to read only',
  ENOTDIR: 'not a directory',
}

/** A failed disk operation. */
export class DiskError extends Error {
  override readonly name = 'DiskError'

  /** @param detail what to say beside the meaning of the code, such as who holds a lock. */
  constructor(
    readonly code: DiskErrorCode,
    readonly path: string,
    detail?: string,
  ) {
    super(`${code}: ${detail ?? MEANINGS[code]}, '${path}'`)
  }
}
