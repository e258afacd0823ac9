/** An instance as requests see it: how many it has, how fast it answers, whether it is spared. */

import { type Hash64, xxh64 } from '../xxh64.js'
import type { Ejection } from './ejection.js'
import type { Instance } from './instance.js'
import { Latency } from './latency.js'

/** See the head of the file. */
export class Target {
  instance: Instance
  readonly ejection: Ejection
  readonly latency = new Latency()
  /** Of the id; what consistent hashing draws with. */
  readonly hash: Hash64
  /** Requests that have not ended. */
  pending = 0
  /** What health checks say. */
  healthy = true

  constructor(instance: Instance, ejection: Ejection) {
    this.instance = instance
    this.ejection = ejection
    this.hash = xxh64(instance.id)
  }

  /** Its share; where all that are left weigh nothing, all weigh the same. */
  get weight(): number {
    return this.instance.weight || 1
  }

  /** Does it want requests? */
  get wanted(): boolean {
    return this.instance.status === 'up' && this.instance.weight > 0
  }

  /** Is it ejected, half open, or ill? */
  get spared(): boolean {
    return this.ejection.ejected || !this.healthy
  }

  /** May a request go to it, as far as failures and checks tell? */
  allows(nowMs: number): boolean {
    return this.healthy && this.ejection.allows(nowMs)
  }
}
