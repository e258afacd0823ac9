/**
 * A server as a side: steps become calls over a socket, at the server's own revisions.
 *
 * Calls come one after the other, and all watchers of a sequence share one stream.
 */

import type { Channel } from '../../client/host/transport.js'
import type { Init } from '../../client/wire/codec.js'
import type { Method } from '../../client/wire/method.js'
import { KV, Lease, Maintenance } from '../../client/wire/methods.js'
import { Conversation } from './conversation.js'
import type { Step } from './sequence.js'
import { shifted } from './shift.js'
import { type Answer, refusal, type Side, type WatchStory } from './side.js'
import { WatchConversation } from './watch-conversation.js'

/** No call of a sequence takes this long on a healthy server. */
const TIMEOUT_MS = 20_000

const METHODS = {
  range: KV.range,
  put: KV.put,
  deleteRange: KV.deleteRange,
  txn: KV.txn,
  compaction: KV.compact,
  leaseGrant: Lease.leaseGrant,
  leaseRevoke: Lease.leaseRevoke,
  leaseTimeToLive: Lease.leaseTimeToLive,
} as const

const EVERYTHING = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) }

/** See the head of the file. Made by {@link WireSide.open}. */
export class WireSide implements Side {
  readonly #channel: Channel
  /** What is added to revisions of the sequence. */
  readonly #base: number
  readonly #watches: WatchConversation
  readonly #keepAlives: Conversation<
    Init<{ ID: bigint }>,
    { header: unknown; ID: bigint; TTL: number }
  >

  /** Empties the server and begins a sequence on it. @param fresh it is empty, and stays uncompacted. */
  static async open(channel: Channel, fresh: boolean): Promise<WireSide> {
    const revision = await (fresh ? currentRevision(channel) : emptied(channel))
    if (fresh && revision !== 1) throw new Error('the server of a fresh sequence is used already')
    return new WireSide(channel, revision - 1)
  }

  private constructor(channel: Channel, base: number) {
    this.#channel = channel
    this.#base = base
    this.#watches = new WatchConversation(channel, base)
    this.#keepAlives = new Conversation(channel.stream(Lease.leaseKeepAlive))
  }

  get stories(): readonly WatchStory[] {
    return this.#watches.stories
  }

  async take(step: Step, answered: boolean): Promise<Answer> {
    switch (step.kind) {
      case 'watchCreate':
        return this.#watches.create(step.request)
      case 'watchCancel':
        return this.#watches.cancel(step.watchId, answered)
      case 'watchProgress':
        return this.#watches.progress(answered)
      case 'leaseKeepAlive':
        return this.#clean(await this.#keepAlives.ask({ ID: step.ID }))
      case 'leaseLeases':
        return this.#clean(await this.#channel.call(Lease.leaseLeases, {}))
      default:
        return this.#call(METHODS[step.kind] as Method<object, object, 'unary'>, step.request)
    }
  }

  /** Waits until these watchers heard of so many events, and these were canceled; not for ever. */
  level(expected: readonly { readonly events: number; readonly canceled: boolean }[]) {
    return this.#watches.until((stories) =>
      expected.every(({ events, canceled }, i) => {
        const story = stories[i]
        if (story === undefined) return false
        return story.events.length >= events && (!canceled || story.canceled !== undefined)
      }),
    )
  }

  /** Waits until every watcher is level with a mark written at this revision. */
  caughtUp(revision: number): Promise<void> {
    return this.#watches.caughtUp(revision)
  }

  /** One number for everything that the server has stored. */
  async hash(): Promise<object> {
    const { hash, compactRevision } = await this.#channel.call(Maintenance.hashKV, {})
    return { hash, compactRevision }
  }

  /** Ends the streams. */
  close(): void {
    this.#watches.close()
    this.#keepAlives.close()
  }

  async #call(method: Method<object, object, 'unary'>, request: object): Promise<Answer> {
    try {
      const shiftedRequest = shifted(request, this.#base)
      const options = { timeoutMs: TIMEOUT_MS }
      return this.#clean(await this.#channel.call(method, shiftedRequest, options))
    } catch (error) {
      return refusal(error)
    }
  }

  #clean(response: object): Answer {
    return { response: shifted(response, -this.#base) }
  }
}

async function currentRevision(channel: Channel): Promise<number> {
  const { header } = await channel.call(KV.range, { key: Uint8Array.of(0), countOnly: true })
  return header?.revision ?? 0
}

/** Removes all keys, leases and history. */
async function emptied(channel: Channel): Promise<number> {
  const options = { timeoutMs: TIMEOUT_MS }
  await channel.call(KV.deleteRange, EVERYTHING, options)
  const { leases } = await channel.call(Lease.leaseLeases, {}, options)
  for (const { ID } of leases) await channel.call(Lease.leaseRevoke, { ID }, options)
  // A write, so that there is something to compact.
  await channel.call(KV.put, { key: Uint8Array.of(0) }, options)
  const { header } = await channel.call(KV.deleteRange, EVERYTHING, options)
  const revision = header?.revision ?? 0
  await channel.call(KV.compact, { revision, physical: true }, options)
  return revision
}
