/**
 * One instance of the greeter, a process of its own: registers itself, serves, and drains
 * when it is told to end. Arguments: endpoints, name.
 */

import { connect } from 'conclave'
import { Registry } from 'conclave/recipes'
import { startGreeter } from './greeter.js'

const [endpoints = '', name = ''] = process.argv.slice(2)
const greeter = await startGreeter(name)
const client = connect({ endpoints: endpoints.split(',') })
const registry = new Registry(client, 'example-services', { ttlSeconds: 4 })
await registry.register({
  name: 'greeter',
  id: name,
  address: '127.0.0.1',
  port: greeter.port,
  protocol: 'grpc',
})
console.log('registered')

const leave = async () => {
  process.off('SIGTERM', leave).off('disconnect', leave)
  await registry.drain({ waitMs: 100, idle: () => greeter.stop() })
  client.close()
  if (process.connected) process.disconnect()
}
// Told to end, or whoever started it is gone.
process.once('SIGTERM', leave)
process.once('disconnect', leave)
