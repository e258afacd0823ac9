/**
 * The client's side of the pipeline's stream.
 *
 * | state | what is sent |
 * | --- | --- |
 * | no stream | nothing; one is opened as soon as there is a call |
 * | greeted | nothing; the member reads up to now, and finds the session |
 * | welcomed | calls in order, as long as the window has room, gathered for a turn |
 *
 * A stream is opened with the session, if there is one. A client that has only read
 * has none: when its first write is at the head of the line, a session is granted and the
 * stream opened anew with it. Reads under way are sent again then, as after any break.
 *
 * A stream that owes answers and stays silent is left for another endpoint, which is
 * safe, for a call that is sent twice is applied once. Each time in a row it is given twice
 * as long, since a cluster without a leader answers nowhere.
 *
 * What a break says:
 *
 * | failure | consequence |
 * | --- | --- |
 * | UNIMPLEMENTED, before any welcome | this server has no pipeline: the owner decides |
 * | UNIMPLEMENTED, later | a member of another version: the next endpoint; the owner decides when all say so |
 * | lease not found | the session is lost |
 * | INVALID_ARGUMENT | the session cannot be gone on with: given up |
 * | larger than max | the largest call under way is refused; its number is sent with nothing in it |
 * | PERMISSION_DENIED, UNAUTHENTICATED | all calls fail with it |
 * | anything else | the next endpoint, all unanswered calls in order |
 */

import type { Connection } from '../connection/connection.js'
import { isFinal } from '../connection/retry.js'
import { SharedStream, type StreamOwner } from '../connection/shared-stream.js'
import { ConclaveError } from '../errors.js'
import type { Channel } from '../host/transport.js'
import { etcdErrorNamed } from '../wire/etcd-errors.js'
import {
  PipelineAnswer,
  type PipelineRequest,
  type PipelineResponse,
  type PipelineWelcome,
} from '../wire/generated/pipeline.js'
import { Pipeline } from '../wire/methods.js'
import { RpcError, Status } from '../wire/status.js'
import { Alarm } from './alarm.js'
import { encodeBatch } from './batch.js'
import { CallLine, type Window } from './call-line.js'
import type { PendingCall } from './pending-call.js'
import {
  type Session,
  SessionKeeper,
  type SessionKeeperOptions,
  type SessionOwner,
} from './session.js'

/** Deadlines are looked after this often at most, for each call in the line: a walk over them costs less. */
const WALK_MS = 0.001
/** A stream that owes answers may be silent so long. */
export const SILENCE_MS_MIN = 2_000
/** As {@link SILENCE_MS_MIN}, when the streams before it were silent, too: longer than an election takes. */
export const SILENCE_MS_MAX = 8_000
/** Answers that the server keeps for us, from which on it is told so though nothing else is to be said. */
export const ACKNOWLEDGE_CALLS = 256
/** As {@link ACKNOWLEDGE_CALLS}, in bytes of answers. */
export const ACKNOWLEDGE_BYTES = 256 * 1024

/** Whoever made the stream. Callbacks must not throw. */
export interface PipelineOwner {
  /** Does somebody want to know what the server offers? */
  readonly isAsking: boolean
  /** The server offers the pipeline. */
  welcomed(): void
  /** No server does, as far as is known. */
  notOffered(error: RpcError): void
  /** All callers were refused for a reason that lasts. */
  refused(error: RpcError): void
  /** There is no session to be had, so these writes cannot leave. */
  withoutSession(writes: readonly PendingCall[], error: ConclaveError): void
}

/** See the head of the file. */
export class PipelineStream implements StreamOwner<PipelineResponse>, SessionOwner {
  readonly #connection: Connection
  readonly #owner: PipelineOwner
  readonly #sessions: SessionKeeper
  readonly #stream: SharedStream<PipelineRequest, PipelineResponse>
  readonly #line = new CallLine()
  readonly #alarm: Alarm
  /** What the open stream was opened with. */
  #session: Session | undefined
  /** What the member allows; undefined before its welcome. */
  #window: Window | undefined
  /** Was there ever a welcome? */
  #known = false
  /** Endpoints that did not know the pipeline since then. */
  readonly #unknowing = new Set<string>()
  /** The stream took all it can for now. */
  #full = false
  #flushing = false
  /** Why there is no stream to send on, or no session. */
  #trouble: RpcError | undefined
  /** When the stream was last heard of, or began to owe something. */
  #heardAtMs = 0
  #silenceMs = SILENCE_MS_MIN
  /** Bytes of answers that the server was not told to forget. */
  #answeredBytes = 0
  /** Calls that were given up since the line was last cleared of such. */
  #givenUp = 0

  constructor(
    connection: Connection,
    owner: PipelineOwner,
    session: Pick<SessionKeeperOptions, 'ttlSeconds' | 'keepAlive'>,
  ) {
    this.#connection = connection
    this.#owner = owner
    this.#sessions = new SessionKeeper({ ...session, connection, owner: this })
    this.#stream = new SharedStream(connection, Pipeline.open, {}, this)
    this.#alarm = new Alarm(connection.clock, () => this.#look())
  }

