/**
 * All other members as this one reaches them: who there is, and a link to each.
 *
 * Members that have nothing to say to each other, as two followers, still greet each
 * other now and then. So everybody knows since when it has been connected to everybody
 * else, which changes of the membership ask for, and whoever was removed hears of it.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import type { Message } from '../../client/wire/generated/raft.js'
import { PEER_GREETING_INTERVAL_MS, PEER_LEAVING_MS, PEER_SILENCE_MS } from '../limits.js'
import type { Tuning } from '../tuning.js'
import { PeerLink } from './peer-link.js'
import { Strangers } from './strangers.js'

/** What the links need to know. */
export interface PeersOptions {
  readonly clock: Clock
  readonly transport: Transport
  readonly clusterId: bigint
  readonly selfId: bigint
  readonly tuning: Pick<Tuning, 'peerBatchBytes' | 'peerQueueBytesMax'>
  readonly onUnreachable: (peer: bigint) => void
  /** Where this member listens. */
  readonly ownUrls: () => readonly string[]
  /** A peer says that this member was removed from the cluster. */
  readonly onRemoved: (peer: bigint) => void
}

/** A member to reach: its id and peer URLs. */
export interface PeerAddress {
  readonly ID: bigint
  readonly peerUrls: readonly string[]
}

interface Entry {
  readonly link: PeerLink
  readonly urls: string
  /** When the peer was heard last, in monotonic milliseconds; undefined before the first time. */
  heardMs: number | undefined
  /** Since when it has been heard without a long silence. */
  heardSinceMs: number
}

/** The links of one member, kept equal to the membership by {@link update}. */
export class Peers {
  readonly #options: PeersOptions
  readonly #entries = new Map<bigint, Entry>()
  readonly #strangers: Strangers
  /** Links to removed members, each with the timer that closes it. */
  readonly #leaving = new Map<PeerLink, Timer>()
  #greeting: Timer | undefined
  #closed = false

  constructor(options: PeersOptions) {
    this.#options = options
    this.#strangers = new Strangers(options.clock, (id, urls) => this.#link(id, urls))
  }

  /**
   * Opens links to new members and renews those whose URLs changed. Those of removed ones
   * are closed a little later: what is on its way is what tells them of their removal.
   */
  update(members: readonly PeerAddress[]): void {
    const wanted = new Map(members.map((member) => [member.ID, member]))
    wanted.delete(this.#options.selfId)
    for (const [id, entry] of this.#entries) {
      const member = wanted.get(id)
      if (member !== undefined && member.peerUrls.join() === entry.urls) wanted.delete(id)
      else {
        if (member === undefined) this.#closeLater(entry.link)
        else entry.link.close()
        this.#entries.delete(id)
      }
    }
    for (const [id, { peerUrls }] of wanted) {
      this.#strangers.forget(id)
      if (peerUrls.length > 0)
        this.#entries.set(id, {
          link: this.#link(id, peerUrls),
          urls: peerUrls.join(),
          heardMs: undefined,
          heardSinceMs: 0,
        })
    }
    if (this.#greeting === undefined) this.greet()
  }

  /** Says to everybody that we are here, and goes on doing so. */
  greet(): void {
    if (this.#closed) return
    this.#greeting?.cancel()
    const ownUrls = this.#options.ownUrls()
    for (const { link } of [...this.#entries.values()]) link.greet(ownUrls)
    this.#strangers.forgetSilent()
    this.#greeting = this.#options.clock.after(PEER_GREETING_INTERVAL_MS, () => this.greet())
  }

  /** Sends each message to the member that it names; one batch per member. */
  send(messages: readonly Message[]): void {
    if (messages.length === 1) {
      this.#linkTo(messages[0]!.to)?.send(messages)
      return
    }
    const byPeer = new Map<bigint, Message[]>()
    for (const message of messages) {
      const batch = byPeer.get(message.to)
      if (batch === undefined) byPeer.set(message.to, [message])
      else batch.push(message)
    }
    for (const [id, batch] of byPeer) this.#linkTo(id)?.send(batch)
  }

  /**
   * Something came from this member, so it can be reached again.
   *
   * @param said where it says that it listens; empty when it did not say.
   */
  heard(id: bigint, said: readonly string[] = []): void {
    const urls = said.filter(isUrl)
    const entry = this.#entries.get(id)
    if (entry === undefined) {
      this.#strangers.heard(id, urls)
      return
    }
    if (urls.length > 0) entry.link.alsoAt(urls)
    const now = this.#options.clock.now()
    if (entry.heardMs === undefined || now - entry.heardMs > PEER_SILENCE_MS)
      entry.heardSinceMs = now
    entry.heardMs = now
    entry.link.awake()
  }

  /** A channel to a member for unary calls and snapshots; undefined when it is unknown. */
  channel(id: bigint): Channel | undefined {
    return this.#linkTo(id)?.channel
  }

  /**
   * Since when we have been connected to a member, in monotonic milliseconds: the link to
   * it stands, and it is heard. Undefined when it is not so now.
   */
  activeSinceMs(id: bigint): number | undefined {
    const entry = this.#entries.get(id)
    const linkedMs = entry?.link.activeSinceMs
    if (entry?.heardMs === undefined || linkedMs === undefined) return undefined
    if (this.#options.clock.now() - entry.heardMs > PEER_SILENCE_MS) return undefined
    return Math.max(linkedMs, entry.heardSinceMs)
  }

  close(): void {
    this.#closed = true
    this.#greeting?.cancel()
    for (const { link } of this.#entries.values()) link.close()
    this.#entries.clear()
    this.#strangers.close()
    for (const [link, timer] of this.#leaving) {
      timer.cancel()
      link.close()
    }
    this.#leaving.clear()
  }

  #closeLater(link: PeerLink): void {
    const close = (): void => {
      this.#leaving.delete(link)
      link.close()
    }
    this.#leaving.set(link, this.#options.clock.after(PEER_LEAVING_MS, close))
  }

  #linkTo(id: bigint): PeerLink | undefined {
    return this.#entries.get(id)?.link ?? this.#strangers.link(id)
  }

  #link(id: bigint, urls: readonly string[]): PeerLink {
    const { clock, transport, clusterId, selfId, tuning, onUnreachable, onRemoved } = this.#options
    return new PeerLink({
      clock,
      transport,
      urls,
      clusterId,
      from: selfId,
      batchBytes: tuning.peerBatchBytes,
      queueBytesMax: tuning.peerQueueBytesMax,
      onUnreachable: () => onUnreachable(id),
      onRemoved: () => onRemoved(id),
    })
  }
}

/** What comes over the network need not be one. */
function isUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'http:'
}
