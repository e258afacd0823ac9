/** `conclave` as the examples of the documentation import it: clients meet the cluster of the stage. */

import { type Client, type ConnectOptions, connect as realConnect } from '../../client/index.js'
import { stage } from './stage.js'

export * from '../../client/index.js'

/** As the real one; an example that brings no transport of its own gets that of the stage. */
export function connect(options: ConnectOptions = {}): Client {
  const { endpoints, transport } = stage
  const here = options.transport === undefined && transport ? { endpoints, transport } : {}
  const client = realConnect({ ...options, ...here })
  stage.clients.push(client)
  return client
}
