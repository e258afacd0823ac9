/**
 * Who made the revisions that no answer claims?
 *
 * Values tell: whoever writes makes its values unique, so an event shows the operation that
 * put it. That operation must be one whose outcome is unknown, and it must not have been
 * found before. An event on a key of theirs with a value that nobody ever put is made up.
 *
 * Values that are empty or that several operations put tell nothing, nor does the value that
 * a key had before where somebody may have kept it; and neither do deletions: leases expire.
 */

import { EventType } from '../../../client/wire/generated/kv.js'
import { latin1 } from '../../model/history.js'
import type { ModelEvent } from '../../model/model.js'
import { putsOf } from '../call-parts.js'
import type { Operation, Violation } from '../operation.js'
import { showOperation } from '../show.js'
import type { TruthIndex } from '../truth.js'
import { type Claim, mayHaveHappened } from './claim.js'

/** What was found about the revisions that nobody claims. */
export interface Found {
  /** Operations without an answer that happened. */
  readonly claims: Claim[]
  readonly violations: Violation[]
}

/** Who puts which value on which key. */
export class Owners {
  readonly #keys = new Set<string>()
  /** Those whose value an operation without an answer may have kept. */
  readonly #kept = new Set<string>()
  readonly #owners = new Map<string, Operation[]>()

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      const unsure = mayHaveHappened(operation)
      for (const { key, value, ignoreValue } of putsOf(operation.call)) {
        this.#add(operation, latin1(key), latin1(value))
        if (ignoreValue && unsure) this.#kept.add(latin1(key))
      }
    }
  }

  /** Whether some operation puts this key. */
  touches(key: string): boolean {
    return this.#keys.has(key)
  }

  /** Whether an event of a revision that nobody claims shows who made it. */
  tells({ type, kv, prev }: ModelEvent): boolean {
    if (type !== EventType.PUT || kv.value.length === 0) return false
    const keeps = prev !== undefined && latin1(prev.value) === latin1(kv.value)
    return !keeps || !this.#kept.has(kv.key)
  }

  /** All operations that put this value on this key. */
  of(key: string, value: string): readonly Operation[] {
    return this.#owners.get(pair(key, value)) ?? []
  }

  #add(operation: Operation, key: string, value: string): void {
    this.#keys.add(key)
    const name = pair(key, value)
    const owners = this.#owners.get(name)
    if (owners === undefined) this.#owners.set(name, [operation])
    else if (owners.at(-1) !== operation) owners.push(operation)
  }
}

/** Goes through every revision that is not among `claims`. */
export function findUnclaimed(claims: readonly Claim[], owners: Owners, truth: TruthIndex): Found {
  const claimed = new Set(claims.map(({ changes, revision }) => (changes ? revision : 0)))
  const found = new Map<Operation, Claim>()
  const violations: Violation[] = []
  for (let revision = 2; revision <= truth.truth.revision; revision++) {
    if (claimed.has(revision)) continue
    for (const event of truth.eventsAt(revision)) {
      if (!owners.tells(event)) continue
      const violation = attribute(event, owners, found)
      if (violation !== undefined) violations.push(violation)
    }
  }
  return { claims: [...found.values()], violations }
}

/** Finds who made an event and adds it to `found`, or says what is wrong. */
function attribute(
  event: ModelEvent,
  owners: Owners,
  found: Map<Operation, Claim>,
): Violation | undefined {
  const { revision, kv } = event
  const value = latin1(kv.value)
  const what = `revision ${revision} puts ${JSON.stringify(kv.key)} = ${JSON.stringify(value)}`
  const all = owners.of(kv.key, value)
  const [operation] = all
  if (operation === undefined) {
    if (!owners.touches(kv.key)) return undefined
    return { rule: 'madeUp', message: `${what}, which nobody asked for` }
  }
  const possible = all.filter(mayHaveHappened)
  if (possible.length === 0) return neverHappened(operation, what)
  if (all.length > 1) return undefined
  const before = found.get(operation)
  if (before === undefined)
    found.set(operation, {
      operation,
      revision,
      changes: true,
      serializable: false,
      response: undefined,
    })
  else if (before.revision !== revision)
    return {
      rule: 'once',
      message: `${what}, and so did ${before.revision}: ${showOperation(operation)}`,
    }
  return undefined
}

function neverHappened(operation: Operation, what: string): Violation {
  const rule = operation.answer?.kind === 'ok' ? 'once' : 'never'
  return { rule, message: `${what}, against the answer: ${showOperation(operation)}` }
}

function pair(key: string, value: string): string {
  return `${key.length} ${key}${value}`
}
