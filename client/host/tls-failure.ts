/**
 * Connections that fail for their certificates, or because one side speaks TLS and the
 * other does not; and plain words for those that fail otherwise.
 *
 * Such a failure does not pass by waiting, so whoever meets it on every endpoint is told
 * at once instead of trying on. grpc-js hands on texts of Node and OpenSSL; they are
 * read here, and nowhere else.
 */

import { RpcError, Status } from '../wire/status.js'

/** The cause of an `RpcError` that tells of TLS. */
export class TlsFailure extends Error {
  override readonly name = 'TlsFailure'
}

/** The failure of a connection, with this reason. Nothing left on it. */
export function tlsFailure(reason: string): RpcError {
  return new RpcError(Status.UNAVAILABLE, reason, true, { cause: new TlsFailure(reason) })
}

/** Did the connection fail for TLS? */
export function isTlsFailure(error: RpcError): boolean {
  return error.neverSent && error.cause instanceof TlsFailure
}

/** Words of Node and OpenSSL that speak of certificates and of nothing else. */
const TLS_WORDS =
  /certificate|altnames|self[- ]signed|unable to get [\w ]*issuer|ERR_TLS_|ERR_SSL_|SSL routines/i

/** What OpenSSL says of bytes that are no TLS. */
const NOT_TLS = /wrong version number|packet length too long/i

/** The reason, when a connection failed for TLS as grpc-js tells it; undefined otherwise. */
export function tlsReason(details: string): string | undefined {
  if (NOT_TLS.test(details)) return 'the server does not speak TLS: its address begins with http://'
  if (!TLS_WORDS.test(details)) return undefined
  const alert = /\balert ([a-z ]+)/i.exec(details)
  if (alert !== null)
    return `the server refused the connection with the TLS alert '${alert[1]!.trim()}'; it may want a client certificate`
  return plainText(details)
}

/** Why there is no connection, without what grpc-js writes around the reason. */
export function plainText(details: string): string {
  if (details.includes('Last error: Protocol error'))
    return 'what answers there does not speak HTTP/2; this is not the client address of a member'
  return details
    .replace(/^No connection established\. Last error: (Error( \[\w+\])?: )?/, '')
    .replace(/\.? *(\([\dTZ:.-]+\)\.? *)?Resolution note:[\s\S]*$/, '')
    .trim()
}

/** Did a connection end before its two sides understood each other? Perhaps only one of them speaks TLS. */
export function mayBeMixedUp(details: string): boolean {
  return /Last error: Failed to connect|before secure TLS connection|read ECONNRESET|socket hang up/i.test(
    details,
  )
}
