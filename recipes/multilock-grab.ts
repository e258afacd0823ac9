/**
 * Several mutexes at once, or none: one transaction.
 *
 * If nobody holds or waits for any of them, it puts our key under each; they all get the
 * same create revision, which is their token. Otherwise it does nothing.
 *
 * The own keys are treated as in contention.ts: those of an earlier life of the lease are
 * cleared; a grab whose outcome is unknown is looked for by reading its first key back, and
 * one that arrives after we gave up is the business of the seats.
 */

import { ConclaveError, op } from '../client/index.js'
import { isTransient } from './errors.js'
import { Held } from './held.js'
import type { KeyQueue } from './key-queue.js'
import { clearKey, readKey } from './own-key.js'
import { pause } from './pause.js'
import type { Seat } from './seat.js'
import type { Session } from './session.js'
import type { Waiting } from './waiting.js'

/** Pause before a grab that failed is tried again, in milliseconds. */
const RETRY_MS = 100

/** One mutex of several. */
export interface Wanted {
  readonly queue: KeyQueue
  readonly seat: Seat
  /** Names it in errors, as in "The lock a". */
  readonly what: string
}

/** One attempt for all of them. */
export class Grab {
  readonly #session: Session
  readonly #wanted: readonly Wanted[]
  readonly #waiting: Waiting
  readonly #owner: string
  /** A grab was done, or may have been: there may be keys of ours. */
  #mayHave = false

  constructor(session: Session, wanted: readonly Wanted[], waiting: Waiting, owner: string) {
    this.#session = session
    this.#wanted = wanted
    this.#waiting = waiting
    this.#owner = owner
  }

  /** Holds all of them, in their order; undefined when somebody else has one. */
  async run(): Promise<Held[] | undefined> {
    // Whoever is in front at a seat of ours has that one.
    if (this.#wanted.some(({ seat }) => seat.wanted)) {
      for (const { seat } of this.#wanted) seat.decline()
      return undefined
    }
    const entering = this.#wanted.map(({ seat }) => seat.enter(undefined))
    let all: Held[] | undefined
    try {
      await Promise.all(entering)
      const token = await this.#grab()
      this.#waiting.check()
      if (token !== undefined)
        all = this.#wanted.map(({ seat, what }) => new Held(seat, what, token))
      return all
    } finally {
      if (all === undefined) await this.#leave()
    }
  }

  /** The token of all; undefined when somebody else has one. */
  async #grab(): Promise<number | undefined> {
    const { client, id } = this.#session
    const keys = this.#wanted.map(({ seat }) => seat.key)
    for (;;) {
      this.#waiting.check()
      try {
        const { succeeded, responses, revision } = await client
          .txn()
          .if(...this.#wanted.map(({ queue }) => queue.empty))
          .then(...keys.map((key) => op.put(key, this.#owner, { lease: id })))
          .else(...keys.map((key) => op.get(key)))
          .commit()
        if (succeeded) {
          this.#mayHave = true
          return revision
        }
        const own = responses.flatMap((one) => (one.type === 'get' ? one.kvs : []))
        if (own.length === 0) return undefined
        // A grab of ours puts all keys or none, at one revision.
        const isGrab = own.length === keys.length && this.#mayHave && !this.#session.resumed
        if (isGrab && new Set(own.map((kv) => kv.createRevision)).size === 1)
          return own[0]!.createRevision
        for (const { keyString } of own) await clearKey(this.#session, keyString)
      } catch (error) {
        await this.#afterFailure(error)
      }
    }
  }

  /** A grab failed: throws when there is no point in another. */
  async #afterFailure(error: unknown): Promise<void> {
    if (!(error instanceof ConclaveError)) throw error
    if (error.code === 'lease-not-found') this.#session.lose('expired', error)
    this.#session.check()
    if (error.outcomeUnknown) {
      this.#mayHave = true
      const found = await readKey(this.#session, this.#wanted[0]!.seat.key)
      if (found?.kv !== undefined) return
      for (const { seat } of this.#wanted) seat.suspect(found?.revision ?? 0)
    }
    if (!isTransient(error)) throw error
    await pause(this.#session.client, RETRY_MS, this.#waiting.signal)
  }

  /** Nothing of ours stays behind; nobody holds with these keys. */
  async #leave(): Promise<void> {
    try {
      if (this.#mayHave && this.#session.alive)
        await Promise.all(this.#wanted.map(({ seat }) => clearKey(this.#session, seat.key)))
    } catch {
      // The failure that made us give up is told; these keys end with the session.
    } finally {
      for (const { seat } of this.#wanted) seat.leave()
    }
  }
}
