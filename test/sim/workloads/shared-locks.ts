/**
 * Read-write locks and semaphores: acquired, held for a while, downgraded, given back, dropped.
 *
 * Writers write to a register that refuses smaller tokens, some of them without looking at
 * their signal. Now and then an operator deletes somebody's key, and somebody changes the
 * limit of a semaphore.
 */

import { ConclaveError } from '../../../client/index.js'
import { LimitError, LostError, RWLock, Semaphore, type Session } from '../../../recipes/index.js'
import type { SeededRandom } from '../../model/random.js'
import { writeFenced } from './fenced-register.js'
import { Holding } from './holding.js'
import { deleteOfQueue } from './queue-operator.js'
import { Sessions } from './sessions.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** Those of one process that hold or wait at the same time. */
const CONTENDERS_MAX = 4
const WAIT_MS_MAX = 15_000
const HOLD_MS_MAX = 2_000
/** Some hold for so long that their lease may end before they give it back. */
const LONG_HOLD_MS_MAX = 15_000
const LIMIT_MAX = 4

/** What a holder has in hand. */
interface Handle {
  readonly fencingToken: number
  readonly key: string
  readonly signal: AbortSignal
  release(): Promise<void>
}

abstract class SharedLocks implements Workload {
  protected readonly worker: Worker
  protected readonly random: SeededRandom
  readonly #sessions: Sessions
  readonly #recipe: 'rwlock' | 'semaphore'
  #contenders = 0

  constructor(recipe: 'rwlock' | 'semaphore', worker: Worker, random: SeededRandom) {
    this.#recipe = recipe
    this.worker = worker
    this.random = random
    this.#sessions = new Sessions(worker, random)
  }

  async step(): Promise<void> {
    const name = `${this.#recipe}/${this.random.between(1, this.worker.plan.locks)}`
    if (this.random.chance(0.03)) return deleteOfQueue(this.worker, this.random, this.queueOf(name))
    if (this.#contenders >= CONTENDERS_MAX) return
    this.#contenders++
    this.worker.keep(this.#contend(name).finally(() => this.#contenders--))
  }

  async #contend(name: string): Promise<void> {
    const session = await this.#sessions.get()
    if (session === undefined) return
    const { recorder, stopping: signal } = this.worker
    const asked = recorder.mark()
    const options = { signal, timeoutMs: this.random.between(100, WAIT_MS_MAX) }
    try {
      const handle = await this.acquire(session, name, options)
      if (handle === undefined) return
      const wish = { recipe: this.#recipe, name, leaseId: session.id, asked }
      const holding = new Holding(this.worker, wish, handle)
      const last = await this.hold(name, handle)
      if (this.random.chance(0.05)) session.orphan()
      else if (!last.signal.aborted) await holding.release(() => last.release())
    } catch (error) {
      const isExpected =
        error instanceof ConclaveError || error instanceof LostError || error instanceof LimitError
      if (!isExpected) throw error
    }
  }

  /** Time passes while something is held. */
  protected async pass(): Promise<void> {
    const ms = this.random.chance(0.1) ? LONG_HOLD_MS_MAX : HOLD_MS_MAX
    await this.worker.sleep(this.random.between(0, ms))
  }

  /** The prefix of the keys that an operator may delete, without its separator. */
  protected abstract queueOf(name: string): string

  protected abstract acquire(
    session: Session,
    name: string,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<Handle | undefined>

  /** Does something while it is held; returns what is to be released. */
  protected abstract hold(name: string, handle: Handle): Promise<Handle>
}

class RWLocks extends SharedLocks {
  /** Those that may write. */
  readonly #writers = new WeakMap<Handle, { downgrade(): Promise<Handle> }>()

  constructor(worker: Worker, random: SeededRandom) {
    super('rwlock', worker, random)
  }

  protected queueOf(name: string): string {
    return name
  }

  protected async acquire(
    session: Session,
    name: string,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<Handle | undefined> {
    const lock = new RWLock(session, name)
    const tries = this.random.chance(0.2)
    if (this.random.chance(0.6))
      return tries ? lock.read.tryAcquire(options) : lock.read.acquire(options)
    const writer = tries ? await lock.write.tryAcquire(options) : await lock.write.acquire(options)
    if (writer !== undefined) this.#writers.set(writer, writer)
    return writer
  }

  protected async hold(name: string, handle: Handle): Promise<Handle> {
    const { worker, random } = this
    const looks = random.chance(0.8)
    await this.pass()
    const writer = this.#writers.get(handle)
    if (writer === undefined || (looks && handle.signal.aborted)) return handle
    await writeFenced(worker, `guarded/${name}`, handle.fencingToken)
    if (handle.signal.aborted || !random.chance(0.3)) return handle
    const reader = await writer.downgrade()
    await this.pass()
    return reader
  }
}

class Semaphores extends SharedLocks {
  constructor(worker: Worker, random: SeededRandom) {
    super('semaphore', worker, random)
  }

  protected queueOf(name: string): string {
    return `${name}/permits`
  }

  protected async acquire(
    session: Session,
    name: string,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<Handle | undefined> {
    const { random } = this
    const limit = random.between(1, LIMIT_MAX)
    const semaphore = new Semaphore(session, name)
    const stored = await semaphore.limit(options)
    if (stored === undefined) {
      const first = new Semaphore(session, name, { limit })
      return first.acquire(options)
    }
    if (random.chance(0.1)) await semaphore.setLimit(limit, { signal: options.signal })
    const wish = { ...options, permits: random.between(1, stored) }
    return random.chance(0.3) ? semaphore.tryAcquire(wish) : semaphore.acquire(wish)
  }

  protected async hold(_name: string, handle: Handle): Promise<Handle> {
    await this.pass()
    return handle
  }
}

/** Read-write locks; see the head of the file. */
export const rwlock: WorkloadRow = {
  usualWeight: 3,
  make: (worker, random) => new RWLocks(worker, random),
}

/** Semaphores; see the head of the file. */
export const semaphore: WorkloadRow = {
  usualWeight: 3,
  make: (worker, random) => new Semaphores(worker, random),
}
