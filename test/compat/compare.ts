/**
 * Comparing answers field by field, and showing them to people.
 *
 * Ids and terms differ between any two servers, so of a header's ids only counts
 * whether they are there; the model has none. The time that is left of a lease counts
 * as whole while the test cannot have taken more: 60 seconds.
 */

import { Status } from '../../client/wire/status.js'

/** Where two of the three differ, in words. */
export interface Difference {
  /** The field, such as `response.kvs.0.lease`. */
  readonly field: string
  readonly ours: string
  readonly etcd: string
  readonly model: string
}

/** The first field in which not all three agree. */
export function firstDifference(ours: unknown, etcd: unknown, model: unknown) {
  const byIds = differenceOf(fields(ours, true), fields(etcd, true), fields(etcd, true))
  return byIds ?? differenceOf(fields(ours, false), fields(etcd, false), fields(model, false))
}

type Fields = ReadonlyMap<string, string>

function differenceOf(ours: Fields, etcd: Fields, model: Fields): Difference | undefined {
  for (const field of new Set([...ours.keys(), ...etcd.keys(), ...model.keys()])) {
    const [o, e, m] = [ours, etcd, model].map((side) => side.get(field) ?? 'nothing')
    if (o !== e || e !== m) return { field, ours: o!, etcd: e!, model: m! }
  }
  return undefined
}

const TEST_SECONDS_MAX = 60

/** A value as a list of paths and texts. Fields at their default are left out; empty messages are not. */
function fields(value: unknown, withIds: boolean, path = ''): Map<string, string> {
  const all = new Map<string, string>()
  const add = (name: string, text: string) => all.set(name, text)
  const visit = (each: unknown, at: string): void => {
    if (isDefault(each)) return
    if (typeof each !== 'object' || each === null || each instanceof Uint8Array) {
      add(at, show(each))
      return
    }
    add(`${at}.`, 'present')
    for (const [name, inner] of Object.entries(each)) {
      const here = at === '' ? name : `${at}.${name}`
      if (IDS.has(name) && at.endsWith('header')) {
        if (withIds && !isDefault(inner)) add(here, 'set')
      } else if (name === 'TTL' && 'grantedTTL' in each)
        visit(remaining(inner as number, each.grantedTTL as number), here)
      else visit(inner, here)
    }
  }
  visit(value, path)
  return all
}

const IDS: ReadonlySet<string> = new Set(['clusterId', 'memberId', 'raftTerm'])

function remaining(ttl: number, granted: number): number {
  return ttl <= granted && ttl > granted - TEST_SECONDS_MAX && ttl > 0 ? granted : ttl
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0
  return value === undefined || value === 0 || value === 0n || value === '' || value === false
}

/** Any message on one line, without what is at its default. */
export function show(value: unknown): string {
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('latin1'))
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  const inner = Object.entries(value).filter(([, each]) => !isDefault(each))
  return `{${inner.map(([name, each]) => `${name}: ${show(each)}`).join(', ')}}`
}

/** An answer on one line. */
export function showAnswer(answer: object): string {
  if ('response' in answer) return show(answer.response)
  if (!('code' in answer)) return '(silence)'
  const name = Object.entries(Status).find(([, code]) => code === answer.code)?.[0]
  return `${name}: ${'text' in answer ? answer.text : ''}`
}
