/**
 * Real members as real processes on real disks and loopback sockets, to be killed,
 * stopped and continued by a test. They run the built command, `dist/server/cli/main.js`.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import type { StatusResponse } from '../../client/wire/generated/rpc.js'
import { Maintenance } from '../../client/wire/methods.js'
import { freePorts } from '../../server/host/free-port.js'

/** The built command. Tests run from the root of the repository. */
export const COMMAND = resolve('dist/server/cli/main.js')

const LOOK_MS = 50
const WAIT_MS = 30_000

/** What runs a member: a program and the arguments that always stand first. */
export interface ServerProgram {
  readonly program: string
  readonly first: readonly string[]
}

/** Our server as built. */
export const OUR_COMMAND: ServerProgram = { program: process.execPath, first: [COMMAND, 'server'] }

/** One member process; the object outlives its processes. */
export class ProcessMember {
  readonly name: string
  readonly endpoint: string
  readonly dataDir: string
  readonly #args: readonly string[]
  readonly #server: ServerProgram
  #child: ChildProcess | undefined
  #stderr = ''
  #exitCode: number | null | undefined

  constructor(
    name: string,
    endpoint: string,
    dataDir: string,
    args: readonly string[],
    server = OUR_COMMAND,
  ) {
    this.#server = server
    this.name = name
    this.endpoint = endpoint
    this.dataDir = dataDir
    this.#args = args
  }

  get isUp(): boolean {
    return this.#child !== undefined
  }

  /** What the last process wrote to stderr, the newest 20 kB of it. */
  get stderr(): string {
    return this.#stderr
  }

  start(): void {
    if (this.#child !== undefined) throw new Error(`${this.name} runs already`)
    const { program, first } = this.#server
    if (first[0] === COMMAND && !existsSync(COMMAND))
      throw new Error(`${COMMAND} is missing: run npm run build first`)
    const child = spawn(program, [...first, ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    this.#stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-20_000)
    })
    this.#exitCode = undefined
    child.once('exit', (code) => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#exitCode = code
    })
  }

  /** How the last process ended: a code, null after a signal; undefined while one runs. */
  get exitCode(): number | null | undefined {
    return this.#exitCode
  }

  /** Of the process that runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Sends a signal to this process. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Sends a signal that ends the process, and waits for the end. @returns exit code, or null. */
  async end(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return null
    const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
    child.kill(signal)
    return ended
  }

  /** What the member says of itself; undefined when it does not answer. */
  async status(): Promise<StatusResponse | undefined> {
    const channel = new GrpcTransport().connect(this.endpoint)
    try {
      return await channel.call(Maintenance.status, {}, { timeoutMs: 1000 })
    } catch {
      return undefined
    } finally {
      channel.close()
    }
  }

  /** The hash of all that it holds. @throws it does not answer. */
  async hashKv(): Promise<number> {
    const channel = new GrpcTransport().connect(this.endpoint)
    try {
      return (await channel.call(Maintenance.hashKV, {}, { timeoutMs: 5000 })).hash
    } finally {
      channel.close()
    }
  }
}

/** Where others find a member: at its own addresses, unless something stands before them. */
export interface Doors {
  client(name: string, url: string): Promise<string>
  peer(name: string, url: string): Promise<string>
  /** Hears of the members before they are started. */
  made?(members: readonly ProcessMember[]): void
}

const NO_DOORS: Doors = {
  client: async (_name, url) => url,
  peer: async (_name, url) => url,
}

/** Some members on this machine, in a directory of their own. */
export class ProcessCluster {
  readonly members: readonly ProcessMember[]
  readonly #directory: string

