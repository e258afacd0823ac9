/**
 * The application of `examples/embedded` on a real etcd: the one at CONCLAVE_ENDPOINTS, or
 * one that is started for it, if there is an `etcd` on the PATH (or at ETCD_BIN).
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'conclave'
import { runApplication } from '../application.js'

const EXPLANATION = `There is no etcd here. Any of these helps:
  - install one, so that it is on the PATH (on Debian: apt install etcd-server)
  - ETCD_BIN=/path/to/etcd
  - CONCLAVE_ENDPOINTS=http://host:2379, for one that runs already`

async function onEndpoints(endpoints: readonly string[]): Promise<void> {
  const client = connect({ endpoints })
  try {
    console.log(`On ${endpoints.join(', ')}`)
    await runApplication(client)
  } finally {
    client.close()
  }
}

/** Starts etcd on free ports, and ends it and its data afterwards. */
async function withEtcd(run: (endpoints: readonly string[]) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'conclave-with-etcd-'))
  const [client, peer] = [await freeUrl(), await freeUrl()]
  const urls = ['--listen-client-urls', client, '--advertise-client-urls', client]
  const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer]
  const cluster = ['--name', 'one', '--initial-cluster', `one=${peer}`]
  const flags = ['--data-dir', dataDir, '--log-level', 'error', ...urls, ...peers, ...cluster]
  const binary = process.env['ETCD_BIN'] ?? 'etcd'
  const etcd = spawn(binary, flags, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    await started(etcd)
    await run([client])
  } finally {
    await ended(etcd)
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** @throws Error with code ENOENT: there is no such program. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await exited
}

function freeUrl(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'))
        else resolve(`http://127.0.0.1:${address.port}`)
      })
    })
  })
}

const given = process.env['CONCLAVE_ENDPOINTS']
try {
  if (given !== undefined && given !== '') await onEndpoints(given.split(','))
  else await withEtcd(onEndpoints)
  console.log('The same program runs on both.')
} catch (error) {
  if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  console.log(EXPLANATION)
  process.exitCode = 1
}
