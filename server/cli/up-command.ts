/**
 * `conclave up`: a whole cluster on this machine, each member a process with data of its own.
 *
 * For trying things out and for development: the ports are those of etcd's Procfile,
 * so etcdctl finds it without a flag. A line says when it is ready. Ctrl-C stops all
 * members cleanly; a member that ends by itself is named, and the others go on.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pRetry from 'p-retry'
import { nodeClock } from '../../client/host/clock-node.js'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import { isPortFree } from '../host/free-port.js'

/** What `conclave up` takes. */
export interface UpOptions {
  /** Members: 1, 3 or 5. */
  readonly size: number
  readonly dataDir: string
  /** First of consecutive ports; etcd's Procfile ports when absent. */
  readonly port: number | undefined
  readonly logLevel: string
}

interface Place {
  readonly name: string
  readonly clientUrl: string
  readonly peerUrl: string
}

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))
const READY_LOOK_MS = 100
const READY_WAIT_MS = 30_000
/** A member that does not stop within this time is killed. */
const STOP_WAIT_MS = 10_000

/** Runs the cluster until a signal. Resolves with the exit code. */
export async function upCommand(options: UpOptions): Promise<number> {
  const places = placesFor(options)
  for (const url of places.flatMap(({ clientUrl, peerUrl }) => [clientUrl, peerUrl]))
    if (!(await isPortFree(Number(new URL(url).port)))) {
      process.stderr.write(
        `conclave: somebody listens at ${url} already; stop it, or choose others with --port\n`,
      )
      return 1
    }
  const cluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
  const members = places.map(
    (place) => new MemberProcess(place, memberArguments(place, cluster, options)),
  )
  const stopAll = () => Promise.all(members.map((member) => member.stop()))
  const signal = new Promise<'signal'>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve('signal'))
  })
  const allEnded = Promise.all(members.map((member) => member.ended)).then(() => 'ended' as const)
  const over = new AbortController()
  const ready = whenReady(places, over.signal).then((leader) => {
    if (leader === undefined) return
    const endpoints = places.map(({ clientUrl }) => clientUrl.slice('http://'.length)).join(',')
    process.stdout.write(
      `ready: ${places.length} member${places.length > 1 ? 's' : ''}, ${leader} leads, data in ${options.dataDir}\n`,
    )
    process.stdout.write(`try:   conclave --endpoints=${endpoints} put greeting hello\n`)
  })
  const end = await Promise.race([signal, allEnded])
  over.abort()
  await stopAll()
  await ready
  if (end === 'signal') process.stdout.write('stopped\n')
  return end === 'signal' && members.every((member) => member.stoppedCleanly) ? 0 : 1
}

function placesFor({ size, port }: UpOptions): Place[] {
  return Array.from({ length: size }, (_, i) => {
    const clientPort = port === undefined ? (i === 0 ? 2379 : 12379 + 10_000 * i) : port + 2 * i
    const peerPort = port === undefined ? 12380 + 10_000 * i : port + 2 * i + 1
    return {
      name: `infra${i + 1}`,
      clientUrl: `http://127.0.0.1:${clientPort}`,
      peerUrl: `http://127.0.0.1:${peerPort}`,
    }
  })
}

function memberArguments(place: Place, cluster: string, options: UpOptions): string[] {
  const { name, clientUrl, peerUrl } = place
  return [
    ['name', name],
    ['data-dir', `${options.dataDir}/${name}`],
    ['listen-client-urls', clientUrl],
    ['advertise-client-urls', clientUrl],
    ['listen-peer-urls', peerUrl],
    ['initial-advertise-peer-urls', peerUrl],
    ['initial-cluster', cluster],
    ['initial-cluster-token', 'conclave-up'],
    ['log-level', options.logLevel],
  ].map(([flag, value]) => `--${flag}=${value}`)
}

/** The name of the leader once every member knows one; undefined when that takes too long. */
async function whenReady(
  places: readonly Place[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const transport = new GrpcTransport()
  const channels = places.map(({ clientUrl }) => transport.connect(clientUrl))
  const look = async (): Promise<string> => {
    const timeoutMs = 1000
    const answers = await Promise.all(
      channels.map((channel) => channel.call(Maintenance.status, {}, { timeoutMs })),
    )
    const at = answers.findIndex(({ header, leader }) => header?.memberId === leader)
    if (at < 0 || answers.some(({ leader }) => leader === 0n)) throw new Error('no leader yet')
    return places[at]!.name
  }
  const retries = READY_WAIT_MS / READY_LOOK_MS
  try {
    return await pRetry(look, { retries, minTimeout: READY_LOOK_MS, factor: 1, signal })
  } catch {
    if (signal.aborted) return undefined
    process.stderr.write(`not ready: no leader after ${READY_WAIT_MS / 1000} s\n`)
    return undefined
  } finally {
    for (const channel of channels) channel.close()
  }
}

/** One `conclave server` process, its output marked with its name. */
class MemberProcess {
  readonly ended: Promise<void>
  #child: ChildProcess
  #stopping = false
  stoppedCleanly = false

  constructor(place: Place, args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'server', ...args], {
      stdio: ['ignore', 'inherit', 'pipe'],
      // A Ctrl-C goes to us alone; we stop the members in order.
      detached: true,
    })
    let rest = ''
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) process.stderr.write(`${place.name} | ${line}\n`)
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.stoppedCleanly = code === 0
        if (!this.#stopping)
          process.stderr.write(
            `${place.name} | ended by itself (${signal ?? `exit code ${code}`})\n`,
          )
        resolve()
      })
    })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGTERM')
    const timer = nodeClock.after(STOP_WAIT_MS, () => this.#child.kill('SIGKILL'))
    await this.ended
    timer.cancel()
  }
}
