/**
 * Leases of a few seconds: granted, given keys, kept alive for a while in one of several
 * ways, and then let go, revoked or forgotten. Others ask about them, renew them, and use
 * them after their end.
 */

import { randomId } from '../../../client/index.js'
import type { SeededRandom } from '../../model/random.js'
import { put } from '../../model/requests.js'
import { LeaseNotes } from './lease-notes.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

/** Leases that one process keeps at the same time. */
const LIVES_MAX = 3
const KEYS_MAX = 3

class Leases implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #notes: LeaseNotes
  #lives = 0

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    this.#notes = new LeaseNotes(worker)
  }

  async step(): Promise<void> {
    if (this.#lives >= LIVES_MAX || this.#random.chance(0.3)) return this.#meddle()
    this.#lives++
    this.#worker.keep(this.#live().finally(() => this.#lives--))
  }

  /** With a lease that somebody has, or had. */
  async #meddle(): Promise<void> {
    const id = this.#worker.known.someLease(this.#random)
    if (id === 0n) return
    const act = this.#random.weighted({ look: 5, renew: 2, put: 3, grant: 1, revoke: 1 })
    if (act === 'look') await this.#notes.timeToLive(id, this.#random.chance(0.5))
    else if (act === 'renew') await this.#notes.keepAliveOnce(id)
    else if (act === 'put') await this.#put(id)
    else if (act === 'revoke') await this.#notes.revoke(id)
    else await this.#notes.grant(id, this.#ttlSeconds())
  }

  async #live(): Promise<void> {
    const id = randomId(this.#random)
    const ttlSeconds = this.#ttlSeconds()
    const granted = await this.#notes.grant(id, ttlSeconds)
    if (granted.kind !== 'ok' && granted.kind !== 'unknown') return
    const keys = this.#random.between(0, KEYS_MAX)
    for (let i = 0; i < keys; i++) await this.#put(id)
    const way = this.#random.weighted({ client: 4, single: 3, not: 2 })
    const lifeMs = ttlSeconds * 1_000 * this.#random.between(1, 4)
    if (way === 'client') await this.#keepAlive(id, lifeMs)
    else if (way === 'single') await this.#renewNowAndThen(id, lifeMs, ttlSeconds)
    if (this.#random.chance(0.3)) await this.#end(id)
    else await this.#watchItEnd(id, ttlSeconds)
  }

  /** By the client's keep-alive. */
  async #keepAlive(id: bigint, forMs: number): Promise<void> {
    if (this.#worker.stopping.aborted) return
    const over = new AbortController()
    const onStop = () => over.abort()
    this.#worker.stopping.addEventListener('abort', onStop, { once: true })
    const keepAlive = this.#notes.keepAlive(id, onStop)
    await this.#worker.sleep(forMs, over.signal)
    keepAlive.close()
    this.#worker.stopping.removeEventListener('abort', onStop)
  }

  /** One by one, some of them too late. */
  async #renewNowAndThen(id: bigint, forMs: number, ttlSeconds: number): Promise<void> {
    const { recorder, stopping } = this.#worker
    const endMs = recorder.nowMs + forMs
    while (recorder.nowMs < endMs && !stopping.aborted) {
      await this.#worker.sleep(ttlSeconds * 1_000 * (0.2 + 0.9 * this.#random.next()))
      const { kind } = await this.#notes.keepAliveOnce(id)
      if (kind === 'gone') return
    }
  }

  async #end(id: bigint): Promise<void> {
    const { kind } = await this.#notes.revoke(id)
    if (kind === 'ok' && this.#random.chance(0.5)) await this.#notes.keepAliveOnce(id)
  }

  /** Nobody renews it: asks until it is gone, or for two lives. */
  async #watchItEnd(id: bigint, ttlSeconds: number): Promise<void> {
    for (let looks = 0; looks < 8 && !this.#worker.stopping.aborted; looks++) {
      await this.#worker.sleep(ttlSeconds * 250 * (0.5 + this.#random.next()))
      const { kind } = await this.#notes.timeToLive(id, this.#random.chance(0.5))
      if (kind === 'gone') return
    }
  }

  async #put(lease: bigint): Promise<void> {
    const { process, plan } = this.#worker
    const key = `x/${process}/${this.#random.between(0, plan.keys)}`
    await this.#worker.perform({ kind: 'put', request: put(key, this.#worker.value(), { lease }) })
  }

  #ttlSeconds(): number {
    const { leaseTtlSecondsMin, leaseTtlSecondsMax } = this.#worker.plan
    return this.#random.between(leaseTtlSecondsMin, leaseTtlSecondsMax)
  }
}

/** See the head of the file. */
export const lease: WorkloadRow = {
  usualWeight: 8,
  make: (worker, random) => new Leases(worker, random),
}
