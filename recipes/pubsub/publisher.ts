/**
 * Putting messages on a topic, and dropping the oldest.
 *
 * **Publish**, one transaction: if our key is missing and the floor is where we know it, put
 * the message. Each message has a key of its own, so publishers do not contend. It is done
 * once, however often it is sent: a repetition finds the key; or, should the message have
 * been dropped meanwhile, it finds that the floor has moved. In that case we can only say
 * that we do not know, unless everything that was dropped is older than the first try.
 *
 * **Drop**: now and then a publisher reads the oldest keys, and deletes what is too much or
 * too old, and moves the floor, if it is still where it was. So a topic has at most a
 * twentieth more than it should, for each process that publishes, and nobody else is needed.
 */

import { ConclaveError, compare, op } from '../../client/index.js'
import { isInDoubt, isTransient } from '../errors.js'
import { pause } from '../pause.js'
import type { Waiting } from '../waiting.js'
import { digits, type Floor, floorOf, publishedMs, type TopicStore } from './topic-store.js'

/** What a topic keeps. */
export interface Retention {
  /** Newest messages that are kept, from 1 to 100,000; default 1000. */
  readonly count?: number | undefined
  /**
   * How long a message is kept, in milliseconds, from 1000 on; default for ever. The wall
   * clocks of those who publish decide, and a topic on which nobody publishes drops nothing.
   */
  readonly ageMs?: number | undefined
}

const RETRY_MS = 50
/** Deletions of one transaction; etcd takes 128 operations. */
const DROP_MAX = 100
/** Transactions of one clean-up. */
const ROUNDS_MAX = 50

/** See the head of the file. */
export class Publisher {
  readonly #store: TopicStore
  readonly #countMax: number
  readonly #ageMsMax: number
  #floor: Floor | undefined
  /** The newest revision that we know of. */
  #revision = 0
  /** Messages that may still be published before it is looked whether there are too many. */
  #untilDrop = 0
  #droppedAtMs = Number.NEGATIVE_INFINITY
  #dropping: Promise<void> | undefined

  constructor(
    store: TopicStore,
    { count, ageMs }: { readonly count: number; readonly ageMs: number },
  ) {
    this.#store = store
    this.#countMax = count
    this.#ageMsMax = ageMs
  }

  /** Publishes, and returns the revision. @throws {ConclaveError} with `outcomeUnknown` when it may have been done. */
  async publish(value: Uint8Array | string, waiting: Waiting): Promise<number> {
    const key = this.#store.newKey()
    const { client } = this.#store
    /** The store's revision before the first try that may have been done. */
    let doubtful: number | undefined
    /** As of that try: a later one must not be done where the first may have been. */
    let floor: Floor | undefined
    for (;;) {
      try {
        waiting.check()
        if (doubtful === undefined) floor = this.#floor
        floor ??= await this.#look(waiting)
        const before = this.#revision
        const answer = await this.#try(key, value, floor, waiting).catch((error: unknown) => {
          if (isInDoubt(error)) doubtful ??= before
          waiting.check()
          throw error
        })
        if (answer.revision !== undefined) return await this.#published(answer.revision)
        // The floor has moved, so no earlier try can be done any more.
        if (doubtful !== undefined && answer.floor.revision > doubtful) throw new DroppedMeanwhile()
        doubtful = undefined
      } catch (error) {
        const isOver = waiting.over || client.closed || error instanceof DroppedMeanwhile
        if (isOver || !isTransient(error)) throw told(error, doubtful !== undefined)
        await pause(client, RETRY_MS * (0.5 + client.random.next()), waiting.signal)
      }
    }
  }

  /** The revision at which it was published, or where the floor is now. */
  async #try(
    key: string,
    value: Uint8Array | string,
    floor: Floor,
    waiting: Waiting,
  ): Promise<{ readonly revision: number | undefined; readonly floor: Floor }> {
    const { client, floorKey } = this.#store
    const result = await client
      .txn()
      .if(compare(floorKey).modRevision('=', floor.modRevision), compare(key).missing())
      .then(op.put(key, value))
      .else(op.get(key), op.get(floorKey))
      .commit({ signal: waiting.signal })
    this.#revision = Math.max(this.#revision, result.revision)
    if (result.succeeded) return { revision: result.revision, floor }
    const [own, moved] = result.responses
    this.#floor = floorOf(moved.kvs[0])
    return { revision: own.kvs[0]?.createRevision, floor: this.#floor }
  }

  async #look(waiting: Waiting): Promise<Floor> {
    const { floor, revision } = await this.#store.list(1, 0, { signal: waiting.signal })
    this.#revision = Math.max(this.#revision, revision)
    this.#floor = floor
    return floor
  }

  /** Drops what is too much, before the one who published goes on. */
  async #published(revision: number): Promise<number> {
    const nowMs = this.#store.client.clock.now()
    const isAgeDue = nowMs - this.#droppedAtMs >= this.#ageMsMax / 10
    if (--this.#untilDrop < 0 || isAgeDue) {
      this.#dropping ??= this.#drop().finally(() => {
        this.#dropping = undefined
      })
      await this.#dropping
    }
    return revision
  }

  async #drop(): Promise<void> {
    this.#untilDrop = Math.floor(this.#countMax / 20)
    this.#droppedAtMs = this.#store.client.clock.now()
    try {
      for (let round = 0; round < ROUNDS_MAX; round++) if (!(await this.#dropSome())) return
    } catch {
      // The message is published. The next one tries again to make room.
      this.#untilDrop = 0
      this.#floor = undefined
    }
  }

  /** Tells whether there may be more to drop. */
  async #dropSome(): Promise<boolean> {
    const { client, floorKey } = this.#store
    const { kvs, count, floor } = await this.#store.list(DROP_MAX, 0, {})
    const oldestMs = client.clock.wall() - this.#ageMsMax
    const kept = kvs.findIndex(
      ({ keyString }, i) => i >= count - this.#countMax && publishedMs(keyString) >= oldestMs,
    )
    const dropped = kept < 0 ? kvs : kvs.slice(0, kept)
    const last = dropped.at(-1)
    this.#floor = floor
    if (last === undefined) return false
    const { succeeded, revision } = await client
      .txn()
      .if(compare(floorKey).modRevision('=', floor.modRevision))
      .then(
        ...dropped.map(({ key }) => op.delete(key)),
        op.put(floorKey, digits(last.createRevision)),
      )
      .commit()
    this.#floor = succeeded ? { revision: last.createRevision, modRevision: revision } : undefined
    return kept < 0 || !succeeded
  }
}

/** It may have been published and dropped since. */
class DroppedMeanwhile extends Error {
  constructor() {
    super('messages of that time were dropped before anybody answered.')
  }
}

/** The error as the publisher is told it: with a doubt, if there is one. */
function told(error: unknown, inDoubt: boolean): unknown {
  if (!inDoubt) return error
  const { message } = error as Error
  return new ConclaveError('outcome-unknown', `It may or may not be published: ${message}`, {
    cause: error,
    outcomeUnknown: true,
  })
}
