/** What a name may be, said before anything is sent. */

import { invalidArgument } from './errors.js'
import type { Session } from './session.js'

/**
 * A name under which a recipe keeps its keys, as `<name>/…`.
 *
 * @param what names it in the error, as in "A name".
 * @throws {ConclaveError} `invalid-argument`: it is empty or ends in `/`.
 */
export function checkName(name: string, what = 'A name'): void {
  if (typeof name !== 'string') throw invalidArgument(`${what} must be a string.`)
  if (name === '') throw invalidArgument(`${what} must not be empty.`)
  if (name.endsWith('/')) throw invalidArgument(`${what} must not end in '/': '${name}'.`)
}

/**
 * Something that becomes one part of a key, between two separators.
 *
 * @param what names it in the error, as in "An instance id".
 * @throws {ConclaveError} `invalid-argument`: it is empty or contains `/`.
 */
export function checkSegment(segment: string, what: string): void {
  if (typeof segment !== 'string') throw invalidArgument(`${what} must be a string.`)
  if (segment === '') throw invalidArgument(`${what} must not be empty.`)
  if (segment.includes('/')) throw invalidArgument(`${what} must not contain '/': '${segment}'.`)
}

/** @throws {ConclaveError} `invalid-argument`: what a recipe is to stand on is no session, but a client, say. */
export function checkSession(session: Session): void {
  if (typeof session?.keyUnder !== 'function')
    throw invalidArgument('A session is needed: what `await Session.create(client)` gives.')
}
