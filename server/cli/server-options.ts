/**
 * `conclave server`'s command line and environment, read as etcd reads its own.
 *
 * A flag is `--name value`, `--name=value` or `-name=value`; a switch is `--name` or
 * `--name=false`. `ETCD_NAME` stands for a flag that is not given. Anything unknown is
 * refused: a typing error must not start a member with defaults.
 */

import { ConfigError, type MemberOptions, parseInitialCluster } from '../config.js'
import { LOG_LEVELS, type LogLevel } from '../host/log-pino.js'
import { FLAGS_REFUSED_UNLESS, FLAGS_WITHOUT_EFFECT } from './etcd-flags.js'

/** What a command line asks for. */
export interface ServerCommand {
  readonly options: MemberOptions
  readonly logLevel: LogLevel
  /** `memory` keeps no data on disk: a flag of our own. */
  readonly storage: 'disk' | 'memory'
  readonly wantsVersion: boolean
  readonly wantsHelp: boolean
}

type Values = ReadonlyMap<string, string>

/** Flags that we act on: what the value is called, and one line of help. */
export const SERVER_FLAGS: Readonly<Record<string, readonly [value: string, help: string]>> = {
  name: ['name', "Human-readable name of this member (default 'default')"],
  'data-dir': ['path', "Where the member keeps its data (default '<name>.conclave')"],
  storage: ['disk|memory', "Keep data on disk, or in this process only (default 'disk')"],
  'listen-client-urls': ['urls', 'URLs to listen on for clients (default http://localhost:2379)'],
  'advertise-client-urls': [
    'urls',
    'Client URLs told to the cluster (default http://localhost:2379)',
  ],
  'listen-peer-urls': ['urls', 'URLs to listen on for peers (default http://localhost:2380)'],
  'initial-advertise-peer-urls': [
    'urls',
    'Peer URLs told to the cluster (default http://localhost:2380)',
  ],
  'initial-cluster': [
    'name=url,…',
    "The founding members (default '<name>=http://localhost:2380')",
  ],
  'initial-cluster-token': [
    'token',
    "Keeps clusters made from the same URLs apart (default 'etcd-cluster')",
  ],
  'initial-cluster-state': ['new|existing', "Found a cluster or join one (default 'new')"],
  'heartbeat-interval': ['ms', 'Time between heartbeats (default 100)'],
  'election-timeout': ['ms', 'Time without a leader before an election (default 1000)'],
  'snapshot-count': ['n', 'Applied entries between log compactions (default 10000)'],
  'snapshot-catchup-entries': ['n', 'Entries kept for slow members (default 5000)'],
  'quota-backend-bytes': [
    'bytes',
    'Data size at which writes stop; 0 is 2 GiB, negative no limit (default 0)',
  ],
  'max-txn-ops': ['n', 'Operations in a transaction (default 128)'],
  'max-request-bytes': ['bytes', 'Largest request (default 1572864)'],
  'pre-vote': [
    'bool',
    'Ask before an election, so that a returning member disturbs nobody (default true)',
  ],
  'strict-reconfig-check': [
    'bool',
    'Refuse changes of members that would leave an unhealthy cluster (default true)',
  ],
  'max-learners': ['n', 'Members without a vote that the cluster may have (default 1)'],
  'watch-progress-notify-interval': [
    'duration',
    'Time between progress notes to idle watches (default 10m)',
  ],
  'log-level': ['level', `${LOG_LEVELS.join(', ')} (default info)`],
}

const SWITCHES = new Set(['version', 'help', 'h', 'pre-vote', 'strict-reconfig-check'])

/** Reads a command line and an environment. @throws {ConfigError} */
export function parseServerCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServerCommand {
  const values = new Map([...fromEnvironment(environment), ...fromArguments(args)])
  for (const [name, value] of values) refuseUnsupported(name, value)
  const wantsHelp = values.has('help') || values.has('h')
  const logLevel = oneOf(values, 'log-level', LOG_LEVELS) ?? 'info'
  const storage = oneOf(values, 'storage', ['disk', 'memory'] as const) ?? 'disk'
  const wantsVersion = values.get('version') === 'true'
  return { options: memberOptions(values), logLevel, storage, wantsVersion, wantsHelp }
}

