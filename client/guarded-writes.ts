/**
 * Writes that hold only if nobody else wrote meanwhile: create, replace, update.
 *
 * Each is one transaction whose answer, when it does nothing, says what is there instead.
 * A key that is replaced keeps its lease unless one is given; a bare put would take it
 * away. An update reads, asks what to write, and replaces; when another was faster it
 * goes on with what the other wrote, which the failed transaction has brought along.
 */

import type { Bytes } from './bytes.js'
import { toCount } from './bytes.js'
import type { Calls } from './calls.js'
import { compare } from './compare.js'
import type { RequestOptions } from './connection/connection.js'
import { ConclaveError, errorOf, invalidArgument } from './errors.js'
import type { KeyValue } from './key-value.js'
import type { Lease } from './lease.js'
import { op } from './operations.js'
import { requestPart } from './request-checks.js'
import type { Header } from './requests.js'
import { Txn } from './txn.js'

/** How to create or replace. */
export interface GuardedOptions {
  /** The lease that the key is to live with. Without one a new key lives on its own, an old one keeps what it has; `0n` takes it away. */
  readonly lease?: Lease | bigint
}

/** How to update. */
export interface UpdateOptions extends GuardedOptions {
  /** Tries before it fails with `conflict`; default 64. */
  readonly attempts?: number
}

/** What a guarded write did. */
export type GuardedResult<Existing> =
  | {
      readonly succeeded: true
      /** Revision of the put. */
      readonly revision: number
      readonly header: Header
    }
  | {
      readonly succeeded: false
      /** What is there instead. */
      readonly existing: Existing
      /** Revision of the store when it answered. */
      readonly revision: number
      readonly header: Header
    }

/** What an update did. */
export interface UpdateResult<Prev = KeyValue> {
  /** False: the function asked for no change. */
  readonly changed: boolean
  /** Revision of the last put of the key, now; 0 when there is no such key. */
  readonly revision: number
  /** The key-value before; null when there was none. */
  readonly prev: Prev | null
}

const ATTEMPTS = 64

/** Puts a key that must not exist. */
export async function createKey(
  calls: Calls,
  key: Bytes,
  value: Bytes,
  options: RequestOptions & GuardedOptions,
): Promise<GuardedResult<KeyValue>> {
  const { lease = 0n } = options
  const { succeeded, responses, revision, header } = await new Txn<[], []>(calls)
    .if(compare(key).missing())
    .then(op.put(key, value, { lease }))
    .else(op.get(key))
    .commit(requestPart(options))
  const [answer] = responses
  if (succeeded) return { succeeded, revision, header }
  const existing = answer.type === 'get' ? answer.kvs[0] : undefined
  if (existing === undefined)
    throw new ConclaveError('internal', 'The server has the key and has it not.')
  return { succeeded, existing, revision, header }
}

/** Puts a key that must be as it was at a revision. */
export async function replaceKey(
  calls: Calls,
  key: Bytes,
  value: Bytes,
  modRevision: number,
  options: RequestOptions & GuardedOptions,
): Promise<GuardedResult<KeyValue | null>> {
  if (toCount(modRevision, 'modRevision') === 0)
    throw invalidArgument('There is no revision 0; to put a key that must not exist, use create().')
  const { lease } = options
  const result = await new Txn<[], []>(calls)
    .if(compare(key).modRevision('=', modRevision))
    .then(op.put(key, value, lease === undefined ? { ignoreLease: true } : { lease }))
    .else(op.get(key))
    .commit(requestPart(options))
  const { succeeded, revision, header } = result
  if (succeeded) return { succeeded, revision, header }
  return { succeeded, existing: result.responses[0].kvs[0] ?? null, revision, header }
}

/** Reads a key and puts what `change` makes of it, until nobody wrote in between. */
export async function updateKey(
  calls: Calls,
  read: () => Promise<KeyValue | null>,
  key: Bytes,
  change: (current: KeyValue | null) => Bytes | undefined | Promise<Bytes | undefined>,
  options: RequestOptions & UpdateOptions,
): Promise<UpdateResult> {
  const { attempts = ATTEMPTS } = options
  if (toCount(attempts, 'number of attempts') === 0)
    throw invalidArgument('There must be one attempt at least.')
  let prev = await read()
  for (let attempt = 1; ; attempt++) {
    const value = await change(prev)
    if (value === undefined) return { changed: false, revision: prev?.modRevision ?? 0, prev }
    const result =
      prev === null
        ? await createKey(calls, key, value, options)
        : await replaceKey(calls, key, value, prev.modRevision, options)
    if (result.succeeded) return { changed: true, revision: result.revision, prev }
    if (attempt === attempts) throw errorOf('conflict')
    prev = result.existing
  }
}
