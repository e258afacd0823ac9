/**
 * The servers that the client is tested against: ours through the pipeline, ours with unary
 * calls, and etcd. Ours is one server; what differs is how the client talks to it.
 *
 * `CONCLAVE_TEST_SERVER` chooses: one name, several with commas, or `all` (the default).
 */

import type { ConnectOptions } from '../../client/index.js'
import { findTool } from '../compat/find-tool.js'
import { OUR_COMMAND, type ServerProgram } from '../process/process-cluster.js'

/** What a server may not have; its tests are listed as pending there. */
export type Feature =
  | 'auth'
  | 'tls'
  | 'lock-service'
  | 'snapshot'
  | 'defragment'
  | 'hash'
  | 'downgrade'

/** Where servers differ for good; tests of it are listed as differences where it is not. */
export type Difference = 'pipeline'

/** A server, and how the client reaches it. */
export interface ServerKind {
  readonly name: KindName
  /** Undefined when it is not installed. */
  readonly program: ServerProgram | undefined
  readonly flags: readonly string[]
  readonly options: Partial<ConnectOptions>
  readonly lacks: readonly Feature[]
  readonly differs: readonly Difference[]
}

/** The names on the command line. */
export const KIND_NAMES = ['conclave', 'conclave-unary', 'etcd'] as const

/** See {@link KIND_NAMES}. */
export type KindName = (typeof KIND_NAMES)[number]

/** What our server does not have yet. */
const OURS_LACKS: readonly Feature[] = [
  'auth',
  'tls',
  'lock-service',
  'snapshot',
  'defragment',
  'hash',
  'downgrade',
]

const etcd = findTool('etcd', 'ETCD_BIN')

const KINDS: readonly ServerKind[] = [
  {
    name: 'conclave',
    program: OUR_COMMAND,
    flags: [],
    options: {},
    lacks: OURS_LACKS,
    differs: [],
  },
  {
    name: 'conclave-unary',
    program: OUR_COMMAND,
    flags: [],
    options: { pipeline: 'off' },
    lacks: OURS_LACKS,
    differs: ['pipeline'],
  },
  {
    name: 'etcd',
    program: etcd === undefined ? undefined : { program: etcd, first: [] },
    flags: ['--logger=zap', '--log-level=error'],
    options: {},
    // Debian's is 3.4, which has no downgrade.
    lacks: ['downgrade'],
    differs: ['pipeline'],
  },
]

/** The kinds that this run is about. @throws an unknown name. */
export function wantedKinds(text = process.env['CONCLAVE_TEST_SERVER'] ?? 'all'): ServerKind[] {
  if (text === 'all') return [...KINDS]
  return text.split(',').map((name) => {
    const kind = KINDS.find((one) => one.name === name)
    if (kind === undefined)
      throw new Error(`no server is called "${name}": ${KIND_NAMES.join(', ')} or all`)
    return kind
  })
}