  /** Where the stream is that was welcomed; undefined when there is none. */
  get address(): string | undefined {
    return this.#window && this.#stream.address
  }

  /** Why nothing can be sent, if that is so. */
  get trouble(): RpcError | undefined {
    return this.#trouble
  }

  /** Opens a stream, if there is none. */
  want(): void {
    this.#stream.want()
  }

  /** Puts a call at the end of the line. False: it is too long. */
  add(call: PendingCall): boolean {
    if (!this.#line.add(call)) return false
    this.#alarm.at(call.deadlineMs)
    if (this.#window === undefined) this.#stream.want()
    else this.#flushSoon()
    return true
  }

  /**
   * Ends the stream and the session. Returns the calls that are left, oldest first.
   *
   * @param farewell opens what the server is told on that the session is over; it learns
   *   that from the lease's expiry when absent, or when no stream is open.
   */
  end(farewell?: (address: string) => Channel): PendingCall[] {
    const address = this.#sessions.current && this.address
    this.#stream.release()
    this.#forgetStream()
    this.#alarm.cancel()
    this.#sessions.close(address === undefined ? undefined : farewell?.(address))
    return this.#line.remove(() => true)
  }

  /** Fails all callers. Writes that left stay, to be sent again for the sake of their numbers. */
  failAll(error: RpcError): void {
    for (const call of this.#line) call.giveUp(error)
    this.#line.remove((call) => call.droppable)
  }

  /** The caller of some call has given it up. */
  givenUp(): void {
    this.#givenUp++
    // Not for each: many may go at once.
    if (2 * this.#givenUp < this.#line.length) return
    this.#givenUp = 0
    this.#line.remove((call) => call.droppable)
    if (this.#isWanted) return
    this.#alarm.cancel()
    if (this.#window === undefined) this.#stream.release()
  }

  opened(): void {
    this.#session = this.#sessions.current
    this.#heard()
    this.#alarm.at(this.#silentAtMs)
    this.#stream.send({ hello: { session: this.#session?.id ?? 0n } })
  }

  message(response: PipelineResponse): void {
    this.#heard()
    if (response.welcome !== undefined) this.#welcomed(response.welcome)
    else this.#answered(response)
  }

  drained(): void {
    this.#heard()
    this.#full = false
    this.#flush()
  }

  blames(error: RpcError): boolean {
    if (error.code === Status.UNIMPLEMENTED) return this.#known
    return !(isFinal(error) || isLeaseNotFound(error) || isOversized(error))
  }

  broken(error: RpcError): boolean {
    this.#forgetStream()
    if (this.blames(error)) this.#trouble = error
    if (error.code === Status.UNIMPLEMENTED) return this.#unimplemented(error)
    if (isFinal(error)) {
      this.failAll(error)
      this.#owner.refused(error)
      return false
    }
    const session = this.#session
    if (session && isLeaseNotFound(error)) this.#sessions.lost(session, true)
    else if (session && error.code === Status.INVALID_ARGUMENT) this.#sessions.lost(session, false)
    else if (isOversized(error)) this.#refuseLargest(error)
    return this.#isWanted
  }

  needsSession(): boolean {
    return this.#line.wantsSession
  }

  sessionGranted(): void {
    this.#trouble = undefined
    this.#reopen()
  }

  sessionDelayed({ etcd, message }: ConclaveError): void {
    this.#trouble = new RpcError(etcd?.status ?? Status.UNAVAILABLE, etcd?.text ?? message)
  }

  sessionRefused(error: ConclaveError): void {
    this.#owner.withoutSession(
      this.#line.remove((call) => call.needsNumber),
      error,
    )
    this.#flush()
  }

  sessionLost(session: Session): void {
    if (this.#session === session) this.#stream.release()
    this.#forgetStream()
    const why = new RpcError(Status.UNAVAILABLE, 'the session of this client has ended')
    for (const call of this.#line.remove(({ sequence }) => sequence !== 0)) call.giveUp(why)
    if (this.#isWanted) this.#stream.want()
  }

  #welcomed({ applied, callsMax, bytesMax }: PipelineWelcome): void {
    if (!this.#knowsUs(applied)) return
    this.#window = { callsMax, bytesMax }
    this.#known = true
    this.#unknowing.clear()
    this.#trouble = undefined
    this.#connection.telemetry.pipelineOpened(this.#stream.address)
    this.#owner.welcomed()
    this.#flush()
  }

  /** Does the member know of our session what we know? If not, the stream is left. */
  #knowsUs(applied: number): boolean {
    const session = this.#session
    if (this.#window !== undefined) this.#stream.restart('welcomed twice')
    else if (session !== undefined && applied > session.numbered)
      // Somebody else writes with it.
      this.#sessions.lost(session, false)
    else if (session !== undefined && applied < session.answered)
      this.#stream.restart('the member is behind')
    else {
      if (session !== undefined) session.acknowledged = 0
      return true
    }
    return false
  }

  #answered({ answers, clusterId, memberId, raftTerm }: PipelineResponse): void {
    for (const bytes of answers) {
      const call = this.#line.answered()
      if (call === undefined) {
        this.#stream.restart('an answer to no call')
        return
      }
      if (call.sequence !== 0 && this.#session !== undefined) {
        this.#session.answered = call.sequence
        this.#answeredBytes += bytes.length
      }
      try {
        // A copy: who keeps one answer must not keep all that came with it.
        const answer = PipelineAnswer.decode(Buffer.from(bytes))
        call.answer(answer, { clusterId, memberId, revision: answer.revision, raftTerm })
      } catch (error) {
        call.fail(call.unreadable(error))
      }
    }
    this.#silenceMs = SILENCE_MS_MIN
    if (this.#line.waiting > 0 || this.#owesAcknowledgement) this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#connection.clock.soon(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  /** Sends what may be sent. */
  #flush(): void {
    const [window, session] = [this.#window, this.#session]
    if (window === undefined || this.#full) return
    const numbering = () => session?.next() ?? 0
    for (;;) {
      const batch = this.#line.take(window, numbering)
      if (batch.length > 0) this.#send(batch)
      if (batch.length === 0 || this.#full) break
    }
    if (this.#owesAcknowledgement) this.#send([])
    if (session !== undefined || !this.#line.wantsSession) return
    if (this.#sessions.current === undefined) this.#sessions.want()
    else this.#reopen()
  }

  #send(batch: readonly PendingCall[]): void {
    if (this.#line.sent === batch.length) this.#heard()
    const session = this.#session
    const isNews = session !== undefined && session.answered > session.acknowledged
    const acknowledged = isNews ? session.answered : 0
    if (isNews) session.acknowledged = acknowledged
    this.#answeredBytes = 0
    let resent = 0
    for (const call of batch) if (call.sent(this.#stream.address)) resent++
    if (batch.length > 0) this.#connection.telemetry.pipelineBatch(batch.length, resent)
    this.#full = !this.#stream.sendBytes(encodeBatch(batch, acknowledged))
    this.#alarm.at(this.#silentAtMs)
  }

  get #owesAcknowledgement(): boolean {
    const session = this.#session
    if (session === undefined || session.answered === session.acknowledged) return false
    const calls = session.answered - session.acknowledged
    return calls >= ACKNOWLEDGE_CALLS || this.#answeredBytes >= ACKNOWLEDGE_BYTES
  }

  /** Opens the stream anew, with the session of now. */
  #reopen(): void {
    this.#stream.release()
    this.#forgetStream()
    if (this.#isWanted) this.#stream.want()
  }

  #forgetStream(): void {
    this.#window = undefined
    this.#full = false
    this.#answeredBytes = 0
    this.#line.rewind()
  }

  #unimplemented(error: RpcError): boolean {
    this.#unknowing.add(this.#stream.address)
    const { all } = this.#connection.endpoints
    const isMixed = this.#known && !all.every(({ address }) => this.#unknowing.has(address))
    if (!isMixed) this.#owner.notOffered(error)
    return isMixed && this.#isWanted
  }

  /** A message was too large for the server: only one with a single call can be. */
  #refuseLargest(error: RpcError): void {
    let largest: PendingCall | undefined
    for (const call of this.#line)
      if (call.sends > 0 && call.bytes.length > (largest?.bytes.length ?? 0)) largest = call
    largest?.fail(ConclaveError.from(error))
    largest?.hollow()
  }

  #heard(): void {
    this.#heardAtMs = this.#connection.clock.now()
  }

  /** Does anybody want a stream? */
  get #isWanted(): boolean {
    return this.#line.length > 0 || this.#owner.isAsking
  }

  /** When the stream counts as silent. */
  get #silentAtMs(): number {
    return this.#heardAtMs + this.#silenceMs
  }

  /** Does the stream owe a welcome or answers? */
  get #isOwed(): boolean {
    if (!this.#stream.isOpen) return false
    return this.#line.sent > 0 || (this.#window === undefined && this.#isWanted)
  }

  /** Looks after deadlines and silence. */
  #look(): void {
    const nowMs = this.#connection.clock.now()
    const dueMs = this.#line.expire(nowMs, this.#trouble)
    if (this.#isOwed && nowMs >= this.#silentAtMs) {
      this.#silenceMs = Math.min(2 * this.#silenceMs, SILENCE_MS_MAX)
      this.#stream.restart('no answer came')
    }
    this.#alarm.at(Math.max(dueMs, nowMs + this.#line.length * WALK_MS))
    if (this.#isOwed) this.#alarm.at(this.#silentAtMs)
  }
}

function isLeaseNotFound(error: RpcError): boolean {
  return etcdErrorNamed(error.details) === 'leaseNotFound'
}

function isOversized(error: RpcError): boolean {
  return ConclaveError.from(error).code === 'request-too-large'
}
