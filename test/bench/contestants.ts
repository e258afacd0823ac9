/** The servers that are measured beside each other: ours, and etcd where it is installed. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import { freePorts } from '../../server/host/free-port.js'

/** A cluster of processes under measurement. */
export interface Contestant {
  readonly endpoints: readonly string[]
  readonly pids: readonly number[]
  /** The endpoint of the leader. */
  readonly leader: string
  stop(): Promise<void>
}

/** A kind of server that can be started. */
export interface ContestantKind {
  readonly name: string
  start(size: number): Promise<Contestant>
}

const WAIT_MS = 20_000
const LOOK_MS = 100

/** Our server, as built into dist. */
export const conclave: ContestantKind = {
  name: 'conclave',
  start: (size) =>
    startCluster(
      size,
      process.execPath,
      [resolve('dist/server/cli/main.js'), 'server'],
      ['--log-level=error'],
    ),
}

/** etcd from `ETCD_BIN` or the PATH; undefined when there is none. */
export function findEtcd(): ContestantKind | undefined {
  const binary = process.env['ETCD_BIN'] ?? 'etcd'
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  if (status !== 0) return undefined
  const version = /etcd Version: (\S+)/.exec(stdout)?.[1] ?? ''
  return {
    name: `etcd ${version}`,
    start: (size) => startCluster(size, binary, [], ['--log-level=error']),
  }
}

/** Our server, and etcd where there is one; says on stderr what is measured, and on what. */
export function installed(): ContestantKind[] {
  const etcd = findEtcd()
  const kinds = etcd === undefined ? [conclave] : [conclave, etcd]
  process.stderr.write(
    `${kinds.map(({ name }) => name).join(' and ')} on ${cpus().length} cores, Node ${process.version}` +
      `${etcd === undefined ? '; no etcd on the PATH to compare with' : ''}\n`,
  )
  return kinds
}

async function startCluster(
  size: number,
  program: string,
  prefix: readonly string[],
  flags: readonly string[],
): Promise<Contestant> {
  const directory = await mkdtemp(join(tmpdir(), 'conclave-bench-'))
  const ports = await freePorts(2 * size)
  const client = (i: number) => `http://127.0.0.1:${ports[i]}`
  const peer = (i: number) => `http://127.0.0.1:${ports[size + i]}`
  const places = Array.from({ length: size }, (_, i) => i)
  const initialCluster = places.map((i) => `m${i}=${peer(i)}`).join(',')
  const children = places.map((i) =>
    spawn(
      program,
      [
        ...prefix,
        `--name=m${i}`,
        `--data-dir=${join(directory, `m${i}`)}`,
        `--listen-client-urls=${client(i)}`,
        `--advertise-client-urls=${client(i)}`,
        `--listen-peer-urls=${peer(i)}`,
        `--initial-advertise-peer-urls=${peer(i)}`,
        `--initial-cluster=${initialCluster}`,
        ...flags,
      ],
      { stdio: 'ignore' },
    ),
  )
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end))
    await rm(directory, { recursive: true, force: true })
  }
  const endpoints = places.map(client)
  try {
    const leader = await whenReady(endpoints)
    return { endpoints, leader, pids: children.map((child) => child.pid!), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The leader's endpoint, once all members know one. */
async function whenReady(endpoints: readonly string[]): Promise<string> {
  const transport = new GrpcTransport()
  const untilMs = performance.now() + WAIT_MS
  while (performance.now() < untilMs) {
    const channels = endpoints.map((endpoint) => transport.connect(endpoint))
    const calls = channels.map((channel) =>
      channel.call(Maintenance.status, {}, { timeoutMs: 1000 }),
    )
    const answers = await Promise.allSettled(calls)
    for (const channel of channels) channel.close()
    const up = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const at = up.findIndex(({ header, leader }) => leader !== 0n && header?.memberId === leader)
    if (up.length === endpoints.length && at >= 0) return endpoints[at]!
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
  throw new Error(`the cluster was not ready within ${WAIT_MS} ms`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}
