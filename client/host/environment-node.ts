/** The environment and the files of this process, for the defaults of options. */

import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
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

/** Refuses certificates and keys that TLS cannot use. @throws {Error} with OpenSSL's text. */
export function checkTls({ ca, cert, key }: TlsOptions): void {
  const text = (pem: string | Uint8Array) =>
    typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength)
  createSecureContext({
    ...(ca !== undefined && { ca: text(ca) }),
    ...(cert !== undefined && { cert: text(cert) }),
    ...(key !== undefined && { key: text(key) }),
  })
}
