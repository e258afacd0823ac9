/** The client against our own servers: the same suite that etcd passes. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../../server/index.js'
import { clientSuite } from './client-suite.js'

/** The Lock service is not served yet. */
const OFFERS = { lock: false }

async function inMemory() {
  const cluster = await startCluster({ size: 1, storage: 'memory' })
  return { endpoints: [...cluster.endpoints], stop: () => cluster.stop() }
}

async function onDisk() {
  const directory = mkdtempSync(join(tmpdir(), 'conclave-client-'))
  const cluster = await startCluster({ size: 3, dataDir: directory })
  return {
    endpoints: [...cluster.endpoints],
    async stop() {
      await cluster.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

clientSuite('against one member in memory', inMemory, OFFERS)
clientSuite('against three members on disk', onDisk, OFFERS)
