/** Spans and metrics, as OpenTelemetry's own SDK and a meter of the test take them. */

import { afterEach, describe, expect, test } from '@jest/globals'
import {
  type Attributes,
  createNoopMeter,
  type MeterProvider,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { fakeMembers } from '../test/client/fake-members.js'
import { type InstrumentOptions, instrument } from './opentelemetry.js'
import { RpcError, Status } from './wire/status.js'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

function instrumented(options: InstrumentOptions): () => void {
  const stop = instrument(options)
  stops.push(stop)
  return stop
}

function spans() {
  const exporter = new InMemorySpanExporter()
  const spanProcessors = [new SimpleSpanProcessor(exporter)]
  const tracerProvider = new BasicTracerProvider({ spanProcessors })
  return { tracerProvider, exporter }
}

/** A meter provider that keeps what it is given. */
function recordings() {
  const recorded: { name: string; value: number; attributes: Attributes | undefined }[] = []
  const instrumentNamed = (name: string) => {
    const keep = (value: number, attributes?: Attributes) =>
      void recorded.push({ name, value, attributes })
    return { record: keep, add: keep }
  }
  const meter = Object.assign(createNoopMeter(), {
    createHistogram: instrumentNamed,
    createCounter: instrumentNamed,
  })
  const meterProvider: MeterProvider = { getMeter: () => meter }
  return { meterProvider, recorded }
}

describe('spans', () => {
  test('a call is a span of a database client', async () => {
    const { client } = fakeMembers(1)
    const { tracerProvider, exporter } = spans()
    instrumented({ tracerProvider })
    await client.kv.put('secret', 'value')
    client.close()
    const [span, ...more] = exporter.getFinishedSpans()
    expect(more).toEqual([])
    expect(span).toMatchObject({ name: 'KV/Put', kind: SpanKind.CLIENT })
    expect(span!.status.code).toBe(SpanStatusCode.UNSET)
    expect(span!.attributes).toEqual({
      'db.system.name': 'etcd',
      'db.operation.name': 'KV/Put',
      'conclave.transport': 'unary',
      'conclave.tries': 1,
      'server.address': 'a',
      'server.port': 2379,
    })
  })

  test('a failure has its code, and the status of the wire', async () => {
    const { client, first } = fakeMembers(1)
    const { tracerProvider, exporter } = spans()
    instrumented({ tracerProvider })
    first.onPut = () => {
      throw new RpcError(Status.UNAVAILABLE, 'gone')
    }
    await expect(client.kv.put('a', '1')).rejects.toThrow()
    client.close()
    const [span] = exporter.getFinishedSpans()
    expect(span!.status.code).toBe(SpanStatusCode.ERROR)
    expect(span!.attributes).toMatchObject({
      'error.type': 'outcome-unknown',
      'db.response.status_code': '14',
    })
  })

  test('stop ends it', async () => {
    const { client } = fakeMembers(1)
    const { tracerProvider, exporter } = spans()
    instrumented({ tracerProvider })()
    await client.kv.put('a', '1')
    client.close()
    expect(exporter.getFinishedSpans()).toEqual([])
  })
})

describe('metrics', () => {
  test('durations in seconds, lost leases, fail-overs', async () => {
    const { client, members } = fakeMembers(2)
    const { meterProvider, recorded } = recordings()
    instrumented({ meterProvider })
    members[0]!.up = false
    members[1]!.onKeepAlive = ({ ID }, stream) => stream.send({ ID, TTL: 0 })
    await client.kv.get('a')
    await client.lease.keepAliveOnce(7n).catch(() => {})
    client.close()
    const names = recorded.map(({ name }) => name)
    expect(names).toEqual([
      'conclave.client.endpoint.failures',
      'conclave.client.failovers',
      'db.client.operation.duration',
      'conclave.client.leases.lost',
      'db.client.operation.duration',
    ])
    expect(recorded[0]!.attributes).toEqual({ 'server.address': 'a', 'server.port': 2379 })
    expect(recorded[2]!.value).toBeLessThan(30)
    expect(recorded[2]!.attributes).toMatchObject({ 'server.address': 'b' })
    expect(recorded[3]!.attributes).toEqual({ 'error.type': 'lease-not-found' })
  })

  test('stop ends them', async () => {
    const { client, members } = fakeMembers(2)
    const { meterProvider, recorded } = recordings()
    instrumented({ meterProvider })()
    members[0]!.up = false
    await client.kv.get('a')
    client.close()
    expect(recorded).toEqual([])
  })

  test('somebody must take them', () => {
    expect(() => instrument({})).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
