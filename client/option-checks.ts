/** Whether options of a client have names that are known and values of the right type; looked at once, when it is made. */

import type { DiscoveryOptions } from './connection/discovery.js'
import type { Credentials } from './connection/tokens.js'
import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import { type Known, refuseUnknownOptions } from './known-names.js'
import type { ConnectOptions, RetryOptions } from './options.js'
import type { TlsSettings } from './tls-settings.js'

const OPTIONS: Known<keyof ConnectOptions> = {
  endpoints: true,
  discovery: true,
  syncIntervalMs: true,
  auth: true,
  tls: true,
  timeoutMs: true,
  connectTimeoutMs: true,
  keepAliveIntervalMs: true,
  keepAliveTimeoutMs: true,
  retry: true,
  requireLeader: true,
  pipeline: true,
  sessionTtlSeconds: true,
  namespace: true,
  log: true,
  transport: true,
  dns: true,
  env: true,
  clock: true,
  random: true,
}
const DISCOVERY: Known<keyof DiscoveryOptions> = { domain: true, name: true }
const AUTH: Known<keyof Credentials> = { username: true, password: true }
const RETRY: Known<keyof RetryOptions> = {
  attemptsMax: true,
  backoffMinMs: true,
  backoffMaxMs: true,
}
const TLS: Known<keyof TlsSettings> = {
  ca: true,
  cert: true,
  key: true,
  caFile: true,
  certFile: true,
  keyFile: true,
  serverName: true,
  insecureSkipVerify: true,
}

/** What an object must be able to do that stands for something outside. */
const PORTS = {
  log: ['debug', 'info', 'warn', 'error', 'child'],
  transport: ['connect'],
  dns: ['find', 'close'],
  clock: ['now', 'wall', 'after', 'soon'],
  random: ['next', 'bytes'],
} as const

/** @throws {ConclaveError} `invalid-argument`: an option is unknown, or of the wrong type. */
export function checkConnectOptions(options: ConnectOptions): void {
  refuseUnknownOptions(options, OPTIONS, '')
  checkGroup(options.discovery, DISCOVERY, 'discovery')
  if (options.auth !== false) checkGroup(options.auth, AUTH, 'auth')
  checkGroup(options.retry, RETRY, 'retry')
  if (typeof options.tls !== 'boolean') checkTlsSettings(options.tls)
  checkType(options.requireLeader, 'boolean', 'requireLeader')
  checkGroup(options.env, undefined, 'env')
  for (const [name, methods] of Object.entries(PORTS))
    checkPort(options[name as keyof typeof PORTS], name, methods)
}

function checkTlsSettings(tls: TlsSettings | undefined): void {
  if (tls === undefined) return
  checkGroup(tls, TLS, 'tls')
  checkType(tls.insecureSkipVerify, 'boolean', 'tls.insecureSkipVerify')
  for (const name of ['serverName', 'caFile', 'certFile', 'keyFile'] as const)
    checkType(tls[name], 'string', `tls.${name}`)
  for (const name of ['ca', 'cert', 'key'] as const) {
    const pem: unknown = tls[name]
    if (pem === undefined || typeof pem === 'string' || pem instanceof Uint8Array) continue
    throw invalidArgument(`tls.${name} is a PEM text, not ${inWords(pem)}.`)
  }
}

function checkGroup(group: unknown, known: Known<string> | undefined, name: string): void {
  if (group === undefined) return
  if (typeof group !== 'object' || group === null || Array.isArray(group))
    throw invalidArgument(`${name} is an object, not ${inWords(group)}.`)
  if (known !== undefined) refuseUnknownOptions(group, known, name)
}

function checkType(value: unknown, type: 'boolean' | 'string', name: string): void {
  if (value === undefined || typeof value === type) return
  const expected = type === 'boolean' ? 'true or false' : 'a string'
  throw invalidArgument(`${name} is ${expected}, not ${inWords(value)}.`)
}

function checkPort(port: unknown, name: string, methods: readonly string[]): void {
  if (port === undefined) return
  const has = (method: string) =>
    typeof (port as Record<string, unknown> | null)?.[method] === 'function'
  const missing = methods.filter((method) => !has(method))
  if (missing.length === 0) return
  throw invalidArgument(
    `${name} is an object with the methods ${methods.join(', ')}, not ${inWords(port)}.`,
  )
}
