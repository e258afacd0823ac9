/** The Disk port of one process on a {@link FaultDisk}: every call goes through its `run`. */

import { dirname } from 'node:path'
import type { Disk, File, OpenMode, Release } from '../../server/host/disk.js'
import { DiskError } from '../../server/host/disk-error.js'
import type { DiskFault } from './disk-faults.js'
import type { FaultDisk } from './fault-disk.js'
import { FaultFile, SECTOR_BYTES } from './fault-file.js'
import { cleanPath } from './fault-names.js'

/** The part of a call that happens at its end. */
export class Deferred<T> {
  constructor(readonly finish: () => T) {}
}

/** Implements {@link Disk} for the process with this number. */
export class FaultMount implements Disk {
  constructor(
    readonly disk: FaultDisk,
    readonly process: number,
  ) {}

  open(path: string, mode: OpenMode): Promise<File> {
    const operation = mode === 'create' ? 'create' : 'open'
    return this.disk.run(this.process, operation, path, (fault) => {
      const at = cleanPath(path)
      failIf(fault, path)
      const found = this.disk.names.get(at)
      if (mode !== 'create') {
        if (found === undefined || found === 'directory') throw new DiskError('ENOENT', path)
        return new OpenFile(this, found, path, mode === 'write')
      }
      if (found !== undefined) throw new DiskError('EEXIST', path)
      this.disk.names.needDirectory(dirname(at))
      const file = new FaultFile()
      this.disk.names.link(at, file)
      return new OpenFile(this, file, path, true)
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.disk.run(this.process, 'rename', from, (fault) => {
      failIf(fault, from)
      const node = this.disk.names.get(cleanPath(from))
      if (node === undefined) throw new DiskError('ENOENT', from)
      this.disk.names.needDirectory(dirname(cleanPath(to)))
      this.disk.names.rename(cleanPath(from), cleanPath(to), node)
    })
  }

  remove(path: string): Promise<void> {
    return this.disk.run(this.process, 'remove', path, (fault) => {
      failIf(fault, path)
      const node = this.disk.names.get(cleanPath(path))
      if (node === undefined || node === 'directory') throw new DiskError('ENOENT', path)
      this.disk.names.unlink(cleanPath(path), node)
    })
  }

  list(directory: string): Promise<string[]> {
    return this.disk.run(this.process, 'list', directory, (fault) => {
      failIf(fault, directory)
      return this.disk.names.list(cleanPath(directory))
    })
  }

  makeDirectory(directory: string): Promise<void> {
    return this.disk.run(this.process, 'makeDirectory', directory, (fault) => {
      failIf(fault, directory)
      const missing: string[] = []
      let at = cleanPath(directory)
      for (; this.disk.names.get(at) === undefined; at = dirname(at)) missing.unshift(at)
      this.disk.names.needDirectory(at)
      for (const path of missing) this.disk.names.link(path, 'directory')
    })
  }

  syncDirectory(directory: string): Promise<void> {
    return this.disk.run(this.process, 'syncDirectory', directory, (fault) => {
      const at = cleanPath(directory)
      this.disk.names.needDirectory(at)
      // After an error the names stay pending: durable or not is up to a crash.
      failIf(fault, directory)
      const mark = this.disk.names.mark(at)
      return new Deferred(() => {
        if (fault !== 'lie') this.disk.names.commit(mark)
      })
    })
  }

  lock(directory: string): Promise<Release> {
    return this.disk.run(this.process, 'lock', directory, () => {
      const at = cleanPath(directory)
      this.disk.names.needDirectory(at)
      const holder = this.disk.locks.get(at)
      if (holder !== undefined)
        throw new DiskError('ELOCKED', directory, `process ${holder} has the directory in use`)
      this.disk.locks.set(at, this.process)
      return async () => {
        if (this.disk.locks.get(at) === this.process) this.disk.locks.delete(at)
      }
    })
  }
}

/** Implements {@link File}. Lives on when its name is gone, as an open file does. */
class OpenFile implements File {
  readonly #mount: FaultMount
  readonly #file: FaultFile
  readonly #path: string
  readonly #writable: boolean
  #closed = false

  constructor(mount: FaultMount, file: FaultFile, path: string, writable: boolean) {
    this.#mount = mount
    this.#file = file
    this.#path = path
    this.#writable = writable
  }

  get size(): number {
    return this.#file.size
  }

  readAt(offset: number, length: number): Promise<Uint8Array> {
    const { disk, process } = this.#mount
    return disk.run(process, 'read', this.#path, (fault) => {
      this.#check(false)
      failIf(fault, this.#path)
      const bytes = this.#file.read(offset, length)
      if (bytes.length === 0) return bytes
      if (fault === 'flip')
        bytes[disk.random.between(0, bytes.length - 1)]! ^= 1 << disk.random.between(0, 7)
      return fault === 'short' ? bytes.slice(0, disk.random.between(1, bytes.length)) : bytes
    })
  }

  writeAt(offset: number, chunks: readonly Uint8Array[]): Promise<void> {
    const { disk, process } = this.#mount
    return disk.run(process, 'write', this.#path, (fault) => {
      this.#check(true)
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const growth = Math.max(0, offset + bytes.length - this.#file.size)
      const isBounded = disk.capacityBytes < Number.POSITIVE_INFINITY
      const excess = isBounded ? Math.max(0, disk.usedBytes + growth - disk.capacityBytes) : 0
      const overflows = growth > 0 && excess > 0
      if (overflows) disk.writesBeyondCapacity++
      const full = fault === 'ENOSPC' || overflows
      if (full || fault === 'EIO') {
        const fits = Math.max(0, bytes.length - Math.min(growth, excess))
        this.#file.write(offset, bytes.subarray(0, disk.random.between(0, fits)))
        throw new DiskError(full ? 'ENOSPC' : 'EIO', this.#path)
      }
      this.#file.write(fault === 'misdirect' ? this.#elsewhere(offset) : offset, bytes)
    })
  }

  sync(): Promise<void> {
    const { disk, process } = this.#mount
    return disk.run(process, 'sync', this.#path, (fault) => {
      this.#check(false)
      if (fault === 'EIO') {
        this.#file.dropPending(disk.random.chance(0.5))
        throw new DiskError('EIO', this.#path)
      }
      const mark = this.#file.mark()
      return new Deferred(() => {
        if (fault !== 'lie') this.#file.commit(mark)
      })
    })
  }

  truncate(size: number): Promise<void> {
    const { disk, process } = this.#mount
    return disk.run(process, 'truncate', this.#path, (fault) => {
      this.#check(true)
      failIf(fault, this.#path)
      this.#file.truncate(size)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** The same place in another sector of the file. */
  #elsewhere(offset: number): number {
    const sectors = Math.ceil(Math.max(1, this.#file.size) / SECTOR_BYTES)
    return this.#mount.disk.random.between(0, sectors) * SECTOR_BYTES + (offset % SECTOR_BYTES)
  }

  #check(writing: boolean): void {
    if (this.#closed || (writing && !this.#writable)) throw new DiskError('EBADF', this.#path)
  }
}

function failIf(fault: DiskFault | undefined, path: string): void {
  if (fault === 'EIO' || fault === 'ENOSPC') throw new DiskError(fault, path)
}
