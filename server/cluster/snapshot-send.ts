/**
 * Sends a whole state to a peer that is too far behind the log.
 *
 * One client stream: a header with the raft SNAPSHOT message, then the bytes of the
 * snapshot stream. Flow control decides the pace; nothing but the chunk in hand is
 * kept in memory. The receipt comes only after the peer has the file on its disk.
 */

import type { MessageStream } from '../../client/host/stream.js'
import type { Channel } from '../../client/host/transport.js'
import type { Init } from '../../client/wire/codec.js'
import type {
  SnapshotChunk,
  SnapshotHeader,
  SnapshotReceipt,
} from '../../client/wire/generated/peer.js'
import { Peer } from '../../client/wire/methods.js'
import type { RpcError } from '../../client/wire/status.js'

/** Resolves when the peer has the snapshot durably. Rejects when the stream breaks or the source fails. */
export async function sendSnapshot(
  channel: Channel,
  header: Init<SnapshotHeader>,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const pace = new Pace(channel.stream(Peer.sendSnapshot, { signal }))
  await pace.send({ header })
  for await (const data of source) await pace.send({ data })
  await pace.finish()
}

/** Turns the stream's callbacks into "wait until there is room" and "wait for the receipt". */
class Pace {
  readonly #stream: MessageStream<SnapshotReceipt, Init<SnapshotChunk>>
  readonly #closed: Promise<void>
  #onDrain: (() => void) | undefined
  #failure: RpcError | undefined
  #isClosed = false

  constructor(stream: MessageStream<SnapshotReceipt, Init<SnapshotChunk>>) {
    this.#stream = stream
    this.#closed = new Promise((resolve) => {
      stream.receive({
        message: () => {},
        drain: () => this.#onDrain?.(),
        close: (error) => {
          this.#failure = error
          this.#isClosed = true
          this.#onDrain?.()
          resolve()
        },
      })
    })
  }

  async send(chunk: Init<SnapshotChunk>): Promise<void> {
    this.#check()
    if (this.#stream.send(chunk)) return
    this.#check()
    await new Promise<void>((resolve) => {
      this.#onDrain = resolve
    })
    this.#onDrain = undefined
    this.#check()
  }

  async finish(): Promise<void> {
    this.#stream.end()
    await this.#closed
    if (this.#failure !== undefined) throw this.#failure
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isClosed) throw new Error('the peer ended the snapshot stream early')
  }
}
