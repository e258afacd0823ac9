/** Noting what a recipe grants, and how it ends: the same for a lock and a leadership. */

import { ConclaveError } from '../../../client/index.js'
import { LostError } from '../../../recipes/index.js'
import type { HoldEnd, LockRecord, Moment } from '../../check/lock-record.js'
import type { Worker } from './worker.js'

/** What a mutex and an election both give. */
export interface Held {
  readonly fencingToken: number
  readonly key: string
  readonly signal: AbortSignal
}

/** What is known before it is granted. */
export type Wish = Pick<LockRecord, 'recipe' | 'name' | 'leaseId' | 'asked'>

/** A record whose end is still to be filled in. */
type Pending = { -readonly [Field in keyof LockRecord]: LockRecord[Field] }

/** One grant under way. */
export class Holding {
  readonly #worker: Worker
  readonly #record: Pending

  /** Made as soon as it was granted. */
  constructor(worker: Worker, wish: Wish, held: Held) {
    this.#worker = worker
    const { process, recorder, material } = worker
    const { key, fencingToken, signal } = held
    const granted = recorder.mark()
    this.#record = { process, ...wish, key, fencingToken, granted, end: undefined }
    material.locks.grants.push(this.#record)
    worker.say(`${wish.recipe} ${wish.name} granted, token ${fencingToken}`)
    if (signal.aborted) this.#lost(signal.reason)
    else signal.addEventListener('abort', () => this.#lost(signal.reason), { once: true })
  }

  /** Gives it back by `release`. */
  async release(release: () => Promise<void>): Promise<void> {
    const { recorder } = this.#worker
    const began = recorder.mark()
    try {
      await release()
      this.#end({ kind: 'released', began, moment: recorder.mark() })
    } catch (error) {
      if (error instanceof LostError) this.#lost(error)
      else if (error instanceof ConclaveError) this.#doubt(error, recorder.mark())
      else throw error
    }
  }

  #doubt({ code }: ConclaveError, moment: Moment): void {
    this.#end({ kind: 'unknown', reason: code, moment })
  }

  #lost({ reason }: LostError): void {
    this.#end({ kind: 'lost', reason, moment: this.#worker.recorder.mark() })
  }

  /** What is known first stays. */
  #end(end: HoldEnd): void {
    if (this.#record.end !== undefined) return
    this.#record.end = end
    const { name, fencingToken } = this.#record
    this.#worker.say(`${name} ${end.kind}, token ${fencingToken}`)
  }
}
