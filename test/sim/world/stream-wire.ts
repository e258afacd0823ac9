/**
 * How a caller's stream messages travel: TCP for all of them, but for raft's batches.
 *
 * A batch may be lost, come twice, be overtaken, or come once more much later, on whichever
 * stream its sender has open then, if it is still the same member. Raft must bear all of it;
 * only proposals that a follower passes on never come twice.
 */

import { PeerBatch } from '../../../client/wire/generated/peer.js'
import { MessageType } from '../../../client/wire/generated/raft.js'
import { Peer } from '../../../client/wire/methods.js'
import type { SimConnection } from './connection.js'
import { exponentialMs } from './fork.js'
import { REPLAY_MS_MAX } from './link.js'
import type { StreamCall } from './server-calls.js'
import type { Wire } from './stream-end.js'

/** How much later a batch is that is overtaken, in milliseconds on average. */
const OVERTAKEN_MS_MEAN = 20

/** The caller's wire of one stream. */
export class StreamWire<Request, Response> implements Wire {
  readonly #connection: SimConnection
  readonly #served: StreamCall<Request, Response>
  readonly #isRaft: boolean

  constructor(connection: SimConnection, path: string, served: StreamCall<Request, Response>) {
    this.#connection = connection
    this.#served = served
    this.#isRaft = path === Peer.exchange.path
    if (this.#isRaft) connection.network.raftStreams.set(connection.up.link, served.end)
  }

  post(arrive: () => void): void {
    this.#connection.post(arrive)
  }

  message(bytes: Uint8Array): void {
    const connection = this.#connection
    const { link } = connection.up
    const { end } = this.#served
    const arrive = () => end.arrive(bytes)
    if (connection.isOpen && link.draws(link.breaks)) {
      connection.breakOff()
      return
    }
    if (!this.#isRaft || !connection.isOpen) {
      connection.post(arrive)
      return
    }
    const { network } = connection
    const { counts, clock, raftStreams } = network
    counts.add('raftBatches')
    const renewals = network.renewals(link.from)
    const again = (afterMs: number, what: Uint8Array) =>
      clock.after(afterMs, () => {
        if (!link.cut && network.renewals(link.from) === renewals)
          raftStreams.get(link)?.arrive(what, false)
      })
    if (link.draws(link.loss)) {
      counts.add('messagesLost')
      end.far.lost(bytes.length)
      return
    }
    if (link.draws(link.duplicate)) {
      counts.add('messagesDuplicated')
      again(link.drawLatencyMs(), withoutProposals(bytes))
    }
    if (link.draws(link.replay)) {
      counts.add('messagesReplayed')
      again(link.random.next() * REPLAY_MS_MAX, withoutProposals(bytes))
    }
    if (link.draws(link.reorder)) {
      counts.add('messagesReordered')
      again(link.drawLatencyMs() + exponentialMs(link.random, OVERTAKEN_MS_MEAN), bytes)
      end.far.lost(bytes.length)
      return
    }
    connection.post(arrive)
  }
}

/**
 * A batch as it may come again. What a follower passes on to the leader must not: raft
 * takes each for a proposal of its own, and a member never sends one twice.
 */
function withoutProposals(bytes: Uint8Array): Uint8Array {
  const batch = PeerBatch.decode(bytes)
  const messages = batch.messages.filter(({ type }) => type !== MessageType.PROPOSE)
  return PeerBatch.encode({ ...batch, messages }).finish()
}
