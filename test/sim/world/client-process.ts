/** A process that uses clients: its own clock, chance and links. */

import type { Transport } from '../../../client/host/transport.js'
import { type Client, type ConnectOptions, connect } from '../../../client/index.js'
import type { SeededRandom } from '../../model/random.js'
import { SimClock } from './sim-clock.js'
import type { World } from './world.js'
import { worldLog } from './world-log.js'

/** See the head of the file. Its timers and answers wait while it stands still. */
export class ClientProcess {
  readonly name: string
  readonly clock: SimClock
  readonly random: SeededRandom
  /** Its way to the machines, for calls without a client. */
  readonly transport: Transport
  /** When it stood still, in true time; the last may have no end yet. */
  readonly #stills: { readonly fromMs: number; toMs: number }[] = []
  readonly #world: World

  constructor(world: World, name: string) {
    this.name = name
    this.#world = world
    this.random = world.fork(`process ${name}`)
    this.clock = new SimClock({
      trueClock: world.clock,
      random: world.fork(`process ${name} clock`),
      onCrash: (error) => world.crashed(error),
    })
    this.transport = world.network.attach(name, this.clock)
  }

  /** A client of these machines; by default of all that there are now. */
  connect(
    endpoints: readonly string[] = this.#world.machines.map(({ clientUrl }) => clientUrl),
    options: Partial<ConnectOptions> = {},
  ): Client {
    return connect({
      // Whoever wants the pipeline says so: operators and tests of the world make single requests.
      pipeline: 'off',
      ...options,
      endpoints,
      transport: this.transport,
      clock: this.clock,
      random: this.random,
      log: worldLog(this.#world.log, this.name, this.clock),
    })
  }

  /** Resolves after so many milliseconds of this process's clock; never when it dies before. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve))
  }

  get isPaused(): boolean {
    return this.clock.isPaused
  }

  /** It stands still, as after SIGSTOP. */
  pause(): void {
    this.#world.log.say(this.name, 'stands still')
    this.clock.pause()
    this.#stills.push({ fromMs: this.#world.clock.now(), toMs: Number.POSITIVE_INFINITY })
  }

  resume(): void {
    this.#world.log.say(this.name, 'goes on')
    this.clock.resume()
    const last = this.#stills.at(-1)
    if (last !== undefined) last.toMs = Math.min(last.toMs, this.#world.clock.now())
  }

  /** Whether it stood still at a moment of true time. */
  stoodAt(ms: number): boolean {
    return this.#stills.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs)
  }

  /** It dies: its connections are reset, and nothing that it waits for ever comes. */
  kill(): void {
    if (this.clock.isOver) return
    this.#world.log.say(this.name, 'killed')
    this.clock.end()
    this.#world.network.drop(this.clock)
  }
}
