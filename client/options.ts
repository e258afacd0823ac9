/**
 * Options of a client: what a program says, else what its environment says, else the defaults.
 *
 * Everything wrong is refused here, before anything is opened; what is wrong in the
 * environment by the name of its variable.
 */

import type { Bytes } from './bytes.js'
import type { ConnectionOptions } from './connection/connection.js'
import { Discovery, type DiscoveryOptions } from './connection/discovery.js'
import { RETRY_DEFAULT, type RetryBounds } from './connection/retry.js'
import type { Credentials } from './connection/tokens.js'
import { Settings, wrong } from './environment.js'
import { invalidArgument } from './errors.js'
import { parseAddress } from './host/address-grpc.js'
import type { Clock } from './host/clock.js'
import { nodeClock } from './host/clock-node.js'
import type { ServiceRecords } from './host/dns.js'
import { NodeServiceRecords } from './host/dns-node.js'
import { type Environment, processEnvironment } from './host/environment-node.js'
import { type Log, silentLog } from './host/log.js'
import type { Random } from './host/random.js'
import { nodeRandom } from './host/random-node.js'
import type { TlsOptions, Transport } from './host/transport.js'
import { GrpcTransport } from './host/transport-grpc.js'
import { inWords } from './in-words.js'
import { checkConnectOptions } from './option-checks.js'
import type { PipelineMode } from './pipeline/guarantees.js'
import { positiveMs } from './request-checks.js'
import { type TlsSettings, tlsOf, tlsOfEnvironment } from './tls-settings.js'

/** How often and when a call is sent again that may be: a read, or a write that provably never left. */
export interface RetryOptions {
  /** Tries of one call, the first among them, from 1 on. Default: as many as its time allows. */
  readonly attemptsMax?: number
  /** Longest pause of an endpoint after its first failure, in milliseconds. Default 50, or `backoffMaxMs` if that is less; it doubles. */
  readonly backoffMinMs?: number
  /** Longest pause of an endpoint at all, in milliseconds. Default 2000, or `backoffMinMs` if that is more. */
  readonly backoffMaxMs?: number
}

/**
 * How to reach a cluster. What is absent is looked for in the environment, as `CONCLAVE_…`
 * and then as `ETCDCTL_…`; the variable stands beside the option.
 */
export interface ConnectOptions {
  /**
   * Where its members serve clients: `http://host:port`, `https://host:port`, `host:port`
   * or `unix:///path`; names without a scheme are https when there is `tls`. Name several
   * members, so that one may fail. Default `http://127.0.0.1:2379`. (`ENDPOINTS`)
   */
  readonly endpoints?: string | readonly string[]
  /** Find the members by DNS, instead of `endpoints`. (`DISCOVERY_SRV`, `DISCOVERY_SRV_NAME`) */
  readonly discovery?: DiscoveryOptions
  /** Ask the cluster for its members this often, in milliseconds, and use those. Default: never. */
  readonly syncIntervalMs?: number
  /** A user of the cluster; false: none, whatever the environment says. (`USER`, `PASSWORD`) */
  readonly auth?: Credentials | false
  /**
   * Certificates for `https` endpoints; true: those that the system trusts.
   * (`CACERT`, `CERT`, `KEY`, `INSECURE_SKIP_TLS_VERIFY`, `INSECURE_TRANSPORT`)
   */
  readonly tls?: TlsSettings | boolean
  /** Time for a request with all its tries, in milliseconds. Default 5000. (`COMMAND_TIMEOUT`) */
  readonly timeoutMs?: number
  /** Time to get a connection before another endpoint is tried, in milliseconds. Default 2000. (`DIAL_TIMEOUT`) */
  readonly connectTimeoutMs?: number
  /** A connection with open calls is pinged this often, in milliseconds. Default 10000; etcd refuses less than 5000. (`KEEPALIVE_TIME`) */
  readonly keepAliveIntervalMs?: number
  /** A connection whose ping stays unanswered so long is given up, in milliseconds. Default 5000. (`KEEPALIVE_TIMEOUT`) */
  readonly keepAliveTimeoutMs?: number
  /** How often and when calls are sent again. */
  readonly retry?: RetryOptions
  /**
   * A member that knows no leader refuses at once, and another is asked, for every call and
   * stream. Reads that do not need a leader (`serializable`) are refused, too. Default false.
   */
  readonly requireLeader?: boolean
  /**
   * Whether calls travel together on one stream, where writes are applied exactly once and
   * in order: `auto` (the default) when the server offers it, `off` never, `require` fails
   * with `unimplemented` when it does not. See `Client.guarantees`.
   */
  readonly pipeline?: PipelineMode
  /** TTL of the lease that the pipeline's session is, in seconds. Default 60. */
  readonly sessionTtlSeconds?: number
  /**
   * See only the keys under this prefix, and name them without it; see `Client.namespace`.
   * What `rpc` and `stream` send, and `cluster` and `maintenance`, are of the whole cluster.
   */
  readonly namespace?: Bytes
  /** What the client does behind the scenes, at level debug. Default: nothing is logged. */
  readonly log?: Log
  /** How to reach endpoints. Default gRPC; an in-process one takes any endpoint name, and leaves the environment aside. */
  readonly transport?: Transport | undefined
  /** How to look up DNS records. Default the resolver of the system. */
  readonly dns?: ServiceRecords
  /** Environment variables. Default those of the process; `{}` for none. */
  readonly env?: Environment
  /** Time. Default the real one. */
  readonly clock?: Clock
  /** Chance. Default the real one. */
  readonly random?: Random
}

