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
 * When the session is lost and may still live, no stream is opened before it has ended: a
 * read would not see the writes of it that are applied after all.
 *
 * A stream that owes answers and stays silent is left for another endpoint, which is
 * safe, for a call that is sent twice is applied once.
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
import type {
  PipelineRequest,
  PipelineResponse,
  PipelineWelcome,
} from '../wire/generated/pipeline.js'
import { Pipeline } from '../wire/methods.js'
import { RpcError, Status } from '../wire/status.js'
import { Alarm } from './alarm.js'
import { CallLine } from './call-line.js'
import { Exchange } from './exchange.js'
import { Patience } from './patience.js'
import type { PendingCall } from './pending-call.js'
import {
  type Session,
  SessionKeeper,
  type SessionKeeperOptions,
  type SessionOwner,
} from './session.js'

/** Deadlines are looked after this often at most, for each call in the line: a walk over them costs less. */
const WALK_MS = 0.001

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
  /** There is no session to be had, or a lost one cannot be ended, so these calls cannot leave. */
  withoutSession(calls: readonly PendingCall[], error: ConclaveError): void
}

/** See the head of the file. */
export class PipelineStream implements StreamOwner<PipelineResponse>, SessionOwner {
  readonly #connection: Connection
  readonly #owner: PipelineOwner
  readonly #sessions: SessionKeeper
  readonly #stream: SharedStream<PipelineRequest, PipelineResponse>
  readonly #line = new CallLine()
  readonly #alarm: Alarm
  readonly #patience: Patience
  /** What the open stream was opened with. */
  #session: Session | undefined
  /** Undefined before the welcome. */
  #exchange: Exchange | undefined
  /** Was there ever a welcome? */
  #known = false
  /** Endpoints that did not know the pipeline since then. */
  readonly #unknowing = new Set<string>()
  /** Endpoints that had forgotten, since then, what was answered. */
  readonly #forgetful = new Set<string>()
  /** Why there is no stream to send on, or no session. */
  #trouble: RpcError | undefined
  /** When deadlines were looked after last. */
  #lookedAtMs = 0
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
    this.#patience = new Patience(connection.clock)
  }

  /** Where the stream is that was welcomed; undefined when there is none. */
  get address(): string | undefined {
    return this.#exchange && this.#stream.address
  }

  /** Why nothing can be sent, if that is so. */
  get trouble(): RpcError | undefined {
    return this.#trouble
  }

  /** Opens a stream, if there is none. */
  want(): void {
    if (this.#sessions.mayLive) this.#sessions.want()
    else this.#stream.want()
  }

  /** Puts a call at the end of the line. False: it is too long. */
  add(call: PendingCall): boolean {
    if (!this.#line.add(call)) return false
    this.#alarm.at(Math.max(call.deadlineMs, this.#lookedAtMs + this.#line.length * WALK_MS))
    if (this.#exchange === undefined) this.want()
    else this.#exchange.flushSoon()
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
    this.#leave()
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
    if (this.#exchange === undefined) this.#stream.release()
  }

  opened(): void {
    this.#session = this.#sessions.current
    this.#await()
    const { id: session = 0n, grantedIndex = 0 } = this.#session ?? {}
    this.#stream.send({ hello: { session, grantedIndex } })
  }

  message(response: PipelineResponse): void {
    this.#patience.begin()
    if (response.welcome !== undefined) this.#welcomed(response.welcome)
    else if (this.#exchange?.answered(response)) this.#patience.answered()
    else this.#stream.restart('an answer to no call')
  }

  drained(): void {
    this.#patience.begin()
    this.#exchange?.drained()
  }

  blames(error: RpcError): boolean {
    if (error.code === Status.UNIMPLEMENTED) return this.#known
    return !(isFinal(error) || isLeaseNotFound(error) || isOversized(error))
  }

  broken(error: RpcError): boolean {
    this.#rewind()
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
    return this.#isWanted && !this.#sessions.mayLive
  }

  needsSession(): boolean {
    return this.#line.wantsSession
  }

  needsEnd(): boolean {
    return this.#isWanted
  }

  sessionEnded(): void {
    if (this.#isWanted) this.#stream.want()
  }

  sessionGranted(): void {
    this.#trouble = undefined
    this.#reopen()
  }

  sessionDelayed(error: ConclaveError): void {
    this.#trouble = rpcErrorOf(error)
  }

  sessionRefused(error: ConclaveError): void {
    const { mayLive } = this.#sessions
    this.#owner.withoutSession(
      this.#line.remove((call) => mayLive || call.needsNumber),
      error,
    )
    if (mayLive) this.#owner.refused(rpcErrorOf(error))
    this.#exchange?.flush()
  }

  sessionLost(session: Session): void {
    if (this.#session === session) this.#stream.release()
    this.#rewind()
    const why = new RpcError(Status.UNAVAILABLE, 'the session of this client has ended')
    for (const call of this.#line.remove(({ sequence }) => sequence !== 0)) call.giveUp(why)
    if (this.#isWanted) this.want()
  }

  #welcomed({ applied, callsMax, bytesMax, grantedIndex }: PipelineWelcome): void {
    if (!this.#knowsUs(applied)) return
    if (this.#session !== undefined) this.#session.grantedIndex = grantedIndex
    const exchange = new Exchange({
      connection: this.#connection,
      stream: this.#stream,
      line: this.#line,
      window: { callsMax, bytesMax },
      session: this.#session,
      onAsked: () => this.#await(),
      onSessionNeeded: () => this.#sessions.want(),
    })
    this.#exchange = exchange
    this.#known = true
    this.#unknowing.clear()
    this.#forgetful.clear()
    this.#trouble = undefined
    this.#connection.telemetry.pipelineOpened(this.#stream.address)
    this.#owner.welcomed()
    exchange.flush()
  }

  /** Does the member know of our session what we know? If not, the stream is left. */
  #knowsUs(applied: number): boolean {
    const session = this.#session
    if (this.#exchange !== undefined) this.#stream.restart('welcomed twice')
    else if (session !== undefined && applied > session.numbered)
      // Somebody else writes with it.
      this.#sessions.lost(session, false)
    else if (session !== undefined && applied < session.answered) this.#forgotten(session)
    else return true
    return false
  }

  /** One member may be wrong; when all are, the cluster was restored from an older state. */
  #forgotten(session: Session): void {
    this.#forgetful.add(this.#stream.address)
    const { all } = this.#connection.endpoints
    if (all.every(({ address }) => this.#forgetful.has(address))) {
      this.#forgetful.clear()
      this.#sessions.lost(session, false)
    } else this.#stream.restart('the member is behind')
  }

  /** Opens the stream anew, with the session of now. */
  #reopen(): void {
    this.#leave()
    if (this.#isWanted) this.#stream.want()
  }

  /** Gives the stream up, at no fault of its endpoint. */
  #leave(): void {
    this.#stream.release()
    this.#rewind()
  }

  /** The stream is gone. */
  #rewind(): void {
    this.#exchange?.end()
    this.#exchange = undefined
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
    // Another member, with another limit, may have taken it before.
    if (largest !== undefined && largest.sends > 1) largest.giveUp(error)
    largest?.fail(ConclaveError.from(error))
    largest?.hollow()
  }

  /** Does anybody want a stream? */
  get #isWanted(): boolean {
    return this.#line.length > 0 || this.#owner.isAsking
  }

  /** Does the stream owe a welcome or answers? */
  get #isOwed(): boolean {
    if (!this.#stream.isOpen) return false
    return this.#line.sent > 0 || (this.#exchange === undefined && this.#isWanted)
  }

  /** From now on the stream owes something. */
  #await(): void {
    this.#patience.begin()
    this.#alarm.at(this.#patience.endsAtMs)
  }

  /** Looks after deadlines and silence. */
  #look(): void {
    const nowMs = this.#connection.clock.now()
    this.#lookedAtMs = nowMs
    const dueMs = this.#line.expire(nowMs, this.#trouble)
    if (this.#isOwed && nowMs >= this.#patience.endsAtMs) {
      this.#patience.lost()
      this.#stream.restart('no answer came')
    }
    this.#alarm.at(Math.max(dueMs, nowMs + this.#line.length * WALK_MS))
    if (this.#isOwed) this.#alarm.at(this.#patience.endsAtMs)
  }
}

function rpcErrorOf({ etcd, message }: ConclaveError): RpcError {
  return new RpcError(etcd?.status ?? Status.UNAVAILABLE, etcd?.text ?? message)
}

function isLeaseNotFound(error: RpcError): boolean {
  return etcdErrorNamed(error.details) === 'leaseNotFound'
}

function isOversized(error: RpcError): boolean {
  return ConclaveError.from(error).code === 'request-too-large'
}
