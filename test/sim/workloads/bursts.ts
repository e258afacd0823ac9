/**
 * Bursts: calls of one client that are made one after the other without waiting, each
 * meant to be applied once and in this order.
 *
 * A burst goes to one of a few streams of the client, each with its own keys below
 * `p/<client>/`:
 *
 *     count    its version counts the writes to it
 *     chain    each write expects the value of the one before it
 *     mark/n   come and go
 *
 * with reads, deletions and leases in between. Some callers give up early. Clients are
 * closed or killed in the middle and others take their place, with keys of their own.
 */

import { randomId } from '../../../client/index.js'
import { CompareTarget } from '../../../client/wire/generated/rpc.js'
import type { PerformOptions } from '../../check/recorder.js'
import type { Call } from '../../model/call.js'
import type { SeededRandom } from '../../model/random.js'
import { bytesOf, compare, del, op, put, range, txn } from '../../model/requests.js'
import type { Rider } from './rider.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const STREAMS = 3
const MARKS = 6
const CALLS_MAX = 50
/** Clients that one process has, one after the other. */
const RIDERS_MAX = 30

const KINDS = { count: 20, put: 20, chain: 20, mark: 10, read: 15, look: 5, delete: 4, lease: 3 }

/** Calls that their caller gives up after a short time, or aborts. */
const IMPATIENT = 0.05
const PATIENCE_MS_MAX = 60

class Bursts implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  #rider: Rider | undefined
  #riders = 0
  #leases: bigint[] = []
  /** By key: what was put there last, as far as was asked for. */
  readonly #last = new Map<string, string>()

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    const rider = this.#present()
    const act = this.#random.weighted({ burst: 90, close: 5, kill: 5 })
    if (act === 'burst') {
      await this.#burst(rider)
      return
    }
    if (this.#riders >= RIDERS_MAX) return
    this.#rider = undefined
    // In the middle of a burst, whose answers nobody hears any more.
    const burst = this.#burst(rider)
    if (this.#random.chance(0.5)) await this.#worker.sleep(this.#random.between(0, 50))
    if (act === 'close') rider.close()
    else rider.kill()
    await burst
  }

  #present(): Rider {
    this.#rider ??= this.#made()
    return this.#rider
  }

  #made(): Rider {
    this.#riders++
    this.#leases = []
    return this.#worker.rider(this.#riders)
  }

  /** Resolves when all is answered, or the client is gone. */
  async #burst(rider: Rider): Promise<void> {
    const stream = `p/${rider.process}/${this.#random.between(1, STREAMS)}`
    const calls = Math.round(CALLS_MAX ** this.#random.next())
    const kinds = this.#random.chance(0.3) ? { [this.#random.pick(WRITES)]: 1 } : KINDS
    const answers: Promise<unknown>[] = []
    for (let i = 0; i < calls; i++) {
      const call = this.#call(stream, this.#random.weighted(kinds) as keyof typeof KINDS)
      answers.push(this.#worker.performAs(rider, call, this.#options()))
    }
    await Promise.race([Promise.all(answers), rider.gone])
  }

  #options(): PerformOptions {
    if (!this.#random.chance(IMPATIENT)) return {}
    const ms = this.#random.between(1, PATIENCE_MS_MAX)
    return this.#random.chance(0.5) ? { timeoutMs: ms } : { signal: this.#worker.abortedAfter(ms) }
  }

  #call(stream: string, kind: keyof typeof KINDS): Call {
    const value = this.#worker.value()
    const mark = `${stream}/mark/${this.#random.between(1, MARKS)}`
    switch (kind) {
      case 'count':
        return { kind: 'txn', request: txn([], [op.put(`${stream}/count`, value)]) }
      case 'put':
        return { kind: 'put', request: put(`${stream}/count`, value, { prevKv: true }) }
      case 'chain':
        return this.#chained(`${stream}/chain`, value)
      case 'mark':
        return { kind: 'put', request: put(mark, value, { lease: this.#someLease() }) }
      case 'read':
        return { kind: 'range', request: range(`${stream}/`, `${stream}0`) }
      case 'look':
        return { kind: 'txn', request: txn([], [op.range(mark), op.range(`${stream}/count`)]) }
      case 'delete':
        return this.#deletion(mark, `${stream}/count`, value)
      case 'lease':
        return this.#leaseCall()
    }
  }

  /** Succeeds when the write before it was applied, and nothing since. */
  #chained(key: string, value: string): Call {
    const before = this.#last.get(key)
    this.#last.set(key, value)
    const guard =
      before === undefined
        ? compare(key, { target: CompareTarget.VERSION, version: 0 })
        : compare(key, { target: CompareTarget.VALUE, value: bytesOf(before) })
    return { kind: 'txn', request: txn([guard], [op.put(key, value)], [op.put(key, `${value}!`)]) }
  }

  #deletion(mark: string, count: string, value: string): Call {
    if (this.#random.chance(0.5))
      return { kind: 'deleteRange', request: del(mark, '', { prevKv: true }) }
    return { kind: 'txn', request: txn([], [op.del(mark), op.put(count, value)]) }
  }

  #leaseCall(): Call {
    if (this.#leases.length > 0 && this.#random.chance(0.4))
      return { kind: 'leaseRevoke', request: { ID: this.#leases.shift()! } }
    const ID = randomId(this.#random)
    this.#leases.push(ID)
    const { leaseTtlSecondsMin, leaseTtlSecondsMax } = this.#worker.plan
    const TTL = this.#random.between(leaseTtlSecondsMin, leaseTtlSecondsMax)
    return { kind: 'leaseGrant', request: { ID, TTL } }
  }

  /** One of its own, mostly none. */
  #someLease(): bigint {
    return this.#leases.length > 0 && this.#random.chance(0.3)
      ? this.#random.pick(this.#leases)
      : 0n
  }
}

const WRITES: readonly (keyof typeof KINDS)[] = ['count', 'put', 'chain', 'mark']

/** See the head of the file. */
export const bursts: WorkloadRow = {
  usualWeight: 6,
  make: (worker, random) => new Bursts(worker, random),
}
