/** What tests of mutexes share: processes with a session and a mutex each, in one world. */

import { type Lock, Mutex, type MutexOptions } from '../../recipes/index.js'
import { type Party, SessionWorld } from './session-world.js'

/** A process with a session, and a mutex on it. */
export interface Contestant extends Party {
  readonly mutex: Mutex
}

/** See the head of the file. */
export class MutexWorld extends SessionWorld {
  /** A process that wants the mutex `m`. */
  async one(owner: string, options: MutexOptions = {}): Promise<Contestant> {
    const party = await this.party(owner)
    return { ...party, mutex: new Mutex(party.session, 'm', options) }
  }

  /** So many processes, `w0`, `w1`, …. */
  async several(count: number): Promise<Contestant[]> {
    const all = []
    for (let i = 0; i < count; i++) all.push(await this.one(`w${i}`))
    return all
  }

  acquire(mutex: Mutex, options = {}): Promise<Lock> {
    return this.settle(mutex.acquire(options))
  }

  release(lock: Lock): Promise<void> {
    return this.settle(lock.release())
  }
}
