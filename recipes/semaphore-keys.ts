/** The keys of a semaphore, read and written as a whole. */

import {
  type Compare,
  compare,
  type GetOpResult,
  type Keyspace,
  type KeyValue,
  type Op,
  op,
  type RequestOptions,
} from '../client/index.js'
import { LimitError } from './errors.js'
import { insist } from './insist.js'
import { checkName } from './names.js'
import { decodeLimit, LIMIT_MAX, sumOf } from './semaphore-value.js'

/** Claims that are read at most: for a look at all of them, or at whether there is room. */
const CLAIMS_MAX = LIMIT_MAX + 1

/** What a semaphore was at a moment. */
export interface PermitState {
  /** All claims, oldest first. */
  readonly claims: KeyValue[]
  readonly limit: number | undefined
  /** When the limit was set; 0: never. */
  readonly limitRevision: number
  readonly revision: number
}

/** See the head of the file. */
export class PermitKeys {
  readonly client: Keyspace
  readonly name: string
  /** Its value is the limit, in decimal digits. */
  readonly limit: string
  /** Under which the claims are. */
  readonly claims: string
  readonly range: { readonly prefix: string }

  /** @throws {ConclaveError} `invalid-argument`: the name is empty or ends in `/`. */
  constructor(client: Keyspace, name: string) {
    checkName(name)
    this.client = client
    this.name = name
    this.limit = `${name}/limit`
    this.claims = `${name}/permits`
    this.range = { prefix: `${this.claims}/` }
  }

  /** Reads the oldest claims; those created before a revision, if one is given. */
  oldest(limit: number, before?: number): Op<GetOpResult> {
    return op.get(this.range, {
      sort: 'createRevision',
      order: 'ascending',
      limit,
      ...(before !== undefined && { maxCreateRevision: before - 1 }),
    })
  }

  /** Everything. 1 round trip. */
  async read(options: RequestOptions): Promise<PermitState> {
    const { responses, revision } = await this.client
      .txn()
      .then(op.get(this.limit), this.oldest(CLAIMS_MAX))
      .commit(options)
    const [limits, claims] = responses
    const kv = limits?.kvs[0]
    const limitRevision = kv?.modRevision ?? 0
    return { claims: claims?.kvs ?? [], limit: decodeLimit(kv), limitRevision, revision }
  }

  /**
   * Conditions under which there is room for so many permits; undefined when there is none.
   *
   * @param expected what the limit has to be, and is from now on if there is none.
   * @throws {LimitError} there is another, or it is too low.
   */
  async room(
    permits: number,
    expected: number | undefined,
    signal: AbortSignal,
  ): Promise<Compare[] | undefined> {
    let state = await this.#state(signal)
    if (state?.limit === undefined && expected !== undefined) {
      await this.storeLimit(expected, signal)
      state = await this.#state(signal)
    }
    if (state === undefined) return undefined
    const { claims, limit, limitRevision, revision } = state
    if (limit !== (expected ?? limit)) throw new LimitError(this.name, { limit: expected! }, limit)
    if (limit === undefined || permits > limit) throw new LimitError(this.name, { permits }, limit)
    if (sumOf(claims) + permits > limit) return undefined
    // Nobody may have come since; those who went only made more room.
    return [
      compare(this.range).modRevision('<', revision + 1),
      compare(this.limit).modRevision('=', limitRevision),
    ]
  }

  /** As {@link read}, asked until it is answered; undefined when the signal aborts before. */
  #state(signal: AbortSignal): Promise<PermitState | undefined> {
    return insist(
      this.client,
      () => signal.aborted,
      () => this.read({ signal }),
      signal,
    )
  }

  /**
   * Stores the limit if there is none. May be repeated: what is stored then is as wanted.
   *
   * @throws {LimitError} there is another.
   */
  async storeLimit(limit: number, signal: AbortSignal): Promise<void> {
    const store = () =>
      this.client
        .txn()
        .if(compare(this.limit).missing())
        .then(op.put(this.limit, String(limit)))
        .else(op.get(this.limit))
        .commit({ signal })
    const answer = await insist(this.client, () => signal.aborted, store, signal)
    if (answer === undefined || answer.succeeded) return
    const stored = decodeLimit(answer.responses[0].kvs[0])
    if (stored !== limit) throw new LimitError(this.name, { limit }, stored)
  }
}
