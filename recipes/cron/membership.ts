/**
 * That a node takes part: a key under its lease, put again whenever it is missing.
 *
 * A node that starts again under its name takes the key over from its earlier life at once;
 * the lease of that life may still run for a while, but its key does not count any more.
 */

import { compare, op } from '../../client/index.js'
import { fired } from '../abort.js'
import { insist } from '../insist.js'
import { pause } from '../pause.js'
import type { Session } from '../session.js'
import type { SessionSource } from '../session-source.js'
import type { CronKeys } from './keys.js'
import type { MemberRecord } from './records.js'

/** Who hears of it. */
export interface MembershipListener {
  /** The node is registered, as of this revision; or its session is lost. */
  registered(session: Session | undefined, revision: number): void
  failed(error: unknown): void
}

/** Pause after a failure that is not one of the moment, in milliseconds. */
const RETRY_MS = 5_000

/** See the head of the file. */
export class Membership {
  readonly #sources: SessionSource
  readonly #key: string
  readonly #record: () => MemberRecord
  readonly #listener: MembershipListener
  readonly #controller = new AbortController()
  #session: Session | undefined
  #putting: Promise<void> | undefined
  #isStale = false
  #wasRegistered = false

  /** @param record what is put; asked for each time. */
  constructor(
    sources: SessionSource,
    keys: CronKeys,
    record: () => MemberRecord,
    listener: MembershipListener,
  ) {
    this.#sources = sources
    this.#key = keys.member(record().node)
    this.#record = record
    this.#listener = listener
  }

  /**
   * Takes part until {@link leave}, with one session after the other.
   *
   * @throws what is wrong before it has taken part for the first time; later it is told, and
   *   tried again.
   */
  async run(): Promise<void> {
    const { signal } = this.#controller
    while (!signal.aborted) {
      try {
        const session = await this.#sources.get({ signal })
        this.#session = session
        await this.put()
        await Promise.race([session.done, fired(signal)])
        if (!signal.aborted) this.#listener.registered(undefined, 0)
      } catch (error) {
        if (signal.aborted) return
        if (!this.#wasRegistered || this.#sources.client.closed) throw error
        this.#listener.failed(error)
        await pause(this.#sources.client, RETRY_MS, signal)
      }
    }
  }

  /** Puts the key; once more if it is under way. Resolves when it is there or the session is lost. */
  put(): Promise<void> {
    this.#isStale = true
    this.#putting ??= this.#put().finally(() => {
      this.#putting = undefined
    })
    return this.#putting
  }

  /** Takes part no more, while the session lives on: others take the work over at once. */
  async leave(): Promise<void> {
    this.#controller.abort()
    await this.#putting?.catch(() => {})
    const session = this.#session
    if (!session?.alive) return
    const { client } = session
    const mine = compare(this.#key).lease('=', session.id)
    const remove = () => client.txn().if(mine).then(op.delete(this.#key)).commit()
    await insist(client, () => !session.alive, remove, session.signal)
  }

  async #put(): Promise<void> {
    while (this.#isStale && !this.#controller.signal.aborted) {
      this.#isStale = false
      const session = this.#session
      if (!session?.alive) return
      const { client } = session
      const value = JSON.stringify(this.#record())
      const put = () => client.kv.put(this.#key, value, { lease: session.id })
      try {
        const done = await insist(client, () => !session.alive, put, session.signal)
        if (done === undefined) continue
        this.#wasRegistered = true
        this.#listener.registered(session, done.revision)
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'lease-not-found') throw error
        session.lose('expired')
      }
    }
  }
}
