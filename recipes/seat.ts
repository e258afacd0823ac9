/**
 * Where those queue, within this process, who want the same key of the same session.
 *
 * On the server a session has one key under a name, `<name>/<lease>`, because that is
 * what etcd's own clients use. Two handles on one session would find each other's key
 * and both believe that they hold it. So they queue here first, in the order in which
 * they came; only the one in front goes to the server, and it stays in front until its
 * key is gone again. Each therefore joins the queue on the server anew, behind others
 * that wait there, and has a fencing token of its own.
 *
 * Those who are reentrant share what is held under the same owner, without the server.
 *
 * A seat also remembers that a join with an unknown outcome may still arrive, long
 * after we gave up: nobody would ever delete that key. It watches the key as long as
 * the session lives, and clears what arrives.
 */

import { ConclaveError } from '../client/index.js'
import type { Held } from './held.js'
import { clearKey } from './own-key.js'
import { pause } from './pause.js'
import type { Session } from './session.js'
import type { Waiting } from './waiting.js'

interface Ticket {
  readonly shareAs: string | undefined
  readonly turn: (shared: Held | undefined) => void
}

/** Most that may wait in one seat; a program that queues more has lost its measure. */
const TICKETS_MAX = 100_000
/** Pause before it is looked again for a key that may not be read or deleted, in milliseconds. */
const SWEEP_MS = 1_000

/** See the head of the file. */
export class Seat {
  readonly session: Session
  readonly key: string
  readonly #dropped: () => void
  /** In the order in which they came. */
  readonly #tickets: Ticket[] = []
  /** Somebody is in front. */
  #taken = false
  #held: { readonly held: Held; readonly shareAs: string } | undefined
  #suspect = false
  #sweeping = false
  /** Who is in front only looks for a stray key. */
  #swept = false

  /** @param dropped called when nobody needs the seat any more. */
  constructor(session: Session, key: string, dropped: () => void) {
    this.session = session
    this.key = key
    this.#dropped = dropped
  }

  /** Whether somebody is in front. */
  get taken(): boolean {
    return this.#taken
  }

  /** Whether somebody is in front who wants the key, or waits for that. */
  get wanted(): boolean {
    return this.#taken && !(this.#swept && this.#tickets.length === 0)
  }

  /** One more share of what is held under this owner, if anything is. */
  shared(shareAs: string | undefined): Held | undefined {
    if (shareAs === undefined || this.#held?.shareAs !== shareAs) return undefined
    return this.#held.held.share()
  }

  /**
   * Waits to be in front.
   *
   * @param shareAs with an owner: share what is held under it as soon as it is held.
   * @returns what is shared; undefined when it is our turn, until we {@link leave}.
   * @throws the reason of the signal.
   */
  async enter(waiting: Waiting | undefined, shareAs?: string): Promise<Held | undefined> {
    try {
      waiting?.check()
    } catch (error) {
      this.decline()
      throw error
    }
    const shared = this.shared(shareAs)
    if (shared !== undefined) return shared
    if (!this.#taken) {
      this.#taken = true
      return undefined
    }
    if (this.#tickets.length >= TICKETS_MAX)
      throw new ConclaveError('too-many-requests', `More than ${TICKETS_MAX} wait for ${this.key}.`)
    return new Promise((resolve, reject) => {
      const onOver = () => {
        this.#tickets.splice(this.#tickets.indexOf(ticket), 1)
        reject(waiting?.signal.reason)
      }
      const turn = (given: Held | undefined) => {
        waiting?.signal.removeEventListener('abort', onOver)
        resolve(given)
      }
      const ticket: Ticket = { shareAs, turn }
      this.#tickets.push(ticket)
      waiting?.signal.addEventListener('abort', onOver, { once: true })
    })
  }

  /** The one in front holds the key now and shares it under this owner. */
  share(held: Held, shareAs: string): void {
    this.#held = { held, shareAs }
    for (const ticket of [...this.#tickets]) {
      if (ticket.shareAs !== shareAs) continue
      this.#tickets.splice(this.#tickets.indexOf(ticket), 1)
      ticket.turn(held.share())
    }
  }

  /** What was shared is about to be released. */
  unshare(): void {
    this.#held = undefined
  }

  /** Whoever was given this seat does not want it: nobody needs it unless somebody has it. */
  decline(): void {
    if (!this.#taken && !this.#suspect) this.#dropped()
  }

  /** The one in front goes; the next is in front. */
  leave(): void {
    this.#held = undefined
    const next = this.#tickets.shift()
    if (next !== undefined) next.turn(undefined)
    else {
      this.#taken = false
      if (!this.#suspect && !this.#sweeping) this.#dropped()
    }
  }

  /** A join with an unknown outcome may arrive after this revision: clear it when it does. */
  suspect(revision: number): void {
    if (this.#suspect || !this.session.alive) return
    this.#suspect = true
    void this.#watchStrays(revision + 1)
  }

  /** Our key could not be deleted, and nobody holds by it: clear it as soon as that is allowed. */
  clearLater(): void {
    if (this.session.alive) void this.#sweep()
  }

  async #watchStrays(startRevision: number): Promise<void> {
    const { client, signal } = this.session
    let from = startRevision
    while (this.session.alive) {
      try {
        const watcher = client.watch(this.key, {
          startRevision: from,
          filters: ['noDelete'],
          signal,
        })
        for await (const { kv } of watcher) {
          from = kv.modRevision + 1
          void this.#sweep()
        }
      } catch (error) {
        if (!(error instanceof ConclaveError) || error.code !== 'compacted') return
        from = error.compactRevision + 1
        void this.#sweep()
      }
    }
  }

  /** Looks, when nobody is in front, whether there is a key all the same; until it knows. */
  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    const { client, signal } = this.session
    while (!(await this.#look()) && this.session.alive) await pause(client, SWEEP_MS, signal)
  }

  /** False: it was refused, and there may be a key. */
  async #look(): Promise<boolean> {
    try {
      await this.enter(undefined)
    } catch {
      return false
    }
    this.#sweeping = false
    this.#swept = true
    try {
      await clearKey(this.session, this.key)
      return true
    } catch {
      this.#sweeping = true
      return false
    } finally {
      this.#swept = false
      this.leave()
    }
  }
}
