/** The flags that every client command takes, and the client that they describe. */

import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { type Client, ConclaveError, connect, type TlsOptions } from '../../client/index.js'
import { CliError, ExitCode, textOf } from './cli-error.js'
import { endpointList, flagValue } from './flag-values.js'
import { GoSyntaxError, parseBool, parseDurationMs } from './go-values.js'

/** The flags of every client command, parsed. */
export interface GlobalOptions {
  readonly endpoints: readonly string[]
  readonly writeOut: string
  readonly hex?: boolean
  /** In milliseconds. */
  readonly dialTimeout: number
  /** In milliseconds. */
  readonly commandTimeout: number
  /** In milliseconds, as the next; the client has defaults. */
  readonly keepaliveTime?: number
  readonly keepaliveTimeout?: number
  readonly cacert?: string
  readonly cert?: string
  readonly key?: string
}

const ENDPOINTS = '127.0.0.1:2379'
const DIAL_TIMEOUT_MS = 2_000
const COMMAND_TIMEOUT_MS = 5_000

/** Adds the flags to the program; each is also read from `ETCDCTL_<FLAG>`. */
export function addGlobalOptions(program: Command): void {
  const duration = (name: string) => flagValue(name, parseDurationMs)
  const options = [
    new Option('--endpoints <list>', 'Where members serve clients')
      .argParser(endpointList)
      .default([ENDPOINTS], ENDPOINTS),
    new Option('-w, --write-out <format>', 'simple, fields, json or table').default(
      'simple',
      'simple',
    ),
    new Option('--hex', 'Print keys and values as \\xNN'),
    new Option('--dial-timeout <time>', 'Time to connect')
      .argParser(duration('dial-timeout'))
      .default(DIAL_TIMEOUT_MS, '2s'),
    new Option('--command-timeout <time>', 'Time for a command')
      .argParser(duration('command-timeout'))
      .default(COMMAND_TIMEOUT_MS, '5s'),
    new Option('--keepalive-time <time>', 'Time between pings (default 10s)').argParser(
      duration('keepalive-time'),
    ),
    new Option('--keepalive-timeout <time>', 'Time for a ping (default 5s)').argParser(
      duration('keepalive-timeout'),
    ),
    new Option('--cacert <file>', 'Check servers against these certificates'),
    new Option('--cert <file>', 'The certificate that we show'),
    new Option('--key <file>', 'The key of that certificate'),
  ]
  for (const option of options) {
    option.env(`ETCDCTL_${option.name().replaceAll('-', '_').toUpperCase()}`)
    program.addOption(option)
  }
}

/** A switch in the environment may say false; commander takes any value for true. */
export function correctedSwitches(options: GlobalOptions, env: NodeJS.ProcessEnv): GlobalOptions {
  const text = env['ETCDCTL_HEX']
  if (text === undefined || text === '' || !options.hex) return options
  try {
    return { ...options, hex: parseBool(text) }
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw new CliError(ExitCode.ERROR, `invalid value "${text}" for ETCDCTL_HEX: ${error.message}`)
  }
}

/** Connects, lazily. @throws {CliError} an endpoint or a certificate is of no use. */
export function clientFor(
  options: GlobalOptions,
  endpoints: readonly string[] = options.endpoints,
): Client {
  if (endpoints.length === 0)
    throw new CliError(ExitCode.BAD_CONNECTION, 'etcdclient: no available endpoints')
  const tls: TlsOptions = {
    ...(options.cacert !== undefined && { ca: pem(options.cacert) }),
    ...(options.cert !== undefined && { cert: pem(options.cert) }),
    ...(options.key !== undefined && { key: pem(options.key) }),
  }
  const isTls = Object.keys(tls).length > 0
  try {
    return connect({
      endpoints: isTls ? endpoints.map(withTls) : endpoints,
      // A command makes one call: a session would cost more than it.
      pipeline: 'off',
      timeoutMs: options.commandTimeout,
      connectTimeoutMs: options.dialTimeout,
      ...(options.keepaliveTime !== undefined && { keepAliveIntervalMs: options.keepaliveTime }),
      ...(options.keepaliveTimeout !== undefined && {
        keepAliveTimeoutMs: options.keepaliveTimeout,
      }),
      ...(isTls && { tls }),
      // The flags have read the environment already.
      env: {},
    })
  } catch (error) {
    if (error instanceof ConclaveError) throw new CliError(ExitCode.BAD_CONNECTION, textOf(error))
    throw error
  }
}

function withTls(endpoint: string): string {
  return endpoint.includes('://') ? endpoint : `https://${endpoint}`
}

function pem(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new CliError(ExitCode.BAD_CONNECTION, (error as Error).message)
  }
}
