/**
 * The model as a side: what etcd 3.7 should answer by our reading of it.
 *
 * It is the third opinion: where two servers differ it says which one is wrong.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { Event as WatchEvent } from '../../client/wire/generated/kv.js'
import {
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
  type WatchCreateRequest,
  WatchResponse,
} from '../../client/wire/generated/rpc.js'
import { latin1 } from '../model/history.js'
import { type Model, type ModelEvent, wireEvent } from '../model/model.js'
import { bytesOf } from '../model/requests.js'
import { isCall, type Step, startingModel } from './sequence.js'
import type { Answer, Side, WatchStory } from './side.js'

/** A watcher as the model has it. */
export interface ModelStory extends WatchStory {
  /** The first revision that it wants to hear of. */
  readonly start: number
  /** The compaction before the watcher was created: below it no previous values are left. */
  readonly compactRevision: number
  /** Changes at that revision that a later one in the same revision replaced: compaction removes them. */
  readonly superseded: WatchEvent[]
}

interface Watcher extends ModelStory {
  /** Everything up to here is in `events` already. */
  told: number
}

/** See the head of the file. */
export class ModelSide implements Side {
  readonly model: Model
  readonly #watchers: Watcher[] = []
  /** By id. A watcher that a compaction ended keeps its id until the client cancels it. */
  readonly #open = new Map<number, Watcher>()
  /** When each lease was last granted or renewed, as a count. */
  readonly #renewed = new Map<bigint, number>()
  #renewals = 0
  #nextWatchId = 0

  constructor(fresh: boolean) {
    this.model = startingModel(fresh)
  }

  /** Watchers as they should be by now. */
  get stories(): readonly ModelStory[] {
    for (const watcher of this.#open.values()) this.#tell(watcher)
    return this.#watchers
  }

  async take(step: Step): Promise<Answer> {
    if (isCall(step)) {
      const outcome = this.model.execute(step)
      if (step.kind === 'leaseGrant' && outcome.ok) this.#renew(step.request.ID)
      if (outcome.ok) return { response: outcome.response }
      const { code, text } = etcdErrors[outcome.error]
      return { code, text }
    }
    const header = { revision: this.model.revision }
    switch (step.kind) {
      case 'leaseTimeToLive':
        return { response: this.#timeToLive(step.request.ID, step.request.keys) }
      case 'leaseLeases':
        return { response: LeaseLeasesResponse.create({ header, leases: this.#leases() }) }
      case 'leaseKeepAlive': {
        const TTL = this.model.leases.get(step.ID)
        if (TTL !== undefined) this.#renew(step.ID)
        return { response: LeaseKeepAliveResponse.create({ header, ID: step.ID, TTL: TTL ?? 0 }) }
      }
      case 'watchCreate':
        return { response: this.#create(step.request) }
      case 'watchCancel':
        return this.#cancel(step.watchId)
      default:
        return this.#progress()
    }
  }

  #renew(id: bigint): void {
    this.#renewed.set(id, ++this.#renewals)
  }

  #timeToLive(ID: bigint, keys: boolean): LeaseTimeToLiveResponse {
    const header = { revision: this.model.revision }
    const TTL = this.model.leases.get(ID)
    if (TTL === undefined) return LeaseTimeToLiveResponse.create({ header, ID, TTL: -1 })
    return {
      ...LeaseTimeToLiveResponse.create({ header, ID, TTL, grantedTTL: TTL }),
      keys: keys ? this.model.leaseKeys(ID).map(bytesOf) : [],
    }
  }

  /** The one that expires first comes first. */
  #leases(): { ID: bigint }[] {
    const leases = [...this.model.leases].sort(([a, aTtl], [b, bTtl]) => {
      return aTtl - bTtl || this.#renewed.get(a)! - this.#renewed.get(b)!
    })
    return leases.map(([ID]) => ({ ID }))
  }

  #create(request: WatchCreateRequest): WatchResponse {
    const header = { revision: this.model.revision }
    const reason = this.#reasonAgainst(request)
    const watchId = reason !== undefined ? -1 : request.watchId || this.#freeId()
    const canceled = reason !== undefined
    const cancelReason = reason ?? ''
    const created = { header, watchId, created: true, canceled, cancelReason }
    const { compactRevision } = this.model
    const start = request.startRevision || this.model.revision + 1
    const watcher: Watcher = {
      request,
      created: WatchResponse.create(created),
      events: [],
      superseded: [],
      oddities: [],
      canceled: undefined,
      start,
      compactRevision,
      told: start - 1,
    }
    this.#watchers.push(watcher)
    if (canceled) return watcher.created
    this.#open.set(watchId, watcher)
    const ending = { header: {}, watchId, canceled: true, compactRevision }
    if (start < compactRevision) watcher.canceled = WatchResponse.create(ending)
    return watcher.created
  }

  #reasonAgainst({ key, rangeEnd, startRevision, watchId }: WatchCreateRequest) {
    if (startRevision < 0) return etcdErrors.compacted.text
    const [from, to] = [latin1(key) || '\0', latin1(rangeEnd)]
    if (to !== '' && to !== '\0' && from >= to) return 'mvcc: watcher range is empty'
    if (watchId !== 0 && this.#open.has(watchId))
      return 'mvcc: duplicate watch ID provided on the WatchStream'
    return undefined
  }

  #freeId(): number {
    while (this.#open.has(this.#nextWatchId)) this.#nextWatchId++
    return this.#nextWatchId++
  }

  #cancel(watchId: number): Answer {
    const watcher = this.#open.get(watchId)
    if (watcher === undefined) return { silent: true }
    this.#tell(watcher)
    this.#open.delete(watchId)
    const header = { revision: this.model.revision }
    return { response: WatchResponse.create({ header, watchId, canceled: true }) }
  }

  /** Answered when there are watchers and all have begun and are level; the test sees to the latter. */
  #progress(): Answer {
    const { revision } = this.model
    const alive = [...this.#open.values()].filter(({ canceled }) => canceled === undefined)
    if (alive.length === 0) return { silent: true }
    if (alive.some(({ request }) => request.startRevision > revision)) return { silent: true }
    return { response: WatchResponse.create({ header: { revision }, watchId: -1 }) }
  }

  #tell(watcher: Watcher): void {
    if (watcher.canceled !== undefined) return
    const { key, rangeEnd, filters, prevKv } = watcher.request
    const { revision } = this.model
    const news = this.model.events(
      watcher.told + 1,
      revision,
      latin1(key) || '\0',
      latin1(rangeEnd),
    )
    for (const event of news) {
      if (filters.includes(event.type)) continue
      const hasPrev = prevKv && event.revision - 1 >= watcher.compactRevision
      const isLeft = event.revision !== watcher.compactRevision || this.#isLast(event)
      const list = isLeft ? watcher.events : watcher.superseded
      list.push(wireEvent(event, hasPrev))
    }
    watcher.told = Math.max(watcher.told, revision)
  }

  /** Whether its key was not changed again in the same revision. */
  #isLast({ revision, type, kv }: ModelEvent): boolean {
    const changes = this.model.history.filter((change) => {
      return change.kv.modRevision === revision && change.kv.key === kv.key
    })
    return changes.at(-1)?.type === type
  }
}
