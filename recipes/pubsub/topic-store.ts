/**
 * Where a topic keeps what.
 *
 *     <name>/message/<13 digits>-<random>  a message; the digits are its publisher's wall clock
 *     <name>/floor                         the revision of the newest message that was dropped
 *     <name>/cursor/<subscriber>           the revision up to which a subscriber is done
 *
 * The order of messages is that of their create revisions. Who drops messages moves the
 * floor in the same transaction, so whoever reads both knows what it can have missed.
 */

import {
  type GetOpResult,
  type Keyspace,
  type KeyValue,
  op,
  type RequestOptions,
} from '../../client/index.js'
import { checkName, checkSegment } from '../names.js'

/** Digits of a revision or a time in keys and values, so that they sort as numbers. */
const DIGITS = 16
const WALL_DIGITS = 13
const MESSAGE_KEY = /(\d{13})-([0-9a-f]+)$/

/** Up to where messages were dropped. */
export interface Floor {
  /** Of the newest message that was dropped; 0 when none was. */
  readonly revision: number
  /** Of the last change; 0 when there was none. */
  readonly modRevision: number
}

/** Messages that there are, oldest first, without their values. */
export interface Listing {
  readonly kvs: readonly KeyValue[]
  /** There are more than were asked for. */
  readonly more: boolean
  /** Of all messages that there are. */
  readonly count: number
  readonly floor: Floor
  /** Of the store. */
  readonly revision: number
}

/** The keys of one topic, and how they are read. */
export class TopicStore {
  readonly client: Keyspace
  readonly name: string
  readonly messages: { readonly prefix: string }
  readonly floorKey: string

  /** @throws {ConclaveError} `invalid-argument`: the name is empty or ends in `/`. */
  constructor(client: Keyspace, name: string) {
    checkName(name)
    this.client = client
    this.name = name
    this.messages = { prefix: `${name}/message/` }
    this.floorKey = `${name}/floor`
  }

  /** A key that nobody has. */
  newKey(): string {
    const wall = String(Math.floor(this.client.clock.wall())).padStart(WALL_DIGITS, '0')
    return `${this.messages.prefix}${wall}-${Buffer.from(this.client.random.bytes(8)).toString('hex')}`
  }

  /** @throws {ConclaveError} `invalid-argument`: it is empty or contains `/`. */
  cursorKey(subscriber: string): string {
    checkSegment(subscriber, 'The name of a cursor')
    return `${this.name}/cursor/${subscriber}`
  }

  /** The oldest messages, at most so many, created at a revision or later. */
  async list(limit: number, from: number, options: RequestOptions): Promise<Listing> {
    const oldest = { sort: 'createRevision', order: 'ascending', keysOnly: true } as const
    const { responses, revision } = await this.client
      .txn()
      .then(
        op.get(this.messages, { ...oldest, limit, minCreateRevision: from }),
        op.get(this.floorKey),
      )
      .commit(options)
    const [messages, floor] = responses as readonly [GetOpResult, GetOpResult]
    const { kvs, more, count } = messages
    return { kvs, more, count, floor: floorOf(floor.kvs[0]), revision }
  }
}

/** What stands in the key of the floor. */
export function floorOf(kv: KeyValue | undefined): Floor {
  return { revision: revisionIn(kv), modRevision: kv?.modRevision ?? 0 }
}

/** A revision as it is stored. */
export function digits(revision: number): string {
  return String(revision).padStart(DIGITS, '0')
}

/** The revision that is stored there; 0 when there is none. */
export function revisionIn(kv: KeyValue | null | undefined): number {
  const revision = Number(kv?.text() ?? 0)
  return Number.isSafeInteger(revision) && revision > 0 ? revision : 0
}

/** When a message was published, by its publisher's wall clock, in epoch milliseconds; 0 for a key that is none of ours. */
export function publishedMs(key: string): number {
  return Number(MESSAGE_KEY.exec(key)?.[1] ?? 0)
}
