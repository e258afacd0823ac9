/**
 * The port to the disk, with the promises that a crash keeps and no others.
 *
 * Written bytes are durable after `File.sync`, names after `Disk.syncDirectory`.
 * A crash may keep, lose or tear anything later, each independently. A failed sync
 * is final: what it covered may be gone although a second sync succeeds (fsyncgate).
 */

/** Gives back something that was locked or opened. */
export type Release = () => Promise<void>

/** An open file. Offsets and sizes in bytes. */
export interface File {
  /** The size as of now, pending writes included. */
  readonly size: number
  /** Reads up to `length` bytes; fewer at the end of the file, and possibly anywhere else. */
  readAt(offset: number, length: number): Promise<Uint8Array>
  /** Writes the chunks one after another, all of them or an error. Not durable. */
  writeAt(offset: number, chunks: readonly Uint8Array[]): Promise<void>
  /** Everything written so far is durable when it resolves. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

/** How to open: an existing file to read, an existing one to write too, or a new empty one. */
export type OpenMode = 'read' | 'write' | 'create'

/** A file system. Paths are absolute or relative to the process; errors carry `code` (ENOENT, ENOSPC, EIO). */
export interface Disk {
  /** `create` fails with EEXIST when the file exists. */
  open(path: string, mode: OpenMode): Promise<File>
  /** Replaces `to` when it exists. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Names in a directory, sorted; ENOENT when there is none. */
  list(directory: string): Promise<string[]>
  /** Creates the directory and its parents, for the owner only (0700); no error when it exists. */
  makeDirectory(directory: string): Promise<void>
  /** The names in this directory are durable when it resolves. */
  syncDirectory(directory: string): Promise<void>
  /** Takes the directory for this process alone. Fails with code `ELOCKED`, naming the holder. */
  lock(directory: string): Promise<Release>
}
