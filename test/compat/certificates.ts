/**
 * Certificates for tests of TLS, made by openssl in a temporary directory.
 *
 * One authority signs for 127.0.0.1 and localhost, for a client, and for another host;
 * another one is trusted by nobody. They are valid for a day.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key: files, and what is in them. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Uint8Array
  readonly key: Uint8Array
}

/** What a test needs. */
export interface Certificates {
  readonly ca: Certificate
  /** Of 127.0.0.1 and localhost. */
  readonly server: Certificate
  /** Of the server, but no longer valid. */
  readonly expired: Certificate
  /** Of `other.example`. */
  readonly other: Certificate
  readonly client: Certificate
  /** Of a client, signed by an authority that is not `ca`. */
  readonly stranger: Certificate
  remove(): void
}

const DAY = 1

/** Makes them all. @throws openssl failed. */
export function makeCertificates(openssl: string): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'conclave-tls-'))
  const path = (name: string) => join(directory, name)
  const run = (...args: string[]) => execFileSync(openssl, args, { stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const load = (name: string): Certificate => ({
    certFile: path(`${name}.pem`),
    keyFile: path(`${name}.key`),
    cert: readFileSync(path(`${name}.pem`)),
    key: readFileSync(path(`${name}.key`)),
  })
  const authority = (name: string) => {
    const out = ['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)]
    run('req', '-x509', ...key, ...out, '-subj', `/CN=${name}`, '-days', String(DAY))
    return load(name)
  }
  const signed = (name: string, by: Certificate, hosts: string, days = DAY) => {
    const request = path(`${name}.csr`)
    const extensions = path(`${name}.ext`)
    writeFileSync(extensions, `subjectAltName=${hosts}\nextendedKeyUsage=serverAuth,clientAuth\n`)
    run('req', ...key, '-keyout', path(`${name}.key`), '-out', request, '-subj', `/CN=${name}`)
    const signer = ['-CA', by.certFile, '-CAkey', by.keyFile, '-CAcreateserial']
    const out = ['-out', path(`${name}.pem`), '-days', String(days), '-extfile', extensions]
    run('x509', '-req', '-in', request, ...signer, ...out)
    return load(name)
  }
  const here = 'IP:127.0.0.1,DNS:localhost'
  const ca = authority('ca')
  return {
    ca,
    server: signed('server', ca, here),
    expired: signed('expired', ca, here, -DAY),
    other: signed('other', ca, 'DNS:other.example'),
    client: signed('client', ca, 'DNS:client'),
    stranger: signed('stranger', authority('nobody'), 'DNS:client'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
