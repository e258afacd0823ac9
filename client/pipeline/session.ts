/**
 * The session of a client: a lease, and the numbers of its writes.
 *
 * It is granted when the first write asks for it. Its id is chosen here, so a grant
 * whose outcome is unknown is sent again with the same id, and "exists already" means
 * then that it was granted. It is renewed like every lease of the client; when it is lost
 * all its numbers are void, and the next write asks for another.
 *
 * A session that was lost and may still live is revoked before anything else is sent: a
 * member may hold writes of it that are not applied yet, and they must come neither behind
 * later ones nor behind reads that should see them.
 */

import { backoffMs } from '../connection/backoff.js'
import type { Connection } from '../connection/connection.js'
import type { ConclaveError, ErrorCode } from '../errors.js'
import { randomId } from '../host/random.js'
import type { Channel } from '../host/transport.js'
import type { KeepAlive, KeepAliveListener } from '../keep-alive.js'
import type { Lease } from '../lease.js'
import { Lease as LeaseMethods } from '../wire/methods.js'

/** Time for one try of a grant or a revocation. */
const TRY_MS = 2_000
/** Time that a closing client takes at most to end its session. */
const FAREWELL_MS = 1_000

/** Failures after which a grant is tried again. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unavailable',
  'deadline-exceeded',
  'outcome-unknown',
  'lease-exists',
  'too-many-requests',
  'not-leader',
  'learner',
])

/** Failures after which a revocation is not tried again. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'permission-denied',
  'unauthenticated',
  'corrupt',
])

/** A session that was granted. */
export class Session {
  /** The id of its lease. */
  readonly id: bigint
  /** The log entry that granted it, as the first welcome said; 0 before that. Another lease of its id has another. */
  grantedIndex = 0
  /** The last write of it that was answered. */
  answered = 0
  /** What the server was told of that. */
  acknowledged = 0
  /** The last number that was given to a write. */
  #numbered = 0

  constructor(id: bigint) {
    this.id = id
  }

  get numbered(): number {
    return this.#numbered
  }

  /** The number of the next write. */
  next(): number {
    this.#numbered++
    return this.#numbered
  }
}

/** Whoever needs a session. Callbacks must not throw. */
export interface SessionOwner {
  /** Does a write still wait for one? */
  needsSession(): boolean
  /** Does any call wait, until the session that was lost is over? */
  needsEnd(): boolean
  /** The session that was lost is over: no write of it is applied any more. */
  sessionEnded(): void
  /** There is one. */
  sessionGranted(): void
  /** There is none yet, for this reason; it is tried again. */
  sessionDelayed(error: ConclaveError): void
  /** There will be none, or the one that was lost cannot be ended. */
  sessionRefused(error: ConclaveError): void
  /** This one is void. */
  sessionLost(session: Session): void
}

/** What a {@link SessionKeeper} needs. */
export interface SessionKeeperOptions {
  readonly connection: Connection
  readonly ttlSeconds: number
  readonly keepAlive: (lease: Lease, listener: KeepAliveListener) => KeepAlive
  readonly owner: SessionOwner
}

