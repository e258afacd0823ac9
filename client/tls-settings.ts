/** TLS as users say it: PEM texts, or files that hold them, read and checked once, when a client is made. */

import type { Setting, Settings } from './environment.js'
import { wrong } from './environment.js'
import { invalidArgument } from './errors.js'
import { checkTls, readFile } from './host/environment-node.js'
import type { TlsOptions } from './host/transport.js'

/**
 * How to speak TLS. Every certificate is a PEM text, as a string or bytes, or the path of
 * a file with one; `cert` and `key` go together.
 */
export interface TlsSettings extends TlsOptions {
  /** File with the certificates to trust. */
  readonly caFile?: string
  /** File with the client's certificate. */
  readonly certFile?: string
  /** File with the client's private key. */
  readonly keyFile?: string
}

const KINDS = ['ca', 'cert', 'key'] as const

/** @throws {ConclaveError} `invalid-argument`: a file cannot be read, or its contents cannot be used. */
export function tlsOf(tls: TlsSettings | boolean): TlsOptions | undefined {
  if (tls === false) return undefined
  const { caFile, certFile, keyFile, ...given } = tls === true ? {} : tls
  const files = { ca: caFile, cert: certFile, key: keyFile }
  const pem: { -readonly [Kind in keyof TlsOptions]: TlsOptions[Kind] } = { ...given }
  for (const kind of KINDS) {
    const path = files[kind]
    if (path === undefined) continue
    if (pem[kind] !== undefined)
      throw invalidArgument(`Give tls.${kind} or tls.${kind}File, not both.`)
    pem[kind] = attempt(
      () => readFile(path),
      (error) => invalidArgument(`tls.${kind}File cannot be read: ${error.message}.`, error),
    )
  }
  return checked(pem, (message, error) => invalidArgument(`tls ${message}`, error))
}

/** @throws {ConclaveError} `invalid-argument`: a variable is wrong. */
export function tlsOfEnvironment(settings: Settings): TlsOptions | undefined {
  const files = {
    ca: settings.find('CACERT'),
    cert: settings.find('CERT'),
    key: settings.find('KEY'),
  }
  const insecureSkipVerify = settings.switch('INSECURE_SKIP_TLS_VERIFY') ?? false
  const isAsked = settings.switch('INSECURE_TRANSPORT') === false || insecureSkipVerify
  const first = files.ca ?? files.cert ?? files.key
  if (first === undefined) return isAsked ? { insecureSkipVerify } : undefined
  const pem: { -readonly [Kind in keyof TlsOptions]: TlsOptions[Kind] } = { insecureSkipVerify }
  for (const kind of KINDS) {
    const setting = files[kind]
    if (setting !== undefined) pem[kind] = fileOf(setting)
  }
  const last = files.key ?? files.cert ?? first
  return checked(pem, (message, error) => wrong(last, `TLS ${message}`, error))
}

function fileOf(setting: Setting): Uint8Array {
  return attempt(
    () => readFile(setting.value),
    (error) => wrong(setting, `the file cannot be read, ${error.message}`, error),
  )
}

function checked(
  tls: TlsOptions,
  refusal: (message: string, cause?: unknown) => Error,
): TlsOptions {
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw refusal('needs a certificate and its key together.')
  attempt(
    () => checkTls(tls),
    (error) => refusal(`cannot use the certificates or the key: ${error.message}.`, error),
  )
  return tls
}

function attempt<T>(act: () => T, refusal: (error: Error) => Error): T {
  try {
    return act()
  } catch (error) {
    throw refusal(error as Error)
  }
}
