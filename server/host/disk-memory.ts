/**
 * A disk in memory, for `storage: 'memory'`: as fast as it gets, and gone with the process.
 *
 * It keeps no promise across a crash because nothing of it is left to keep one; the
 * promises of the port within one process (names, sizes, errors, locks) are those of a
 * real disk. Paths are normalised; there are no links.
 */

import { dirname, normalize, sep } from 'node:path'
import type { Disk, File, OpenMode, Release } from './disk.js'
import { DiskError } from './disk-error.js'

/** Content of a file; lives on while someone has it open. */
class Content {
  bytes: Uint8Array = new Uint8Array(0)
  size = 0

  resize(size: number): void {
    if (size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.bytes.length * 2, 4096))
      grown.set(this.bytes.subarray(0, this.size))
      this.bytes = grown
    }
    if (size < this.size) this.bytes.fill(0, size, this.size)
    this.size = size
  }
}

class MemoryFile implements File {
  readonly #content: Content
  readonly #path: string
  readonly #writable: boolean
  #closed = false

  constructor(content: Content, path: string, writable: boolean) {
    this.#content = content
    this.#path = path
    this.#writable = writable
  }

  get size(): number {
    return this.#content.size
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    this.#check(false)
    const { bytes, size } = this.#content
    return bytes.slice(Math.min(offset, size), Math.min(offset + length, size))
  }

  async writeAt(offset: number, chunks: readonly Uint8Array[]): Promise<void> {
    this.#check(true)
    const content = this.#content
    let at = offset
    const end = chunks.reduce((sum, chunk) => sum + chunk.length, offset)
    if (end > content.size) content.resize(end)
    for (const chunk of chunks) {
      content.bytes.set(chunk, at)
      at += chunk.length
    }
  }

  async sync(): Promise<void> {
    this.#check(false)
  }

  async truncate(size: number): Promise<void> {
    this.#check(true)
    this.#content.resize(size)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(writing: boolean): void {
    if (this.#closed || (writing && !this.#writable)) throw new DiskError('EBADF', this.#path)
  }
}

/** Implements {@link Disk} in memory. The root and the working directory exist from the start. */
export class MemoryDisk implements Disk {
  /** By path: the content of a file, `null` for a directory. */
  readonly #names = new Map<string, Content | null>([
    [sep, null],
    ['.', null],
  ])
  readonly #locked = new Set<string>()

  async open(path: string, mode: OpenMode): Promise<File> {
    const at = clean(path)
    const found = this.#names.get(at)
    if (mode === 'create') {
      if (found !== undefined) throw new DiskError('EEXIST', path)
      this.#needDirectory(dirname(at))
      const content = new Content()
      this.#names.set(at, content)
      return new MemoryFile(content, path, true)
    }
    if (!found) throw new DiskError('ENOENT', path)
    return new MemoryFile(found, path, mode === 'write')
  }

  async rename(from: string, to: string): Promise<void> {
    const found = this.#names.get(clean(from))
    if (!found) throw new DiskError('ENOENT', from)
    this.#needDirectory(dirname(clean(to)))
    this.#names.delete(clean(from))
    this.#names.set(clean(to), found)
  }

  async remove(path: string): Promise<void> {
    if (!this.#names.get(clean(path))) throw new DiskError('ENOENT', path)
    this.#names.delete(clean(path))
  }

  async list(directory: string): Promise<string[]> {
    const at = clean(directory)
    this.#needDirectory(at)
    const names: string[] = []
    for (const path of this.#names.keys())
      if (path !== at && dirname(path) === at) names.push(path.slice(path.lastIndexOf(sep) + 1))
    return names.sort()
  }

  async makeDirectory(directory: string): Promise<void> {
    for (let at = clean(directory); this.#names.get(at) !== null; at = dirname(at)) {
      if (this.#names.has(at)) throw new DiskError('ENOTDIR', directory)
      this.#names.set(at, null)
    }
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#needDirectory(clean(directory))
  }

  async lock(directory: string): Promise<Release> {
    const at = clean(directory)
    this.#needDirectory(at)
    if (this.#locked.has(at))
      throw new DiskError('ELOCKED', directory, 'this process itself has the directory in use')
    this.#locked.add(at)
    return async () => {
      this.#locked.delete(at)
    }
  }

  #needDirectory(path: string): void {
    const found = this.#names.get(path)
    if (found === undefined) throw new DiskError('ENOENT', path)
    if (found !== null) throw new DiskError('ENOTDIR', path)
  }
}

function clean(path: string): string {
  const normal = normalize(path)
  return normal.length > 1 && normal.endsWith(sep) ? normal.slice(0, -1) : normal
}
