/**
 * Finds free loopback ports, for clusters whose members must know each other's before they start.
 *
 * They are drawn at random below the range from which systems take ports for outgoing
 * connections (32768 and up on Linux, 49152 and up elsewhere): a port that the system gives for 0
 * may be some client's before its member listens, or while its member is down.
 */

import { createServer, type Server } from 'node:net'

const FIRST_PORT = 10_240
const LAST_PORT = 32_767
/** Draws for one port; so many in use in a row is no chance any more. */
const DRAWS_MAX = 1_000

/**
 * Ports that were free a moment ago, all different. Somebody else may take one before
 * it is used; whoever listens gets EADDRINUSE then.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>()
  for (let draws = 0; servers.size < count; draws++) {
    if (draws === count * DRAWS_MAX) throw new Error(`no ${count} loopback ports are free`)
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1))
    const server = servers.has(port) ? undefined : await listen(port)
    if (server !== undefined) servers.set(port, server)
  }
  await Promise.all([...servers.values()].map(close))
  return [...servers.keys()]
}

/** Whether nobody listens on this loopback port right now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = await listen(port)
  if (server !== undefined) await close(server)
  return server !== undefined
}

/** Undefined: somebody else does. */
function listen(port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
