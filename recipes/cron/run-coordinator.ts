/**
 * Who runs a slot, for schedulers that run alike in several processes and ask before each run.
 *
 * Promise: **of all who ask for a slot at most one is told to run it, whatever fails; when the
 * cluster cannot tell, nobody is.** A slot is named by its key, such as
 * `report:2026-01-01T09:30:00.000Z`. It fits node-cron 4 (`conclave/node-cron`), and whatever
 * else asks `shouldRun(key, ttlMs)`.
 *
 * To claim a slot is to create its key: one transaction puts it if it is not there, and
 * reads it otherwise. The value is an id of this claim alone. So the same transaction may be sent
 * again when an answer is lost: it then finds our own id, and that is a yes.
 *
 * A claim is kept at least `ttlMs`, so that who is late by less does not run the slot again, and
 * it is kept when the run has ended. It hangs on a lease that is granted for more than twice that
 * time, not renewed, and used for claims in the first half of its life: one lease serves all
 * slots of that time, the server clears them away, and nothing stays behind when we stop.
 *
 * | | round trips |
 * | --- | --- |
 * | a claim | 1 |
 * | the first claim in each `ttlMs` | 2 |
 *
 * Crash of the one who claimed: that slot is not run by another; the next slot is. Partition:
 * `shouldRun` fails after `timeoutMs`, and the scheduler does not run the slot. Clocks: processes
 * whose clocks differ by less than `ttlMs` share their slots.
 */

import { ConclaveError, compare, type Keyspace, op } from '../../client/index.js'
import { hasCode, invalidArgument } from '../errors.js'
import { insist } from '../insist.js'
import { grantLease } from '../lease.js'
import { checkName } from '../names.js'
import { checkPositive } from '../numbers.js'
import { randomOwner } from '../session-options.js'

/** How a {@link RunCoordinator} behaves. */
export interface RunCoordinatorOptions {
  /** Where the keys of the slots are, as `<prefix>/<key>`. Default `node-cron`. */
  readonly prefix?: string
  /** How long to ask a cluster that does not answer, in milliseconds. Default 5000. */
  readonly timeoutMs?: number
  /** Who we are, for people who look at the keys. Default a random id. */
  readonly owner?: string
}

/** A lease for claims, and until when it may be used for new ones. */
interface ClaimLease {
  readonly id: Promise<bigint>
  /** On the client's monotonic clock. */
  readonly usableUntilMs: number
}

/** When a claim is given up. */
interface Until {
  readonly signal: AbortSignal
  /** On the client's monotonic clock. */
  readonly atMs: number
}

const PREFIX = 'node-cron'
const TIMEOUT_MS = 5_000
const TTL_MS_MAX = 30 * 86_400_000
const CLAIM_BYTES = 8
/** Leases that may turn out to be gone, in one attempt. */
const LEASES_MAX = 3

/**
 * Claims slots; see the head of the file. Making one costs nothing, and nothing must be closed.
 *
 * @example
 * const coordinator = new RunCoordinator(client)
 * if (await coordinator.shouldRun('report:2026-01-01T09:30Z', 30_000)) stopWorking()
 */
export class RunCoordinator {
  readonly client: Keyspace
  readonly prefix: string
  readonly owner: string
  readonly #timeoutMs: number
  /** By `ttlMs`; those that may not be used any more are dropped. */
  readonly #leases = new Map<number, ClaimLease>()

  /** @throws {ConclaveError} `invalid-argument`. */
  constructor(client: Keyspace, options: RunCoordinatorOptions = {}) {
    const { prefix = PREFIX, timeoutMs = TIMEOUT_MS, owner = randomOwner(client) } = options
    checkName(prefix, 'A prefix')
    checkPositive(timeoutMs, 'timeoutMs')
    if (owner === '') throw invalidArgument('An owner must not be empty.')
    this.client = client
    this.prefix = prefix
    this.owner = owner
    this.#timeoutMs = timeoutMs
  }

  /**
   * Claims a slot: true for at most one of all who ask.
   *
   * @param key names the slot; not empty.
   * @param ttlMs how long the claim is kept at least; above 0.
   * @throws {ConclaveError} `deadline-exceeded` and others: the cluster cannot tell. Then the
   *   slot must not be run.
   */
  async shouldRun(key: string, ttlMs: number): Promise<boolean> {
    if (key === '') throw invalidArgument('The key of a slot must not be empty.')
    if (!(ttlMs > 0 && ttlMs <= TTL_MS_MAX))
      throw invalidArgument(`ttlMs is above 0 and at most ${TTL_MS_MAX}, not ${ttlMs}.`)
    const random = Buffer.from(this.client.random.bytes(CLAIM_BYTES)).toString('hex')
    const controller = new AbortController()
    const until = { signal: controller.signal, atMs: this.client.clock.now() + this.#timeoutMs }
    const { signal } = controller
    const timer = this.client.clock.after(this.#timeoutMs, () => controller.abort())
    try {
      const claim = () =>
        this.#claim(`${this.prefix}/${key}`, `${this.owner}/${random}`, ttlMs, until)
      const answer = await insist(this.client, () => signal.aborted, claim, signal)
      if (answer !== undefined) return answer
    } finally {
      timer.cancel()
    }
    throw new ConclaveError(
      'deadline-exceeded',
      `The cluster did not tell within ${this.#timeoutMs} ms whether the slot '${key}' is ours.`,
    )
  }

  /** One attempt. It may be repeated with the same claim, whatever became of the last one. */
  async #claim(key: string, claim: string, ttlMs: number, until: Until): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const lease = this.#lease(ttlMs, until)
      try {
        const outcome = await this.client
          .txn()
          .if(compare(key).createRevision('=', 0))
          .then(op.put(key, claim, { lease: await lease.id }))
          .else(op.get(key))
          .commit({ signal: until.signal })
        return outcome.succeeded || outcome.responses[0].kvs[0]?.text() === claim
      } catch (error) {
        // Nobody renews it, so somebody may have ended it: take another.
        const isGone = hasCode(error, 'lease-not-found')
        if (!isGone || tries === LEASES_MAX) throw error
        this.#drop(ttlMs, lease)
      }
    }
  }

  /** A lease that lives longer than what is claimed with it now must. */
  #lease(ttlMs: number, until: Until): ClaimLease {
    const nowMs = this.client.clock.now()
    for (const [ttl, lease] of this.#leases)
      if (lease.usableUntilMs <= nowMs) this.#drop(ttl, lease)
    const known = this.#leases.get(ttlMs)
    if (known !== undefined) return known
    const ttlSeconds = Math.ceil((2 * ttlMs + this.#timeoutMs) / 1_000)
    const timeoutMs = Math.max(1, until.atMs - nowMs)
    const granted = grantLease(this.client, ttlSeconds, { timeoutMs })
    const made = { id: granted.then(({ id }) => id), usableUntilMs: nowMs + ttlMs }
    this.#leases.set(ttlMs, made)
    made.id.catch(() => this.#drop(ttlMs, made))
    return made
  }

  #drop(ttlMs: number, lease: ClaimLease): void {
    if (this.#leases.get(ttlMs) === lease) this.#leases.delete(ttlMs)
  }
}
