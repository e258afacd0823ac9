/** What a watcher was told and what it wanted, made ready for rules that look at every event. */

import {
  EventType,
  type KeyValue,
  type Event as WatchEvent,
} from '../../client/wire/generated/kv.js'
import { FilterType } from '../../client/wire/generated/rpc.js'
import { covers, type Kv, latin1 } from '../model/history.js'
import { type ModelEvent, wireEvent } from '../model/model.js'
import { sameBytes } from './difference.js'
import type { WatchIndex } from './watch-index.js'
import type { WatchTrace } from './watch-trace.js'

/** An event as it was told. */
export interface ToldEvent {
  readonly event: WatchEvent
  readonly key: string
  readonly revision: number
}

/** Of each trace, with how many responses it had then. */
const made = new WeakMap<WatchTrace, { readonly responses: number; readonly told: ToldEvent[] }>()

/** All events of a trace in order of arrival. The trace may have grown since it was last asked for. */
export function toldBy(trace: WatchTrace): readonly ToldEvent[] {
  const known = made.get(trace)
  if (known?.responses === trace.responses.length) return known.told
  const told = trace.responses.flatMap(({ events }) => events.map(toldEvent))
  made.set(trace, { responses: trace.responses.length, told })
  return told
}

/** An event with its key and revision at hand. */
export function toldEvent(event: WatchEvent): ToldEvent {
  const { key, modRevision } = event.kv ?? {}
  return { event, key: key === undefined ? '' : latin1(key), revision: modRevision ?? 0 }
}

/** Which events a watcher wants, whatever their revision. An empty key means the first of all keys. */
export class Wish {
  readonly #key: string
  readonly #rangeEnd: string
  readonly #filters: readonly FilterType[]

  constructor({ request }: WatchTrace) {
    this.#key = latin1(request.key) || '\0'
    this.#rangeEnd = latin1(request.rangeEnd)
    this.#filters = request.filters
  }

  /** Whether the key was asked for. */
  covers(key: string): boolean {
    return covers(this.#key, this.#rangeEnd, key)
  }

  /** Whether the type was not filtered out. */
  lets(type: EventType): boolean {
    if (this.#filters.length === 0) return true
    return !this.#filters.includes(type === EventType.PUT ? FilterType.NOPUT : FilterType.NODELETE)
  }

  /** What happened from one revision to another, both included, that the watcher wants to know. */
  *of(index: WatchIndex, from: number, to: number): Iterable<ModelEvent> {
    const key = this.#rangeEnd === '' ? this.#key : undefined
    for (const event of index.between(from, to, key))
      if (this.covers(event.kv.key) && this.lets(event.type)) yield event
  }
}

/** Whether an event was told as it was, the previous value apart. */
export function sameEvent({ event, key }: ToldEvent, truly: ModelEvent): boolean {
  return event.type === truly.type && event.kv !== undefined && sameKv(event.kv, key, truly.kv)
}

/** Whether the previous value is there exactly if there was one, and is that. */
export function samePrevious({ event }: ToldEvent, { prev }: ModelEvent): boolean {
  if (!event.prevKv || !prev) return !event.prevKv && !prev
  return sameKv(event.prevKv, latin1(event.prevKv.key), prev)
}

/** Every field of an event as text. */
export function showEvent(event: WatchEvent): string {
  const kv = ({ key, value, ...numbers }: KeyValue) =>
    Object.values({ key: latin1(key), value: latin1(value), ...numbers }).join(',')
  return `${event.type}:${event.kv && kv(event.kv)}:${event.prevKv ? kv(event.prevKv) : ''}`
}

/** Likewise, of what really happened. */
export function showTruth(event: ModelEvent, prevKv: boolean): string {
  return showEvent(wireEvent(event, prevKv))
}

function sameKv(wire: KeyValue, key: string, kv: Kv): boolean {
  return (
    key === kv.key &&
    wire.modRevision === kv.modRevision &&
    wire.createRevision === kv.createRevision &&
    wire.version === kv.version &&
    wire.lease === kv.lease &&
    sameBytes(wire.value, kv.value)
  )
}
