/** A session on a machine bed: sends batches of calls, and reads the answers that the machine keeps. */

import { encodeBytes, type Init } from '../../client/wire/codec.js'
import { etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import type { PipelineBatch } from '../../client/wire/generated/command.js'
import { PipelineAnswer, PipelineCall } from '../../client/wire/generated/pipeline.js'
import type { Applied } from '../../server/state/applied.js'
import type { SessionView } from '../../server/state/sessions.js'
import type { MachineBed } from './machine-bed.js'

/** An answer stands one level above the response in it. */
const ANSWER_DEPTH = -1

/** What a batch may say besides its calls. */
export type BatchOptions = Partial<Omit<PipelineBatch, 'calls' | 'session'>>

/** See the head of the file. */
export class SessionBed {
  constructor(
    readonly bed: MachineBed,
    readonly id: bigint = 7n,
  ) {}

  /** Grants the lease of the session. */
  static granted(bed: MachineBed, id = 7n): SessionBed {
    bed.ok({ leaseGrant: { ID: id, TTL: 60 } })
    return new SessionBed(bed, id)
  }

  /** What the machine says of the session. */
  get view(): SessionView | undefined {
    return this.bed.machine.sessions.get(this.id)
  }

  /** Applies a batch; by default it follows on what is applied and acknowledges nothing. */
  batch(calls: readonly (Init<PipelineCall> | Uint8Array)[], options: BatchOptions = {}): Applied {
    const { view } = this
    return this.bed.apply({
      pipeline: {
        session: this.id,
        grantedIndex: view?.grantedIndex ?? 0,
        acknowledged: 0,
        first: (view?.applied ?? 0) + 1,
        ...options,
        calls: calls.map((call) =>
          call instanceof Uint8Array ? call : encodeBytes(PipelineCall, call),
        ),
      },
    })
  }

  /** Applies calls that follow on the last one and returns their answers. */
  send(...calls: (Init<PipelineCall> | Uint8Array)[]): PipelineAnswer[] {
    const first = (this.view?.applied ?? 0) + 1
    this.batch(calls)
    return calls.map((_, i) => this.answer(first + i))
  }

  /** The kept answer of a write. */
  answer(sequence: number): PipelineAnswer {
    const bytes = this.bed.machine.sessions.answer(this.id, sequence)
    if (!bytes) throw new Error(`there is no answer ${sequence}`)
    return PipelineAnswer.decode(bytes, undefined, ANSWER_DEPTH)
  }

  /** Applies one call and returns the error that it was answered: the name, or the text when it is none of etcd's. */
  refused(call: Init<PipelineCall> | Uint8Array): string {
    const { error } = this.send(call)[0]!
    if (!error) throw new Error('the call was not refused')
    return etcdErrorNamed(error.text) ?? error.text
  }

  /** How many records of the session the backend has. */
  get records(): number {
    const { backend } = this.bed
    return [...backend.entries('session')].length
  }
}
