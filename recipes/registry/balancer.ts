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
 *
 * What a pick needs is worked out when something has changed, at the next pick, and holds for
 * those after it; so it costs the same with ten instances as with ten thousand.
 */

import { type Clock, ConclaveError, type Random } from '../../client/index.js'
import { Ejection, type EjectionOptions, type EjectionRules, ejectionRules } from './ejection.js'
import { hostPort, type Instance } from './instance.js'
import { type PickPolicy, type Policy, policyNamed } from './policies.js'
import { Pool } from './pool.js'
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
  /** What is there now, if that was not looked at yet. */
  #news: Iterable<Instance> | undefined
  /** All that may be picked at all, by id. */
  #byId = new Map<string, Target>()
  /** The same, in the order of their ids. */
  #all = new Pool([])
  /** Those of them that want requests. */
  #wanted = new Pool([])
  /** Those of all that are spared. Invariant: exactly those. */
  readonly #spared = new Set<Target>()
  /** Whom to pick from while somebody is spared; undefined when that must be worked out. */
  #open: { readonly pool: Pool; readonly untilMs: number } | undefined
  readonly #hears: PickedFrom

  /**
   * @param what names the service in errors.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(ports: BalancerPorts, what: string, options: BalancerOptions = {}) {
    const { policy = 'weighted-round-robin', ejection = {} } = options
    this.#ports = ports
    this.#what = what
    this.#policy = policyNamed(policy)
    this.#rules = ejectionRules(ejection === false ? { shareMax: 0 } : ejection)
    this.#hears = {
      clock: ports.clock,
      judged: (target) => this.#judged(target),
      mayEject: () => this.#mayEject(),
    }
  }

  /**
   * These are there now. What is known of one stays with its id and address.
   *
   * @param instances read once, when the next pick needs them.
   */
  update(instances: Iterable<Instance>): void {
    this.#news = instances
  }

  /**
   * One of the instances.
   *
   * @throws {ConclaveError} `unavailable`: there is none; `invalid-argument`: the policy needs a key.
   */
  pick({ key, exclude = NOBODY }: PickOptions = {}): Picked {
    this.#readNews()
    const { clock, random } = this.#ports
    const nowMs = clock.now()
    const pool = this.#among(exclude, nowMs)
    if (pool.size === 0) {
      const why = this.#all.size === 0 ? 'none is there' : 'all were excluded'
      throw new ConclaveError('unavailable', `No instance of ${this.#what}: ${why}.`)
    }
    return new Picked(this.#policy(pool, { random, nowMs, key }), this.#hears)
  }

  /** A check says whether an instance is well. Until it says so, one that it found ill is spared. */
  report(id: string, healthy: boolean): void {
    this.#readNews()
    const target = this.#byId.get(id)
    if (target === undefined) return
    target.healthy = healthy
    this.#judged(target)
  }

  /** Those that want requests; if none does, those that still answer. */
  get pickable(): Instance[] {
    this.#readNews()
    const { targets } = this.#wanted.size > 0 ? this.#wanted : this.#all
    return targets.map(({ instance }) => instance)
  }

  /** The ids of those that are ejected, half open, or ill. */
  get ejected(): string[] {
    this.#readNews()
    return Array.from(this.#spared, ({ instance }) => instance.id).sort()
  }

  #among(exclude: Iterable<string>, nowMs: number): Pool {
    const excluded = exclude === NOBODY ? undefined : new Set(exclude)
    if (excluded !== undefined && excluded.size > 0)
      return this.#openTo(nowMs, ({ instance }) => !excluded.has(instance.id))
    if (this.#spared.size === 0) return this.#wanted.size > 0 ? this.#wanted : this.#all
    if (this.#open === undefined || nowMs >= this.#open.untilMs) {
      const changes = Array.from(this.#spared, ({ ejection }) => ejection.allowsFromMs(nowMs))
      this.#open = { pool: this.#openTo(nowMs, () => true), untilMs: Math.min(...changes) }
    }
    return this.#open.pool
  }

  /** The first group in which somebody is; see the head of the file. */
  #openTo(nowMs: number, mayBe: (target: Target) => boolean): Pool {
    const isOpen = (target: Target) => target.allows(nowMs) && mayBe(target)
    const wanted = this.#wanted.targets.filter(isOpen)
    if (wanted.length > 0) return new Pool(wanted)
    const open = this.#all.targets.filter(isOpen)
    return new Pool(open.length > 0 ? open : this.#all.targets.filter(mayBe))
  }

  #readNews(): void {
    if (this.#news === undefined) return
    const known = this.#byId
    this.#byId = new Map()
    const fresh: Target[] = []
    for (const instance of this.#news) {
      const { id, status } = instance
      if (status !== 'up' && status !== 'draining') continue
      const target = this.#targetFor(instance, known.get(id))
      this.#byId.set(id, target)
      if (target !== known.get(id)) fresh.push(target)
    }
    this.#news = undefined
    const isThere = (target: Target) => this.#byId.get(target.instance.id) === target
    for (const target of this.#spared) if (!isThere(target)) this.#spared.delete(target)
    // Two runs that are sorted already are merged in one pass.
    const targets = [...this.#all.targets.filter(isThere), ...fresh.sort(byId)].sort(byId)
    this.#all = new Pool(targets)
    this.#wanted = new Pool(targets.filter(({ wanted }) => wanted))
    this.#open = undefined
  }

  #targetFor(instance: Instance, known: Target | undefined): Target {
    const isSame =
      known?.instance.address === instance.address && known.instance.port === instance.port
    if (!isSame) return new Target(instance, new Ejection(this.#rules, this.#ports.random))
    known.instance = instance
    return known
  }

  /** Something about it may have changed that says whether it is spared, or for how long. */
  #judged(target: Target): void {
    const { spared } = target
    if (!spared && !this.#spared.has(target)) return
    // One that is gone, and whose request has ended only now, is nobody's concern.
    if (spared && this.#byId.get(target.instance.id) !== target) return
    if (spared) this.#spared.add(target)
    else this.#spared.delete(target)
    this.#open = undefined
  }

  #mayEject(): boolean {
    const ejected = Array.from(this.#spared).filter(({ ejection }) => ejection.ejected).length
    return ejected + 1 <= this.#all.size * this.#rules.shareMax
  }
}

const NOBODY: readonly string[] = []

function byId(a: Target, b: Target): number {
  return a.instance.id < b.instance.id ? -1 : 1
}

/** Who hears what becomes of a request. */
interface PickedFrom {
  readonly clock: Clock
  /** The target may be spared from now on, or not any more. */
  judged(target: Target): void
  /** Are there enough others, if one more is ejected? */
  mayEject(): boolean
}

/**
 * An instance that was picked for one request. Say {@link done} when the request has ended;
 * what is neither done nor disposed counts as pending for ever.
 */
export class Picked implements Disposable {
  readonly instance: Instance
  readonly #target: Target
  readonly #from: PickedFrom
  readonly #epoch: number
  readonly #beganAtMs: number
  #over = false

  /** @internal */
  constructor(target: Target, from: PickedFrom) {
    this.instance = target.instance
    this.#target = target
    this.#from = from
    this.#beganAtMs = from.clock.now()
    this.#epoch = target.ejection.began(this.#beganAtMs)
    target.pending++
    from.judged(target)
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
    const { clock, mayEject } = this.#from
    const nowMs = clock.now()
    const { latency, ejection } = this.#target
    const hasFailed = error !== undefined && error !== null
    latency.took(nowMs - this.#beganAtMs, nowMs, hasFailed)
    if (hasFailed) ejection.failed(this.#epoch, nowMs, mayEject)
    else ejection.succeeded(this.#epoch, nowMs)
    this.#from.judged(this.#target)
  }

  /** The request was given up, which tells nothing of the instance. After {@link done} it does nothing. */
  [Symbol.dispose](): void {
    if (!this.#end()) return
    this.#target.ejection.abandoned(this.#epoch)
    this.#from.judged(this.#target)
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#target.pending--
    return true
  }
}
