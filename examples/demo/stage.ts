/** The processes of the demo: members and workers, started, killed by id, and cleaned up. */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from './worker.js'

const COMMAND = fileURLToPath(new URL('../../server/cli/main.js', import.meta.url))
const WORKER = fileURLToPath(new URL('worker.js', import.meta.url))

/** A member of the cluster. */
export interface StageMember {
  readonly name: string
  readonly endpoint: string
  readonly pid: number
}

/** Everything that runs, so that nothing outlives the demo. */
export class Stage {
  readonly #directory: string
  readonly #children = new Map<string, ChildProcess>()
  readonly #memberArguments = new Map<string, readonly string[]>()
  readonly members: { name: string; endpoint: string }[] = []

  static async open(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'conclave-demo-')))
  }

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Starts three members on free ports. */
  async startMembers(): Promise<void> {
    const names = ['anna', 'boris', 'carla']
    const ports = await freePorts(2 * names.length)
    const client = (i: number) => `http://127.0.0.1:${ports[2 * i]}`
    const peer = (i: number) => `http://127.0.0.1:${ports[2 * i + 1]}`
    const cluster = names.map((name, i) => `${name}=${peer(i)}`).join(',')
    for (const [i, name] of names.entries()) {
      this.members.push({ name, endpoint: client(i) })
      this.#memberArguments.set(name, [
        `--name=${name}`,
        `--data-dir=${join(this.#directory, name)}`,
        `--listen-client-urls=${client(i)}`,
        `--advertise-client-urls=${client(i)}`,
        `--listen-peer-urls=${peer(i)}`,
        `--initial-advertise-peer-urls=${peer(i)}`,
        `--initial-cluster=${cluster}`,
        '--log-level=error',
      ])
      this.startMember(name)
    }
  }

  /** Starts a member, for the first time or again on its data. */
  startMember(name: string): void {
    const args = [COMMAND, 'server', ...this.#memberArguments.get(name)!]
    this.#children.set(
      name,
      spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }),
    )
  }

  /** Starts a worker; its reports go to `onReport`. */
  startWorker(name: string, ttlSeconds: number, onReport: (report: Report) => void): void {
    const endpoints = this.members.map(({ endpoint }) => endpoint).join(',')
    const child = fork(WORKER, [name, endpoints, String(ttlSeconds)], { stdio: 'inherit' })
    child.on('message', (report) => onReport(report as Report))
    this.#children.set(name, child)
  }

  pidOf(name: string): number {
    return this.#children.get(name)?.pid ?? 0
  }

  /** SIGKILL: no time to say goodbye. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name)
    if (child === undefined) return
    this.#children.delete(name)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** Ends whatever runs and removes the data. */
  async close(): Promise<void> {
    await Promise.all([...this.#children.keys()].map((name) => this.kill(name)))
    await rm(this.#directory, { recursive: true, force: true })
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(
    servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