  /**
   * Starts `size` members and waits until a leader is known to all.
   *
   * @param flags for every member; a function is told the endpoint of each.
   * @param server what runs a member and understands etcd's flags; our own command when absent.
   */
  static async start(
    size: number,
    flags: readonly string[] | ((endpoint: string) => readonly string[]) = [],
    doors: Doors = NO_DOORS,
    server: ServerProgram = OUR_COMMAND,
  ): Promise<ProcessCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'conclave-'))
    const ports = await freePorts(2 * size)
    const places = await Promise.all(
      Array.from({ length: size }, async (_, i) => {
        const name = `m${i + 1}`
        const endpoint = `http://127.0.0.1:${ports[i]}`
        const peer = `http://127.0.0.1:${ports[size + i]}`
        const advertised = {
          client: await doors.client(name, endpoint),
          peer: await doors.peer(name, peer),
        }
        return { name, endpoint, peer, advertised, dataDir: join(directory, name) }
      }),
    )
    const initialCluster = places
      .map(({ name, advertised }) => `${name}=${advertised.peer}`)
      .join(',')
    const members = places.map(
      ({ name, endpoint, peer, advertised, dataDir }) =>
        new ProcessMember(
          name,
          endpoint,
          dataDir,
          [
            `--name=${name}`,
            `--data-dir=${dataDir}`,
            `--listen-client-urls=${endpoint}`,
            `--advertise-client-urls=${advertised.client}`,
            `--listen-peer-urls=${peer}`,
            `--initial-advertise-peer-urls=${advertised.peer}`,
            `--initial-cluster=${initialCluster}`,
            '--log-level=warn',
            ...(typeof flags === 'function' ? flags(endpoint) : flags),
          ],
          server,
        ),
    )
    doors.made?.(members)
    const cluster = new ProcessCluster(members, directory)
    for (const member of members) member.start()
    try {
      await cluster.leader(true)
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  private constructor(members: readonly ProcessMember[], directory: string) {
    this.members = members
    this.#directory = directory
  }

  get endpoints(): string[] {
    return this.members.map((member) => member.endpoint)
  }

  /**
   * The member that leads, once every member that is up agrees on it.
   *
   * @param allMustLive a member that ends meanwhile is a failure, with what it wrote.
   */
  async leader(allMustLive = false): Promise<ProcessMember> {
    const up = this.members.filter((member) => member.isUp)
    let found: ProcessMember | undefined
    try {
      await waitFor(`a leader among ${up.map(({ name }) => name).join(', ')}`, async () => {
        const ended = allMustLive ? up.find((member) => !member.isUp) : undefined
        if (ended !== undefined) throw new Error(`${ended.name} ended: ${ended.stderr}`)
        found = await agreedLeader(up)
        return found !== undefined
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${await whatTheySay(up)}`)
    }
    return found!
  }

  /** Kills every member at once, as a power cut would, and starts it again on its data. */
  async restart(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end('SIGKILL')))
    for (const member of this.members) member.start()
    await this.leader()
  }

  /** Ends all processes and removes the data. */
  async stop(): Promise<void> {
    for (const member of this.members) member.signal('SIGCONT')
    await Promise.all(this.members.map((member) => member.end()))
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** The member that leads, if all of these answer and agree on it. */
export async function agreedLeader<M extends ProcessMember>(
  members: readonly M[],
): Promise<M | undefined> {
  const answers = await Promise.all(members.map((member) => member.status()))
  const leaders = new Set(answers.map((answer) => answer?.leader ?? 0n))
  const at = answers.findIndex((answer) => answer?.header?.memberId === answer?.leader)
  return leaders.size === 1 && !leaders.has(0n) ? members[at] : undefined
}

/** Who each of them follows, for whoever looks into a wait in vain. */
async function whatTheySay(members: readonly ProcessMember[]): Promise<string> {
  const said = members.map(async (member) => {
    const { leader, raftTerm, header } = (await member.status()) ?? {}
    if (header === undefined) return `${member.name} says nothing; ${member.stderr.slice(-500)}`
    return `${member.name} is ${header.memberId} and follows ${leader} in term ${raftTerm}`
  })
  return (await Promise.all(said)).join('; ')
}

/** Looks until the condition holds. @throws after half a minute, naming what was missing. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  waitMs = WAIT_MS,
): Promise<void> {
  const untilMs = performance.now() + waitMs
  while (!(await condition())) {
    if (performance.now() > untilMs) throw new Error(`waited ${waitMs} ms for ${what}`)
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
}
