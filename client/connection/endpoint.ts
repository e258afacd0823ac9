/**
 * One endpoint: its connection, what is known of it, and a look after it when it is silent.
 *
 * A call that waits tells nothing: it may be long, or its member may stand still, or be cut
 * off from the others. So an endpoint that owes answers and has given none for a while is
 * asked for its status, which costs it nothing:
 *
 * | its answer | what follows |
 * | --- | --- |
 * | any, with a leader | nothing; it is asked again after twice the time |
 * | it knows no leader | the endpoint has failed: new calls go elsewhere, reads that wait do, too |
 * | none in time | the same, and its connection is replaced: it may be half-open |
 *
 * A write that waits stays where it is, since it may have arrived.
 */

import type { Clock, Timer } from '../host/clock.js'
import type { Random } from '../host/random.js'
import type { Channel, ChannelOptions, Transport } from '../host/transport.js'
import type { Telemetry } from '../telemetry.js'
import { etcdErrors } from '../wire/etcd-errors.js'
import { Maintenance } from '../wire/methods.js'
import { RpcError, Status } from '../wire/status.js'
import { type BackoffBounds, backoffMs } from './backoff.js'
import { isSick } from './retry.js'

/** An endpoint that owes answers and has given none for so long is asked how it is. */
export const SILENCE_MS = 1_000
/** While it is well it is asked ever less often. */
const SILENCE_MS_MAX = 8_000
/** How long it may take to tell. */
export const STATUS_MS = 1_000
/** An endpoint that did not even tell its status is the last to be chosen for so long. */
const SILENT_MS = 2_000

/** What an {@link Endpoint} needs. */
export interface EndpointOptions {
  readonly transport: Transport
  readonly channel: ChannelOptions
  readonly clock: Clock
  readonly random: Random
  readonly telemetry: Telemetry
  readonly backoff?: BackoffBounds | undefined
}

/** A connection and the calls that are out on it. */
interface Line {
  readonly channel: Channel
  calls: number
  /** No new calls; closed with the last one. */
  retired: boolean
}

/** A call that is out. */
export interface Outgoing {
  readonly channel: Channel
  /** It is over. `answered`: the endpoint said something, be it a refusal. */
  over(answered: boolean): void
}

/** One endpoint and what is known of it. */
export class Endpoint {
  readonly address: string
  readonly #options: EndpointOptions
  #line: Line | undefined
  #failures = 0
  #blockedUntilMs = Number.NEGATIVE_INFINITY
  /** Until then others are chosen if there are any: it says nothing, so far. */
  #silentUntilMs = Number.NEGATIVE_INFINITY
  #failedForTls = false
  /** Calls without an answer. While there are some, the timer runs or the status was asked for. */
  #owed = 0
  #silenceMs = SILENCE_MS
  #timer: Timer | undefined
  #asking = false
  /** Grows with every answer. */
  #answers = 0
  /** Reads that wait, and how to send them elsewhere. */
  readonly #leavers = new Set<(error: RpcError) => void>()
  #closed = false

  constructor(address: string, options: EndpointOptions) {
    this.address = address
    this.#options = options
  }

  /** Its channel, opened on first use. */
  get channel(): Channel {
    return this.#open().channel
  }

