/**
 * Picks instances for requests, and learns from how the requests end.
 *
 * Who may be picked: the first of these groups in which somebody is who was not excluded.
 *
 * 1. `up`, with a weight above 0, neither ejected nor found ill by a check;
 * 2. `draining`, or `up` with weight 0, neither ejected nor ill: such a one still answers;
 * 3. all of these, ejected or not: a request that may fail is better than none.
 *
 * One that is `starting` or `down` is never picked.
 */

import { type Clock, ConclaveError, type Random } from '../../client/index.js'
import { Ejection, type EjectionOptions, type EjectionRules, ejectionRules } from './ejection.js'
import { hostPort, type Instance } from './instance.js'
import { type PickPolicy, type Policy, policyNamed } from './policies.js'
import { Target } from './target.js'

/** How instances are picked. */
export interface BalancerOptions {
  /** Default `weighted-round-robin`. */
  readonly policy?: PickPolicy
  /** When instances are ejected after failures; false for never. */
  readonly ejection?: EjectionOptions | false
}

/** For which request an instance is picked. */
export interface PickOptions {
  /** What `consistent-hash` goes by; the same key meets the same instance. */
  readonly key?: string | undefined
  /** Ids of instances that were tried before. */
  readonly exclude?: Iterable<string> | undefined
}

/** Time and chance. */
export interface BalancerPorts {
  readonly clock: Clock
  readonly random: Random
}

/** See the head of the file. */
export class Balancer {
  readonly #ports: BalancerPorts
  readonly #what: string
  readonly #policy: Policy
  readonly #rules: EjectionRules
  /** All that may be picked at all, in the order of their ids. */
  #targets: Target[] = []
  /** Those of them that want requests. */
  #wanted: Target[] = []

  /**
   * @param what names the service in errors.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(ports: BalancerPorts, what: string, options: BalancerOptions = {}) {
    const { policy = 'weighted-round-robin', ejection = {} } = options
    this.#ports = ports
    this.#what = what
    this.#policy = policyNamed(policy)
    this.#rules = ejectionRules(ejection === false ? { maxShare: 0 } : ejection)
  }

  /** These are there now. What is known of one stays with its id and address. */
  update(instances: Iterable<Instance>): void {
    const known = new Map(this.#targets.map((target) => [target.instance.id, target]))
    this.#targets = [...instances]
      .filter(({ status }) => status === 'up' || status === 'draining')
      .map((instance) => this.#targetFor(instance, known.get(instance.id)))
      .sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1))
    this.#wanted = this.#targets.filter(({ wanted }) => wanted)
  }

  /**
   * One of the instances.
   *
   * @throws {ConclaveError} `unavailable`: there is none; `invalid-argument`: the policy needs a key.
   */
  pick({ key, exclude = [] }: PickOptions = {}): Picked {
    const { clock, random } = this.#ports
    const nowMs = clock.now()
    const excluded = new Set(exclude)
    const among = this.#among(excluded, nowMs)
    if (among.length === 0) {
      const why = this.#targets.length === 0 ? 'none is there' : 'all were excluded'
      throw new ConclaveError('unavailable', `No instance of ${this.#what}: ${why}.`)
    }
    const target = this.#policy(among, { random, nowMs, key })
    return new Picked(target, clock, () => this.#mayEject())
  }

  /** A check says whether an instance is well. Until it says so, one that it found ill is spared. */
  report(id: string, healthy: boolean): void {
    const target = this.#targets.find(({ instance }) => instance.id === id)
    if (target !== undefined) target.healthy = healthy
  }

  /** Those that want requests; if none does, those that still answer. */
  get pickable(): Instance[] {
    const targets = this.#wanted.length > 0 ? this.#wanted : this.#targets
    return targets.map(({ instance }) => instance)
  }

  /** The ids of those that are ejected, half open, or ill. */
  get ejected(): string[] {
    return this.#targets.filter(isSpared).map(({ instance }) => instance.id)
  }

  #among(excluded: ReadonlySet<string>, nowMs: number): readonly Target[] {
    const isOpen = (target: Target) => target.allows(nowMs) && !excluded.has(target.instance.id)
    const wanted = this.#wanted.every(isOpen) ? this.#wanted : this.#wanted.filter(isOpen)
    if (wanted.length > 0) return wanted
    const open = this.#targets.filter(isOpen)
    if (open.length > 0) return open
    return this.#targets.filter(({ instance }) => !excluded.has(instance.id))
  }

  #targetFor(instance: Instance, known: Target | undefined): Target {
    if (known === undefined || hostPort(known.instance) !== hostPort(instance))
      return new Target(instance, new Ejection(this.#rules, this.#ports.random))
    known.instance = instance
    return known
  }

  #mayEject(): boolean {
    const ejected = this.#targets.filter(({ ejection }) => ejection.ejected).length
    return ejected + 1 <= this.#targets.length * this.#rules.maxShare
  }
}

function isSpared({ ejection, healthy }: Target): boolean {
  return ejection.ejected || !healthy
}

/**
 * An instance that was picked for one request. Say {@link done} when the request has ended;
 * what is neither done nor disposed counts as pending for ever.
 */
export class Picked implements Disposable {
  readonly instance: Instance
  readonly #target: Target
  readonly #clock: Clock
  readonly #mayEject: () => boolean
  readonly #epoch: number
  readonly #beganAtMs: number
  #over = false

  /** @internal */
  constructor(target: Target, clock: Clock, mayEject: () => boolean) {
    this.instance = target.instance
    this.#target = target
    this.#clock = clock
    this.#mayEject = mayEject
    this.#beganAtMs = clock.now()
    this.#epoch = target.ejection.began(this.#beganAtMs)
    target.pending++
  }

  /** `host:port` of the instance, with brackets around an IPv6 address. */
  get hostPort(): string {
    return hostPort(this.instance)
  }

  /**
   * The request has ended. Only the first call counts.
   *
   * @param error why it failed, if that was the fault of the instance; a `404` is not.
   */
  done(error?: unknown): void {
    if (!this.#end()) return
    const nowMs = this.#clock.now()
    const { latency, ejection } = this.#target
    const hasFailed = error !== undefined && error !== null
    latency.took(nowMs - this.#beganAtMs, nowMs, hasFailed)
    if (hasFailed) ejection.failed(this.#epoch, nowMs, this.#mayEject)
    else ejection.succeeded(this.#epoch, nowMs)
  }

  /** The request was given up, which tells nothing of the instance. After {@link done} it does nothing. */
  [Symbol.dispose](): void {
    if (this.#end()) this.#target.ejection.abandoned(this.#epoch)
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#target.pending--
    return true
  }
}
