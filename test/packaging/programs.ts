/** Programs of users, as text: they are run against the packed package. */

/** Uses a cluster at the endpoint that is its argument, and ends by itself. */
export const USES_CLIENT = `
import { connect, op } from 'conclave'

const client = connect({ endpoints: process.argv[2] })
const watcher = client.watch('packed')
await watcher.created
await client.kv.put('packed', 'works')
for await (const { kv } of watcher) {
  console.log('watched', kv.text())
  break
}
await client.txn().then(op.put('packed', 'still works')).commit()
const lease = await client.lease.grant(60)
await client.lease.revoke(lease.id)
console.log((await client.kv.get('packed')).text())
client.close()
`

/** The same from CommonJS. */
export const USES_CLIENT_CJS = `
const { connect } = require('conclave')

async function main() {
  const client = connect({ endpoints: process.argv[2] })
  await client.kv.put('packed', 'works')
  console.log((await client.kv.get('packed')).text())
  client.close()
}
main()
`

/** Loaded before a program: tells at its end which .proto files it opened. */
export const PROTO_SPY = `
const fs = require('node:fs')
const opened = []
const spied = (owner, names) => {
  for (const name of names) {
    const real = owner[name]
    owner[name] = function (path, ...rest) {
      if (String(path).endsWith('.proto')) opened.push(String(path))
      return real.call(this, path, ...rest)
    }
  }
}
spied(fs, ['openSync', 'open', 'readFileSync', 'readFile', 'createReadStream'])
spied(fs.promises, ['open', 'readFile'])
process.on('exit', () => console.log('opened', JSON.stringify(opened)))
`

/** Uses types of every door; it is compiled and not run. */
export const USES_TYPES = `
import { metrics, trace } from '@opentelemetry/api'
import { type Client, ConclaveError, connect, type WatchEvent } from 'conclave'
import { type ConclaveResolver, registerConclaveResolver } from 'conclave/grpc'
import { distribute, scheduleOn } from 'conclave/node-cron'
import { instrument } from 'conclave/opentelemetry'
import { Election, Mutex, Registry, Session } from 'conclave/recipes'
import { startCluster } from 'conclave/server'
import { startTestCluster } from 'conclave/testing'
import { registryDispatcher } from 'conclave/undici'
import { request } from 'undici'

export async function use(): Promise<string | undefined> {
  await using client: Client = connect({ endpoints: ['http://127.0.0.1:2379'], timeoutMs: 1_000 })
  const stop: () => void = instrument({
    tracerProvider: trace.getTracerProvider(),
    meterProvider: metrics.getMeterProvider(),
  })
  try {
    const { revision } = await client.kv.put('a', new Uint8Array(1))
    const seen: WatchEvent[] = []
    for await (const event of client.watch({ prefix: 'a' }, { startRevision: revision })) seen.push(event)
    const session = await Session.create(client, { ttlSeconds: 10 })
    const election = new Election(session, 'chief')
    await new Mutex(session, 'lock').using(async ({ fencingToken }) => fencingToken)
    void election
    const registry = new Registry(client, 'services')
    const resolver: ConclaveResolver = registerConclaveResolver(registry, { authority: 'eu' })
    void resolver.target('orders')
    await request('http://orders.conclave/', { dispatcher: registryDispatcher(registry) })
    distribute(client, { prefix: 'jobs' })
    await scheduleOn(client, '@daily', () => {}, { name: 'report' }).destroy()
    // @ts-expect-error a key is text or bytes: were everything 'any', this would be no error.
    await client.kv.get(1)
    return (await client.kv.get('a'))?.text()
  } catch (error) {
    if (error instanceof ConclaveError && error.code === 'closed') return undefined
    throw error
  } finally {
    stop()
    void [startCluster, startTestCluster]
  }
}
`