function memberOptions(values: Values): MemberOptions {
  const cluster = values.get('initial-cluster')
  const options = {
    name: values.get('name'),
    dataDir: values.get('data-dir'),
    listenClientUrls: list(values, 'listen-client-urls'),
    advertiseClientUrls: list(values, 'advertise-client-urls'),
    listenPeerUrls: list(values, 'listen-peer-urls'),
    initialAdvertisePeerUrls: list(values, 'initial-advertise-peer-urls'),
    initialCluster: cluster === undefined ? undefined : parseInitialCluster(cluster),
    initialClusterToken: values.get('initial-cluster-token'),
    initialClusterState: oneOf(values, 'initial-cluster-state', ['new', 'existing'] as const),
    heartbeatIntervalMs: whole(values, 'heartbeat-interval'),
    electionTimeoutMs: whole(values, 'election-timeout'),
    snapshotCount: whole(values, 'snapshot-count'),
    snapshotCatchupEntries: whole(values, 'snapshot-catchup-entries'),
    quotaBackendBytes: whole(values, 'quota-backend-bytes'),
    maxTxnOps: whole(values, 'max-txn-ops'),
    maxRequestBytes: whole(values, 'max-request-bytes'),
    preVote: truth(values, 'pre-vote'),
    strictReconfigCheck: truth(values, 'strict-reconfig-check'),
    maxLearners: whole(values, 'max-learners'),
    watchProgressNotifyIntervalMs: duration(values, 'watch-progress-notify-interval'),
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as MemberOptions
}

function isKnown(name: string): boolean {
  return (
    Object.hasOwn(SERVER_FLAGS, name) ||
    SWITCHES.has(name) ||
    Object.hasOwn(FLAGS_REFUSED_UNLESS, name) ||
    FLAGS_WITHOUT_EFFECT.includes(name)
  )
}

function fromArguments(args: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(args[i]!)
    if (match === null) throw new ConfigError(`'${args[i]}' is not a valid flag`)
    const [, name, inline] = match as unknown as [string, string, string | undefined]
    if (!isKnown(name))
      throw new ConfigError(`unknown flag: --${name} (see 'conclave server --help')`)
    if (inline !== undefined) values.set(name, inline)
    else if (isSwitch(name)) values.set(name, 'true')
    else if (i + 1 < args.length) values.set(name, args[++i]!)
    else throw new ConfigError(`--${name} needs a value`)
  }
  return values
}

/** As in Go, a switch takes its value only behind `=`. */
function isSwitch(name: string): boolean {
  const fallback = FLAGS_REFUSED_UNLESS[name]
  if (fallback === 'true' || fallback === 'false') return true
  return SWITCHES.has(name) || ETCD_SWITCHES.has(name)
}

const ETCD_SWITCHES = new Set([
  'enable-grpc-gateway',
  'enable-pprof',
  'initial-election-tick-advance',
  'socket-reuse-address',
])

function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const values = new Map<string, string>()
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || value === '' || !variable.startsWith('ETCD_')) continue
    const name = variable.slice('ETCD_'.length).toLowerCase().replaceAll('_', '-')
    // etcd too passes over variables that are no flags of its own.
    if (isKnown(name) && name !== 'version') values.set(name, value)
  }
  return values
}

function refuseUnsupported(name: string, value: string): void {
  const harmless = FLAGS_REFUSED_UNLESS[name]
  if (harmless === undefined || value === harmless) return
  const how = harmless === '' ? 'leave it out' : `leave it out, or set it to ${harmless}`
  throw new ConfigError(`--${name} is not supported by this version: ${how}`)
}

function list(values: Values, name: string): string[] | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  return text.split(',').map((item) => item.trim())
}

function whole(values: Values, name: string): number | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new ConfigError(`--${name} must be a whole number, not '${text}'`)
  return Number(text)
}

function truth(values: Values, name: string): boolean | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new ConfigError(`--${name} must be true or false, not '${text}'`)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Go's durations: `10m`, `1h30m`, `500ms`. */
function duration(values: Values, name: string): number | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text))
    throw new ConfigError(`--${name} must be a duration such as 10m or 1h30m, not '${text}'`)
  let ms = 0
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g))
    ms += Number(amount) * UNIT_MS[unit!]!
  return Math.round(ms)
}

function oneOf<T extends string>(
  values: Values,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  if (!allowed.includes(text as T))
    throw new ConfigError(`--${name} must be one of ${allowed.join(', ')}, not '${text}'`)
  return text as T
}
