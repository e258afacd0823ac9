/**
 * Recipes on a world of members: each worker is a process of its own, with its own
 * client, clock and link, over the real members of a {@link MemberWorld}.
 *
 * A worker can be cut off, stand still, or have single requests meet a bad fate. What
 * its client asks and hears is counted, because recipes promise what they cost.
 */

import type { Channel, Transport } from '../../client/host/transport.js'
import { type Client, connect } from '../../client/index.js'
import type { WatchResponse } from '../../client/wire/generated/rpc.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { MemberClock } from '../../server/testing/member-clock.js'
import { SeededRandom } from '../model/random.js'
import { MemberWorld } from './member-world.js'

/**
 * What becomes of a request: it is done and the answer is lost; it fails at once and is
 * done later, when the test says so; it is on its way until the test lets it go; or the
 * server refuses it for want of space.
 */
export type Fate = 'answerLost' | 'arrivesLate' | 'held' | 'refused'

/** One process. */
export interface Worker {
  readonly name: string
  readonly client: Client
  readonly clock: MemberClock
  /** Unary calls and watch streams by the last part of their path: `Txn`, `Range`, …. */
  readonly calls: Map<string, number>
  /** Events that its watches were told. */
  readonly events: { count: number }
  /** The next such call meets this fate; resolves, when it was sent, with how to let it go on. */
  doom(method: string, fate: Fate): Promise<() => Promise<void>>
  /** What was doomed and has not been sent yet meets its usual fate. */
  pardon(): void
}

/** See the head of the file. */
export class RecipeWorld {
  readonly members: MemberWorld
  readonly workers: Worker[] = []

  constructor(members: MemberWorld) {
    this.members = members
  }

  /** Starts the members and waits for a leader. */
  static async start<T extends RecipeWorld>(
    this: new (
      members: MemberWorld,
    ) => T,
    size = 1,
  ): Promise<T> {
    return new this(await MemberWorld.start(size))
  }

  /** A process with a client. */
  worker(name: string): Worker {
    const clock = new MemberClock(this.members.clock)
    const link = new Link(this.members.network.view(name))
    const client = connect({
      endpoints: this.members.machines.map(({ clientUrl }) => clientUrl),
      transport: link,
      clock,
      random: new SeededRandom(this.workers.length + 1),
      // Doom strikes calls that are requests of their own.
      pipeline: 'off',
    })
    const { calls, events } = link
    const doom = link.doom.bind(link)
    const pardon = link.pardon.bind(link)
    const worker = { name, client, clock, calls, events, doom, pardon }
    this.workers.push(worker)
    return worker
  }

  get now(): number {
    return this.members.clock.now()
  }

  /** Runs time until it settles. */
  settle<T>(promise: Promise<T>): Promise<T> {
    return this.members.answered(promise)
  }

  /** Runs time until it fails; resolves with why. */
  failure(promise: Promise<unknown>): Promise<Error & { code?: string; reason?: unknown }> {
    const failed = promise.then(
      () => {
        throw new Error('it succeeded')
      },
      (error) => error,
    )
    return this.settle(failed)
  }

  run(ms: number): Promise<void> {
    return this.members.run(ms)
  }

  until(what: string, condition: () => boolean, maxMs?: number): Promise<void> {
    return this.members.until(what, condition, maxMs)
  }

  /** Nothing passes between this worker and the members any more. */
  cut(worker: Worker): void {
    this.members.network.isolate(
      worker.name,
      this.members.machines.map(({ name }) => name),
    )
  }

  heal(): void {
    this.members.network.heal()
  }

  /** The process dies. */
  kill(worker: Worker): void {
    this.cut(worker)
    worker.clock.end()
  }

  /** All keys, as somebody far from all cuts sees them. */
  async keys(): Promise<string[]> {
    const from = Buffer.from([0])
    const machine = await this.members.leader()
    const { kvs } = await this.members.range(machine, { key: from, rangeEnd: from })
    return kvs.map(({ key }) => Buffer.from(key).toString())
  }

  async stop(): Promise<void> {
    for (const { client } of this.workers) client.close()
    await this.members.stop()
  }
}

/** A worker's way to the members. */
class Link implements Transport {
  readonly calls = new Map<string, number>()
  readonly events = { count: 0 }
  readonly #inner: Transport
  #doomed: { method: string; fate: Fate; sent: (go: () => Promise<void>) => void }[] = []

  constructor(inner: Transport) {
    this.#inner = inner
  }

  doom(method: string, fate: Fate): Promise<() => Promise<void>> {
    return new Promise((sent) => this.#doomed.push({ method, fate, sent }))
  }

  pardon(): void {
    this.#doomed = []
  }

  connect(address: string): Channel {
    const inner = this.#inner.connect(address)
    return {
      call: (method, request, options) => {
        const send = () => inner.call(method, request, options)
        return this.#meet(nameOf(method.path), send)
      },
      stream: (method, options) => {
        this.#count(nameOf(method.path))
        const stream = inner.stream(method, options)
        if (nameOf(method.path) !== 'Watch') return stream
        const receive = stream.receive.bind(stream)
        stream.receive = (receiver) =>
          receive({
            ...receiver,
            message: (message) => {
              this.events.count += (message as WatchResponse).events.length
              receiver.message(message)
            },
          })
        return stream
      },
      close: () => inner.close(),
    }
  }

  async #meet<T>(method: string, send: () => Promise<T>): Promise<T> {
    this.#count(method)
    const doomed = this.#doomed.find((one) => one.method === method)
    if (doomed === undefined) return send()
    this.#doomed = this.#doomed.filter((one) => one !== doomed)
    if (doomed.fate === 'held') {
      await new Promise<void>((resolve) => doomed.sent(async () => resolve()))
      return send()
    }
    if (doomed.fate === 'answerLost') await send()
    doomed.sent(async () => {
      if (doomed.fate === 'arrivesLate') await send()
    })
    if (doomed.fate === 'refused')
      throw new RpcError(Status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded')
    throw new RpcError(Status.UNAVAILABLE, 'the connection broke before the answer came')
  }

  #count(method: string): void {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1)
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
