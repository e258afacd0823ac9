/**
 * What raft is given to do: messages of peers, ticks, proposals. Each wakes the loop,
 * which looks for raft's output at the end of the turn.
 */

import type { PeerBatch } from '../../client/wire/generated/peer.js'
import { MessageType } from '../../client/wire/generated/raft.js'
import type { Parts } from './parts.js'

/** See the head of the file. */
export class RaftInputs {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What a peer says. */
  step({ messages, from, peerUrls }: PeerBatch): void {
    const { ground, peers, raft, reconfiguration } = this.#parts
    if (!ground.isRunning()) return
    peers.heard(from, peerUrls)
    if (messages.length === 0) return
    // A snapshot's message comes with its data, never alone.
    this.give(() => {
      for (const message of messages)
        if (message.type !== MessageType.SNAPSHOT) raft.step(reconfiguration.take(message))
    })
  }

  /** A heartbeat interval has gone by. */
  tick(): void {
    const { raft } = this.#parts
    const wasTransferring = raft.state.transferee !== 0n
    this.give(() => raft.tick())
    // A transfer that was given up: this member takes proposals again.
    if (wasTransferring && raft.state.transferee === 0n) this.proposeParked()
  }

  /** @throws {ProposalDropped} */
  propose(data: Uint8Array): void {
    this.#parts.raft.propose(data)
    this.#parts.loop.wake()
  }

  /** What could not be proposed may be proposed now. */
  proposeParked(): void {
    this.#parts.proposals.leaderKnown()
    this.#parts.pipelines.resume()
    this.#parts.reconfiguration.retry()
  }

  /** Gives raft something to do. What it finds impossible ends this member, not its caller. */
  give(work: () => void): void {
    try {
      work()
      this.#parts.loop.wake()
    } catch (error) {
      this.#parts.ground.host.exit(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
