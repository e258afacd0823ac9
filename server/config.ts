/**
 * The configuration of one member: every option with its unit and default, checked at the door.
 *
 * Options carry the names of etcd's flags, in camel case. {@link resolveConfig}
 * fills in defaults and refuses what cannot work, with etcd's own sentences where
 * etcd has one, so that an operator finds the same words in the same documents.
 */

import * as limits from './limits.js'

/** What a caller may set. Everything has a default; see {@link MemberConfig} for units. */
export interface MemberOptions {
  readonly name?: string
  readonly dataDir?: string
  readonly listenClientUrls?: readonly string[]
  readonly advertiseClientUrls?: readonly string[]
  readonly listenPeerUrls?: readonly string[]
  readonly initialAdvertisePeerUrls?: readonly string[]
  /** Member name to peer URLs; a name may own several URLs. */
  readonly initialCluster?: Readonly<Record<string, readonly string[]>>
  readonly initialClusterToken?: string
  readonly initialClusterState?: 'new' | 'existing'
  readonly heartbeatIntervalMs?: number
  readonly electionTimeoutMs?: number
  readonly snapshotCount?: number
  readonly snapshotCatchupEntries?: number
  readonly quotaBackendBytes?: number
  readonly maxTxnOps?: number
  readonly maxRequestBytes?: number
  readonly preVote?: boolean
  readonly strictReconfigCheck?: boolean
  readonly maxLearners?: number
  readonly watchProgressNotifyIntervalMs?: number
}

/** A complete, checked configuration. */
export interface MemberConfig {
  /** Human-readable name; must be a key of `initialCluster`. Default `default`. */
  readonly name: string
  /** Where the member keeps its state. Default `<name>.conclave`. */
  readonly dataDir: string
  /** Default `http://localhost:2379`. Empty: the member is reached in-process only. */
  readonly listenClientUrls: readonly string[]
  readonly advertiseClientUrls: readonly string[]
  /** Default `http://localhost:2380`. */
  readonly listenPeerUrls: readonly string[]
  readonly initialAdvertisePeerUrls: readonly string[]
  readonly initialCluster: Readonly<Record<string, readonly string[]>>
  /** Keeps clusters apart that were made from the same URLs. Default `etcd-cluster`. */
  readonly initialClusterToken: string
  /** `new` founds a cluster, `existing` joins one. Without meaning once there is data. */
  readonly initialClusterState: 'new' | 'existing'
  /** Milliseconds between heartbeats; also the length of a raft tick. Default 100. */
  readonly heartbeatIntervalMs: number
  /** Milliseconds without a leader before a member campaigns; at least 5 heartbeats. Default 1000. */
  readonly electionTimeoutMs: number
  /** Applied entries between log compactions. Default 10,000. */
  readonly snapshotCount: number
  /** Entries kept for slow members behind a compaction. Default 5,000. */
  readonly snapshotCatchupEntries: number
  /** Backend size at which writes stop; 0 is 2 GiB, negative is no limit. */
  readonly quotaBackendBytes: number
  /** Default 128. */
  readonly maxTxnOps: number
  /** Default 1.5 MiB. */
  readonly maxRequestBytes: number
  /** Default true. */
  readonly preVote: boolean
  /** Refuse changes of the membership that would leave an unhealthy cluster. Default true. */
  readonly strictReconfigCheck: boolean
  /** Members without a vote that the cluster may have. Default 1. */
  readonly maxLearners: number
  /** Milliseconds between progress notifications of an idle watch. Default 600,000. */
  readonly watchProgressNotifyIntervalMs: number
}

/** The configuration cannot work. The message names the option and what to change. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Stable code. */
  readonly code = 'CONFIG_INVALID'
}

const ELECTION_TIMEOUT_MS_MAX = 50_000
const HEARTBEATS_PER_ELECTION_MIN = 5

/** Fills in the defaults and checks everything. @throws {ConfigError} */
export function resolveConfig(options: MemberOptions = {}): MemberConfig {
  const name = options.name ?? 'default'
  const initialAdvertisePeerUrls = options.initialAdvertisePeerUrls ?? ['http://localhost:2380']
  const listenClientUrls = options.listenClientUrls ?? ['http://localhost:2379']
  if (options.listenClientUrls?.length && options.advertiseClientUrls === undefined)
    throw new ConfigError(
      '--advertise-client-urls is required when --listen-client-urls is set explicitly',
    )
  const config: MemberConfig = {
    name,
    dataDir: options.dataDir ?? `${name}.conclave`,
    listenClientUrls,
    advertiseClientUrls: options.advertiseClientUrls ?? ['http://localhost:2379'],
    listenPeerUrls: options.listenPeerUrls ?? ['http://localhost:2380'],
    initialAdvertisePeerUrls,
    initialCluster: options.initialCluster ?? { [name]: initialAdvertisePeerUrls },
    initialClusterToken: options.initialClusterToken ?? 'etcd-cluster',
    initialClusterState: options.initialClusterState ?? 'new',
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 100,
    electionTimeoutMs: options.electionTimeoutMs ?? 1000,
    snapshotCount: options.snapshotCount ?? limits.SNAPSHOT_COUNT_DEFAULT,
    snapshotCatchupEntries: options.snapshotCatchupEntries ?? limits.CATCH_UP_ENTRIES,
    quotaBackendBytes: options.quotaBackendBytes ?? 0,
    maxTxnOps: options.maxTxnOps ?? limits.TXN_OPS_MAX,
    maxRequestBytes: options.maxRequestBytes ?? limits.REQUEST_BYTES_MAX,
    preVote: options.preVote ?? true,
    strictReconfigCheck: options.strictReconfigCheck ?? true,
    maxLearners: options.maxLearners ?? limits.LEARNERS_MAX,
    watchProgressNotifyIntervalMs: options.watchProgressNotifyIntervalMs ?? 600_000,
  }
  checkNumbers(config)
  checkTimeouts(config)
  checkUrls(config)
  checkInitialCluster(config)
  return config
}

