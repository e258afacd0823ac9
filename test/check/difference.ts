/**
 * Where two messages differ, field by field.
 *
 * A field that is absent equals the default of its type, as on the wire. Of headers only
 * the revision counts: the rest says who answered and when.
 */

import { isDefault, show } from './show.js'

/** Path of the first difference with both values, or undefined when the messages say the same. */
export function difference(got: unknown, want: unknown, path = ''): string | undefined {
  if (got === want || (isDefault(got) && isDefault(want))) return undefined
  if (got instanceof Uint8Array || want instanceof Uint8Array)
    return sameBytes(got, want) ? undefined : tell(path, got, want)
  if (Array.isArray(got) || Array.isArray(want)) return differenceOfLists(got, want, path)
  if (!isMessage(got) || !isMessage(want)) return tell(path, got, want)
  return differenceOfMessages(got, want, path)
}

type Message = Readonly<Record<string, unknown>>

function differenceOfMessages(got: Message, want: Message, path: string): string | undefined {
  for (const field in want) {
    const found = differenceOfField(got, want, field, path)
    if (found !== undefined) return found
  }
  for (const field in got) {
    if (field in want) continue
    const found = differenceOfField(got, want, field, path)
    if (found !== undefined) return found
  }
  return undefined
}

function differenceOfField(got: Message, want: Message, field: string, path: string) {
  const inside = path === '' ? field : `${path}.${field}`
  if (field !== 'header') return difference(got[field], want[field], inside)
  return difference(revisionOf(got[field]), revisionOf(want[field]), `${inside}.revision`)
}

function differenceOfLists(got: unknown, want: unknown, path: string): string | undefined {
  const gotList = Array.isArray(got) ? got : []
  const wantList = Array.isArray(want) ? want : []
  for (let i = 0; i < Math.min(gotList.length, wantList.length); i++) {
    const found = difference(gotList[i], wantList[i], `${path}.${i}`)
    if (found !== undefined) return found
  }
  if (gotList.length === wantList.length) return undefined
  return tell(`${path}.length`, gotList.length, wantList.length)
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null
}

/** Whether both are bytes, and the same. */
export function sameBytes(a: unknown, b: unknown): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array) || a.length !== b.length)
    return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function revisionOf(header: unknown): unknown {
  return isMessage(header) ? header['revision'] : undefined
}

function tell(path: string, got: unknown, want: unknown): string {
  return `${path || 'it'} is ${show(got)}, should be ${show(want)}`
}