const ENDPOINT = '127.0.0.1:2379'
const TIMEOUT_MS = 5_000
const CONNECT_TIMEOUT_MS = 2_000
const KEEP_ALIVE_INTERVAL_MS = 10_000
const KEEP_ALIVE_TIMEOUT_MS = 5_000
const SESSION_TTL_SECONDS = 60
const PIPELINE_MODES: readonly PipelineMode[] = ['auto', 'off', 'require']

/** Whether a client uses the pipeline, and how long its session outlives it. */
export interface PipelineOptions {
  readonly mode: PipelineMode
  readonly sessionTtlSeconds: number
}

/** Options with everything filled in. */
export interface ResolvedOptions extends ConnectionOptions {
  readonly pipeline: PipelineOptions
  /** Undefined: never. */
  readonly syncIntervalMs: number | undefined
}

/** What a connection needs. @throws {ConclaveError} `invalid-argument`: an option or a variable is wrong. */
export function resolveOptions(options: ConnectOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalidArgument("connect() takes options, such as { endpoints: 'http://host:2379' }.")
  checkConnectOptions(options)
  const given = options.transport
  const settings = new Settings(options.env ?? (given === undefined ? processEnvironment() : {}))
  const tls = options.tls === undefined ? tlsOfEnvironment(settings) : tlsOf(options.tls)
  const found = findEndpoints(options, settings, tls)
  const transport = given ?? new GrpcTransport()
  const time = (name: keyof ConnectOptions & `${string}Ms`, variable: string, standard: number) =>
    positiveMs(options[name] ?? settings.durationMs(variable) ?? standard, name)
  if (options.tls && given === undefined && Array.isArray(found)) assertTlsIsUsed(found)
  const isDiscovered = found instanceof Discovery
  return {
    addresses: isDiscovered ? [found.address] : found,
    discovery: isDiscovered ? found : undefined,
    transport: isDiscovered ? found.transport(transport) : transport,
    channel: {
      connectTimeoutMs: time('connectTimeoutMs', 'DIAL_TIMEOUT', CONNECT_TIMEOUT_MS),
      keepAliveIntervalMs: time('keepAliveIntervalMs', 'KEEPALIVE_TIME', KEEP_ALIVE_INTERVAL_MS),
      keepAliveTimeoutMs: time('keepAliveTimeoutMs', 'KEEPALIVE_TIMEOUT', KEEP_ALIVE_TIMEOUT_MS),
      ...(tls !== undefined && { tls }),
    },
    clock: options.clock ?? nodeClock,
    random: options.random ?? nodeRandom,
    log: options.log ?? silentLog,
    timeoutMs: time('timeoutMs', 'COMMAND_TIMEOUT', TIMEOUT_MS),
    syncIntervalMs:
      options.syncIntervalMs === undefined
        ? undefined
        : positiveMs(options.syncIntervalMs, 'syncIntervalMs'),
    credentials: credentialsOf(options.auth, settings),
    requireLeader: options.requireLeader ?? false,
    retry: retryOf(options.retry ?? {}),
    pipeline: pipelineOf(options),
  }
}

function findEndpoints(
  options: ConnectOptions,
  settings: Settings,
  tls: TlsOptions | undefined,
): string[] | Discovery {
  const { endpoints, discovery, transport } = options
  if (endpoints !== undefined && discovery !== undefined)
    throw invalidArgument('Name endpoints or a discovery, not both.')
  const isLiteral = transport !== undefined
  if (endpoints !== undefined) return addressesOf(endpoints, isLiteral, tls !== undefined)
  const variable = discovery === undefined ? settings.find('ENDPOINTS') : undefined
  if (variable !== undefined)
    try {
      return addressesOf(variable.value, isLiteral, tls !== undefined)
    } catch (error) {
      throw wrong(variable, 'write addresses between commas, such as http://host:2379', error)
    }
  const domain = discovery === undefined ? settings.text('DISCOVERY_SRV') : discovery.domain
  if (domain === undefined && discovery === undefined)
    return addressesOf(ENDPOINT, isLiteral, tls !== undefined)
  if (typeof domain !== 'string' || domain === '')
    throw invalidArgument('A discovery needs the domain of the records.')
  const name = discovery === undefined ? settings.text('DISCOVERY_SRV_NAME') : discovery.name
  const records = options.dns ?? new NodeServiceRecords()
  return new Discovery(records, { domain, name, tlsOnly: tls !== undefined })
}