function checkNumbers(config: MemberConfig): void {
  const positive = {
    'heartbeat-interval': config.heartbeatIntervalMs,
    'election-timeout': config.electionTimeoutMs,
    'snapshot-count': config.snapshotCount,
    'max-txn-ops': config.maxTxnOps,
    'max-request-bytes': config.maxRequestBytes,
    'max-learners': config.maxLearners,
    'watch-progress-notify-interval': config.watchProgressNotifyIntervalMs,
  }
  for (const [flag, value] of Object.entries(positive))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ConfigError(`--${flag} must be a whole number above 0, not ${value}`)
  const { quotaBackendBytes, snapshotCatchupEntries } = config
  if (!Number.isSafeInteger(quotaBackendBytes))
    throw new ConfigError('--quota-backend-bytes must be a whole number')
  if (!Number.isSafeInteger(snapshotCatchupEntries) || snapshotCatchupEntries < 0)
    throw new ConfigError('--snapshot-catchup-entries must be a whole number, 0 or more')
}

function checkTimeouts(config: MemberConfig): void {
  const { electionTimeoutMs: election, heartbeatIntervalMs: heartbeat } = config
  if (election < HEARTBEATS_PER_ELECTION_MIN * heartbeat)
    throw new ConfigError(
      `--election-timeout[${election}ms] should be at least as 5 times as --heartbeat-interval[${heartbeat}ms]`,
    )
  if (election > ELECTION_TIMEOUT_MS_MAX)
    throw new ConfigError(
      `--election-timeout[${election}ms] is too long, and should be set less than ${ELECTION_TIMEOUT_MS_MAX}ms`,
    )
}

function checkUrls(config: MemberConfig): void {
  for (const url of config.listenClientUrls) checkListenUrl('listen-client-urls', url)
  for (const url of config.listenPeerUrls) checkListenUrl('listen-peer-urls', url)
  for (const url of config.advertiseClientUrls) parseUrl('advertise-client-urls', url)
  for (const url of config.initialAdvertisePeerUrls) parseUrl('initial-advertise-peer-urls', url)
  for (const urls of Object.values(config.initialCluster))
    for (const url of urls) parseUrl('initial-cluster', url)
  if (config.initialAdvertisePeerUrls.length === 0)
    throw new ConfigError('--initial-advertise-peer-urls must name at least one URL')
}

function parseUrl(flag: string, text: string): URL {
  if (!URL.canParse(text)) throw new ConfigError(`--${flag}: "${text}" is not a URL`)
  const url = new URL(text)
  if (url.protocol !== 'http:')
    throw new ConfigError(
      `--${flag}: URL scheme must be http: ${text} (TLS is not supported by this version)`,
    )
  if (!/:\d+\/?$/.test(text)) throw new ConfigError(`--${flag}: missing port in address: ${text}`)
  if ((url.pathname !== '/' && url.pathname !== '') || url.search || url.hash)
    throw new ConfigError(`--${flag}: URL must not contain a path: ${text}`)
  return url
}

const IP_V4 = /^\d{1,3}(\.\d{1,3}){3}$/

function checkListenUrl(flag: string, text: string): void {
  const { hostname } = parseUrl(flag, text)
  const isIp = IP_V4.test(hostname) || hostname.startsWith('[')
  if (!isIp && hostname !== 'localhost')
    throw new ConfigError(`--${flag}: expected IP in URL for binding (${text})`)
}

function checkInitialCluster(config: MemberConfig): void {
  const own = config.initialCluster[config.name]
  if (own === undefined)
    throw new ConfigError(
      `couldn't find local name "${config.name}" in the initial cluster configuration`,
    )
  const advertised = config.initialAdvertisePeerUrls
  const missing = own.find((url) => !advertised.includes(url))
  if (missing !== undefined)
    throw new ConfigError(
      `--initial-cluster has ${config.name}=${missing} but missing from --initial-advertise-peer-urls=${advertised.join(',')}`,
    )
  const extra = advertised.find((url) => !own.includes(url))
  if (extra !== undefined)
    throw new ConfigError(
      `--initial-advertise-peer-urls has ${extra} but missing from --initial-cluster=${formatInitialCluster(config.initialCluster)}`,
    )
  const owner = new Map<string, string>()
  for (const [name, urls] of Object.entries(config.initialCluster))
    for (const url of urls) {
      if (owner.has(url))
        throw new ConfigError(
          `--initial-cluster: ${url} belongs to both ${owner.get(url)} and ${name}; every member needs peer URLs of its own`,
        )
      owner.set(url, name)
    }
}

/** `a=http://h:1,a=http://h:2,b=http://h:3` as a table. @throws {ConfigError} */
export function parseInitialCluster(text: string): Record<string, string[]> {
  const cluster: Record<string, string[]> = Object.create(null)
  for (const part of text.split(',')) {
    const trimmed = part.trim()
    const separator = trimmed.indexOf('=')
    if (separator < 1 || separator === trimmed.length - 1)
      throw new ConfigError(`--initial-cluster: expected name=URL, not "${trimmed}"`)
    const name = trimmed.slice(0, separator)
    cluster[name] = [...(cluster[name] ?? []), trimmed.slice(separator + 1)]
  }
  return cluster
}

/** The flag's form of an initial cluster. */
export function formatInitialCluster(cluster: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(cluster)
    .flatMap(([name, urls]) => urls.map((url) => `${name}=${url}`))
    .join(',')
}
