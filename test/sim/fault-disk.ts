/**
 * A disk that fails as disks do, decided by a seed.
 *
 * It outlives the processes that use it: `mount` gives a process its `Disk`, `kill` ends
 * the process and keeps all that was written, `crash` cuts the power and keeps what was
 * synced and a random part of the rest (fault-file.ts, fault-names.ts). Calls of an ended
 * process never settle, as nobody is left to hear of them.
 *
 * Every call passes two points, before it takes effect and after, before its caller hears
 * of it; `onPoint` may kill or crash at any of them. In between the caller's `delay` waits.
 * A sync takes effect at its end, and covers what was written before its start.
 *
 * Nothing here asks the time or the real disk; the same calls in the same order with the
 * same seed give the same disk.
 */

import { dirname } from 'node:path'
import type { Disk } from '../../server/host/disk.js'
import { SeededRandom } from '../model/random.js'
import type { DiskCall, DiskFault, DiskOperation, FaultPlan } from './disk-faults.js'
import type { FaultFile } from './fault-file.js'
import { Deferred, FaultMount } from './fault-mount.js'
import { cleanPath, FaultNames } from './fault-names.js'

/** A call of a {@link FaultDisk} at one of its two points. */
export interface DiskPoint extends DiskCall {
  readonly phase: 'before' | 'after'
}

/** How a {@link FaultDisk} behaves; every function may be changed later. */
export interface FaultDiskOptions {
  readonly seed?: number
  /** Bytes that all files together may have. Default: no bound. */
  capacityBytes?: number
  /** Decides what goes wrong. Default: nothing. */
  faults?: FaultPlan
  /** Sees every call twice, and may `kill` or `crash`. */
  onPoint?: (point: DiskPoint) => void
  /** How long a call takes; resolves when it is over. Default: at once. */
  delay?: (call: DiskCall) => Promise<void>
}

/** The disk of one machine. */
export class FaultDisk {
  readonly random: SeededRandom
  readonly names = new FaultNames()
  capacityBytes: number
  faults: FaultPlan
  onPoint: ((point: DiskPoint) => void) | undefined
  delay: ((call: DiskCall) => Promise<void>) | undefined
  /** Writes that failed because they would have gone beyond `capacityBytes`. */
  writesBeyondCapacity = 0
  /** Which directories are taken, and by which process. */
  readonly locks = new Map<string, number>()
  #process = 0
  #calls = 0
  /** The path of the last call, as given and cleaned. */
  #lastPath: { readonly given: string; readonly clean: string } | undefined
  #ended: () => void = () => {}
  /** Resolves when the processes of now end by `kill` or `crash`. */
  ended: Promise<void>

  constructor(options: FaultDiskOptions = {}) {
    this.random = new SeededRandom(options.seed ?? 1)
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    this.faults = options.faults ?? (() => undefined)
    this.onPoint = options.onPoint
    this.delay = options.delay
    this.ended = this.#nextEnd()
  }

  /** Calls made so far. */
  get calls(): number {
    return this.#calls
  }

  /** Number of the process that runs now; calls of others are void. */
  get process(): number {
    return this.#process
  }

  /** The disk as the process sees it that runs now. */
  mount(): Disk {
    return new FaultMount(this, this.#process)
  }

  /** The process is gone; everything that it wrote is there. */
  kill(): void {
    this.#process++
    this.locks.clear()
    this.#ended()
    this.ended = this.#nextEnd()
  }

  /** Power is lost, and comes back. */
  crash(): void {
    this.kill()
    this.names.crash(this.random)
    for (const file of new Set(this.#files())) file.crash(this.random)
  }

  /** Bytes of all files. */
  get usedBytes(): number {
    let bytes = 0
    for (const [, file] of this.names.files()) bytes += file.size
    return bytes
  }

  /** A file's content as it can be read now. @throws there is none. */
  contents(path: string): Uint8Array {
    const file = this.#file(path)
    return file.read(0, file.size)
  }

  /** Turns over one bit of a file for good. */
  flipBit(path: string, offset: number, bit = 0): void {
    this.#file(path).flipBit(offset, bit)
  }

  /** Turns over one random bit of a file at or after `from`; returns where. */
  rot(path: string, from = 0): number {
    const file = this.#file(path)
    if (file.size <= from) throw new Error(`${path} has no byte ${from}`)
    const offset = this.random.between(from, file.size - 1)
    file.flipBit(offset, this.random.between(0, 7))
    return offset
  }

  /**
   * Runs one call of `process`: points, fault, delay, effect. Used by the mounts.
   *
   * @param effect what the call does; runs before the delay, or after it for syncs.
   */
  async run<T>(
    process: number,
    operation: DiskOperation,
    path: string,
    effect: (fault: DiskFault | undefined) => T | Deferred<T>,
  ): Promise<T> {
    const call: DiskCall = { number: ++this.#calls, operation, path: this.#cleaned(path) }
    if (process === this.#process) this.onPoint?.({ ...call, phase: 'before' })
    if (process !== this.#process) return never()
    let outcome: T | Deferred<T> | undefined
    let failure: { readonly error: unknown } | undefined
    try {
      outcome = effect(this.faults(call))
    } catch (error) {
      failure = { error }
    }
    await this.delay?.(call)
    if (process !== this.#process) return never()
    try {
      if (outcome instanceof Deferred) outcome = outcome.finish()
    } catch (error) {
      failure = { error }
    }
    this.onPoint?.({ ...call, phase: 'after' })
    if (process !== this.#process) return never()
    if (failure !== undefined) throw failure.error
    return outcome as T
  }

  /** The same few paths are asked for all the time. */
  #cleaned(path: string): string {
    if (this.#lastPath?.given !== path) this.#lastPath = { given: path, clean: cleanPath(path) }
    return this.#lastPath.clean
  }

  *#files(): Iterable<FaultFile> {
    for (const [, file] of this.names.files()) yield file
  }

  #file(path: string): FaultFile {
    const node = this.names.get(cleanPath(path))
    if (node === undefined || node === 'directory')
      throw new Error(`there is no file ${path} in ${dirname(path)}`)
    return node
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve
    })
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
