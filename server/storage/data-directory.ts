/**
 * Where a member keeps its things, and the lock that keeps it the only one there.
 *
 *     <data directory>/member/wal    segments of the log
 *     <data directory>/member/snap   snapshots received from other members
 *     <data directory>/member/db     the backend database
 *
 * The layout is etcd's, the files are not: the log refuses files of another kind.
 */

import { dirname, join } from 'node:path'
import type { Disk, Release } from '../host/disk.js'

/** The data directory cannot be used. The message says what to do. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError'

  /** @param code stable: `ELOCKED` when another process has it, else the disk's code. */
  constructor(
    readonly code: string,
    message: string,
    cause: unknown,
  ) {
    super(message, { cause })
  }
}

/** A data directory that is ours until closed. */
export class DataDirectory {
  readonly path: string
  readonly walDirectory: string
  readonly snapshotDirectory: string
  /** The database's path; not made here. */
  readonly databasePath: string
  #release: Release | undefined

  private constructor(path: string, release: Release) {
    this.path = path
    this.walDirectory = join(path, 'member', 'wal')
    this.snapshotDirectory = join(path, 'member', 'snap')
    this.databasePath = join(path, 'member', 'db')
    this.#release = release
  }

  /**
   * Makes what is missing, durably, and locks it.
   *
   * @throws {DataDirectoryError} it is in use, or cannot be made or written.
   */
  static async open(disk: Disk, path: string): Promise<DataDirectory> {
    const release = await attempt(path, async () => {
      await disk.makeDirectory(path)
      return disk.lock(path)
    })
    const directory = new DataDirectory(path, release)
    try {
      await attempt(path, () => directory.#make(disk))
      return directory
    } catch (error) {
      await directory.close()
      throw error
    }
  }

  /** Gives the directory back. Safe to call twice. */
  async close(): Promise<void> {
    const release = this.#release
    this.#release = undefined
    await release?.()
  }

  async #make(disk: Disk): Promise<void> {
    await disk.makeDirectory(this.snapshotDirectory)
    await disk.makeDirectory(this.walDirectory)
    await disk.syncDirectory(dirname(this.snapshotDirectory))
    await disk.syncDirectory(this.path)
    await syncAncestors(disk, this.path)
  }
}

/** Any of them may be new, and a name is durable only after its own directory was synced. */
async function syncAncestors(disk: Disk, path: string): Promise<void> {
  for (let at = path; dirname(at) !== at; ) {
    at = dirname(at)
    try {
      await disk.syncDirectory(at)
    } catch (error) {
      // Where this user may not even look, it did not make the next directory either.
      const { code } = error as { code?: unknown }
      if (!['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes(String(code))) throw error
    }
  }
}

async function attempt<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    const known = typeof code === 'string' ? code : 'EUNKNOWN'
    throw new DataDirectoryError(known, explain(path, known, String(message ?? error)), error)
  }
}

function explain(path: string, code: string, message: string): string {
  switch (code) {
    case 'ELOCKED':
      return `The data directory ${path} is in use (${message}). Stop that process, or choose another directory.`
    case 'EACCES':
    case 'EPERM':
      return `The data directory ${path} cannot be used (${message}). Give this user the right to read and write it.`
    case 'EROFS':
      return `The data directory ${path} is on a read-only file system (${message}). Choose another directory, or check the disk.`
    case 'ENOSPC':
      return `The data directory ${path} cannot be made because the disk is full (${message}). Free space on it.`
    case 'ENOTDIR':
    case 'EEXIST':
      return `The data directory ${path} cannot be made because a file is in its place (${message}). Choose another directory.`
    default:
      return `The data directory ${path} cannot be used (${message}).`
  }
}
