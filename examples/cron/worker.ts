/** A worker of the fleet: it runs what falls to it, and tells its parent of every tick. */

import { connect } from 'conclave'
import { Cron } from 'conclave/recipes'

/** What a worker tells. */
export interface Report {
  readonly node: string
  readonly scheduledMs: number
  readonly token: number
}

const [node = '', endpoints = ''] = process.argv.slice(2)
const client = connect({ endpoints: endpoints.split(',') })
const cron = new Cron(client, 'example', { node, ttlSeconds: 3 })
cron.handle('report', ({ scheduledMs, fencingToken }) => {
  process.send?.({ node, scheduledMs, token: fencingToken } satisfies Report)
})
await cron.start()
// All of them put it; it is stored once.
await cron.put({ name: 'report', schedule: '* * * * * *' })

process.on('message', async () => {
  await cron.stop()
  client.close()
  process.disconnect()
})
