/**
 * What raft says, as the loop finds it, carried to the parts of the member: messages to
 * peers, committed entries, another leader, a snapshot that replaces the state.
 */

import {
  type Entry,
  EntryType,
  type Message,
  MessageType,
  type SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import type { Parts } from './parts.js'

const isSnapshot = (message: Message): boolean => message.type === MessageType.SNAPSHOT

/** See the head of the file. */
export class RaftOutputs {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** To peers. A snapshot's message goes with its data. */
  send(messages: readonly Message[]): void {
    const { peers, snapshots } = this.#parts
    if (!messages.some(isSnapshot)) {
      peers.send(messages)
      return
    }
    for (const message of messages.filter(isSnapshot)) snapshots.send(message)
    const others = messages.filter((message) => !isSnapshot(message))
    if (others.length > 0) peers.send(others)
  }

  /** Applies a committed entry, and tells everybody whom it concerns. */
  apply(entry: Entry): void {
    const { machine, raft, ground, reconfiguration, keeper, leadership } = this.#parts
    const isChange = entry.type === EntryType.CONFIG_CHANGE
    const applied = isChange
      ? machine.applyConfigChange(entry, (change) => raft.applyConfigChange(change))
      : machine.apply(entry)
    ground.witness?.applied?.(entry, applied)
    if (isChange) reconfiguration.applied()
    keeper.applied(entry.index, entry.data.length)
    leadership.applied(entry.term)
    if (applied === undefined) return
    if (applied.raiseNoSpace) this.#parts.space.raise()
    this.#parts.proposals.settle(applied)
  }

  /** Some entries were applied, or a snapshot: who waited for it goes on. */
  appliedSome(): void {
    this.#parts.reads.applied()
    this.#parts.pipelines.resume()
    this.#parts.reconfiguration.retry()
  }

  /** Leader, term or own role may be others now. */
  leadershipChanged(): void {
    const { leadership, pipelines, inputs, reads, publisher, loop } = this.#parts
    if (!leadership.changed()) return
    pipelines.leaderKnown()
    inputs.proposeParked()
    reads.leaderKnown()
    publisher.leaderKnown()
    loop.wake()
  }

  /** Replaces the state by a received snapshot. Resolves when it stands. */
  async install(metadata: SnapshotMetadata): Promise<void> {
    const { ground, watchHub, pipelines, snapshots, keeper, reconfiguration } = this.#parts
    watchHub.detach()
    pipelines.detach()
    await ground.booted.state.install(snapshots.fileOf(metadata))
    if (!ground.isRunning()) return
    watchHub.attach(this.#parts.machine.store)
    ground.witness?.installed?.(metadata.index)
    keeper.reset(metadata.index)
    reconfiguration.opened()
    await snapshots.installed()
    const { revision } = this.#parts.machine.store
    this.#parts.log.info('installed a snapshot', { index: metadata.index, revision })
  }
}
