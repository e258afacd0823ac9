/** A member of a test cluster: the machine that its lives follow each other on. */

import { type MemberOptions, resolveConfig } from '../config.js'
import type { Member } from '../server.js'
import { type Ground, MemberLife } from './member-life.js'

/** A place on the network of a test cluster, that links can be cut from and to. */
export interface Place {
  readonly name: string
}

/** A member of a {@link TestCluster}. */
export interface TestMember extends Place {
  /** Where clients reach it, through a transport of the cluster. */
  readonly endpoint: string
  /** It was started, and is not dead; it may stand still. */
  readonly isUp: boolean
  readonly isPaused: boolean
  /** It believes that it leads. One that is cut off learns the contrary after an election timeout. */
  readonly isLeader: boolean
  /** Why the member ended itself in its last life, if it did: a failed assertion, say. */
  readonly failure: Error | undefined
  /**
   * Ends it as SIGKILL does: no goodbye, its connections break, what it had written to its
   * disk stays. Nothing happens when it is down.
   */
  kill(): Promise<void>
  /**
   * Ends it in order, as SIGTERM does: leadership is handed over first. One that stands
   * still goes on for it. Nothing happens when it is down.
   */
  stop(): Promise<void>
  /**
   * Starts it again on the same data; stops it first when it is up. Resolves when it takes
   * calls, which may be before it knows a leader.
   */
  restart(): Promise<void>
  /**
   * It stands still, as after SIGSTOP: its connections stay open and nobody gets an answer.
   *
   * @throws {Error} it is down.
   */
  pause(): void
  /** It goes on: with the timers that fell due meanwhile, then with what was sent to it. */
  resume(): void
}

/** Implements {@link TestMember}. */
export class MemberMachine implements TestMember {
  readonly name: string
  readonly endpoint: string
  readonly #ground: Ground
  readonly #options: MemberOptions
  #life: MemberLife | undefined
  #failure: Error | undefined

  constructor(name: string, endpoint: string, ground: Ground, options: MemberOptions) {
    this.name = name
    this.endpoint = endpoint
    this.#ground = ground
    this.#options = options
  }

  /** The member that runs now; undefined while it is down or opens its data. */
  get member(): Member | undefined {
    return this.#life?.member
  }

  get isUp(): boolean {
    return this.member !== undefined
  }

  get isPaused(): boolean {
    return this.#life?.clock.isPaused ?? false
  }

  get isLeader(): boolean {
    return this.member?.isLeader ?? false
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Starts it. @throws {Error} it was killed, or ended itself, before it took calls. */
  async start(): Promise<void> {
    if (this.#life !== undefined) throw new Error(`${this.name} is up already`)
    this.#failure = undefined
    const life = new MemberLife(this.#ground, resolveConfig(this.#options))
    this.#life = life
    const over = life.over.then((reason) => {
      if (this.#life === life) this.#life = undefined
      this.#failure ??= reason
      throw new Error(`${this.name} ended before it had started`, { cause: reason })
    })
    over.catch(() => {})
    try {
      await Promise.race([life.begin(), over])
    } catch (error) {
      life.kill()
      throw error
    }
  }

  async kill(): Promise<void> {
    const life = this.#life
    this.#life = undefined
    life?.kill()
  }

  async stop(): Promise<void> {
    const life = this.#life
    life?.clock.resume()
    await Promise.race([life?.stop(), life?.over])
    if (this.#life === life) this.#life = undefined
  }

  async restart(): Promise<void> {
    if (this.#life !== undefined) await this.stop()
    await this.start()
  }

  pause(): void {
    if (!this.isUp) throw new Error(`${this.name} is down: it cannot stand still`)
    this.#life?.clock.pause()
  }

  resume(): void {
    this.#life?.clock.resume()
  }
}
