/**
 * Spans and metrics of OpenTelemetry for every client of this process.
 *
 * A door of its own, `conclave/opentelemetry`: it listens to the channels that clients
 * publish to (telemetry.ts, calls-observed.ts) and imports nothing of OpenTelemetry but
 * types. Names follow its conventions for database clients. Keys and values are never told.
 *
 * | metric | unit | what |
 * | --- | --- | --- |
 * | `db.client.operation.duration` | s | calls, with all their tries |
 * | `conclave.client.watch.events` | {event} | events of watches |
 * | `conclave.client.leases.lost` | {lease} | leases that were under renewal |
 * | `conclave.client.endpoint.failures` | {failure} | endpoints that did not answer as healthy members do |
 * | `conclave.client.failovers` | {failover} | changes from one endpoint to another |
 */

import type {
  Attributes,
  Meter,
  MeterProvider,
  Span,
  SpanKind,
  SpanStatusCode,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api'
import type { CallTrace } from './calls-observed.js'
import { ConclaveError, invalidArgument } from './errors.js'
import { parseAddress } from './host/address-grpc.js'
import { onCall, onNotice } from './host/channels.js'
import { nodeClock } from './host/clock-node.js'
import type { ConnectionNotice, KeepAliveNotice, WatchNotice } from './telemetry.js'

/** Where spans and metrics go. */
export interface InstrumentOptions {
  /** Makes a span of kind client for each call; none when absent. */
  readonly tracerProvider?: TracerProvider
  /** Measures; nothing is measured when absent. */
  readonly meterProvider?: MeterProvider
}

const NAME = 'conclave'
/** `SpanKind.CLIENT` and `SpanStatusCode.ERROR`, of which only the types are imported. */
const CLIENT: SpanKind.CLIENT = 2
const ERROR: SpanStatusCode.ERROR = 2

/** Bounds of durations in seconds, as the conventions advise. */
const BOUNDARIES_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

/**
 * Makes spans and metrics of what the clients of this process do from now on.
 *
 * @example
 * import { metrics, trace } from '@opentelemetry/api'
 * import { instrument } from 'conclave/opentelemetry'
 *
 * const stop = instrument({
 *   tracerProvider: trace.getTracerProvider(),
 *   meterProvider: metrics.getMeterProvider(),
 * })
 *
 * @returns how to stop it.
 * @throws {ConclaveError} `invalid-argument`: neither provider was given.
 */
export function instrument({ tracerProvider, meterProvider }: InstrumentOptions): () => void {
  if (tracerProvider === undefined && meterProvider === undefined)
    throw invalidArgument('Give a tracerProvider, a meterProvider, or both.')
  const tracer = tracerProvider?.getTracer(NAME)
  const meter = meterProvider?.getMeter(NAME)
  const stops = [observeCalls(tracer, meter)]
  if (meter !== undefined) stops.push(...countNotices(meter))
  return () => {
    for (const stop of stops.splice(0)) stop()
  }
}

/** A call under way. */
interface Begun {
  readonly span: Span | undefined
  readonly atMs: number
}

function observeCalls(tracer: Tracer | undefined, meter: Meter | undefined): () => void {
  const duration = meter?.createHistogram('db.client.operation.duration', {
    description: 'Duration of calls with all their tries.',
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES_SECONDS },
  })
  const begun = new WeakMap<CallTrace, Begun>()
  const started = (call: CallTrace) => {
    const attributes = { 'db.system.name': 'etcd', 'db.operation.name': call.method }
    const span = tracer?.startSpan(call.method, { kind: CLIENT, attributes })
    begun.set(call, { span, atMs: nodeClock.now() })
  }
  const ended = (call: CallTrace) => {
    const begin = begun.get(call)
    if (begin === undefined) return
    const { span, atMs } = begin
    const attributes = attributesOf(call)
    duration?.record((nodeClock.now() - atMs) / 1000, attributes)
    if (span === undefined) return
    span.setAttributes({ ...attributes, 'conclave.tries': call.tries })
    if (call.error instanceof ConclaveError)
      span.setStatus({ code: ERROR, message: call.error.message })
    span.end()
  }
  return onCall('conclave:call', started, ended)
}

/** What is known when a call has ended. */
function attributesOf(call: CallTrace): Attributes {
  const attributes: Attributes = {
    'db.system.name': 'etcd',
    'db.operation.name': call.method,
    'conclave.transport': call.transport,
    ...serverOf(call.endpoint),
  }
  if (!(call.error instanceof ConclaveError)) return attributes
  attributes['error.type'] = call.error.code
  const { etcd } = call.error
  if (etcd !== undefined) attributes['db.response.status_code'] = String(etcd.status)
  return attributes
}

/** Where a member is. An endpoint of an own transport may be any name. */
function serverOf(endpoint: string | undefined): Attributes {
  if (endpoint === undefined) return {}
  try {
    const { name } = parseAddress(endpoint)
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(name) ?? [undefined, name]
    if (port === undefined) return { 'server.address': name }
    return { 'server.address': host!, 'server.port': Number(port) }
  } catch {
    return { 'server.address': endpoint }
  }
}

function countNotices(meter: Meter): (() => void)[] {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(`conclave.client.${name}`, { unit, description })
  const events = counter('watch.events', '{event}', 'Events of watches.')
  const lost = counter('leases.lost', '{lease}', 'Leases that were under renewal.')
  const failures = counter('endpoint.failures', '{failure}', 'Endpoints that were not well.')
  const failovers = counter('failovers', '{failover}', 'Changes from one endpoint to another.')
  return [
    onNotice<WatchNotice>('conclave:watch', (notice) => {
      if (notice.type === 'events') events.add(notice.count)
    }),
    onNotice<KeepAliveNotice>('conclave:keepalive', (notice) => {
      if (notice.type === 'lost') lost.add(1, { 'error.type': notice.code })
    }),
    onNotice<ConnectionNotice>('conclave:connection', (notice) => {
      if (notice.type === 'failed') failures.add(1, serverOf(notice.endpoint))
      if (notice.type === 'failed-over') failovers.add(1, serverOf(notice.endpoint))
    }),
  ]
}
