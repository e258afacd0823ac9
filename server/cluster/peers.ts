/** All other members as this one reaches them: who there is, and a link to each. */

import type { Clock } from '../../client/host/clock.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import type { Message } from '../../client/wire/generated/raft.js'
import type { Tuning } from '../tuning.js'
import { PeerLink } from './peer-link.js'

/** What the links need to know. */
export interface PeersOptions {
  readonly clock: Clock
  readonly transport: Transport
  readonly clusterId: bigint
  readonly selfId: bigint
  readonly tuning: Pick<Tuning, 'peerBatchBytes' | 'peerQueueBytesMax'>
  readonly onUnreachable: (peer: bigint) => void
}

/** A member to reach: its id and peer URLs. */
export interface PeerAddress {
  readonly ID: bigint
  readonly peerUrls: readonly string[]
}

interface Entry {
  readonly link: PeerLink
  readonly urls: string
}

/** The links of one member, kept equal to the membership by {@link update}. */
export class Peers {
  readonly #options: PeersOptions
  readonly #entries = new Map<bigint, Entry>()

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** Opens links to new members, renews those whose URLs changed, closes those of removed ones. */
  update(members: readonly PeerAddress[]): void {
    const wanted = new Map(members.map((member) => [member.ID, member]))
    wanted.delete(this.#options.selfId)
    for (const [id, entry] of this.#entries) {
      const member = wanted.get(id)
      if (member !== undefined && member.peerUrls.join() === entry.urls) wanted.delete(id)
      else {
        entry.link.close()
        this.#entries.delete(id)
      }
    }
    for (const [id, { peerUrls }] of wanted) {
      if (peerUrls.length > 0)
        this.#entries.set(id, { link: this.#link(id, peerUrls), urls: peerUrls.join() })
    }
  }

  /** Sends each message to the member that it names; one batch per member. */
  send(messages: readonly Message[]): void {
    if (messages.length === 1) {
      this.#entries.get(messages[0]!.to)?.link.send(messages)
      return
    }
    const byPeer = new Map<bigint, Message[]>()
    for (const message of messages) {
      const batch = byPeer.get(message.to)
      if (batch === undefined) byPeer.set(message.to, [message])
      else batch.push(message)
    }
    for (const [id, batch] of byPeer) this.#entries.get(id)?.link.send(batch)
  }

  /** A message came from this member, so it can be reached again. */
  heard(id: bigint): void {
    this.#entries.get(id)?.link.awake()
  }

  /** A channel to a member for unary calls and snapshots; undefined when it is unknown. */
  channel(id: bigint): Channel | undefined {
    return this.#entries.get(id)?.link.channel
  }

  /** Since when the link to a member stands, in monotonic milliseconds; undefined when it is down. */
  activeSinceMs(id: bigint): number | undefined {
    return this.#entries.get(id)?.link.activeSinceMs
  }

  close(): void {
    for (const { link } of this.#entries.values()) link.close()
    this.#entries.clear()
  }

  #link(id: bigint, urls: readonly string[]): PeerLink {
    const { clock, transport, clusterId, selfId, tuning, onUnreachable } = this.#options
    return new PeerLink({
      clock,
      transport,
      urls,
      clusterId,
      from: selfId,
      batchBytes: tuning.peerBatchBytes,
      queueBytesMax: tuning.peerQueueBytesMax,
      onUnreachable: () => onUnreachable(id),
    })
  }
}
