/**
 * A whole application in one process: a server that keeps its data on disk, a client that
 * reaches it without a socket, and recipes on top. It runs twice on the same data, to show
 * what outlives the process and what does not.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'conclave'
import { startServer } from 'conclave/server'
import { runApplication } from '../application.js'

const dataDir = await mkdtemp(join(tmpdir(), 'conclave-embedded-'))

/** One life of the process. */
async function life(number: number): Promise<number> {
  const server = await startServer({
    name: 'app',
    dataDir,
    // No sockets: nobody but this process needs to reach it.
    listenClientUrls: [],
    listenPeerUrls: [],
  })
  try {
    await server.ready()
    const client = connect({ endpoints: ['http://embedded'], transport: server.transport })
    try {
      console.log(`Life ${number}, with the data in ${dataDir}`)
      return await runApplication(client)
    } finally {
      client.close()
    }
  } finally {
    await server.stop()
  }
}

try {
  const visits = [await life(1), await life(2)]
  const isRight = visits[0] === 1 && visits[1] === 2
  console.log(isRight ? 'The configuration outlived the process.' : 'Something was lost.')
  if (!isRight) process.exitCode = 1
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
