/**
 * Claiming items: one transaction for several, in which each stands for itself.
 *
 * For each item, inside: if its record is the one that we know, and nobody has a claim, put
 * a claim on our lease and the record with one attempt more, and read the value. One that
 * another was faster to claim does not keep us from the others.
 *
 * It may be sent again whatever became of it: a claim of ours shows by its nonce, and one
 * that arrives late finds another record and does nothing.
 */

import {
  ConclaveError,
  compare,
  type KeyValue,
  type Op,
  type OpResult,
  op,
} from '../../client/index.js'
import { isTransient } from '../errors.js'
import { pause } from '../pause.js'
import type { Session } from '../session.js'
import type { Entry } from './entry.js'
import type { QueueKeys } from './keys.js'
import { claimRecord, encodeRecord, type ItemRecord } from './records.js'

const RETRY_MS = 50

/** Three operations and a transaction each: below etcd's 128. */
export const CLAIMS_PER_TXN = 31

/** An item to claim, as we know it. */
export interface Wanted {
  readonly entry: Entry
  readonly record: ItemRecord
  readonly itemRevision: number
}

/** An item that is ours now. */
export interface Claimed {
  readonly wanted: Wanted
  /** Create revision of the claim. */
  readonly token: number
  /** With the value; undefined when somebody deleted it. */
  readonly kv: KeyValue | undefined
}

/** See the head of the file. */
export class ClaimTxn {
  readonly #session: Session
  readonly #keys: QueueKeys
  readonly #wanted: readonly Wanted[]
  readonly #nonce: string

  /** @param wanted at most {@link CLAIMS_PER_TXN}. */
  constructor(session: Session, keys: QueueKeys, wanted: readonly Wanted[]) {
    this.#session = session
    this.#keys = keys
    this.#wanted = wanted
    this.#nonce = Buffer.from(session.client.random.bytes(8)).toString('hex')
  }

  /**
   * Asks until somebody answers.
   *
   * @returns for each one what is ours, or undefined when it is not; nothing at all when the
   *   session is lost before.
   * @throws {ConclaveError} for a reason that does not pass.
   */
  async run(): Promise<(Claimed | undefined)[] | undefined> {
    const { client } = this.#session
    for (let inDoubt = false; this.#session.alive; ) {
      try {
        const ops = this.#wanted.map((one) => this.#op(one, inDoubt))
        const { responses, revision } = await client
          .txn()
          .then(...ops)
          .commit()
        return this.#wanted.map((one, i) => this.#claimed(one, responses[i], revision))
      } catch (error) {
        if (!(error instanceof ConclaveError)) throw error
        if (error.code === 'lease-not-found') this.#session.lose('expired', error)
        else if (!isTransient(error)) throw error
        inDoubt ||= error.outcomeUnknown
      }
      const pauseMs = RETRY_MS * (0.5 + client.random.next())
      await pause(client, pauseMs, this.#session.signal)
    }
    return undefined
  }

  #op({ entry: { id }, record, itemRevision }: Wanted, inDoubt: boolean): Op {
    const { client, id: lease, owner } = this.#session
    const keys = this.#keys
    const { delayMs: _delay, dueMs: _due, ...rest } = record
    const attempt = encodeRecord({ ...rest, attempts: record.attempts + 1 })
    const claim = encodeRecord({ owner, sinceMs: client.clock.wall(), nonce: this.#nonce })
    return op.txn({
      compare: [
        compare(keys.item(id)).modRevision('=', itemRevision),
        compare(keys.claim(id)).missing(),
      ],
      success: [
        op.put(keys.claim(id), claim, { lease }),
        op.put(keys.item(id), attempt),
        op.get(keys.value(id)),
      ],
      failure: inDoubt ? [op.get(keys.claim(id)), op.get(keys.value(id))] : [],
    })
  }

  #claimed(wanted: Wanted, result: OpResult | undefined, revision: number): Claimed | undefined {
    if (result?.type !== 'txn') return undefined
    const { succeeded, responses } = result
    const kv = keyValueIn(responses.at(-1))
    if (succeeded) return { wanted, token: revision, kv }
    const claim = keyValueIn(responses[0])
    if (claim === undefined || claimRecord(claim)?.nonce !== this.#nonce) return undefined
    return { wanted, token: claim.createRevision, kv }
  }
}

function keyValueIn(result: OpResult | undefined): KeyValue | undefined {
  return result?.type === 'get' ? result.kvs[0] : undefined
}
