/**
 * An item that a session has, until it is settled or lost.
 *
 * It is settled by one transaction under the condition that the claim is still the one that
 * we put. That may be sent again whatever became of the first, so it is, as long as the
 * session lives. If a later one finds the claim gone while the session still lives, an
 * earlier one has done it: nobody but us deletes a claim whose lease lives.
 */

import { setMaxListeners } from 'node:events'
import { type Compare, compare, type Op, op } from '../../client/index.js'
import { type LossReason, LostError, NotHeldError } from '../errors.js'
import type { Session } from '../session.js'
import { commitGuarded } from './guarded.js'
import type { QueueKeys } from './keys.js'
import { type DeadRecord, encodeRecord, type ItemRecord } from './records.js'

/** See the head of the file. */
export class ClaimHold {
  readonly session: Session
  readonly id: string
  /** As we have put it: this attempt is counted. */
  readonly record: ItemRecord
  readonly token: number
  readonly #keys: QueueKeys
  readonly #onEnd: (hold: ClaimHold) => void
  readonly #controller = new AbortController()
  #state: 'held' | 'settled' | 'lost' = 'held'

  constructor(
    session: Session,
    keys: QueueKeys,
    {
      id,
      record,
      token,
    }: { readonly id: string; readonly record: ItemRecord; readonly token: number },
    onEnd: (hold: ClaimHold) => void,
  ) {
    this.session = session
    this.#keys = keys
    this.id = id
    this.record = record
    this.token = token
    this.#onEnd = onEnd
    setMaxListeners(0, this.#controller.signal)
  }

  /** Fires when it is lost. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get state(): 'held' | 'settled' | 'lost' {
    if (this.#state === 'held' && !this.session.alive) this.lose('expired')
    return this.#state
  }

  guard(): Compare[] {
    return [compare(this.#keys.claim(this.id)).createRevision('=', this.token)]
  }

  /** It is lost. */
  lose(reason: LossReason, cause?: unknown): LostError {
    if (this.#state === 'held') {
      this.#state = 'lost'
      this.#controller.abort(new LostError(this.#what, reason, cause))
      this.#onEnd(this)
    }
    return this.signal.reason
  }

  /** Done: the item leaves the queue. */
  ack(also: readonly Op[] = []): Promise<void> {
    const { item, value } = this.#own
    return this.#settle([op.delete(item), op.delete(value), ...also])
  }

  /** Back into the queue: with this record, whose delay begins now. */
  giveBack(record: ItemRecord): Promise<void> {
    return this.#settle([op.put(this.#own.item, encodeRecord(record))])
  }

  /** To the dead. */
  bury(error: string): Promise<void> {
    const { priority, attempts, bytes } = this.record
    const diedMs = this.session.client.clock.wall()
    const record: DeadRecord = { priority, attempts, bytes, error, diedMs }
    const { item } = this.#own
    return this.#settle([
      op.delete(item),
      op.put(this.#keys.deadItem(this.id), encodeRecord(record)),
    ])
  }

  async #settle(ops: readonly Op[]): Promise<void> {
    const { state } = this
    if (state === 'lost') throw this.signal.reason
    if (state === 'settled') throw new NotHeldError(this.#what)
    this.#state = 'settled'
    const done = await this.#commit(ops).catch((error: unknown) => {
      // Refused, as for an operation of the caller's: it is as held as before.
      if (this.session.alive) this.#state = 'held'
      else this.#onEnd(this)
      throw error
    })
    this.#onEnd(this)
    if (!done) throw new LostError(this.#what, this.session.alive ? 'deleted' : 'expired')
  }

  async #commit(ops: readonly Op[]): Promise<boolean> {
    const { session } = this
    const commit = async () => {
      const txn = session.client.txn().if(...this.guard())
      return (await txn.then(op.delete(this.#own.claim), ...ops).commit()).succeeded
    }
    const over = () => !session.alive
    const outcome = await commitGuarded(session.client, over, commit, session.signal)
    return outcome === 'done' || (outcome === 'perhaps' && session.alive)
  }

  get #own() {
    const keys = this.#keys
    return { item: keys.item(this.id), claim: keys.claim(this.id), value: keys.value(this.id) }
  }

  get #what(): string {
    return `The item ${this.id} of the queue '${this.#keys.name}'`
  }
}
