/**
 * The way to one other member: a channel, and one stream of message batches on it.
 *
 * Raft asks nothing of the network but that it may lose things, so the link promises
 * only order while a stream lasts and a bound on what waits. What does not fit is
 * dropped and raft is told that the peer is out of reach, which makes it probe.
 *
 *     idle --send--> opening/open --close--> waiting --timer--> idle
 *
 * A failed stream is opened anew after a pause that doubles up to a bound, and at
 * once when the peer calls us: then it is surely alive again. It gets a connection of
 * its own, since a broken one may go on looking whole for minutes; for the same reason
 * a connection that is silent is asked for a sign of life.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { MessageStream } from '../../client/host/stream.js'
import type { Channel, Transport } from '../../client/host/transport.js'
import type { Init } from '../../client/wire/codec.js'
import type { PeerAck, PeerBatch } from '../../client/wire/generated/peer.js'
import type { Message } from '../../client/wire/generated/raft.js'
import { Peer } from '../../client/wire/methods.js'
import {
  PEER_CONNECT_TIMEOUT_MS,
  PEER_KEEP_ALIVE_INTERVAL_MS,
  PEER_KEEP_ALIVE_TIMEOUT_MS,
  PEER_RETRY_MS,
  PEER_RETRY_MS_MAX,
} from '../limits.js'
import { saysRemoved } from './removed.js'

/** What a link needs to know. */
export interface PeerLinkOptions {
  readonly clock: Clock
  readonly transport: Transport
  /** The peer's URLs; the next one is tried after each failure. Never empty. */
  readonly urls: readonly string[]
  readonly clusterId: bigint
  readonly from: bigint
  /** Message bytes in one batch; a single larger message travels alone. */
  readonly batchBytes: number
  /** Message bytes that wait for the stream; more are dropped. */
  readonly queueBytesMax: number
  /** Called when messages were dropped or the stream broke. */
  readonly onUnreachable: () => void
  /** The peer refuses us: we were removed from the cluster. */
  readonly onRemoved: () => void
}

/** Bytes that a message without entries is counted as. */
const MESSAGE_BYTES = 64

function messageBytes(message: Message): number {
  let bytes = MESSAGE_BYTES
  for (const entry of message.entries) bytes += MESSAGE_BYTES + entry.data.length
  return bytes
}

/** Cuts a run of messages so that no batch exceeds what the far side accepts. */
function batches(messages: readonly Message[], batchBytes: number): (readonly Message[])[] {
  const out: (readonly Message[])[] = []
  let start = 0
  let bytes = 0
  for (let i = 0; i < messages.length; i++) {
    const size = messageBytes(messages[i]!)
    if (i > start && bytes + size > batchBytes) {
      out.push(messages.slice(start, i))
      start = i
      bytes = 0
    }
    bytes += size
  }
  out.push(start === 0 ? messages : messages.slice(start))
  return out
}

/** Sends raft messages to one peer, and lends its channel for other calls. */
export class PeerLink {
  readonly #options: PeerLinkOptions
  #channel: Channel | undefined
  #stream: MessageStream<PeerAck, Init<PeerBatch>> | undefined
  /** Invariant: `#queuedBytes` is the sum over `#queue`, at most `queueBytesMax`. */
  #queue: Message[] = []
  #queuedBytes = 0
  /** The stream asked us to wait; cleared by its drain. */
  #blocked = false
  #retry: Timer | undefined
  #retryMs = PEER_RETRY_MS
  #urlIndex = 0
  #alsoAt: readonly string[] = []
  #closed = false
  /** Monotonic milliseconds since when the stream has been up; undefined while it is down. */
  #activeSinceMs: number | undefined

  constructor(options: PeerLinkOptions) {
    if (options.urls.length === 0) throw new Error('a peer needs at least one URL')
    this.#options = options
  }

  /** Since when this peer answers, in monotonic milliseconds; undefined when it does not. */
  get activeSinceMs(): number | undefined {
    return this.#activeSinceMs
  }