/** Gets a session when one is wanted, and keeps it alive. */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions
  #current: Session | undefined
  #keepAlive: KeepAlive | undefined
  #granting = false
  /** A grant whose outcome is unknown, to be sent again. */
  #tried: { readonly id: bigint; readonly atMs: number } | undefined
  /** A session that was lost, may still live, and must not. */
  #doomed: bigint | undefined
  #closed = false

  constructor(options: SessionKeeperOptions) {
    this.#options = options
  }

  /** The session, if there is one. */
  get current(): Session | undefined {
    return this.#current
  }

  /** Writes of a session that was lost may still be applied: nothing may be sent before it has ended. */
  get mayLive(): boolean {
    return this.#doomed !== undefined
  }

  /** Ends the session that was lost, and gets one if a write waits, unless there is one or it is on its way. */
  want(): void {
    if (this.#current !== undefined || this.#granting || this.#closed) return
    this.#granting = true
    void this.#get()
  }

  /**
   * A session is of no use any more.
   *
   * @param gone has a member applied the end of its lease?
   */
  lost(session: Session, gone: boolean): void {
    if (session !== this.#current) return
    this.#current = undefined
    this.#keepAlive?.close()
    this.#keepAlive = undefined
    if (!gone) this.#doomed = session.id
    this.#options.owner.sessionLost(session)
  }

  /**
   * Ends the session for good.
   *
   * @param channel its last word goes out on this, which is closed soon; nothing is said when absent.
   */
  close(channel: Channel | undefined): void {
    const session = this.#current
    this.#closed = true
    this.#current = undefined
    this.#keepAlive?.close()
    if (channel === undefined) return
    const close = () => channel.close()
    if (session === undefined) close()
    else
      channel
        .call(LeaseMethods.leaseRevoke, { ID: session.id }, { timeoutMs: FAREWELL_MS })
        .then(close, close)
  }

  /** Tries until there is a session, or nobody needs one. */
  async #get(): Promise<void> {
    const { connection, owner } = this.#options
    try {
      for (let failures = 1; this.#isNeeded && !this.#closed; failures++) {
        const error = await this.#try()
        if (this.#closed || this.#current !== undefined) return
        if (error === undefined) continue
        if (this.mayLive ? LASTING.has(error.code) : !PASSING.has(error.code)) {
          owner.sessionRefused(error)
          return
        }
        owner.sessionDelayed(error)
        await connection.sleep(backoffMs(failures, connection.random))
      }
    } catch {
      // Only `sleep` rejects, when the client is closed.
    } finally {
      this.#granting = false
    }
  }

  get #isNeeded(): boolean {
    const { owner } = this.#options
    return this.mayLive ? owner.needsEnd() : owner.needsSession()
  }

  /** One try of the next step; why it could not be done yet, if it fails. */
  async #try(): Promise<ConclaveError | undefined> {
    try {
      if (this.#doomed === undefined) await this.#grant()
      else {
        await this.#revoke(this.#doomed)
        this.#doomed = undefined
        if (!this.#closed) this.#options.owner.sessionEnded()
      }
      return undefined
    } catch (error) {
      return error as ConclaveError
    }
  }

  async #revoke(id: bigint): Promise<void> {
    const { leaseRevoke } = LeaseMethods
    try {
      // Repeating it does no harm: as a read.
      await this.#options.connection.call(leaseRevoke, { ID: id }, 'read', { timeoutMs: TRY_MS })
    } catch (error) {
      if ((error as ConclaveError).code !== 'lease-not-found') throw error
    }
  }

  async #grant(): Promise<void> {
    const { connection, ttlSeconds } = this.#options
    const again = this.#tried
    const id = again?.id ?? randomId(connection.random)
    const atMs = connection.clock.now()
    try {
      const request = { ID: id, TTL: ttlSeconds }
      const { leaseGrant } = LeaseMethods
      const response = await connection.call(leaseGrant, request, 'write', { timeoutMs: TRY_MS })
      this.#granted({ id, ttlSeconds: response.TTL, grantedAtMs: atMs })
    } catch (error) {
      const { code, outcomeUnknown } = error as ConclaveError
      if (code === 'lease-exists' && again !== undefined) {
        this.#granted({ id, ttlSeconds, grantedAtMs: again.atMs })
        return
      }
      this.#tried = again ?? (outcomeUnknown ? { id, atMs } : undefined)
      throw error
    }
  }

  #granted(lease: Lease): void {
    this.#tried = undefined
    if (this.#closed) return
    const session = new Session(lease.id)
    this.#current = session
    this.#keepAlive = this.#options.keepAlive(lease, {
      // One that has expired is not renewed any more, and lives until that is in the log.
      onLost: () => {
        if (!this.#closed) this.lost(session, false)
      },
    })
    this.#options.owner.sessionGranted()
  }
}
