/**
 * A cluster of three real etcd processes, for what one member cannot show.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import { freePorts } from '../../server/host/free-port.js'
import { waitFor } from '../process/process-cluster.js'
import type { RunningCluster } from './etcd-process.js'

const SIZE = 3

/** Starts three members named m1 to m3; resolves when each of them knows the leader. */
export async function startEtcdTrio(binary: string): Promise<RunningCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'conclave-etcd-'))
  const ports = await freePorts(2 * SIZE)
  const client = (i: number) => `http://127.0.0.1:${ports[i]}`
  const peer = (i: number) => `http://127.0.0.1:${ports[SIZE + i]}`
  const numbers = Array.from({ length: SIZE }, (_, i) => i)
  const initialCluster = numbers.map((i) => `m${i + 1}=${peer(i)}`).join(',')
  const children = numbers.map((i) =>
    spawn(
      binary,
      [
        ...['--name', `m${i + 1}`, '--data-dir', join(directory, `m${i + 1}`)],
        ...['--logger', 'zap', '--log-level', 'fatal'],
        ...['--listen-client-urls', client(i), '--advertise-client-urls', client(i)],
        ...['--listen-peer-urls', peer(i), '--initial-advertise-peer-urls', peer(i)],
        ...['--initial-cluster', initialCluster],
      ],
      { stdio: 'ignore' },
    ),
  )
  const stop = async () => {
    await Promise.all(children.map(kill))
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await waitFor('a leader of three etcd members', async () => {
      if (children.some((child) => child.exitCode !== null)) throw new Error('an etcd ended')
      const known = await Promise.all(numbers.map((i) => knowsLeader(client(i))))
      return known.every(Boolean)
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoints: numbers.map(client), stop }
}

async function knowsLeader(url: string): Promise<boolean> {
  const channel = new GrpcTransport().connect(url)
  try {
    const { leader } = await channel.call(Maintenance.status, {}, { timeoutMs: 1_000 })
    return leader !== 0n
  } catch {
    return false
  } finally {
    channel.close()
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await gone
}
