/**
 * What a session holds under a name: a key that is the first of its queue.
 *
 * It is lost when the session is lost, or when somebody deletes the key. The first is
 * told before the server hands over; the second (an operator with `etcdctl del`) can
 * only be told after. To hear of it, a key that is held for longer than a second is
 * watched; shorter ones cost nothing and find out when they are released.
 *
 * It is released by deleting the key if it is still the one that was granted. That
 * request may be repeated whatever became of the first, so it is, as long as the
 * session lives: a failing network neither leaves a key behind nor deletes another's.
 */

import { setMaxListeners } from 'node:events'
import { type Compare, ConclaveError, compare, type Timer, type Watcher } from '../client/index.js'
import { type LossReason, LostError, NotHeldError } from './errors.js'
import { deleteKey, readKey } from './own-key.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'

/** How long something is held before its key is watched, in milliseconds. */
const WATCH_AFTER_MS = 1_000

/** See the head of the file. Recipes wrap it. */
export class Held {
  readonly session: Session
  readonly key: string
  /** Create revision of the key. */
  readonly fencingToken: number
  readonly #what: string
  readonly #seat: Seat
  readonly #controller = new AbortController()
  #state: 'held' | 'released' | 'lost' = 'held'
  /** Handles that were given out and not released; only reentrant ones share. */
  #shares = 1
  #timer: Timer | undefined
  #watcher: Watcher | undefined
  readonly #unhook: () => void

  /** @param what names it, as in "The lock a". */
  constructor(seat: Seat, what: string, fencingToken: number) {
    this.#seat = seat
    this.session = seat.session
    this.key = seat.key
    this.#what = what
    this.fencingToken = fencingToken
    setMaxListeners(0, this.#controller.signal)
    this.#unhook = this.session.onLost((error) => this.lose(error.reason, error))
    this.#timer = this.session.client.clock.after(WATCH_AFTER_MS, () => void this.#watchKey())
  }

  /** Fires when it is lost. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get state(): 'held' | 'released' | 'lost' {
    if (this.#state === 'held' && !this.session.alive) this.lose('expired')
    return this.#state
  }

  /** Compares that hold as long as it is held: the key is there, and the same. */
  guard(): Compare[] {
    return [compare(this.key).createRevision('=', this.fencingToken)]
  }

  /** One more handle. */
  share(): this {
    this.#shares++
    return this
  }

  /** @throws {LostError | NotHeldError} */
  check(): void {
    const { state } = this
    if (state === 'lost') throw this.signal.reason
    if (state === 'released') throw new NotHeldError(this.#what)
  }

  /** It is lost. */
  lose(reason: LossReason, cause?: unknown): LostError {
    if (this.#state === 'held') {
      this.#end('lost')
      this.#controller.abort(new LostError(this.#what, reason, cause))
      this.#seat.leave()
    }
    return this.signal.reason
  }

  /**
   * Gives one handle back; with the last the key is deleted.
   *
   * Ends when the server has answered, or the session is lost.
   *
   * @throws {LostError} it was lost before.
   * @throws {NotHeldError} it was released before.
   * @throws {ConclaveError} the server refused, as with `permission-denied`: it is not held any
   *   more, and its key goes as soon as that is allowed, or with the session.
   */
  async release(): Promise<void> {
    this.check()
    if (--this.#shares > 0) return
    this.#end('released')
    this.#seat.unshare()
    try {
      const answer = await deleteKey(this.session, this.key, this.fencingToken)
      // A key that went with the lease, while we gave it back, was deleted by nobody.
      if (answer === undefined || answer.deleted || !answer.sure || !this.session.alive) return
      const lost = new LostError(this.#what, 'deleted')
      this.#controller.abort(lost)
      throw lost
    } catch (error) {
      // The server refused: others must not wait for it until the session ends.
      if (!(error instanceof LostError)) this.#seat.clearLater()
      throw error
    } finally {
      this.#seat.leave()
    }
  }

  #end(state: 'released' | 'lost'): void {
    this.#state = state
    this.#unhook()
    this.#timer?.cancel()
    this.#watcher?.close()
  }

  async #watchKey(): Promise<void> {
    let startRevision = this.fencingToken + 1
    while (this.#state === 'held') {
      try {
        const { client } = this.session
        this.#watcher = client.watch(this.key, { startRevision, filters: ['noPut'] })
        for await (const _deletion of this.#watcher) this.lose('deleted')
      } catch (error) {
        if (!(error instanceof ConclaveError) || error.code !== 'compacted') return
        const found = await readKey(this.session, this.key)
        if (found === undefined) return
        if (found.kv?.createRevision !== this.fencingToken) this.lose('deleted')
        startRevision = found.revision + 1
      }
    }
  }
}
