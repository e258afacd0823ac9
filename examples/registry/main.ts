/**
 * `npm run example -- registry`: a gRPC service whose instances come, go and die, and a client
 * that finds them through the registry.
 *
 * Three instances serve; a client asks all the time. Each is replaced by a new one, in order,
 * and no request is lost. Then one is killed; it is gone when its lease runs out.
 */

import { connect } from 'conclave'
import { registerConclaveResolver } from 'conclave/grpc'
import { Registry } from 'conclave/recipes'
import { withCluster } from '../cluster.js'
import { Fleet } from './fleet.js'
import { GreeterClient } from './greeter.js'

/** Requests under way at a time. */
const CALLERS = 4

await withCluster(async (endpoints) => {
  const client = connect({ endpoints })
  const registry = new Registry(client, 'example-services')
  const resolver = registerConclaveResolver(registry)
  const fleet = new Fleet(endpoints)
  const greeter = new GreeterClient(resolver.target('greeter'))
  try {
    await tell(registry, fleet, greeter)
  } finally {
    greeter.close()
    await fleet.close()
    resolver.close()
    await registry.close()
    client.close()
  }
})

async function tell(registry: Registry, fleet: Fleet, greeter: GreeterClient): Promise<void> {
  const view = registry.service('greeter')
  view.on('up', ({ id, port }) => console.log(`  up      ${id} at port ${port}`))
  view.on('change', ({ id, status }) => console.log(`  change  ${id} is ${status}`))
  view.on('down', ({ id }) => console.log(`  down    ${id}`))
  await view.ready()

  console.log('Three instances start:')
  await Promise.all(['ann', 'bob', 'cid'].map((name) => fleet.start(name)))

  console.log('All are replaced under load:')
  const load = startLoad(greeter)
  for (const [old, name] of [
    ['ann', 'dot'],
    ['bob', 'eve'],
    ['cid', 'fay'],
  ] as const) {
    await fleet.start(name)
    await fleet.end(old, 'SIGTERM')
  }
  const { answered, failed, by } = await load.stop()
  console.log(
    `${answered} requests were answered by ${[...by].sort().join(', ')}; ${failed} failed`,
  )

  console.log('One is killed, and is gone when its lease of 4 s runs out:')
  const gone = new Promise<void>((resolve) =>
    view.on('down', ({ id }) => {
      if (id === 'dot') resolve()
    }),
  )
  await fleet.end('dot', 'SIGKILL')
  await gone
  if (failed > 0) process.exitCode = 1
}

/** Asks all the time, until it is stopped. */
function startLoad(greeter: GreeterClient) {
  const by = new Set<string>()
  let [answered, failed] = [0, 0]
  let isOver = false
  const call = async () => {
    while (!isOver)
      try {
        by.add(await greeter.greet())
        answered++
      } catch (error) {
        failed++
        console.error(error)
      }
  }
  const callers = Array.from({ length: CALLERS }, call)
  return {
    async stop() {
      isOver = true
      await Promise.all(callers)
      return { answered, failed, by }
    },
  }
}
