/**
 * How long a machine's storage takes: file calls, syncs, and commits of databases.
 *
 * Syncs and commits share one device and end one after another, in the order in which they
 * began. While the process stands still it hears of nothing; what the device did meanwhile
 * takes effect when the process goes on.
 */

import type { Clock } from '../../../client/host/clock.js'
import type { Life } from '../../../server/testing/member-clock.js'
import type { SeededRandom } from '../../model/random.js'
import type { DiskCall } from '../disk-faults.js'
import { exponentialMs } from './fork.js'

/** What a {@link Device} needs. */
export interface DeviceOptions {
  /** True time. */
  readonly clock: Clock
  readonly random: SeededRandom
  /** The process that uses it now. */
  readonly life: () => Life
}

/** See the head of the file. Times may be changed at any time. */
export class Device {
  /** Mean time of calls that need no sync, in milliseconds. */
  callMsMean = 0.05
  /** Mean time of a sync or a commit. */
  syncMsMean = 1
  /** True time until which nothing ends. */
  stallUntilMs = 0
  readonly #options: DeviceOptions
  #syncsEndMs = 0

  constructor(options: DeviceOptions) {
    this.#options = options
  }

  /** Resolves when a call of the disk is over. */
  delay(call: DiskCall): Promise<void> {
    const isSync = call.operation === 'sync' || call.operation === 'syncDirectory'
    return new Promise((resolve) => this.#later(isSync, resolve))
  }

  /** Runs a commit when its turn has come. */
  schedule(commit: () => void): void {
    this.#later(true, commit)
  }

  #later(isSync: boolean, run: () => void): void {
    const { clock, random, life } = this.#options
    const nowMs = clock.now()
    const tookMs = exponentialMs(random, isSync ? this.syncMsMean : this.callMsMean)
    let endMs = Math.max(nowMs, this.stallUntilMs) + tookMs
    if (isSync) {
      endMs = Math.max(endMs, this.#syncsEndMs)
      this.#syncsEndMs = endMs
    }
    const process = life()
    clock.after(endMs - nowMs, () => process.run(run))
  }
}
