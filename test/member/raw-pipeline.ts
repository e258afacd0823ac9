/** A pipeline stream as the wire has it, for tests that say exactly what is sent. */

import type { MessageStream } from '../../client/host/stream.js'
import type { Channel } from '../../client/host/transport.js'
import { encodeBytes, type Init } from '../../client/wire/codec.js'
import {
  PipelineAnswer,
  PipelineCall,
  type PipelineRequest,
  type PipelineResponse,
  type PipelineWelcome,
} from '../../client/wire/generated/pipeline.js'
import { Pipeline } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'

/** One stream; greets at once. */
export class RawPipeline {
  welcome: PipelineWelcome | undefined
  /** In the order in which they came. */
  readonly answers: PipelineAnswer[] = []
  /** How the stream ended; `error` is undefined for a good end. */
  closed: { readonly error: RpcError | undefined } | undefined
  readonly stream: MessageStream<PipelineResponse, Init<PipelineRequest>>

  constructor(
    channel: Channel,
    session = 0n,
    hello: Init<PipelineRequest> = { hello: { session } },
  ) {
    this.stream = channel.stream(Pipeline.open)
    this.stream.receive({
      message: ({ welcome, answers }) => {
        this.welcome ??= welcome
        for (const bytes of answers) this.answers.push(PipelineAnswer.decode(bytes))
      },
      close: (error) => {
        this.closed = { error }
      },
    })
    this.stream.send(hello)
  }

  /** Sends calls in one message. */
  send(calls: readonly Init<PipelineCall>[], acknowledged = 0): void {
    const encoded = calls.map((call) => encodeBytes(PipelineCall, call))
    this.stream.send({ calls: encoded, acknowledged })
  }

  /** What the answers are, in a word each: a value, a kind, or the text of an error. */
  get words(): string[] {
    return this.answers.map(wordOf)
  }
}

function wordOf({ range, error, txn, ...others }: PipelineAnswer): string {
  if (error !== undefined) return error.text
  if (range !== undefined) return textOf(range.kvs[0]?.value)
  if (txn !== undefined)
    return txn.responses.map(({ responseRange }) => textOf(responseRange?.kvs[0]?.value)).join()
  const { revision: _, ...kinds } = others
  return Object.entries(kinds).find(([, value]) => value !== undefined)?.[0] ?? 'nothing'
}

function textOf(value: Uint8Array | undefined): string {
  return value === undefined ? '-' : Buffer.from(value).toString()
}

/** A put with this number. */
export function put(sequence: number, key: string, value = `${sequence}`): Init<PipelineCall> {
  return { sequence, put: { key: Buffer.from(key), value: Buffer.from(value) } }
}

/** A linearizable read of one key. */
export function get(key: string): Init<PipelineCall> {
  return { range: { key: Buffer.from(key) } }
}
