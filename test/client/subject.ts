/**
 * One subject of the client's tests, the same on every server.
 *
 * A file of this directory calls {@link subject} with its tests. They are run once for each
 * server in question; a server is started once per file, and ours serves both ways of
 * talking to it. Whoever changes a server for good (kills it, fills it) puts it right again.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals'
import { type Client, type ConnectOptions, connect } from '../../client/index.js'
import { ProcessCluster, type ServerProgram } from '../process/process-cluster.js'
import { type Difference, type Feature, type ServerKind, wantedKinds } from './server-kind.js'

const START_MS = 60_000

/** How the servers of a subject are started. */
export interface SubjectOptions {
  /** Members. Default 1. */
  readonly size?: number
  /** Flags of the server, on top of what its kind has; a function is told the endpoint of each member. */
  readonly flags?: readonly string[] | ((endpoint: string) => readonly string[])
  /** Without it the whole subject is pending. */
  readonly needs?: Feature
}

/** Registers a test. */
export type Register = (name: string, run: () => Promise<void> | void, timeoutMs?: number) => void

/** The server that a test runs against; everything but `kind` is there from `beforeAll` on. */
export class ServerUnderTest {
  readonly kind: ServerKind
  /** Every test has keys of its own: they begin with this. */
  at = ''
  readonly #made: Client[] = []
  #cluster: ProcessCluster | undefined
  #client: Client | undefined
  #tests = 0
  #paused = false

  constructor(kind: ServerKind) {
    this.kind = kind
  }

  get cluster(): ProcessCluster {
    return this.#cluster!
  }

  get endpoints(): string[] {
    return this.cluster.endpoints
  }

  /** The client that the tests share. */
  get client(): Client {
    return this.#client!
  }

  /** Another client, closed behind the test. */
  connect(options: Partial<ConnectOptions> = {}): Client {
    const one = connect({ endpoints: this.endpoints, ...this.kind.options, ...options })
    this.#made.push(one)
    return one
  }

  /** Members stand still from now on: connections stay, nobody answers. They go on behind the test. */
  pause(members = this.cluster.members): void {
    for (const member of members) member.signal('SIGSTOP')
    this.#paused = true
  }

  /** Ends a {@link pause} early. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    for (const member of this.cluster.members) member.signal('SIGCONT')
  }

  /** Registers tests that need something; they are pending on a server without it. */
  having(feature: Feature): Register {
    return this.kind.lacks.includes(feature) ? (name) => test.todo(name) : test
  }

  /** Registers tests of what only some servers have, for good. */
  only(difference: Difference): Register {
    if (!this.kind.differs.includes(difference)) return test
    return (name) => test.todo(`differs, no ${difference}: ${name}`)
  }

  /** @internal */
  begin(cluster: ProcessCluster): void {
    this.#cluster = cluster
    this.#client = connect({ endpoints: cluster.endpoints, ...this.kind.options })
  }

  /** @internal */
  beginTest(): void {
    this.at = `${this.kind.name}/${++this.#tests}/`
  }

  /** @internal */
  async endTest(): Promise<void> {
    if (this.#paused) {
      this.resume()
      await this.cluster.leader()
    }
    for (const one of this.#made.splice(0)) one.close()
  }

  /** @internal */
  end(): void {
    this.#client?.close()
  }
}

/** Defines a subject; see the head of the file. */
export function subject(
  name: string,
  define: (server: ServerUnderTest) => void,
  options: SubjectOptions = {},
): void {
  describe(name, () => {
    const running = new Map<ServerProgram, Promise<ProcessCluster>>()
    const clusterOf = (kind: ServerKind, program: ServerProgram) => {
      const { flags: more = [] } = options
      const flags = (endpoint: string) => [
        ...kind.flags,
        ...(typeof more === 'function' ? more(endpoint) : more),
      ]
      const cluster =
        running.get(program) ?? ProcessCluster.start(options.size ?? 1, flags, undefined, program)
      running.set(program, cluster)
      return cluster
    }
    afterAll(async () => {
      const clusters = await Promise.allSettled(running.values())
      for (const started of clusters) if (started.status === 'fulfilled') await started.value.stop()
    }, START_MS)

    for (const kind of wantedKinds()) {
      const { program } = kind
      describe(`on ${kind.name}`, () => {
        if (program === undefined) return missing(kind)
        if (options.needs !== undefined && kind.lacks.includes(options.needs))
          return test.todo(`everything: it has no ${options.needs} yet`)
        const server = new ServerUnderTest(kind)
        beforeAll(async () => server.begin(await clusterOf(kind, program)), START_MS)
        beforeEach(() => server.beginTest())
        afterEach(() => server.endTest())
        afterAll(() => server.end())
        define(server)
      })
    }
  })
}

/** In continuous integration nothing may be left out unseen. */
function missing({ name }: ServerKind): void {
  if (process.env['CI'] === 'true')
    test(`${name} is installed`, () => {
      throw new Error(`no ${name}: put it on the PATH, or set ETCD_BIN`)
    })
  else test.skip(`skipped: no ${name} on the PATH, and no ETCD_BIN`, () => {})
}
