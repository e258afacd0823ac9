/**
 * What happened to the items of a queue, replayed from the events of the store, one revision
 * after the other: created, claimed, acked, given back, fallen back, buried, vanished.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'

/** Something that happened to an item. */
export interface ItemEvent {
  readonly revision: number
  readonly id: string
  readonly kind:
    | 'created'
    | 'requeued'
    | 'claimed'
    | 'acked'
    | 'back'
    | 'fell'
    | 'buried'
    | 'vanished'
  /** Create revision of the claim; 0 where there was none. */
  readonly token: number
  /** Claims so far, this one among them. */
  readonly attempts: number
  /** Of a claim: items that went before this one, and were passed over by a consumer that was alone. */
  readonly passedOver: readonly string[]
}

interface Item {
  readonly id: string
  readonly createRevision: number
  priority: number
  place: number
  attempts: number
  isDelayed: boolean
  /** Of the last change, its claim's among them. */
  changedAt: number
  /** It may be claimed, as everybody knows who knows of this change. */
  isReady: boolean
  token: number
}

const KEY = /^live\/(item|claim|consumer)\/(.+)$|^(dead)\/(.+)$/

/** Replays a queue: all keys under `<name>/`. */
export function queueEvents(
  name: string,
  events: readonly ModelEvent[],
  attemptsMax: number,
): ItemEvent[] {
  const history = new QueueHistory(attemptsMax)
  const prefix = `${name}/`
  const own = events.filter(({ kv }) => kv.key.startsWith(prefix))
  for (let from = 0; from < own.length; ) {
    const { revision } = own[from]!
    let to = from
    while (own[to]?.revision === revision) to++
    history.revision(
      revision,
      own.slice(from, to).map((event) => changeOf(event, prefix)),
    )
    from = to
  }
  return history.told
}

interface Change {
  readonly kind: string | undefined
  readonly id: string
  readonly isPut: boolean
  readonly text: string
}

function changeOf({ type, kv }: ModelEvent, prefix: string): Change {
  const [, live, liveId, dead, deadId] = KEY.exec(kv.key.slice(prefix.length)) ?? []
  const text = Buffer.from(kv.value ?? []).toString()
  return { kind: live ?? dead, id: liveId ?? deadId ?? '', isPut: type === EventType.PUT, text }
}

class QueueHistory {
  readonly told: ItemEvent[] = []
  readonly #attemptsMax: number
  readonly #items = new Map<string, Item>()
  readonly #consumers = new Set<string>()
  /** Since which revision there was one consumer at most. */
  #aloneSince = 0

  constructor(attemptsMax: number) {
    this.#attemptsMax = attemptsMax
  }

  revision(revision: number, changes: readonly Change[]): void {
    const of = (kind: string, isPut: boolean) =>
      new Map(changes.filter((c) => c.kind === kind && c.isPut === isPut).map((c) => [c.id, c]))
    for (const id of of('consumer', true).keys()) this.#consumers.add(id)
    if (this.#consumers.size > 1) this.#aloneSince = revision
    for (const id of of('consumer', false).keys()) this.#consumers.delete(id)
    const parts = {
      itemPut: of('item', true),
      itemGone: of('item', false),
      claimPut: of('claim', true),
      claimGone: of('claim', false),
      deadPut: of('dead', true),
      deadGone: of('dead', false),
    }
    // Who is passed over is judged by the queue before the whole transaction.
    const claimed = [...parts.claimPut.keys()].map((id) => [id, this.#before(id, parts.claimPut)])
    const passedOver = new Map(claimed as [string, string[]][])
    const ids = new Set(changes.filter(({ kind }) => kind !== 'consumer').map(({ id }) => id))
    for (const id of ids) this.#item(revision, id, parts, passedOver.get(id) ?? [])
  }

  #item(
    revision: number,
    id: string,
    parts: Readonly<Record<string, ReadonlyMap<string, Change>>>,
    passedOver: readonly string[],
  ): void {
    const item = this.#items.get(id)
    const has = (part: string) => parts[part]!.has(id)
    const say = (
      kind: ItemEvent['kind'],
      { token, attempts } = item ?? { token: 0, attempts: 0 },
    ) => this.told.push({ revision, id, kind, token, attempts, passedOver })
    if (has('itemGone')) {
      if (has('deadPut')) say('buried')
      else say(has('claimGone') && item !== undefined && item.token > 0 ? 'acked' : 'vanished')
      this.#items.delete(id)
      return
    }
    if (has('itemPut') && item === undefined) {
      this.#items.set(id, readItem(id, revision, parts['itemPut']!.get(id)!.text))
      say(has('deadGone') ? 'requeued' : 'created')
      return
    }
    if (item === undefined) return
    if (has('itemPut')) Object.assign(item, readRecord(parts['itemPut']!.get(id)!.text))
    item.changedAt = revision
    item.isReady = !has('claimPut') && has('itemPut') && !item.isDelayed
    if (has('claimPut')) {
      item.token = revision
      say('claimed', item)
    } else if (has('claimGone')) {
      say(has('itemPut') ? 'back' : 'fell', item)
      item.token = 0
    }
  }

  /**
   * Items that whoever claimed this one knew to be ready and to go before it. It knew the
   * queue at least as of this item's last change, which the transaction compares.
   */
  #before(id: string, together: ReadonlyMap<string, Change>): string[] {
    const item = this.#items.get(id)
    if (item === undefined || this.#aloneSince >= item.changedAt) return []
    return [...this.#items.values()]
      .filter((one) => one.isReady && one.token === 0 && one.attempts < this.#attemptsMax)
      .filter((one) => one.changedAt <= item.changedAt && !together.has(one.id))
      .filter((one) => goesBefore(one, item))
      .map((one) => one.id)
  }
}

function goesBefore(a: Item, b: Item): boolean {
  const order = b.priority - a.priority || a.createRevision - b.createRevision || a.place - b.place
  return order < 0
}

function readItem(id: string, revision: number, text: string): Item {
  const read = readRecord(text)
  const isReady = !read.isDelayed
  return { id, createRevision: revision, changedAt: revision, isReady, token: 0, ...read }
}

function readRecord(text: string) {
  const record = JSON.parse(text) as {
    readonly priority: number
    readonly place: number
    readonly attempts: number
    readonly delayMs?: number
  }
  const { priority, place, attempts, delayMs = 0 } = record
  return { priority, place, attempts, isDelayed: delayMs > 0 }
}
