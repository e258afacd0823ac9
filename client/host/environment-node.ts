/** The environment and the files of this process, for the defaults of options. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsOptions } from './transport.js'

/** Environment variables: absent and empty mean the same. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables of this process, as they are now. */
export function processEnvironment(): Environment {
  return process.env
}

/** The bytes of a file. @throws {Error} it cannot be read. */
export function readFile(path: string): Uint8Array {
  return readFileSync(path)
}

/** The certificates and the key as Node takes them. */
export function secureContextOptions({ ca, cert, key }: TlsOptions): SecureContextOptions {
  return {
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
  }
}

/** Refuses certificates and keys that TLS cannot use. @throws {Error} with OpenSSL's text. */
export function checkTls(tls: TlsOptions): void {
  // A secure context takes anything for an authority, and then trusts nobody.
  if (tls.ca !== undefined) new X509Certificate(pem(tls.ca))
  createSecureContext(secureContextOptions(tls))
}

function pem(text: string | Uint8Array): string | Buffer {
  return typeof text === 'string'
    ? text
    : Buffer.from(text.buffer, text.byteOffset, text.byteLength)
}
