/**
 * Revisions between a sequence, which counts from 1, and a server that has been in use.
 *
 * Sound because nothing in etcd but the order of revisions matters, and because
 * nothing below the start of a sequence can be asked for: 0 and negative ones have
 * meanings of their own and stay.
 */

/** Fields that hold a revision, in requests and responses alike. */
const REVISIONS: ReadonlySet<string> = new Set([
  'revision',
  'startRevision',
  'createRevision',
  'modRevision',
  'compactRevision',
  'minModRevision',
  'maxModRevision',
  'minCreateRevision',
  'maxCreateRevision',
])

/** A copy of a message with every revision moved by `by`; "as far as can be" stays what it is. */
export function shifted<T>(message: T, by: number): T {
  return shift(message, by) as T
}

function shift(value: unknown, by: number): unknown {
  if (Array.isArray(value)) return value.map((each) => shift(each, by))
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  const entries = Object.entries(value).map(([name, each]) => {
    if (REVISIONS.has(name) && typeof each === 'number') return [name, moved(each, by)]
    return [name, shift(each, by)]
  })
  return Object.fromEntries(entries)
}

function moved(revision: number, by: number): number {
  return revision <= 0 || revision === Number.MAX_SAFE_INTEGER ? revision : revision + by
}