  /** The channel for unary calls and snapshots to this peer. */
  get channel(): Channel {
    if (this.#channel === undefined) {
      const { transport } = this.#options
      const urls = [...this.#options.urls, ...this.#alsoAt]
      this.#channel = transport.connect(urls[this.#urlIndex % urls.length]!, {
        keepAliveIntervalMs: PEER_KEEP_ALIVE_INTERVAL_MS,
        keepAliveTimeoutMs: PEER_KEEP_ALIVE_TIMEOUT_MS,
        connectTimeoutMs: PEER_CONNECT_TIMEOUT_MS,
      })
    }
    return this.#channel
  }

  /** Sends the messages in order, or drops them when the peer is out of reach or too slow. */
  send(messages: readonly Message[]): void {
    if (this.#closed) return
    if (this.#retry !== undefined) return
    if (!this.#blocked && this.#queue.length === 0) {
      this.#write(messages)
      return
    }
    for (const message of messages) this.#enqueue(message)
  }

  /** Says that we are here, and where we listen. Not said when too much is under way already. */
  greet(peerUrls: readonly string[]): void {
    if (this.#closed || this.#retry !== undefined) return
    if (this.#blocked || this.#queue.length > 0) return
    const { clusterId, from } = this.#options
    const stream = this.#stream ?? this.#open()
    if (!stream.send({ clusterId, from, messages: [], peerUrls: [...peerUrls] }))
      this.#blocked = true
  }

  /** The peer says that it listens there: tried too when it is not where we thought. */
  alsoAt(urls: readonly string[]): void {
    this.#alsoAt = urls
  }

  /** The peer was heard from: a link that waits tries again at once. */
  awake(): void {
    if (this.#retry === undefined) return
    this.#retry.cancel()
    this.#retry = undefined
    this.#retryMs = PEER_RETRY_MS
  }

  close(): void {
    this.#closed = true
    this.#retry?.cancel()
    this.#stream?.end()
    this.#stream = undefined
    this.#channel?.close()
    this.#channel = undefined
    this.#queue = []
    this.#queuedBytes = 0
  }

  #enqueue(message: Message): void {
    const bytes = messageBytes(message)
    if (this.#queuedBytes + bytes > this.#options.queueBytesMax) {
      this.#options.onUnreachable()
      return
    }
    this.#queue.push(message)
    this.#queuedBytes += bytes
  }

  #write(messages: readonly Message[]): void {
    const stream = this.#stream ?? this.#open()
    const { clusterId, from } = this.#options
    for (const batch of batches(messages, this.#options.batchBytes))
      if (!stream.send({ clusterId, from, messages: batch })) this.#blocked = true
  }

  #open(): MessageStream<PeerAck, Init<PeerBatch>> {
    const stream = this.channel.stream(Peer.exchange)
    this.#stream = stream
    this.#blocked = false
    this.#activeSinceMs = this.#options.clock.now()
    stream.receive({
      message: () => {},
      drain: () => this.#drained(stream),
      close: (error) => {
        this.#broken(stream)
        if (saysRemoved(error)) this.#options.onRemoved()
      },
    })
    return stream
  }

  #drained(stream: MessageStream<PeerAck, Init<PeerBatch>>): void {
    if (stream !== this.#stream) return
    this.#blocked = false
    this.#retryMs = PEER_RETRY_MS
    if (this.#queue.length === 0) return
    const messages = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    this.#write(messages)
  }

  #broken(stream: MessageStream<PeerAck, Init<PeerBatch>>): void {
    if (stream !== this.#stream || this.#closed) return
    this.#stream = undefined
    this.#activeSinceMs = undefined
    this.#blocked = false
    this.#queue = []
    this.#queuedBytes = 0
    this.#urlIndex++
    this.#channel?.close()
    this.#channel = undefined
    this.#retry = this.#options.clock.after(this.#retryMs, () => {
      this.#retry = undefined
    })
    this.#retryMs = Math.min(this.#retryMs * 2, PEER_RETRY_MS_MAX)
    this.#options.onUnreachable()
  }
}
