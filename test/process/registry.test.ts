/**
 * Service discovery over real processes and sockets: an instance that is killed is gone after
 * its TTL, and no request is lost while instances are replaced again and again.
 *
 * Needs `dist`: `npm run build` first, as `npm test` does.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, connect } from '../../client/index.js'
import { type Greeter, GreeterClient, startGreeter } from '../../examples/registry/greeter.js'
import { registerConclaveResolver } from '../../recipes/host/grpc-resolver.js'
import { type Registration, Registry, type Service } from '../../recipes/index.js'
import { ProcessCluster } from './process-cluster.js'

/** TTL of the instances, as `examples/registry/instance.ts` has it. */
const TTL_MS = 4_000
/** The server's own time to notice and to write it down. */
const NOTICE_MS = 2_000
const RESTARTS = 50
const INSTANCES = 3
const CALLERS = 8

let cluster: ProcessCluster
let client: Client
let registry: Registry

beforeAll(async () => {
  cluster = await ProcessCluster.start(1)
  client = connect({ endpoints: cluster.endpoints })
  registry = new Registry(client, 'example-services')
}, 60_000)
afterAll(async () => {
  await registry?.close()
  client?.close()
  await cluster?.stop()
}, 60_000)

/** Resolves with the id of the next instance that comes or goes. */
const next = (service: Service, event: 'up' | 'down') =>
  new Promise<string>((found) => {
    const listener = ({ id }: { id: string }) => {
      service.off(event, listener)
      found(id)
    }
    service.on(event, listener)
  })

describe('an instance', () => {
  test('that is killed is gone within its TTL', async () => {
    const service = registry.service('greeter')
    await service.ready()
    const stays = await registry.register({ name: 'greeter', id: 'stays', address: 'h', port: 1 })
    const came = (async () => {
      while ((await next(service, 'up')) !== 'killed');
    })()
    const program = resolve('dist/examples/registry/instance.js')
    const child = fork(program, [cluster.endpoints.join(','), 'killed'], { stdio: 'ignore' })
    await came
    const gone = next(service, 'down')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const killedAtMs = performance.now()
    expect(await gone).toBe('killed')
    expect(performance.now() - killedAtMs).toBeLessThan(TTL_MS + NOTICE_MS)
    expect(service.instances().map(({ id }) => id)).toEqual(['stays'])
    await stays.close()
    service.close()
  }, 60_000)

  test(`that is replaced loses no request, ${RESTARTS} times in a row`, async () => {
    const resolver = registerConclaveResolver(registry)
    const running: { id: string; greeter: Greeter; registration: Registration }[] = []
    const start = async (id: string) => {
      const greeter = await startGreeter(id)
      const given = { name: 'rolling', id, address: '127.0.0.1', port: greeter.port }
      running.push({ id, greeter, registration: await registry.register(given) })
    }
    for (let i = 0; i < INSTANCES; i++) await start(`first-${i}`)
    const greeters = new GreeterClient(resolver.target('rolling'))
    const failures: unknown[] = []
    const answers = new Map<string, number>()
    let isOver = false
    const callers = Array.from({ length: CALLERS }, async () => {
      while (!isOver) {
        const id = await greeters.greet().catch((error) => {
          failures.push(error)
          return 'failed'
        })
        answers.set(id, (answers.get(id) ?? 0) + 1)
      }
    })
    for (let i = 0; i < RESTARTS; i++) {
      await start(`later-${i}`)
      const { registration, greeter } = running.shift()!
      await registration.drain({ waitMs: 100, idle: () => greeter.idle() })
      // Nobody is to notice: a request that still comes is lost.
      greeter.kill()
    }
    isOver = true
    await Promise.all(callers)
    greeters.close()
    resolver.close()
    for (const { registration, greeter } of running) {
      await registration.close()
      await greeter.stop()
    }
    expect(failures).toEqual([])
    expect(answers.get('failed')).toBeUndefined()
    // All of them took part, but perhaps the last, which came at the very end.
    expect(answers.size).toBeGreaterThanOrEqual(INSTANCES + RESTARTS - 1)
    const total = [...answers.values()].reduce((sum, count) => sum + count, 0)
    expect(total).toBeGreaterThan(RESTARTS * CALLERS)
  }, 150_000)
})
