/** Messages, calls and operations as short text for people. */

import { latin1 } from '../model/history.js'
import type { Operation } from './operation.js'

/** Longer texts are cut off. */
const LENGTH_MAX = 240

/** A value of a message; fields that have the default of their type are left out. */
export function show(value: unknown): string {
  const text = textOf(value)
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text
}

/** Who asked what and what came of it: `#12 c1 put {key:"a"} -> ok {header:{revision:7}}`. */
export function showOperation({ id, process, call, answer }: Operation): string {
  return `#${id} ${process} ${call.kind} ${show(call.request)} -> ${showAnswer(answer)}`
}

function showAnswer(answer: Operation['answer']): string {
  if (answer === undefined) return 'under way'
  if (answer.kind === 'ok') return `ok ${show(answer.response)}`
  return `${answer.kind} ${answer.kind === 'refused' ? answer.error : answer.reason}`
}

/** Whether a field with this value need not be on the wire. */
export function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0
  return !value
}

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value instanceof Uint8Array) return JSON.stringify(latin1(value))
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = Object.entries(value).filter(([, field]) => !isDefault(field))
  return `{${fields.map(([name, field]) => `${name}:${textOf(field)}`).join(', ')}}`
}
