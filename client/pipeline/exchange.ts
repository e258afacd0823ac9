/**
 * What goes over one stream after its welcome: messages of calls out, messages of answers
 * in, and word of which answers may be forgotten.
 *
 * The calls of a turn are gathered, and sent in messages of bounded size as long as the
 * window has room. That the answers up to some number have arrived is said with the next
 * message, and without one when the server keeps many.
 */

import type { Connection } from '../connection/connection.js'
import type { SharedStream } from '../connection/shared-stream.js'
import {
  PipelineAnswer,
  type PipelineRequest,
  type PipelineResponse,
} from '../wire/generated/pipeline.js'
import { encodeBatch } from './batch.js'
import type { CallLine, Window } from './call-line.js'
import type { PendingCall } from './pending-call.js'
import type { Session } from './session.js'

/** Answers that the server keeps for us, from which on it is told so though nothing else is to be said. */
export const ACKNOWLEDGE_CALLS = 256
/** As {@link ACKNOWLEDGE_CALLS}, in bytes of answers. */
export const ACKNOWLEDGE_BYTES = 256 * 1024

/** What an {@link Exchange} needs. */
export interface ExchangeOptions {
  readonly connection: Connection
  readonly stream: SharedStream<PipelineRequest, PipelineResponse>
  readonly line: CallLine
  /** What the member allows. */
  readonly window: Window
  /** What the stream was opened with. */
  readonly session: Session | undefined
  /** Something was sent while nothing was unanswered. */
  readonly onAsked: () => void
  /** The next call is a write, and there is no session. */
  readonly onSessionNeeded: () => void
}

/** See the head of the file. It is of no use any more when its stream is gone. */
export class Exchange {
  readonly #options: ExchangeOptions
  /** The stream took all it can for now. */
  #full = false
  #flushing = false
  #ended = false
  /** Bytes of answers that the server was not told to forget. */
  #answeredBytes = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
    // What was said on another stream may be lost.
    if (options.session !== undefined) options.session.acknowledged = 0
  }

  /** The stream is gone. */
  end(): void {
    this.#ended = true
  }

  /** There is room on the stream again. */
  drained(): void {
    this.#full = false
    this.flush()
  }

  /** Sends what may be sent at the end of this turn. */
  flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#options.connection.clock.soon(() => {
      this.#flushing = false
      this.flush()
    })
  }

  /** Sends what may be sent. */
  flush(): void {
    const { line, window, session, onSessionNeeded } = this.#options
    if (this.#ended) return
    const numbering = () => session?.next() ?? 0
    while (!this.#full) {
      const batch = line.take(window, numbering)
      if (batch.length === 0) break
      this.#send(batch)
    }
    if (this.#owesAcknowledgement && !this.#full) this.#send([])
    if (session === undefined && line.wantsSession) onSessionNeeded()
  }

  /** Gives answers to their callers. False: there was one too many. */
  answered({ answers, clusterId, memberId, raftTerm }: PipelineResponse): boolean {
    const { line, session } = this.#options
    for (const bytes of answers) {
      const call = line.answered()
      if (call === undefined) return false
      if (call.sequence !== 0 && session !== undefined) {
        session.answered = call.sequence
        this.#answeredBytes += bytes.length
      }
      try {
        // A copy: who keeps one answer must not keep all that came with it.
        const answer = PipelineAnswer.decode(Buffer.from(bytes))
        call.answer(answer, { clusterId, memberId, revision: answer.revision, raftTerm })
      } catch (error) {
        call.fail(call.unreadable(error))
      }
    }
    if (line.waiting > 0 || this.#owesAcknowledgement) this.flushSoon()
    return true
  }

  #send(batch: readonly PendingCall[]): void {
    const { connection, stream, line, session, onAsked } = this.#options
    const isNews = session !== undefined && session.answered > session.acknowledged
    const acknowledged = isNews ? session.answered : 0
    if (isNews) session.acknowledged = acknowledged
    this.#answeredBytes = 0
    let resent = 0
    for (const call of batch) if (call.sent(stream.address)) resent++
    if (batch.length > 0) connection.telemetry.pipelineBatch(batch.length, resent)
    this.#full = !stream.sendBytes(encodeBatch(batch, acknowledged))
    if (batch.length > 0 && line.sent === batch.length) onAsked()
  }

  get #owesAcknowledgement(): boolean {
    const { session } = this.#options
    if (session === undefined) return false
    const calls = session.answered - session.acknowledged
    return calls >= ACKNOWLEDGE_CALLS || (calls > 0 && this.#answeredBytes >= ACKNOWLEDGE_BYTES)
  }
}
