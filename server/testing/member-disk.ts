/**
 * A disk that outlives its processes, as one of them sees it.
 *
 * When the process dies its calls never settle, what it had written stays, and its locks
 * are free: as the kernel cleans up after SIGKILL.
 */

import type { Disk, File, OpenMode, Release } from '../host/disk.js'

/** Implements {@link Disk} for one life. */
export class MemberDisk implements Disk {
  readonly #disk: Disk
  readonly #locks = new Set<Release>()
  #over = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** The process is dead. */
  end(): void {
    this.#over = true
    for (const release of this.#locks) void release()
    this.#locks.clear()
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    const file = await this.#told(() => this.#disk.open(path, mode))
    return this.#file(file)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#told(() => this.#disk.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#told(() => this.#disk.remove(path))
  }

  list(directory: string): Promise<string[]> {
    return this.#told(() => this.#disk.list(directory))
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#told(() => this.#disk.makeDirectory(directory))
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#told(() => this.#disk.syncDirectory(directory))
  }

  lock(directory: string): Promise<Release> {
    return this.#told(async () => {
      const release = await this.#disk.lock(directory)
      if (this.#over) await release()
      else this.#locks.add(release)
      return async () => {
        if (this.#locks.delete(release)) await release()
      }
    })
  }

  #file(file: File): File {
    return {
      get size() {
        return file.size
      },
      readAt: (offset, length) => this.#told(() => file.readAt(offset, length)),
      writeAt: (offset, chunks) => this.#told(() => file.writeAt(offset, chunks)),
      sync: () => this.#told(() => file.sync()),
      truncate: (size) => this.#told(() => file.truncate(size)),
      close: () => this.#told(() => file.close()),
    }
  }

  /** Begins the work of a living process, and tells its outcome to a living one. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    if (this.#over) return never()
    try {
      return await work()
    } finally {
      if (this.#over) await never()
    }
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