  /** Milliseconds until it may be used; 0 when it may now. */
  get waitMs(): number {
    return Math.max(0, this.#blockedUntilMs - this.#options.clock.now())
  }

  /** For how many milliseconds others are better, while they need not wait longer: it is silent, or `waitMs`. */
  get avoidMs(): number {
    return Math.max(this.waitMs, this.#silentUntilMs - this.#options.clock.now())
  }

  /** How often it failed in a row. */
  get failures(): number {
    return this.#failures
  }

  /** Did it fail for TLS when it was tried last? */
  get failedForTls(): boolean {
    return this.#failedForTls
  }

  /** It answered. */
  succeeded(): void {
    this.#failures = 0
    this.#failedForTls = false
    this.#blockedUntilMs = Number.NEGATIVE_INFINITY
    this.#silentUntilMs = Number.NEGATIVE_INFINITY
  }

  /** It did not answer as a healthy member does. Calls that fail together count as one failure. */
  failed(reason: string, forTls = false): void {
    this.#failedForTls = forTls
    if (this.waitMs > 0) return
    const { clock, random, telemetry, backoff } = this.#options
    telemetry.endpointFailed(this.address, reason)
    this.#failures++
    this.#blockedUntilMs = clock.now() + backoffMs(this.#failures, random, backoff)
  }

  /**
   * A stream on it was silent for too long: it is asked how it is, as if it owed an answer.
   * Other streams would notice much later, when pings stay unanswered.
   */
  suspect(): void {
    if (this.#closed) return
    this.#silentUntilMs = this.#options.clock.now() + STATUS_MS
    if (!this.#asking) void this.#askStatus(this.#answers, true)
  }

  /**
   * A call goes out on the channel that is returned with it.
   *
   * @param leave for a read: called when the endpoint turns out not to be well.
   */
  begin(leave?: (error: RpcError) => void): Outgoing {
    const line = this.#open()
    line.calls++
    if (leave !== undefined) this.#leavers.add(leave)
    if (this.#owed++ === 0) this.#watch(SILENCE_MS)
    let isOver = false
    const over = (answered: boolean) => {
      if (isOver) return
      isOver = true
      if (leave !== undefined) this.#leavers.delete(leave)
      if (answered) this.#answers++
      if (--this.#owed === 0) this.#unwatch()
      if (--line.calls === 0 && line.retired) line.channel.close()
    }
    return { channel: line.channel, over }
  }

  /** No longer an endpoint of the client: its streams end, and its calls may come to their end before. */
  retire(): void {
    this.#closed = true
    this.#unwatch()
    this.#replaceLine()
  }

  /** Ends what is open on it. */
  close(): void {
    this.#closed = true
    this.#unwatch()
    this.#line?.channel.close()
  }

  #open(): Line {
    const { transport, channel } = this.#options
    this.#line ??= {
      channel: transport.connect(this.address, channel),
      calls: 0,
      retired: false,
    }
    return this.#line
  }

  #replaceLine(): void {
    const line = this.#line
    if (line === undefined) return
    this.#line = undefined
    line.retired = true
    if (line.calls === 0) line.channel.close()
  }

  #watch(silenceMs: number): void {
    if (this.#closed) return
    this.#silenceMs = silenceMs
    const answers = this.#answers
    this.#timer = this.#options.clock.after(silenceMs, () => {
      this.#timer = undefined
      if (this.#answers !== answers) this.#watch(SILENCE_MS)
      else if (!this.#asking) void this.#askStatus(answers)
    })
  }

  #unwatch(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #askStatus(answers: number, isSuspect = false): Promise<void> {
    this.#asking = true
    const line = this.#open()
    const error = await statusError(line.channel)
    this.#asking = false
    this.#silentUntilMs =
      error?.code === Status.DEADLINE_EXCEEDED
        ? this.#options.clock.now() + SILENT_MS
        : Number.NEGATIVE_INFINITY
    if (this.#closed || (this.#owed === 0 && !isSuspect)) return
    if (error === undefined || this.#answers !== answers) {
      if (this.#owed > 0 && this.#timer === undefined)
        this.#watch(Math.min(this.#silenceMs * 2, SILENCE_MS_MAX))
      return
    }
    this.failed(error.details)
    if (error.code === Status.DEADLINE_EXCEEDED && this.#line === line) this.#replaceLine()
    for (const leave of [...this.#leavers]) leave(error)
    if (this.#owed > 0 && this.#timer === undefined) this.#watch(SILENCE_MS)
  }
}

/** What is wrong with the member on this channel; undefined when it answers and knows a leader. */
async function statusError(channel: Channel): Promise<RpcError | undefined> {
  try {
    const { leader } = await channel.call(Maintenance.status, {}, { timeoutMs: STATUS_MS })
    if (leader !== 0n) return undefined
    return new RpcError(Status.UNAVAILABLE, etcdErrors.noLeader.text)
  } catch (error) {
    // A refusal is an answer, too.
    return error instanceof RpcError && isSick(error) ? error : undefined
  }
}
