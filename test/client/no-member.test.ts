/** What is told when something answers that is no member, and nobody finds grpc-js' own words in it. */

import { createServer as createHttp } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type Client, connect } from '../../client/index.js'
import { failure } from './outcome.js'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  open.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function clientOf(endpoint: string, options: { pipeline?: 'off' } = {}): Client {
  const client = connect({ endpoints: endpoint, timeoutMs: 2_000, env: {}, ...options })
  open.push(() => client.close())
  return client
}

const webServer = () => listening(createHttp((_, response) => response.end('hello')))

/** A proxy whose members are down: it answers at once and leaves the rest to its client. */
function proxy(status: number): Promise<string> {
  const server = createHttp2()
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    // Else Node would reset what its client has not ended.
    stream.resume()
    stream.respond({ ':status': status, 'content-type': 'text/html' })
    stream.end('<html>an error page, as proxies send them</html>')
  })
  return listening(server)
}

test.each([
  [
    'a web server',
    'unavailable',
    /does not speak HTTP\/2/,
    async () => `http://${await webServer()}`,
  ],
  ['TLS to one without it', 'tls', /begins with http:/, async () => `https://${await webServer()}`],
  [
    'HTTP/2 without gRPC',
    'unavailable',
    /without a gRPC status/,
    async () => `http://${await proxy(200)}`,
  ],
  [
    'a page for an error',
    'unavailable',
    /HTTP status code 503/,
    async () => `http://${await proxy(503)}`,
  ],
  [
    'nobody',
    'unavailable',
    /\(connect ECONNREFUSED 127\.0\.0\.1:1\)$/,
    async () => 'http://127.0.0.1:1',
  ],
])('%s: a code and a reason, for calls of both kinds', async (_name, code, reason, serve) => {
  const endpoint = await serve()
  for (const client of [clientOf(endpoint), clientOf(endpoint, { pipeline: 'off' })]) {
    const error = await failure(client.kv.get('a'))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(reason)
    expect(error.message).not.toMatch(/Resolution note|SSL routines|please report/)
  }
})

test('a page instead of an answer to a write: its outcome is unknown', async () => {
  const client = clientOf(`http://${await proxy(200)}`, { pipeline: 'off' })
  expect(await failure(client.kv.put('a', 'b'))).toMatchObject({
    code: 'outcome-unknown',
    outcomeUnknown: true,
  })
})

test('a page instead of a stream ends the stream, and a watch says why it waits', async () => {
  const client = clientOf(`http://${await proxy(503)}`)
  const watcher = client.watch('a')
  watcher.created.catch(() => {})
  const error = await new Promise((resolve) => watcher.on('disconnected', resolve))
  expect(String(error)).toMatch(/HTTP status code 503/)
})
