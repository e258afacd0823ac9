/**
 * The token that proves who the client is.
 *
 * Kept until a server refuses it. A wave of refused calls asks for one new token: only the
 * first refusal of a token forgets it. A cluster with authentication off gives none, and
 * calls go without.
 */

import { type EtcdErrorName, etcdErrorNamed } from '../wire/etcd-errors.js'
import { type RpcError, Status } from '../wire/status.js'

/** Name and password of a user. */
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** What calls are sent with. Compared by identity: a new one is another. */
export interface Token {
  /** Undefined: the cluster wants none. */
  readonly text: string | undefined
}

/** What every endpoint of a client sends along. */
export class Tokens {
  readonly credentials: Credentials
  #current: Token | undefined

  constructor(credentials: Credentials) {
    this.credentials = credentials
  }

  /** The token at hand; undefined when one must be asked for. */
  get current(): Token | undefined {
    return this.#current
  }

  /** The cluster gave this one. */
  granted(text: string | undefined): Token {
    this.#current = { text }
    return this.#current
  }

  /** A server does not take it any more. */
  refused(token: Token | undefined): void {
    if (this.#current === token) this.#current = undefined
  }
}

/** `userEmpty` is the answer to a call without a token, once authentication is on. */
const REFUSALS = new Set<EtcdErrorName>(['invalidAuthToken', 'authOldRevision', 'userEmpty'])

/** Was a call or stream refused for its token? Then nothing happened, and a fresh token may do. */
export function isTokenRefusal(error: RpcError): boolean {
  if (error.code === Status.UNAUTHENTICATED) return true
  const name = etcdErrorNamed(error.details)
  return name !== undefined && REFUSALS.has(name)
}
