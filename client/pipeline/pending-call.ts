/** One call on the pipeline, from when it was made until nothing more is to be heard of it. */

import type { CarriedOptions } from '../calls.js'
import { abortedFor, ConclaveError, errorOf, type Intent } from '../errors.js'
import { deadlineExceeded } from '../host/failure.js'
import type { PipelineAnswer } from '../wire/generated/pipeline.js'
import type { ResponseHeader } from '../wire/generated/rpc.js'
import { RpcError, type Status } from '../wire/status.js'
import type { CallKind, Headed } from './call-kinds.js'

/** A number takes up to eight bytes, and its tag one. */
const NUMBER_BYTES_MAX = 9

/** How a call is made. */
export interface PendingCallOptions {
  readonly kind: CallKind
  /** A PipelineCall without its number. */
  readonly bytes: Uint8Array
  /** Does it take a number of the session when it leaves? */
  readonly isNumbered: boolean
  readonly intent: Intent
  /** When its caller's time is over, on the client's monotonic clock. */
  readonly deadlineMs: number
  readonly options: CarriedOptions
  readonly resolve: (response: never) => void
  readonly reject: (error: ConclaveError) => void
  /** Its caller has aborted it. */
  readonly onGivenUp: () => void
}

/**
 * One call and its caller.
 *
 * The caller has its result at most once: an answer, a failure, or because it gave up. A
 * write that left stays to be answered all the same, for its number is used.
 */
export class PendingCall {
  readonly kind: CallKind
  readonly intent: Intent
  readonly deadlineMs: number
  readonly options: CarriedOptions
  /** Its place in the session; 0 for one without a number, and for one that never left. */
  sequence = 0
  /** On how many streams it was sent. */
  sends = 0
  /** What it counts for against bounds: its bytes with a number, at most. The same for all its life. */
  readonly sizeBytes: number
  #bytes: Uint8Array
  #settled = false
  readonly #isNumbered: boolean
  readonly #resolve: (response: never) => void
  readonly #reject: (error: ConclaveError) => void
  #onAbort: (() => void) | undefined

  constructor(of: PendingCallOptions) {
    this.kind = of.kind
    this.intent = of.intent
    this.deadlineMs = of.deadlineMs
    this.options = of.options
    this.#isNumbered = of.isNumbered
    this.#bytes = of.bytes
    this.sizeBytes = of.bytes.length + NUMBER_BYTES_MAX
    this.#resolve = of.resolve
    this.#reject = of.reject
    const { signal } = of.options
    if (signal === undefined) return
    this.#onAbort = () => {
      this.fail(abortedFor(signal.reason, this.mayHaveHappened))
      of.onGivenUp()
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Has its caller its result? */
  get settled(): boolean {
    return this.#settled
  }

  /** Need it not be sent? Nobody waits for it, and no number of the session is its own. */
  get droppable(): boolean {
    return this.#settled && this.sequence === 0
  }

  /** What it is on the wire, without its number. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Gives its place to a call that says nothing and is refused: its number must be used. */
  hollow(): void {
    this.#bytes = new Uint8Array(0)
  }

  /** Its caller gets what the server says. */
  answer(answer: PipelineAnswer, header: ResponseHeader): void {
    if (this.#settled) return
    const { error } = answer
    const response: Headed | undefined = this.kind.response(answer)
    if (error !== undefined) {
      // Told as of a read: a refusal that was answered is definite, but for the one that is none.
      this.fail(ConclaveError.from(new RpcError(error.status as Status, error.text)))
    } else if (response === undefined) this.fail(this.unreadable())
    else {
      response.header = header
      this.#settle()
      this.#resolve(response as never)
    }
  }

  /** Its caller gets this failure; nothing when it has its result already. */
  fail(error: ConclaveError): void {
    if (this.#settled) return
    this.#settle()
    this.#reject(error)
  }

  /** Its caller's time is over. `trouble` is why nothing could be sent, if so. */
  expire(trouble: RpcError | undefined): void {
    this.giveUp(trouble ?? deadlineExceeded())
  }

  /** It will have no answer, for this reason. */
  giveUp(why: RpcError): void {
    if (!this.mayHaveHappened) {
      const { code, details, cause } = why
      this.fail(ConclaveError.from(new RpcError(code, details, true, { cause }), this.intent))
      return
    }
    const etcd = { status: why.code, text: why.details }
    this.fail(errorOf('outcome-unknown', { cause: why, etcd, outcomeUnknown: true }))
  }

  /** The client is closed. */
  close(): void {
    this.fail(errorOf('closed', { outcomeUnknown: this.mayHaveHappened }))
  }

  /** The answer cannot be understood. */
  unreadable(cause?: unknown): ConclaveError {
    return errorOf('internal', { cause, outcomeUnknown: this.intent === 'write' })
  }

  /** Has it no number yet, and must not leave without? */
  get needsNumber(): boolean {
    return this.#isNumbered && this.sequence === 0
  }

  /** It is sent. True: not for the first time. */
  sent(endpoint: string): boolean {
    this.sends++
    const { trace } = this.options
    if (trace !== undefined) {
      trace.transport = 'pipeline'
      trace.endpoint = endpoint
      trace.tries++
    }
    return this.sends > 1
  }

  /** Is it a write that left? */
  get mayHaveHappened(): boolean {
    return this.sequence !== 0 && this.intent === 'write'
  }

  /** It travels on by other means; its caller's result comes from there. */
  handOver(answer: Promise<never>): void {
    this.#settle()
    answer.then(this.#resolve, this.#reject)
  }

  #settle(): void {
    this.#settled = true
    if (this.#onAbort) this.options.signal?.removeEventListener('abort', this.#onAbort)
  }
}
