/**
 * A session written by hand on raw streams, as a client would that trusts nobody: the same
 * writes on several streams at once, sent again on each, acknowledged now and then.
 *
 * It looks like a client to the recorder. Every stream must give the same answer to the same
 * write, and the first one is what is recorded.
 */

import type { MessageStream } from '../../../client/host/stream.js'
import { ConclaveError } from '../../../client/index.js'
import { encodeBytes, type Init } from '../../../client/wire/codec.js'
import {
  PipelineAnswer,
  PipelineCall,
  type PipelineRequest,
  type PipelineResponse,
} from '../../../client/wire/generated/pipeline.js'
import type { PutRequest, PutResponse } from '../../../client/wire/generated/rpc.js'
import { Pipeline } from '../../../client/wire/methods.js'
import { RpcError, type Status } from '../../../client/wire/status.js'
import { latin1 } from '../../model/history.js'
import type { Rider } from './rider.js'

/** A write of the session; write n is at n - 1. */
interface Write {
  readonly bytes: Uint8Array
  readonly resolve: (response: PutResponse) => void
  readonly reject: (error: ConclaveError) => void
  /** Its first answer, as text. */
  answer: string | undefined
}

/** One stream of the session. */
interface RawStream {
  readonly stream: MessageStream<PipelineResponse, Init<PipelineRequest>>
  /** The last write that was sent on it; undefined before its welcome. */
  sent: number | undefined
  /** The last write that it answered. */
  answered: number
}

/** See the head of the file. */
export class RawSession {
  readonly id: bigint
  readonly #onWrong: (message: string) => void
  readonly #writes: Write[] = []
  readonly #streams = new Set<RawStream>()
  /** The server was told that the answers up to here came. */
  #acknowledged = 0
  #isOver = false

  /** @param onWrong hears of an answer that differs from an earlier one. */
  constructor(id: bigint, onWrong: (message: string) => void) {
    this.id = id
    this.#onWrong = onWrong
  }

  /** It can be written to. */
  get isOpen(): boolean {
    return !this.#isOver
  }

  /** Writes so far. */
  get writes(): number {
    return this.#writes.length
  }

  /** Streams that are open or on their way. */
  get streams(): number {
    return this.#streams.size
  }

  /** A put takes the next number and leaves on every stream. */
  put(request: Init<PutRequest>): Promise<PutResponse> {
    const sequence = this.#writes.length + 1
    const bytes = encodeBytes(PipelineCall, { sequence, put: request })
    return new Promise((resolve, reject) => {
      this.#writes.push({ bytes, resolve, reject, answer: undefined })
      if (this.#isOver) this.end()
    })
  }

  /** What was put since the last time leaves. */
  flush(): void {
    for (const raw of this.#streams) this.#send(raw)
  }

  /** One stream more, on which everything is sent that was not acknowledged. */
  open({ client }: Rider): void {
    const stream = client.stream(Pipeline.open)
    const raw: RawStream = { stream, sent: undefined, answered: this.#acknowledged }
    this.#streams.add(raw)
    stream.receive({
      message: (response) => {
        if (response.welcome === undefined) this.#answered(raw, response)
        else {
          raw.sent = raw.answered
          this.#send(raw)
        }
      },
      close: (error) => {
        this.#streams.delete(raw)
        if (error?.details.includes('requested lease not found')) this.end()
      },
    })
    stream.send({ hello: { session: this.id } })
  }

  /** Tells the server which answers it may forget. */
  acknowledge(): void {
    const open = this.#writes.findIndex(({ answer }) => answer === undefined)
    this.#acknowledged = open === -1 ? this.#writes.length : open
    for (const { stream, sent } of this.#streams)
      if (sent !== undefined) stream.send({ acknowledged: this.#acknowledged })
  }

  /** Its streams break, as those of a lost connection do. */
  breakStreams(): void {
    for (const { stream } of [...this.#streams])
      stream.fail(new RpcError(1 as Status, 'the client gives it up'))
  }

  /** Nobody waits any more. What is under way goes on. */
  end(): void {
    this.#isOver = true
    const error = new ConclaveError('outcome-unknown', 'the session is over', {
      outcomeUnknown: true,
    })
    for (const { reject } of this.#writes) reject(error)
  }

  #send(raw: RawStream): void {
    // A stream that is welcomed late may be one of the next session of this id.
    if (this.#isOver || raw.sent === undefined || raw.sent === this.#writes.length) return
    raw.stream.send({ calls: this.#writes.slice(raw.sent).map(({ bytes }) => bytes) })
    raw.sent = this.#writes.length
  }

  #answered(raw: RawStream, { answers, clusterId, memberId, raftTerm }: PipelineResponse): void {
    for (const bytes of answers) {
      const write = this.#writes[raw.answered++]
      const text = latin1(bytes)
      if (write === undefined || (write.answer !== undefined && write.answer !== text)) {
        this.#onWrong(`session ${this.id}, write ${raw.answered}: ${text} and ${write?.answer}`)
        return
      }
      write.answer = text
      const { revision, error, put } = PipelineAnswer.decode(bytes)
      const header = { clusterId, memberId, revision, raftTerm }
      if (put !== undefined) write.resolve({ ...put, header })
      else {
        const refusal = new RpcError((error?.status ?? 2) as Status, error?.text ?? 'no answer')
        write.reject(ConclaveError.from(refusal))
      }
    }
  }
}
