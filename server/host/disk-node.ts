/**
 * The real disk: `node:fs` with the promises of the port.
 *
 * `sync` is fdatasync, which also makes a new size durable. A directory is opened and
 * fsynced for its names. New directories are 0700 and new files 0600.
 */

import * as fs from 'node:fs'
import { mkdir, readdir, rename, unlink } from 'node:fs/promises'
import type { Disk, File, OpenMode, Release } from './disk.js'
import { DiskError } from './disk-error.js'
import { lockDirectory } from './disk-lock.js'

/** Most buffers that one writev takes (IOV_MAX of Linux and macOS). */
const BUFFERS_MAX = 1024

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
}

/** Implements {@link File} on a descriptor. */
class NodeFile implements File {
  readonly #fd: number
  readonly #path: string
  #size: number
  #closed = false

  constructor(fd: number, path: string, size: number) {
    this.#fd = fd
    this.#path = path
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    this.#check()
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#size - offset)))
    let filled = 0
    while (filled < bytes.length) {
      const left = bytes.length - filled
      const count = await call<number>((done) =>
        fs.read(this.#fd, bytes, filled, left, offset + filled, done),
      )
      if (count === 0) break
      filled += count
    }
    return bytes.subarray(0, filled)
  }

  async writeAt(offset: number, chunks: readonly Uint8Array[]): Promise<void> {
    this.#check()
    let at = offset
    for (let first = 0; first < chunks.length; first += BUFFERS_MAX)
      at = await this.#writeAll(at, chunks.slice(first, first + BUFFERS_MAX))
  }

  async sync(): Promise<void> {
    this.#check()
    await call<void>((done) => fs.fdatasync(this.#fd, done))
  }

  async truncate(size: number): Promise<void> {
    this.#check()
    await call<void>((done) => fs.ftruncate(this.#fd, size, done))
    this.#size = size
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await call<void>((done) => fs.close(this.#fd, done))
  }

  /** Writes at most {@link BUFFERS_MAX} chunks, however short the system's writes are. */
  async #writeAll(offset: number, chunks: Uint8Array[]): Promise<number> {
    let at = offset
    let left = chunks.filter((chunk) => chunk.length > 0)
    while (left.length > 0) {
      const written = await call<number>((done) => fs.writev(this.#fd, left, at, done))
      if (written === 0) throw new DiskError('EIO', this.#path, 'a write took nothing')
      at += written
      if (at > this.#size) this.#size = at
      left = dropFront(left, written)
    }
    return at
  }

  /** A closed descriptor's number may belong to another file already. */
  #check(): void {
    if (this.#closed) throw new DiskError('EBADF', this.#path)
  }
}

/** Implements {@link Disk} on the file system. */
export class NodeDisk implements Disk {
  async open(path: string, mode: OpenMode): Promise<File> {
    const fd = await call<number>((done) => fs.open(path, FLAGS[mode], 0o600, done))
    const stats = await call<fs.Stats>((done) => fs.fstat(fd, done))
    return new NodeFile(fd, path, stats.size)
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(from, to)
  }

  async remove(path: string): Promise<void> {
    await unlink(path)
  }

  async list(directory: string): Promise<string[]> {
    return (await readdir(directory)).sort()
  }

  async makeDirectory(directory: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  }

  async syncDirectory(directory: string): Promise<void> {
    const fd = await call<number>((done) => fs.open(directory, fs.constants.O_RDONLY, done))
    try {
      await call<void>((done) => fs.fsync(fd, done))
    } finally {
      await call<void>((done) => fs.close(fd, done))
    }
  }

  lock(directory: string): Promise<Release> {
    return lockDirectory(directory)
  }
}

/** The chunks without their first `count` bytes. */
function dropFront(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count
  let at = 0
  while (at < chunks.length && left >= chunks[at]!.length) left -= chunks[at++]!.length
  const rest = chunks.slice(at)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}

/** A callback of `node:fs` as a promise; cheaper than the promise API, and it closes nothing by itself. */
function call<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)))
  })
}
