/** Checks over the network: what counts as an answer. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePorts } from '../../server/host/free-port.js'
import { instanceOf } from '../registry/instance.js'
import { httpCheck, tcpCheck } from './probes.js'

let server: Server
let port: number
let nobody: number

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/hangs') return
    response.statusCode = request.url === '/broken' ? 503 : 200
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  ;[nobody] = (await freePorts(1)) as [number]
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const at = (where: number) =>
  instanceOf({ name: 's', id: 'i', address: '127.0.0.1', port: where }, () => 'x')
const { signal } = new AbortController()

test('TCP: somebody listens', async () => {
  await tcpCheck()(at(port), signal)
  await expect(tcpCheck()(at(nobody), signal)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('HTTP: it answers, and with what', async () => {
  await httpCheck()(at(port), signal)
  await expect(httpCheck({ path: '/broken' })(at(port), signal)).rejects.toThrow(/503/)
  await httpCheck({ path: '/broken', isHealthy: (status) => status === 503 })(at(port), signal)
  await expect(httpCheck()(at(nobody), signal)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a check that is aborted ends', async () => {
  const abort = new AbortController()
  const hanging = httpCheck({ path: '/hangs' })(at(port), abort.signal)
  abort.abort()
  await expect(hanging).rejects.toMatchObject({ name: 'AbortError' })
})