function addressesOf(
  endpoints: string | readonly string[],
  isLiteral: boolean,
  isTls: boolean,
): string[] {
  const list: readonly unknown[] = typeof endpoints === 'string' ? endpoints.split(',') : endpoints
  if (!Array.isArray(list) || list.some((one) => typeof one !== 'string'))
    throw invalidArgument('endpoints is an address, or a list of addresses.')
  const trimmed = list.map((one: string) => one.trim()).filter((one) => one !== '')
  if (trimmed.length === 0) throw invalidArgument('Name at least one endpoint.')
  const distinct = [...new Set(trimmed)]
  if (isLiteral) return distinct
  try {
    for (const endpoint of distinct) parseAddress(endpoint)
  } catch (error) {
    throw invalidArgument((error as Error).message, error)
  }
  const hasScheme = /^(https?:\/\/|unixs?:)/
  const scheme = isTls ? 'https' : 'http'
  return distinct.map((one) => (hasScheme.test(one) ? one : `${scheme}://${one}`))
}

/** Certificates beside endpoints without TLS are a mistake that would send passwords in the clear. */
function assertTlsIsUsed(addresses: readonly string[]): void {
  if (addresses.some((address) => !parseAddress(address).secure))
    throw invalidArgument('With tls every endpoint must begin with https:// or have no scheme.')
}

function credentialsOf(auth: Credentials | false | undefined, settings: Settings) {
  if (auth === false) return undefined
  const { username, password } = auth ?? environmentUser(settings) ?? {}
  if (auth === undefined && username === undefined) return undefined
  if (typeof username !== 'string' || username === '')
    throw invalidArgument('auth.username must be a string that is not empty.')
  if (typeof password !== 'string') throw invalidArgument('auth.password must be a string.')
  return { username, password }
}

/** `USER` is `name:password`, or a name when there is a `PASSWORD`. The password is in no message. */
function environmentUser(settings: Settings): Credentials | undefined {
  const user = settings.find('USER')
  if (user === undefined) return undefined
  const password = settings.text('PASSWORD')
  if (password !== undefined) return { username: user.value, password }
  const colon = user.value.indexOf(':')
  if (colon > 0)
    return { username: user.value.slice(0, colon), password: user.value.slice(colon + 1) }
  const other = user.name.replace(/USER$/, 'PASSWORD')
  throw invalidArgument(
    `The environment variable ${user.name} needs a password: write name:password, or set ${other}.`,
  )
}

function retryOf({ attemptsMax, backoffMinMs, backoffMaxMs }: RetryOptions): RetryBounds {
  const minMs = positiveMs(backoffMinMs ?? RETRY_DEFAULT.minMs, 'retry.backoffMinMs')
  const maxMs = positiveMs(backoffMaxMs ?? RETRY_DEFAULT.maxMs, 'retry.backoffMaxMs')
  const bounds = {
    attemptsMax: attemptsMax ?? RETRY_DEFAULT.attemptsMax,
    // A bound that nobody named gives way to the one that somebody did.
    minMs: backoffMinMs === undefined ? Math.min(minMs, maxMs) : minMs,
    maxMs: backoffMaxMs === undefined ? Math.max(minMs, maxMs) : maxMs,
  }
  if (
    bounds.attemptsMax !== Number.POSITIVE_INFINITY &&
    !(Number.isSafeInteger(bounds.attemptsMax) && bounds.attemptsMax >= 1)
  )
    throw invalidArgument(
      `retry.attemptsMax must be a whole number from 1 on, not ${inWords(attemptsMax)}.`,
    )
  if (bounds.minMs > bounds.maxMs)
    throw invalidArgument('retry.backoffMinMs must not be more than retry.backoffMaxMs.')
  return bounds
}

function pipelineOf({ pipeline: mode = 'auto', sessionTtlSeconds }: ConnectOptions) {
  if (!PIPELINE_MODES.includes(mode))
    throw invalidArgument(`pipeline is one of ${PIPELINE_MODES.join(', ')}, not ${inWords(mode)}.`)
  const ttlSeconds = sessionTtlSeconds ?? SESSION_TTL_SECONDS
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1)
    throw invalidArgument(
      `sessionTtlSeconds is a whole number from 1 on, not ${inWords(sessionTtlSeconds)}.`,
    )
  return { mode, sessionTtlSeconds: ttlSeconds }
}
