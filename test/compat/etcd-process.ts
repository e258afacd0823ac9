/**
 * A real etcd in a process of its own, for tests that compare with it.
 *
 * Found as `ETCD_BIN` or as `etcd` on the PATH. It listens on free ports of the loopback
 * alone and keeps its data in a directory that is removed with it.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TlsOptions } from '../../client/host/transport.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import { freePorts } from '../../server/host/free-port.js'

/** A running cluster that a suite talks to. */
export interface RunningCluster {
  readonly endpoints: string[]
  stop(): Promise<void>
  /** Kills every member at once, as a power cut would, and starts it again on its data. */
  restart?(): Promise<void>
}

/** Where etcd is; undefined when there is none. */
export function findEtcd(): string | undefined {
  const named = process.env['ETCD_BIN']
  if (named !== undefined) return named
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'etcd')
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here.
    }
  }
  return undefined
}

/** How long a start or a stop may take. */
const PATIENCE_MS = 20_000

/** How a member is started. */
export interface EtcdOptions {
  /** Flags on top of those that it needs. */
  readonly flags?: readonly string[]
  /** It serves clients over TLS, and this is how to reach it; the flags name its certificates. */
  readonly tls?: TlsOptions
}

/** Starts one member; resolves when it answers. */
export async function startEtcd(
  binary: string,
  { flags = [], tls }: EtcdOptions = {},
): Promise<RunningCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'conclave-etcd-'))
  const [client, peer] = await freePorts(2)
  const clientUrl = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${client}`
  const peerUrl = `http://127.0.0.1:${peer}`
  const args = [
    ...['--name', 'm1', '--data-dir', join(directory, 'data'), '--logger', 'zap'],
    ...['--log-level', 'error'],
    ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
    ...['--initial-cluster', `m1=${peerUrl}`],
    ...flags,
  ]
  const start = async () => {
    const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    try {
      await ready(child, clientUrl, tls)
    } catch (error) {
      await end(child, 'SIGKILL')
      throw error
    }
    return child
  }
  let child = await start()
  return {
    endpoints: [clientUrl],
    async stop() {
      await end(child, 'SIGTERM')
      rmSync(directory, { recursive: true, force: true })
    },
    async restart() {
      await end(child, 'SIGKILL')
      child = await start()
    },
  }
}

async function ready(child: ChildProcess, url: string, tls?: TlsOptions): Promise<void> {
  const died = new Promise<never>((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`etcd ended with ${code} before it was ready`)))
  })
  died.catch(() => {})
  const channel = new GrpcTransport().connect(url, tls && { tls })
  const endsAtMs = Date.now() + PATIENCE_MS
  try {
    for (;;) {
      const asked = channel.call(Maintenance.status, {}, { timeoutMs: 1_000 })
      const status = await Promise.race([asked.catch(() => undefined), died])
      if (status !== undefined && status.leader !== 0n) return
      if (Date.now() > endsAtMs) throw new Error('etcd was not ready in time')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    channel.close()
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill(signal)
  const last = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS / 4)
  await gone
  clearTimeout(last)
}
