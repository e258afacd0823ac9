/** One instance of a service: what is known of it, and what may be said of it. */

import { invalidArgument } from '../errors.js'
import { checkSegment } from '../names.js'
import { checkWhole } from '../numbers.js'

/**
 * Whether an instance wants requests.
 *
 * - `up`: yes.
 * - `starting`: not yet.
 * - `draining`: no more, but it still answers; only when nobody else is there.
 * - `down`: no; it says so itself, as after failed health checks.
 */
export type InstanceStatus = 'up' | 'starting' | 'draining' | 'down'

const STATUSES: readonly string[] = [
  'up',
  'starting',
  'draining',
  'down',
] satisfies InstanceStatus[]

/** Words that somebody wants to tell of an instance, as its zone. */
export type InstanceMetadata = Readonly<Record<string, string>>

/** One instance of a service. */
export interface Instance {
  /** The service. */
  readonly name: string
  /** Which of its instances; unique in the service. */
  readonly id: string
  /** Host name or IP address, without brackets. */
  readonly address: string
  readonly port: number
  /** As `grpc` or `https`; empty when not told. */
  readonly protocol: string
  /** Of the program; empty when not told. */
  readonly version: string
  /** Its share of the requests beside the others'; 0 for none, unless nobody else is there. */
  readonly weight: number
  readonly metadata: InstanceMetadata
  readonly status: InstanceStatus
}

/** What is registered: an {@link Instance} in which some may be left out. */
export interface NewInstance {
  /** The service; one segment, so without `/`. */
  readonly name: string
  /** Default a random one. One that another process uses is taken over. */
  readonly id?: string
  /** Where others reach it: host name or IP address. */
  readonly address: string
  readonly port: number
  readonly protocol?: string
  readonly version?: string
  /** 0 to 1,000,000; default 1. */
  readonly weight?: number
  readonly metadata?: InstanceMetadata
  /** Default `up`. */
  readonly status?: InstanceStatus
}

/** What may change while it is registered. */
export type InstanceChange = Partial<Pick<Instance, 'status' | 'weight' | 'metadata'>>

/** The greatest weight. */
export const WEIGHT_MAX = 1_000_000
const PORT_MAX = 65_535

/**
 * A whole instance.
 *
 * @param id for one that has none.
 * @throws {ConclaveError} `invalid-argument`.
 */
export function instanceOf(given: NewInstance, id: () => string): Instance {
  const instance: Instance = {
    name: given.name,
    id: given.id ?? id(),
    address: given.address,
    port: given.port,
    protocol: given.protocol ?? '',
    version: given.version ?? '',
    weight: given.weight ?? 1,
    metadata: { ...given.metadata },
    status: given.status ?? 'up',
  }
  checkSegment(instance.name, 'The name of a service')
  checkSegment(instance.id, 'An instance id')
  const { address, port, protocol, version } = instance
  if (typeof address !== 'string' || !/^[^\s/[\]]+$/.test(address))
    throw invalidArgument(`An address is a host name or an IP address, not '${address}'.`)
  checkWhole(port, 'A port', 1, PORT_MAX)
  if (typeof protocol !== 'string' || typeof version !== 'string')
    throw invalidArgument('A protocol and a version are text.')
  checkChange(instance)
  return instance
}

/** @throws {ConclaveError} `invalid-argument`. */
export function checkChange({ status, weight, metadata }: InstanceChange): void {
  if (status !== undefined && !isStatus(status))
    throw invalidArgument(`A status is one of ${STATUSES.join(', ')}, not '${status}'.`)
  if (weight !== undefined && !isWeight(weight))
    throw invalidArgument(`A weight is between 0 and ${WEIGHT_MAX}, not ${weight}.`)
  if (metadata !== undefined && !isMetadata(metadata))
    throw invalidArgument('Metadata is an object whose values are text.')
}

/** Is it a status? */
export function isStatus(value: unknown): value is InstanceStatus {
  return typeof value === 'string' && STATUSES.includes(value)
}

/** Is it a weight? */
export function isWeight(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= WEIGHT_MAX
}

/** Is it an object of text? */
export function isMetadata(value: unknown): value is InstanceMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((one) => typeof one === 'string')
}

/** Do they say the same? */
export function sameInstance(a: Instance, b: Instance): boolean {
  return JSON.stringify(inOrder(a)) === JSON.stringify(inOrder(b))
}

/** `host:port`, with brackets around an IPv6 address. */
export function hostPort({ address, port }: Pick<Instance, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function inOrder(instance: Instance): unknown[] {
  const { name, id, address, port, protocol, version, weight, status, metadata } = instance
  const words = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))
  return [name, id, address, port, protocol, version, weight, status, words]
}
